"""Where the model fails: worst classes and slices, what is taken for what, and its surest mistakes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial.runs.result import Result
from seatrial.stats import wilson_interval
from seatrial_reports.facts import entries, loaded, mapping, number, text
from seatrial_reports.headline import subject
from seatrial_reports.names import name_of
from seatrial_reports.numbers import share

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Confusion", "FailureBlock", "GroupLine", "Mistake", "build_failures"]

MISTAKES = 12
"""Mistakes shown, surest first."""
CONFUSIONS = 12
"""Pairs of classes shown that are taken for each other, most frequent first."""
GROUPS = 12
"""Classes shown before the rest is folded away, worst first."""

_CORRECT = ("correct", "exact_match", "accuracy")
"""Names of the column that says whether an item was right, in order of preference."""


@dataclass(frozen=True, slots=True)
class GroupLine:
    """How often the model was right on one class or slice."""

    name: str
    right: int
    n: int
    accuracy: str
    interval: str
    """Wilson, 95%."""
    width: float
    """The accuracy in percent, for the bar."""


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often one class was taken for another, both ways."""

    target: str
    prediction: str
    count: int
    of: int
    """Items with that target."""
    back: int
    """How often it went the other way round."""
    back_of: int
    """Items whose target is the answer that was given."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One wrong answer."""

    row: str
    input: str
    """What was asked, where the scorer kept it."""
    target: str
    prediction: str
    confidence: str
    """The probability that the model gave its answer among the options it had, or ""."""
    slice: str


@dataclass(frozen=True, slots=True)
class FailureBlock:
    """The failures that one scorer saw of the system on trial."""

    scorer: str
    wrong: int
    n: int
    by_class: tuple[GroupLine, ...]
    by_slice: tuple[GroupLine, ...]
    """Empty where slices are the classes."""
    confusions: tuple[Confusion, ...]
    confused: int
    """How many pairs of classes are taken for each other; `confusions` holds the most frequent."""
    mistakes: tuple[Mistake, ...]
    """The surest first, where the scorer tells how sure the model was."""
    errors: tuple[tuple[str, str], ...]
    """(row, why it could not be scored), the first ones."""
    failed: int
    """How many samples could not be scored; `errors` holds the first."""


def build_failures(result: Result) -> tuple[FailureBlock, ...]:
    """One block for each scorer whose samples have predictions and targets; attacks have their own section."""
    system = subject(result)
    blocks = (
        _block(alias, _of(table, system))
        for alias, table in result.samples.items()
        if not alias.startswith("naive_split") and not _is_attack(table)
    )
    return tuple(block for block in blocks if block is not None)


def _of(table: pa.Table, system: str) -> list[dict[str, Any]]:
    import pyarrow.compute as pc

    records: list[dict[str, Any]] = table.filter(pc.equal(table["system"], system)).to_pylist()
    return records


def _is_attack(table: pa.Table) -> bool:
    return any("attacked" in loaded(d) for d in table["detail"].to_pylist() if d and '"attacked"' in d)


def _right(record: Mapping[str, Any]) -> bool:
    for name in _CORRECT:
        judged = record.get(f"value:{name}")
        if judged is not None:
            return bool(judged >= 1)
    return bool(record["prediction"] == record["target"])


def _block(alias: str, records: Sequence[Mapping[str, Any]]) -> FailureBlock | None:
    errors = tuple((str(r["row"]), str(r["error"])) for r in records if r["error"] is not None)
    answered = [r for r in records if r["error"] is None and r["prediction"] is not None and r["target"] is not None]
    if not answered and not errors:
        return None
    wrong = [r for r in answered if not _right(r)]
    targets = Counter(str(r["target"]) for r in answered)
    classes = _are_classes(targets, len(answered))
    confusions = _confusions(wrong, targets) if classes else ()
    by_slice = _groups(answered, "slice")
    named = [group for group in by_slice if group.name]
    return FailureBlock(
        scorer=alias,
        wrong=len(wrong),
        n=len(answered),
        by_class=_groups(answered, "target") if classes else (),
        by_slice=by_slice if named and any(r["slice"] != r["target"] for r in answered) else (),
        confusions=confusions[:CONFUSIONS],
        confused=len(confusions),
        mistakes=_mistakes(wrong),
        errors=errors[:MISTAKES],
        failed=len(errors),
    )


def _are_classes(targets: Counter[str], n: int) -> bool:
    """Whether targets repeat, as classes do; answers in free text don't."""
    return 0 < len(targets) <= max(2, n // 2)


def _groups(records: Sequence[Mapping[str, Any]], key: str) -> tuple[GroupLine, ...]:
    """Accuracy by class or slice, worst first; where equal, the larger first."""
    seen: dict[str, list[bool]] = {}
    for record in records:
        seen.setdefault(str(record[key] or ""), []).append(_right(record))
    lines = []
    for name, rights in seen.items():
        right, n = sum(rights), len(rights)
        low, high = wilson_interval(right, n)
        lines.append(
            GroupLine(name_of(name), right, n, share(right / n), f"{share(low)} to {share(high)}", 100 * right / n)
        )
    return tuple(sorted(lines, key=lambda line: (line.width, -line.n, line.name)))


def _confusions(wrong: Sequence[Mapping[str, Any]], targets: Counter[str]) -> tuple[Confusion, ...]:
    """Two classes are one line, told from the side that is mistaken more often; most mistakes first."""
    pairs = Counter((str(r["target"]), str(r["prediction"])) for r in wrong)
    sides = {tuple(sorted(pair)): pair for pair in sorted(pairs, key=lambda pair: (pairs[pair], pair))}
    ranked = sorted(sides.values(), key=lambda pair: (-pairs[pair] - pairs[pair[::-1]], -pairs[pair], pair))
    return tuple(
        Confusion(
            name_of(target),
            name_of(answer),
            pairs[target, answer],
            targets[target],
            pairs[answer, target],
            targets.get(answer, 0),
        )
        for target, answer in ranked
    )


def _mistakes(wrong: Sequence[Mapping[str, Any]]) -> tuple[Mistake, ...]:
    """The surest first; those without a confidence last, in their order."""
    judged = [(_confidence(r, loaded(r["detail"])), place) for place, r in enumerate(wrong)]
    ranked = sorted(judged, key=lambda pair: (pair[0] is None, -(pair[0] or 0.0), pair[1]))[:MISTAKES]
    return tuple(_mistake(wrong[place], confidence) for confidence, place in ranked)


def _mistake(record: Mapping[str, Any], confidence: float | None) -> Mistake:
    return Mistake(
        row=str(record["row"]),
        input=text(loaded(record["detail"]), "input"),
        target=str(record["target"]),
        prediction=str(record["prediction"]),
        confidence=share(confidence) if confidence is not None else "",
        slice=str(record["slice"] or ""),
    )


def _confidence(record: Mapping[str, Any], detail: Mapping[str, object]) -> float | None:
    """The probability of the answer given, as the scorer states it: `confidence`, or the answer's entry of
    `probabilities`; else its share of the likelihood of the `options` that the scorer kept.
    """
    answer = str(record["prediction"])
    for stated in (
        number(detail, "confidence"),
        number(record, "value:confidence"),
        number(mapping(detail, "probabilities"), answer),
    ):
        if stated is not None:
            return stated
    return _share_of_likelihood(answer, entries(detail, "options"))


def _share_of_likelihood(answer: str, options: Sequence[Mapping[str, object]]) -> float | None:
    """exp(logprob) of the answer over the sum of the options'; None where one has no logprob or it is alone."""
    logprobs = {text(option, "option"): number(option, "logprob") for option in options}
    known = {option: logprob for option, logprob in logprobs.items() if logprob is not None}
    if answer not in known or len(known) < 2 or len(known) < len(logprobs):
        return None
    return 1 / sum(math.exp(min(logprob - known[answer], 700.0)) for logprob in known.values())
