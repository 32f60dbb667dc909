"""What reports show of right and wrong answers: worst classes and slices, what is taken for what, the surest mistakes."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seatrial.blocks import Bar, Bars, Block, Example, Examples, Table, Text
from seatrial.evaluation.scorer import Scored
from seatrial.stats import wilson_interval
from seatrial.terminal.figures import share
from seatrial.terminal.names import name_of

__all__ = ["answer_blocks", "naive_split_blocks"]

_KEPT = 200
"""Classes, confusions and mistakes that are handed over, the first of all."""

_NAIVE = {
    "accuracy": "the whole naive test set",
    "accuracy_leaked": "its rows that also stand in train",
    "accuracy_clean": "its rows that do not",
}


@dataclass(frozen=True, slots=True)
class _Answer:
    """One answer of the system on trial."""

    row: str
    seed: str | None
    """Of the training, where there was any."""
    target: str
    given: str
    right: bool
    slice: str
    detail: Mapping[str, Any]
    confidence: float | None
    """The probability that the model gave its answer, where the sample tells it."""


def answer_blocks(scored: Scored, *, right: str) -> Iterator[Block]:
    """Where the system on trial fails.

    Args:
        scored: samples with predictions and targets.
        right: the column that is 1 where an answer is right.
    """
    answers = list(_answers(scored, f"value:{right}"))
    if not answers:
        return
    wrong = [one for one in answers if not one.right]
    rows = {one.row: one for one in answers}
    seeds = len({one.seed for one in answers})
    yield Text("Wrong answers", [_counted(answers, len(rows), seeds)])
    targets = Counter(one.target for one in rows.values())
    # Answers in free text do not repeat, as classes do.
    classes = len(targets) <= max(2, len(rows) // 2)
    if classes:
        yield _groups("class", answers, lambda one: one.target)
    if any(one.slice and one.slice != one.target for one in answers):
        yield _groups("slice", answers, lambda one: one.slice or "(none)")
    if classes and wrong:
        yield _confusions(wrong, targets, seeds)
    if wrong:
        yield _mistakes(wrong, seeds)


def _counted(answers: Sequence[_Answer], rows: int, seeds: int) -> str:
    """How many are wrong; with several seeds of training, a row counts once."""
    failed = Counter(one.row for one in answers if not one.right)
    if seeds == 1:
        return f"{len(failed):,} of {rows:,} answers are wrong."
    always = sum(times == seeds for times in failed.values())
    return (
        f"Of {rows:,} rows, {always:,} are answered wrongly whatever the seed of training, and {len(failed) - always:,} by some "
        f"of the {seeds} seeds."
    )


def naive_split_blocks(scored: Scored) -> Iterator[Block]:
    """What a split that ignores copies would have reported, beside its rows that leaked and those that did not."""
    found = {score.metric.partition("/")[2]: score for score in scored.scores if score.system == scored.subject}
    bars = [
        Bar(
            what,
            score.value,
            score.interval.low if score.interval else None,
            score.interval.high if score.interval else None,
            score.n,
        )
        for name, what in _NAIVE.items()
        if (score := found.get(name)) is not None and score.value is not None
    ]
    if bars:
        yield Bars(
            "What leakage would have flattered: an estimate",
            bars,
            says="The raw rows were split again at random, as if copies did not matter, and the same model was asked that test "
            "set. It was not trained on that split, so this is an estimate, not a measurement.",
        )


def _answers(scored: Scored, column: str) -> Iterator[_Answer]:
    for record in scored.samples.to_pylist():
        target = record["target"]
        if record["system"] != scored.subject or record["error"] is not None or target is None:
            continue
        detail = json.loads(record["detail"] or "{}")
        given = record["prediction"]
        if given is None and "tied" in detail:
            given = f"(a tie of {detail['tied']} options)"
        if given is None:
            continue
        judged = record.get(column)
        is_right = given == target if judged is None else judged >= 1
        yield _Answer(
            record["row"],
            record.get("seed"),
            target,
            given,
            is_right,
            record["slice"] or "",
            detail,
            _confidence(given, record, detail),
        )


def _groups(what: str, answers: Sequence[_Answer], name_in: Callable[[_Answer], str]) -> Bars:
    """Accuracy by class or slice, worst first; where equal, the larger first. A row counts once: by its mean over seeds."""
    seen: dict[str, dict[str, list[bool]]] = {}
    for one in answers:
        seen.setdefault(name_in(one), {}).setdefault(one.row, []).append(one.right)
    means = {name: [sum(rights) / len(rights) for rights in rows.values()] for name, rows in seen.items()}
    ranked = sorted(means.items(), key=lambda item: (sum(item[1]) / len(item[1]), -len(item[1]), item[0]))
    return Bars(
        f"Accuracy by {what}, worst first",
        [
            Bar(
                name_of(name),
                sum(rights) / len(rights),
                *wilson_interval(sum(rights), len(rights)),
                cells=(f"{_whole(sum(rights))} of {len(rights):,}",),
            )
            for name, rights in ranked[:_KEPT]
        ],
        columns=("Right",),
        says="With Wilson’s 95% interval.",
        of=len(ranked),
    )


def _whole(rows: float) -> str:
    """A count of rows, of which some are right by some seeds only."""
    return f"{rows:,.0f}" if abs(rows - round(rows)) < 1e-6 else f"{rows:,.1f}"


def _confusions(wrong: Sequence[_Answer], targets: Counter[str], seeds: int) -> Table:
    """Two classes are one line, told from the side that is mistaken more often; most mistakes first."""
    pairs = Counter((target, given) for _, target, given in {(one.row, one.target, one.given) for one in wrong})
    sides = {tuple(sorted(pair)): pair for pair in sorted(pairs, key=lambda pair: (pairs[pair], pair))}
    ranked = sorted(sides.values(), key=lambda pair: (-pairs[pair] - pairs[pair[::-1]], -pairs[pair], pair))
    return Table(
        "What is taken for what",
        ("Right would be", "Answered", "Times", "The other way round"),
        [
            (
                name_of(target),
                name_of(given),
                f"{pairs[target, given]:,} of {targets[target]:,}",
                f"{pairs[given, target]:,} of {targets[given]:,}" if targets[given] else "",
            )
            for target, given in ranked[:_KEPT]
        ],
        says=f"Rows that any of the {seeds} seeds of training takes so." if seeds > 1 else "",
        of=len(ranked),
    )


def _mistakes(wrong: Sequence[_Answer], seeds: int) -> Examples:
    """The surest first; those without a confidence last, in their order. Of a row, the surest seed's stands for all."""
    times = Counter(one.row for one in wrong)
    surest: dict[str, _Answer] = {}
    for one in sorted(wrong, key=lambda one: (one.confidence is None, -(one.confidence or 0.0))):
        surest.setdefault(one.row, one)
    ranked = list(surest.values())
    sure = ranked[0].confidence is not None
    return Examples(
        "The surest mistakes" if sure else "Mistakes",
        [_example(one, f"{times[one.row]} of {seeds} seeds" if seeds > 1 else "") for one in ranked[:_KEPT]],
        says="Worth reading first: what a model is sure of and gets wrong is often a label that is wrong, or two labels that "
        "mean the same."
        if sure
        else "",
        of=len(ranked),
    )


def _example(one: _Answer, seeds: str) -> Example:
    fields = [
        ("asked", str(one.detail.get("input", ""))),
        ("answered", f"✗ {one.given}"),
        ("right is", f"✓ {one.target}"),
    ]
    if one.confidence is not None:
        fields.append(("confidence", share(one.confidence)))
    if seeds:
        fields.append(("wrong by", seeds))
    if one.slice and one.slice != one.target:
        fields.append(("slice", one.slice))
    return Example(one.row, fields, pictures=tuple(one.detail.get("pictures", ())))


def _confidence(given: str, record: Mapping[str, Any], detail: Mapping[str, Any]) -> float | None:
    """As the sample states it: `confidence`, or the answer's entry of `probabilities`; else its share of the likelihood of
    the `options` that the sample kept.
    """
    probabilities = detail.get("probabilities")
    stated = (
        detail.get("confidence"),
        record.get("value:confidence"),
        probabilities.get(given) if isinstance(probabilities, Mapping) else None,
    )
    found = next((float(one) for one in stated if isinstance(one, int | float) and math.isfinite(one)), None)
    return _share_of_likelihood(given, detail.get("options")) if found is None else found


def _share_of_likelihood(given: str, options: object) -> float | None:
    """exp(logprob) of the answer over the sum of the options'; None where one has no logprob or it is alone."""
    listed = [one for one in options if isinstance(one, Mapping)] if isinstance(options, list) else []
    known = {one.get("option"): one["logprob"] for one in listed if isinstance(one.get("logprob"), int | float)}
    if given not in known or len(known) < 2 or len(known) < len(listed) or not all(map(math.isfinite, known.values())):
        return None
    return 1 / sum(math.exp(min(logprob - known[given], 700.0)) for logprob in known.values())
