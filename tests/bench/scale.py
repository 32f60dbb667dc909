"""Scale: `seatrial data` on 10,000, 100,000 and 1,000,000 generated rows of 500 characters; time and memory, stage by stage.

    python tests/bench/scale.py FOLDER [--rows 10000 100000 1000000] [--workers N] [--engine local|ray] [--filters …]

Rows are prompt and completion in made-up words that are as frequent as words are (Zipf); 2% are exact copies of others,
3% near copies (one word in twenty changed), and 1% of the train rows hold a test row's prompt. Everything is written below
FOLDER. Memory is the most that all processes of a run held together, each page counted once (PSS), asked for twice a
second, and the peak of the main process alone (RSS), both as Linux tells them. CPU seconds are those of all processes: on a
machine that others use too they tell more than wall seconds, which the stages are timed in.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

LENGTH = 500
PROMPT = 300
FILTERS = "[schema, duplicates, near_duplicates, {leakage: {presets: [tulu3]}}]"
STAGES = ("read", "clean", "deduplicate", "split", "decontaminate", "export", "report")
SUITE = """\
name: scale
seed: 1
data:
  train: {{source: "path:{rows}"}}
  split: {{test: 0.01}}
{engine}filters: {filters}
report: [markdown]
"""


def main() -> None:
    options = arguments()
    options.folder.mkdir(parents=True, exist_ok=True)
    print(
        f"{'rows':>10}{'wall s':>9}{'CPU s':>8}{'CPU µs/row':>12}{'tree GiB':>10}{'main GiB':>10}{'kept':>10}   seconds by stage"
    )
    for count in options.rows:
        file = options.folder / f"rows-{count}.jsonl"
        if not file.is_file():
            write_rows(file, count, random.Random(count))
        suite = options.folder / f"suite-{count}.yaml"
        engine = engine_key(options.engine, options.workers)
        suite.write_text(SUITE.format(rows=file.resolve(), engine=engine, filters=options.filters), encoding="utf-8")
        runs = options.folder / f"runs-{count}-{options.engine}-{options.workers}"
        seconds, cpu, tree = measured(["data", str(suite), "--runs", str(runs), "--fresh", "--offline", "--quiet"])
        run = max(runs.iterdir())
        markers = {stage: json.loads((run / f"nodes/{stage}.json").read_text()) for stage in STAGES}
        main_peak = max(marker["peak_bytes"] for marker in markers.values()) / 2**30
        splits = markers["decontaminate"]["facts"]["splits"]
        stages = "  ".join(f"{stage} {marker['seconds']:.1f}" for stage, marker in markers.items())
        kept = sum(splits.values())
        print(
            f"{count:>10,}{seconds:>9.1f}{cpu:>8.1f}{1e6 * cpu / count:>12.0f}{tree / 2**30:>10.2f}{main_peak:>10.2f}{kept:>10,}   {stages}",
            flush=True,
        )


def engine_key(engine: str, workers: int | None) -> str:
    """The suite's line about the engine; none where nothing is asked for."""
    if engine == "local" and workers is None:
        return ""
    return f"  engine: {{{engine}: {{{f'workers: {workers}' if workers else ''}}}}}\n"


def write_rows(file: Path, count: int, draw: random.Random) -> None:
    """The generated rows, a JSON object a line; the copies are of rows at most 50,000 lines before."""
    words = Words(draw)
    recent: list[list[str]] = []
    part = file.with_suffix(".part")
    with part.open("w", encoding="utf-8") as stream:
        for number in range(count):
            kind = draw.random()
            if recent and kind < 0.02:
                text = draw.choice(recent)
            elif recent and kind < 0.05:
                text = [next(words) if draw.random() < 0.05 else word for word in draw.choice(recent)]
            elif recent and kind < 0.06:
                text = draw.choice(recent) + [next(words) for _ in range(10)]
            else:
                text = words.text(PROMPT)
            recent[number % 50_000 : number % 50_000 + 1] = [text]
            record = {"prompt": " ".join(text), "completion": " ".join(words.text(LENGTH - PROMPT))}
            stream.write(json.dumps(record) + "\n")
    part.replace(file)


class Words:
    """An endless draw of made-up words, the n-th of which is as frequent as 1/n."""

    def __init__(self, draw: random.Random, vocabulary: int = 50_000) -> None:
        syllables = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in "aeiou"]
        self._draw = draw
        self._words = ["".join(draw.choices(syllables, k=1 + rank % 4)) for rank in range(vocabulary)]
        self._weights = [sum(1 / n for n in range(1, 2))]
        for rank in range(2, vocabulary + 1):
            self._weights.append(self._weights[-1] + 1 / rank)
        self._ready: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if not self._ready:
            self._ready = self._draw.choices(self._words, cum_weights=self._weights, k=10_000)
        return self._ready.pop()

    def text(self, length: int) -> list[str]:
        """Words of about that many characters together."""
        found: list[str] = []
        while length > 0:
            found.append(next(self))
            length -= len(found[-1]) + 1
        return found


def measured(command: Sequence[str]) -> tuple[float, float, int]:
    """Run seatrial; wall seconds, CPU seconds, and the most bytes that it and its processes held."""
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    process = subprocess.Popen([sys.executable, "-m", "seatrial", *command], stdout=subprocess.DEVNULL)
    watch = Watch(process.pid)
    watch.start()
    code = process.wait()
    seconds = time.perf_counter() - started
    watch.stop()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if code:
        raise SystemExit(f"seatrial ended with {code}")
    return seconds, cpu, watch.most


class Watch(threading.Thread):
    """Asks twice a second what a process and its descendants hold."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.most = 0
        self._pid = pid
        self._over = threading.Event()

    def run(self) -> None:
        while not self._over.wait(0.5):
            self.most = max(self.most, sum(map(held, family(self._pid))))

    def stop(self) -> None:
        self._over.set()
        self.join()


def family(pid: int) -> list[int]:
    """The process and its descendants."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = task.read_text().split()
        except OSError:
            continue
        found += [one for child in children for one in family(int(child))]
    return found


def held(pid: int) -> int:
    """Bytes that a process holds, pages that it shares counted in part."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return 1024 * sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--workers", type=int)
    parser.add_argument("--engine", choices=["local", "ray"], default="local")
    parser.add_argument("--filters", default=FILTERS, help="the suite's filters, as YAML")
    return parser.parse_args()


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", str(os.cpu_count() or 1))
    main()
