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
    yield "training.jsonl", _losses(one), _losses(other)
    for place in ("adapter", "dataset"):
        for name in sorted({path.name for run in (one, other) for path in (run / place).glob("*")}):
            yield f"{place}/{name}", _bytes(one / place / name), _bytes(other / place / name)


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


def _losses(run: Path) -> list[dict[str, float]] | None:
    path = run / "training.jsonl"
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
