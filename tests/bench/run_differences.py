"""What two finished runs of one suite disagree on, measured times and memory excepted.

python tests/bench/run_differences.py runs/20260102T030405-smoke runs/20260102T030510-smoke
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

MEASURED = frozenset({"ms", "s", "tokens/s", "bytes"})
"""Units of what the clock or the memory says."""

TIMED = ("test.time",)
"""Tasks whose transcripts hold times."""

ROWS = ("ledger", "data/train", "data/validation", "data/test")


def differences(one: Path, other: Path) -> list[str]:
    """The parts of two run folders that differ: verdict, scores, ledger, rows, samples, losses, bytes of the
    adapter, of the ledger and of the cleaned dataset.
    """
    return [name for name, first, second in _parts(one, other) if first != second]


def _parts(one: Path, other: Path) -> Iterator[tuple[str, Any, Any]]:
    judged = (one / "scores.json").is_file()  # `seatrial data` scores nothing
    timed = (
        {each["metric"] for each in _json(one / "scores.json")["scores"] if each["unit"] in MEASURED} if judged else ()
    )
    clocks = {metric.partition("/")[0] for metric in timed}
    if judged:
        yield "verdict.json", _verdict(one, timed), _verdict(other, timed)
        yield "scores.json", _scores(one, timed), _scores(other, timed)
    yield "ledger.parquet, its bytes", _bytes(one / "ledger.parquet"), _bytes(other / "ledger.parquet")
    for name in ROWS:
        yield name, _records(one / f"{name}.parquet"), _records(other / f"{name}.parquet")
    for name in sorted({path.stem for run in (one, other) for path in (run / "samples").glob("*.parquet")}):
        paths = (run / f"samples/{name}.parquet" for run in (one, other))
        first, second = (_records(path, timed=name in clocks) for path in paths)
        yield f"samples/{name}", first, second
    for name in _names(one, other, "training/*.jsonl"):
        yield name, _losses(one / name), _losses(other / name)
    for pattern in ("products/*/*", "dataset/*", "transcripts/*/*.parquet"):
        for name in _names(one, other, pattern):
            if not any(name.startswith(f"transcripts/{task}") for task in TIMED):
                yield name, _bytes(one / name), _bytes(other / name)


def _names(one: Path, other: Path, pattern: str) -> list[str]:
    """The files of either run that fit a pattern, below it."""
    return sorted({path.relative_to(run).as_posix() for run in (one, other) for path in run.glob(pattern)})


def _verdict(run: Path, timed: Collection[str]) -> dict[str, Any]:
    """Of a gate on a measured time only the outcome: its reason holds the time."""
    verdict: dict[str, Any] = _json(run / "verdict.json")
    verdict["decisions"] = [
        {name: decision[name] for name in (("metric", "outcome") if decision["metric"] in timed else decision)}
        for decision in verdict["decisions"]
    ]
    return verdict


def _scores(run: Path, timed: Collection[str]) -> list[dict[str, Any]]:
    return [score for score in _json(run / "scores.json")["scores"] if score["metric"] not in timed]


def _records(path: Path, *, timed: bool = False) -> list[dict[str, Any]] | None:
    """A table's records; of one with measured times, what was asked and not how long it took. None where it is absent."""
    if not path.is_file():
        return None
    table = pq.read_table(path)
    if timed:
        table = table.select(
            [name for name in table.column_names if name != "detail" and not name.startswith("value:")]
        )
    records: list[dict[str, Any]] = table.to_pylist()
    return records


def _losses(path: Path) -> list[dict[str, float]] | None:
    if not path.is_file():
        return None
    steps = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return [{name: value for name, value in step.items() if name != "tokens_per_second"} for step in steps]


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def main() -> int:
    """Name what differs; 0 where nothing does."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs=2, type=Path, metavar="RUN")
    found = differences(*parser.parse_args().runs)
    print("\n".join(f"{name} differs" for name in found) or "the same, measured times and memory excepted")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
