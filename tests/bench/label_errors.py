"""Label errors: how many of the labels flipped by seed the filter `label_errors` finds, and how many it wrongly flags.

    python tests/bench/label_errors.py BANKING77/train.csv [--share 0.02] [--seeds 3] [--c 3] [--limit 10003]

The file is a CSV with a text and its label (`category` or `label`). A share of the rows gets another label, drawn
evenly; what the filter flags is compared with those rows. Precision is a lower bound: the file's own errors (BANKING77
has many) count as false alarms. `right` is the share of the found rows for which the finding names the label that was
there before. All texts are encoded once.
"""

from __future__ import annotations

import argparse
import csv
import random
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from seatrial import Row, Turn
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
        f"{'c':>5} {'seed':>4} {'flipped':>7} {'flagged':>7} {'found':>5} {'precision':>9} {'recall':>6} {'right':>5} {'s':>5}"
    )
    for c in given.c:
        for seed in range(given.seeds):
            report(rows, encoder, given.share, seed, c)


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


def report(rows: Sequence[Row], encoder: Remembering, share: float, seed: int, c: float) -> None:
    """Flip labels, run the filter, print a line."""
    draw = random.Random(seed)
    labels = sorted({row.label for row in rows if row.label is not None})
    flipped = {row.id: row.label for row in draw.sample(list(rows), round(share * len(rows)))}
    noisy = [
        replace(row, expected=Label(draw.choice([label for label in labels if label != row.label])))
        if row.id in flipped
        else row
        for row in rows
    ]
    component = build_label_errors(encoder=encoder, c=c, seed=seed)
    by_id = {row.id: row for row in noisy}
    started = time.perf_counter()
    grouping = component.group(component.signatures(noisy), by_id.__getitem__)
    flagged = {finding.row: finding for finding in grouping.findings if finding.rule == "wrong-label"}
    seconds = time.perf_counter() - started
    found = flagged.keys() & flipped.keys()
    # The likelier label that a finding names is the label before the flip.
    right = sum(f"and {flipped[name]!r} " in flagged[name].detail for name in found)
    print(
        f"{c:>5g} {seed:>4} {len(flipped):>7} {len(flagged):>7} {len(found):>5} {len(found) / max(1, len(flagged)):>9.3f} "
        f"{len(found) / max(1, len(flipped)):>6.3f} {right / max(1, len(found)):>5.2f} {seconds:>5.0f}"
    )


if __name__ == "__main__":
    main()
