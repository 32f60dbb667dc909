"""What reports show of answers in free text: wrong or far ones, how values are spread, and what a metric could not read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from seatrial.blocks import Block, Distribution, Example, Examples, Text
from seatrial.evaluation.scorer import Scored
from seatrial.terminal.figures import figure
from seatrial_plugins.accuracy.blocks import answer_blocks
from seatrial_plugins.accuracy.measure import Measure
from seatrial_plugins.accuracy.metrics.tokens import UNSPACED

__all__ = ["generation_blocks"]

_KEPT = 200
"""Answers that are handed over, the furthest from what was expected first."""

_BY_SPACES = (None, "13a", "intl", "none")
"""Tokenizers of BLEU to which a stretch without spaces is one word."""


def generation_blocks(scored: Scored, measures: Sequence[Measure]) -> Iterator[Block]:
    """Of the system on trial: wrong answers, by the first metric that calls an answer right or wrong; where none does, those
    that are furthest from what was expected, by the first of all.
    """
    rows = [one for one in scored.samples.to_pylist() if one["system"] == scored.subject]
    each = [one for one in measures if one.metric.kind != "corpus"]  # which have a number for each answer
    judges = [one.metric.column for one in measures if one.metric.kind == "proportion"]
    if judges:
        yield from answer_blocks(scored, right=judges[0])
    elif each:
        yield from _furthest(rows, each[0])
    for measure in each:
        yield from _spread(rows, measure, scored.subject)
    if by_spaces := [
        one for one in measures if one.module in {"Bleu", "CorpusBleu"} and one.options.get("tokenize") in _BY_SPACES
    ]:
        yield from _unread(rows, by_spaces[0].metric.name)


def _furthest(rows: Sequence[Mapping[str, Any]], measure: Measure) -> Iterator[Block]:
    name, sign = measure.metric.name, 1 if measure.metric.better == "higher" else -1
    judged = [one for one in rows if one[f"value:{name}"] is not None]
    furthest: dict[str, Mapping[str, Any]] = {}  # of a row that several seeds of training answer, the worst answer
    for one in sorted(judged, key=lambda one: (sign * one[f"value:{name}"], one["row"])):
        furthest.setdefault(one["row"], one)
    ranked = list(furthest.values())
    if ranked:
        title = f"Furthest from what was expected, by {name}"
        yield Examples(title, [_example(one, name) for one in ranked[:_KEPT]], of=len(ranked))


def _example(row: Mapping[str, Any], name: str) -> Example:
    fields = (
        ("asked", str(json.loads(row["detail"]).get("input", ""))),
        ("answered", row["prediction"] or ""),
        ("expected", row["target"] or ""),
        (name, figure(row[f"value:{name}"])),
    )
    return Example(row["row"], fields)


def _spread(rows: Sequence[Mapping[str, Any]], measure: Measure, subject: str) -> Iterator[Block]:
    metric = measure.metric
    by_row: dict[str, list[float]] = {}
    for one in rows:
        if one[f"value:{metric.name}"] is not None:
            by_row.setdefault(one["row"], []).append(one[f"value:{metric.name}"])
    values = [sum(found) / len(found) for found in by_row.values()]  # the mean over seeds of training
    if metric.kind == "mean" and metric.limits and values:
        counts, edges = np.histogram(values, bins=10, range=metric.limits)
        says = f"Answers of {subject} by their {metric.name}; n = {len(values):,}."
        yield Distribution(f"{metric.name} of each answer", edges.tolist(), counts.tolist(), metric.unit, says=says)


def _unread(rows: Sequence[Mapping[str, Any]], name: str) -> Iterator[Block]:
    targets = {one["row"]: one["target"] or "" for one in rows}
    unspaced = sum(UNSPACED.search(target) is not None for target in targets.values())
    if unspaced:
        said = (
            f"{unspaced:,} of {len(targets):,} expected answers are in a script without spaces, of which {name} reads a stretch "
            "as one word: most such answers are worth 0 to it. Name a tokenizer (`bleu: {tokenize: zh}` or `char`), or chrf."
        )
        yield Text(f"What {name} does not read", [said])
