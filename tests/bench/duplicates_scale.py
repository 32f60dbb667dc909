"""What the duplicate filters cost at 10 thousand, 100 thousand and a million rows of 500 characters: time and memory.

    taskset -c 0 python tests/bench/duplicates_scale.py GSM8K.jsonl.gz [--rows 10000 100000 1000000] [--filter near ...]

Each size runs in a process of its own. The rows are put together of GSM8K's sentences as they are needed and not held;
every tenth is an edited copy of another. Signatures go to a file in batches of 1,000 and are mapped from there, as in a
run. `semantic`, which is not run unless named since its grouping is quadratic, has vectors drawn at random. Times are CPU
seconds; memory is the process's peak, above what it held before the first row, mapped pages included.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa

from seatrial import Row, Turn
from seatrial.data.filters import CorpusFilter
from seatrial_plugins.deduplication import (
    build_duplicates,
    build_near_duplicates,
    build_repeated_spans,
    build_semantic_duplicates,
)


class Drawn:
    """Vectors drawn by the text, 384 dimensions: what an encoder takes is its own affair."""

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        seeds = [int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest()) for text in texts]
        vectors = np.stack([np.random.default_rng(seed).standard_normal(384, dtype=np.float32) for seed in seeds])
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


FILTERS = {
    "exact": build_duplicates,
    "near": build_near_duplicates,
    "spans": build_repeated_spans,
    "semantic": lambda: build_semantic_duplicates(encoder=Drawn()),
}
CHARACTERS = 500
BATCH = 1_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", type=Path, help="GSM8K as JSON lines with `question`, gzipped or not")
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--filter", choices=FILTERS, nargs="+", default=["exact", "near", "spans"])
    options = parser.parse_args()
    if len(options.rows) == len(options.filter) == 1:
        measure(options.filter[0], Made(options.questions), options.rows[0])
        return
    print(
        f"{'filter':8}{'rows':>11}{'signatures':>12}{'grouping':>10}{'µs a row':>10}{'file MB':>9}{'peak MB':>9}{'findings':>10}"
    )
    for name in options.filter:
        for rows in options.rows:
            command = [sys.executable, __file__, str(options.questions), "--rows", str(rows), "--filter", name]
            subprocess.run(command, check=True)


class Made:
    """Rows by their index, the same whenever they are made."""

    def __init__(self, questions: Path) -> None:
        data = gzip.decompress(questions.read_bytes()) if questions.suffix == ".gz" else questions.read_bytes()
        texts = [json.loads(line)["question"] for line in data.splitlines()]
        self._sentences = [sentence for text in texts for sentence in re.split(r"(?<=[.?!])\s+", text)]

    def __call__(self, index: int) -> Row:
        turns = (Turn("user", self._text(index)), Turn("assistant", "?"))
        return Row(str(index), turns, "chat", "s", "f", index + 1)

    def _text(self, index: int) -> str:
        if index % 10 == 9:
            rng = random.Random(index)
            words = self._original(index - rng.randrange(1, 9)).split()
            for place in rng.sample(range(len(words)), rng.randrange(5)):
                words[place] = rng.choice(self._sentences).split()[0]
            return " ".join(words)
        return self._original(index)

    @lru_cache(maxsize=64)  # noqa: B019 - one object a process
    def _original(self, index: int) -> str:
        rng = random.Random(index)
        text = ""
        while len(text) < CHARACTERS:
            text += rng.choice(self._sentences) + " "
        return re.sub(r"\d+", lambda _: str(rng.randrange(1000)), text[:CHARACTERS])


def measure(name: str, row: Made, count: int) -> None:
    component: CorpusFilter = FILTERS[name]()
    component.signatures([row(0)])
    before = peak()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "signatures.arrow"
        signed = sign(component, row, range(count), path)
        started = time.process_time()
        with pa.memory_map(str(path)) as source:
            grouping = component.group(pa.ipc.open_file(source).read_all(), lambda name: row(int(name)))
            findings = sum(1 for _ in grouping.findings)
        grouped = time.process_time() - started
        size = path.stat().st_size
    print(
        f"{name:8}{count:11,}{signed:12.1f}{grouped:10.1f}{(signed + grouped) / count * 1e6:10.1f}{size / 1e6:9.0f}"
        f"{peak() - before:9.0f}{findings:10,}",
        flush=True,
    )


def sign(component: CorpusFilter, row: Made, indices: Sequence[int], path: Path) -> float:
    """Write the signatures; the CPU seconds that making them took, the rows not counted."""
    seconds = 0.0
    writer = None
    for start in range(0, len(indices), BATCH):
        rows = [row(index) for index in indices[start : start + BATCH]]
        started = time.process_time()
        table = component.signatures(rows)
        seconds += time.process_time() - started
        writer = writer or pa.ipc.new_file(str(path), table.schema)
        writer.write_table(table)
    if writer:
        writer.close()
    return seconds


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


if __name__ == "__main__":
    main()
