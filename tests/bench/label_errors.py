"""Label errors: how many of the labels flipped by seed the filter `label_errors` finds, and how many it wrongly flags.

    python tests/bench/label_errors.py BANKING77/train.csv [--share 0.02] [--to nearest] [--seeds 3] [--c 3] [--limit 10003]

The file is a CSV with a text and its label (`category` or `label`). A share of the rows gets another label, drawn
evenly, or the label whose mean vector is nearest to that of its own; what the filter flags is compared with those rows.
`precision` is a lower bound: the file's own errors (BANKING77 has many: Ying and Thomas 2022) count as false alarms. `beside` leaves
aside what is also flagged where nothing is flipped. `right` is the share of the found rows for which the finding names the label
that was there before. All texts are encoded once.
"""

from __future__ import annotations

import argparse
import csv
import random
import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from seatrial import Finding, Row, Turn
from seatrial.rows import Label
from seatrial_plugins.cleaning import build_label_errors
from seatrial_plugins.encoders import minilm


class Remembering:
    """An encoder that has encoded every text before."""

    def __init__(self, texts: Sequence[str], vectors: np.ndarray) -> None:
        self._places = {text: place for place, text in enumerate(texts)}
        self._vectors = vectors

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return self._vectors[[self._places[text] for text in texts]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--share", type=float, default=0.02, help="of the rows whose label is flipped")
    parser.add_argument("--to", choices=["random", "nearest"], default="random", help="which label a row gets instead")
    parser.add_argument("--times", type=float, nargs="+", default=[12.0], help="values of the option times; 0 for none")
    parser.add_argument("--seeds", type=int, default=3, help="how many draws of the flipped rows")
    parser.add_argument("--c", type=float, nargs="+", default=[3.0], help="values of the option c")
    parser.add_argument("--limit", type=int, help="at most so many rows, drawn evenly")
    given = parser.parse_args()

    rows = read(given.file, given.limit)
    texts = list(dict.fromkeys(row.input_text for row in rows))
    started = time.perf_counter()
    encoder = Remembering(texts, minilm().encode(texts))
    labels = {row.label for row in rows}
    print(f"{len(rows)} rows, {len(labels)} labels; {time.perf_counter() - started:.0f} s to encode them")
    print(
        f"{'times':>5} {'c':>5} {'seed':>4} {'flipped':>7} {'flagged':>7} {'found':>5} {'precision':>9} {'beside':>6} {'recall':>6} {'right':>5} {'s':>5}"
    )
    nearest = nearest_labels(rows, encoder) if given.to == "nearest" else None
    for times, c in product(given.times, given.c):
        for seed in range(given.seeds):
            options = {"c": c, "seed": seed, "times": times or None}
            own = {*flagged_in(rows, encoder, **options)}
            report(rows, encoder, given.share, own, nearest, options)


def nearest_labels(rows: Sequence[Row], encoder: Remembering) -> dict[str, str]:
    """Label → the one whose mean vector is nearest."""
    vectors = encoder.encode([row.input_text for row in rows])
    names, of = np.unique([row.label or "" for row in rows], return_inverse=True)
    means = np.stack([vectors[of == place].mean(axis=0) for place in range(len(names))])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    cosines = means @ means.T - 2 * np.eye(len(names))
    return dict(zip(names.tolist(), names[cosines.argmax(axis=1)].tolist(), strict=True))


def read(file: Path, limit: int | None) -> list[Row]:
    with file.open(encoding="utf-8", newline="") as lines:
        records = list(csv.DictReader(lines))
    if limit is not None and limit < len(records):
        records = random.Random(0).sample(records, limit)
    return [
        labelled(number, record["text"], record.get("category") or record["label"])
        for number, record in enumerate(records)
    ]


def labelled(number: int, text: str, label: str) -> Row:
    turns = (Turn("user", text), Turn("assistant", label))
    return Row(f"row-{number}", turns, "text-label", "bench", "bench.csv", number + 1, expected=Label(label))


def flagged_in(rows: Sequence[Row], encoder: Remembering, **options: Any) -> dict[str, Finding]:
    """Row → what the filter finds in it."""
    component = build_label_errors(encoder=encoder, **options)
    by_id = {row.id: row for row in rows}
    grouping = component.group(component.signatures(rows), by_id.__getitem__)
    return {finding.row: finding for finding in grouping.findings if finding.rule == "wrong-label"}


def report(
    rows: Sequence[Row],
    encoder: Remembering,
    share: float,
    own: set[str],
    nearest: dict[str, str] | None,
    options: dict[str, Any],
) -> None:
    """Flip labels, run the filter, print a line."""
    draw = random.Random(options["seed"])
    labels = sorted({row.label for row in rows if row.label is not None})
    flipped = {row.id: row.label for row in draw.sample(list(rows), round(share * len(rows)))}
    noisy = [
        replace(
            row,
            expected=Label(
                nearest[row.label or ""] if nearest else draw.choice([label for label in labels if label != row.label])
            ),
        )
        if row.id in flipped
        else row
        for row in rows
    ]
    started = time.perf_counter()
    flagged = flagged_in(noisy, encoder, **options)
    seconds = time.perf_counter() - started
    found = flagged.keys() & flipped.keys()
    # The likelier label that a finding names is the label before the flip.
    beside = len(flagged.keys() - (own - flipped.keys()))
    right = sum(f"and {flipped[name]!r} " in flagged[name].detail for name in found)
    print(
        f"{options['times'] or 0:>5g} {options['c']:>5g} {options['seed']:>4} {len(flipped):>7} {len(flagged):>7} {len(found):>5} "
        f"{len(found) / max(1, len(flagged)):>9.3f} {len(found) / max(1, beside):>6.3f} "
        f"{len(found) / max(1, len(flipped)):>6.3f} {right / max(1, len(found)):>5.2f} {seconds:>5.0f}"
    )


if __name__ == "__main__":
    main()
