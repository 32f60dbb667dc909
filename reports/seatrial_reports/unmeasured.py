"""Unmeasured: what a reader might take as shown and is not, as far as the saved run can tell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from seatrial.evaluation.summary import DATA
from seatrial.runs.result import Result
from seatrial_reports.asked import asked
from seatrial_reports.comparison import Comparison
from seatrial_reports.coverage import drawn_metrics
from seatrial_reports.facts import mapping, sequence, text, whole
from seatrial_reports.filtering import FilterBlock
from seatrial_reports.headline import subject
from seatrial_reports.numbers import count

__all__ = ["build_unmeasured"]

_LOOKED_FOR = (
    ({"leakage"}, "train rows that give away test rows (leakage)"),
    ({"duplicates", "near_duplicates", "semantic_duplicates"}, "copies (duplicates)"),
    (
        {"near_duplicates", "semantic_duplicates"},
        "rows that say nearly the same (near_duplicates, semantic_duplicates)",
    ),
    ({"coverage"}, "kinds of rows that train or test lacks (coverage)"),
    ({"label_errors"}, "wrong labels (label_errors)"),
    ({"language"}, "rows in other languages (language)"),
    ({"privacy"}, "personal data (privacy)"),
    ({"toxicity"}, "toxic rows (toxicity)"),
)
"""(filters, what they look for): what the suite has none of was not looked for."""

_HARM = re.compile("safe|toxic|harm|refus|jailbreak|privacy|bias")
"""What the name of a scorer holds that looks for harm, as far as names tell."""


def build_unmeasured(result: Result, filters: Sequence[FilterBlock], comparison: Comparison) -> tuple[str, ...]:
    """One sentence for each thing that was not measured, the weightiest for a release first."""
    return (
        *(() if result.only_data else _of_scores(result, comparison)),
        *_missing(result),
        *_of_training(result),
        *_of_data(result, filters),
    )


def _of_scores(result: Result, comparison: Comparison) -> Iterator[str]:
    scorers = {one.name: one for one in asked(result, "score")}
    if not any(_HARM.search(name) for name in scorers):
        yield "Safety: no scorer looked for harmful, private or made-up answers."
    if "choice" in scorers:
        yield (
            "Questions that none of the labels fits: every row has a right answer among the options, so what it says to "
            "others is not known."
        )
    if "attack" not in scorers:
        yield "Robustness: nothing changed the texts to see whether the answers hold."
    else:
        yield from _sampled(result, scorers["attack"].alias)
    if "latency" not in scorers:
        yield "Speed and memory: nothing was timed."
    if not comparison.compared:
        yield f"What else could do the job: only {subject(result)} was scored, so nothing says what it is worth."


def _missing(result: Result) -> Iterator[str]:
    drawn = drawn_metrics(result)
    for score in result.scores:
        if score.value is None and score.metric not in drawn:
            whose = "" if score.system == DATA else f" of {score.system}"
            yield f"{score.metric}{whose}: {score.missing or 'not produced'}."


def _sampled(result: Result, alias: str) -> Iterator[str]:
    """How many of the test rows an attack tried, where it did not try all."""
    tried = whole(result.facts(f"score/{alias}"), "rows")
    test = whole(mapping(result.facts("decontaminate"), "splits"), "test")
    if tried is not None and test is not None and tried < test:
        yield f"Robustness on all rows: the attack tried {count(tried)} of the {count(test)} test rows, drawn at random."


def _of_training(result: Result) -> Iterator[str]:
    facts = result.facts("train")
    if not facts:
        return
    if len(sequence(result.suite, "seeds")) < 2:
        yield (
            f"Another training: there was one, with seed {text(result.manifest, 'seed') or 'unknown'}. Intervals tell what "
            "other test rows would give, not what another seed would."
        )
    if whole(facts, "validation_rows") == 0:
        yield "Overfitting: there were no validation rows to watch, so the adapter of the last step was taken."


def _of_data(result: Result, filters: Sequence[FilterBlock]) -> Iterator[str]:
    names = {one.name for one in asked(result, "filters")}
    missing = [said for looking, said in _LOOKED_FOR if not names & looking]
    if missing:
        yield f"In the data, the suite has no filter that looks for: {', '.join(missing)}."
    for block in filters:
        if block.unseen:
            yield f"{block.filter} did not look for {block.unseen}."
    for one in asked(result, "filters"):
        rules = [str(rule) for rule in sequence(one.options, "presets")]
        if one.name == "leakage" and rules:
            yield f"Leakage beyond the rules {', '.join(rules)}: a test row that they do not see is not found."
    data = mapping(result.suite, "data")
    if not result.only_data and data and not data.get("test"):
        yield "Rows of another origin: the test rows were split off the same source as the train rows."
    for split in ("train", "validation", "test"):
        limit = whole(mapping(data, split), "limit")
        if limit is not None:
            yield f"The rest of the {split} rows' source: only its first {count(limit)} records were read."
