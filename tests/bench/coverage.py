"""Coverage: are kinds of rows found that were taken out of train, and what does it cost?

    python tests/bench/coverage.py --data BANKING77 --rows 10000 100000
    python tests/bench/coverage.py --data BANKING77 --of-train 50 --of-test 15 --removed 8 --draws 5

BANKING77 is a folder with train.csv and test.csv (columns text and category). Each draw takes some intents out of train; the
filter sees neither labels nor which. An intent counts as found if a kind that the filter names holds at least 5 of its test
rows; a kind is false if most of its rows are of intents that train has. Draw 0 takes none out. The costs without the encoder
are measured on made-up rows whose vectors are random.
"""

from __future__ import annotations

import argparse
import csv
import resource
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from seatrial import Row, Turn
from seatrial.data.filters import SplitFindings
from seatrial.data.searching import search_all
from seatrial.rows import Label
from seatrial.rows.table import RowList
from seatrial_plugins.coverage import build_coverage
from seatrial_plugins.encoders import minilm

DIMENSIONS = 384

DIMENSIONS_COUNTED = ["label", "slice", "topic", "language", "length"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder with BANKING77's train.csv and test.csv")
    parser.add_argument("--removed", type=int, default=5, help="intents taken out of train in a draw")
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--of-train", type=int, help="train rows an intent, drawn anew in each draw; all where unset")
    parser.add_argument("--of-test", type=int, help="test rows an intent")
    parser.add_argument("--labels-only", action="store_true", help="leave out what does not find kinds")
    parser.add_argument("--rows", type=int, nargs="*", default=[], help="made-up rows to count, 30%% of them test")
    given = parser.parse_args()
    if given.data:
        removals(given.data, given)
    for count in given.rows:
        costs(count)


def removals(folder: Path, given: argparse.Namespace) -> None:
    """What is found of intents that train lacks."""
    train, test = (list(read(folder / f"{split}.csv", split)) for split in ("train", "test"))
    encoder = Remembering(minilm())
    before = time.process_time()
    encoder.encode([row.input_text for row in (*train, *test)])
    print(f"encoding {len(train) + len(test):,} questions: {time.process_time() - before:.1f} s of CPU")
    intents = sorted(many(train, given.of_train) & many(test, given.of_test))
    train, test = ([row for row in rows if row.label in intents] for rows in (train, test))
    head = (
        "draw",
        "intents found",
        "their rows",
        "other rows",
        "kinds",
        "false kinds",
        "label gaps",
        "topic gaps",
        "below 0.5",
        "CPU s",
    )
    print(" | ".join(head))
    random = np.random.default_rng(0)
    total = np.zeros(4)
    for draw in range(given.draws + 1):
        gone = set(random.choice(intents, given.removed, replace=False).tolist()) if draw else set()
        left = [row for row in few(train, given.of_train, random) if row.label not in gone]
        asked = few(test, given.of_test, random)
        before = time.process_time()
        found = covered(left, asked, encoder, ["label"] if given.labels_only else DIMENSIONS_COUNTED)
        seconds = time.process_time() - before
        flagged = {one.row for one in found.findings if one.rule == "unmatched"}
        inside = [row.id in flagged for row in asked if row.label in gone]
        outside = [row.id in flagged for row in asked if row.label not in gone]
        groups = found.facts["unmatched"]["groups"]
        named = {label for group in groups for label, n in group["labels"].items() if n >= 5} & gone
        false = sum(
            2 * sum(n for label, n in group["labels"].items() if label in gone) < group["size"] for group in groups
        )
        total += (len(named), len(gone), false, len(groups))
        measures = found.measures
        cells = (
            str(draw),
            f"{len(named)} of {len(gone)}",
            f"{np.mean(inside):.3f}" if inside else "",
            f"{np.mean(outside):.4f}",
            f"{measures['unmatched_kinds']:g}",
            f"{false}",
            f"{measures['label_gaps_in_train']:g}",
            f"{measures.get('topic_gaps_in_train', float('nan')):g}",
            f"{measures['no_neighbour']:g}",
            f"{seconds:.1f}",
        )
        print(" | ".join(cells))
    print("together: {:g} of {:g} intents found, {:g} of {:g} kinds false".format(*total))


def many(rows: Sequence[Row], least: int | None) -> set[str]:
    """The intents that have so many rows."""
    counts = Counter(row.label or "" for row in rows)
    return {label for label, count in counts.items() if count >= (least or 1)}


def few(rows: Sequence[Row], most: int | None, random: np.random.Generator) -> Sequence[Row]:
    """So many rows of each intent, drawn by chance, in their order."""
    if most is None:
        return rows
    of: dict[str | None, list[int]] = {}
    for place, row in enumerate(rows):
        of.setdefault(row.label, []).append(place)
    kept = {place for places in of.values() for place in random.permutation(places)[:most].tolist()}
    return [row for place, row in enumerate(rows) if place in kept]


def costs(count: int) -> None:
    """Time and memory of all but the encoder and the tokenizer."""
    rows = [made_up(at) for at in range(count)]
    train, test = rows[: count * 7 // 10], rows[count * 7 // 10 :]
    before, wall = time.process_time(), time.perf_counter()
    covered(train, test, RandomEncoder())
    spent, took = time.process_time() - before, time.perf_counter() - wall
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"{count:,} rows: {spent:.1f} s of CPU, {took:.1f} s, {1e6 * spent / count:.0f} µs a row, peak {peak:.2f} GiB"
    )


def covered(
    train: Sequence[Row], test: Sequence[Row], encoder, dimensions: list[str] = DIMENSIONS_COUNTED
) -> SplitFindings:
    """The filter's answer; its findings as a list."""
    built = build_coverage(encoder=encoder, tokenizer=None, dimensions=dimensions)
    found = SplitFindings.of(search_all(built, RowList(train), RowList(test)))
    return replace(found, findings=list(found.findings))


def read(path: Path, split: str) -> Iterator[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        for at, record in enumerate(csv.DictReader(file)):
            turns = (Turn("user", record["text"]), Turn("assistant", record["category"]))
            name = f"{split}{at}"
            yield Row(name, turns, "text-label", "", path.name, at + 2, expected=Label(record["category"]), split=split)


def made_up(at: int) -> Row:
    words = np.random.default_rng(at).integers(0, 20_000, 40)
    turns = (Turn("user", " ".join(f"word{word}" for word in words)), Turn("assistant", f"label {at % 50}"))
    return Row(f"r{at}", turns, "text-label", "", "made-up", at + 1, expected=Label(f"label {at % 50}"))


class Remembering:
    """Encodes each text once, whatever the encoder's own memory holds."""

    def __init__(self, encoder) -> None:
        self._encoder = encoder
        self._known: dict[str, np.ndarray] = {}

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        if new:
            self._known.update(zip(new, self._encoder.encode(new), strict=True))
        return np.stack([self._known[text] for text in texts])


class RandomEncoder:
    """Vectors around a hundred directions, as quickly as they can be drawn."""

    def __init__(self) -> None:
        self._random = np.random.default_rng(0)
        self._centres = self._random.normal(size=(100, DIMENSIONS)).astype(np.float32)

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        near = self._centres[self._random.integers(0, 100, len(texts))]
        vectors = near + self._random.normal(size=near.shape).astype(np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


if __name__ == "__main__":
    main()
