"""BANKING77's own leaks: test rows that its train split gives away, listed to be read by eye.

    python tests/bench/banking77_leaks.py --banking77 FOLDER [--near 20] [--presets exact semantic platypus tulu3]

FOLDER holds train.csv and test.csv (`text`, `category`). The data stages run on both as a user's suite would, with
`leakage` on the test side, flagging only; what is printed is read from the run's ledger. First all rows that `exact`
finds, then for each other preset the test rows with the highest scores that `exact` does not find, each once. `=` marks
pairs of one category, `!` pairs of two; the Jaccard similarity of their words stands beside the preset's score.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

from seatrial import Row
from seatrial.data.normalise import spell
from seatrial.plugin.host import Host
from seatrial.rows.table import open_rows
from seatrial.runs.run import run
from seatrial.suite.file import load_suite

SUITE = """\
name: banking77-leaks
seed: 1
data:
  train: {{source: "path:{folder}/train.csv", columns: {{text: text, label: category}}}}
  test: {{source: "path:{folder}/test.csv", columns: {{text: text, label: category}}}}
filters:
  - leakage: {{presets: [{presets}], side: test, action: flag}}
report: []
"""


def main() -> None:
    options = arguments()
    started = time.perf_counter()
    rows, entries = leaks(options.banking77, options.presets)
    print(f"{time.perf_counter() - started:.0f} s for the data stages on {len(rows):,} rows")
    by_preset: dict[str, list[dict[str, Any]]] = {preset: [] for preset in options.presets}
    for entry in entries:
        by_preset[entry["rule"]].append(entry)
    exact = {entry["row"] for entry in by_preset.get("exact", [])}
    for preset, found in by_preset.items():
        others = [entry for entry in found if entry["row"] not in exact]
        print(f"\n{preset}: {len(found):,} test rows" + (f", {len(others):,} besides `exact`" if others else ""))
        ranked = sorted(others, key=lambda entry: (-entry["score"], entry["line"]))
        for entry in found if preset == "exact" else ranked[: options.near]:
            show(entry, rows)


def leaks(folder: Path, presets: list[str]) -> tuple[dict[str, Row], list[dict[str, Any]]]:
    """All rows by their ids, and the ledger's entries about leaks."""
    with tempfile.TemporaryDirectory() as temporary:
        suite = Path(temporary) / "suite.yaml"
        suite.write_text(SUITE.format(folder=folder.resolve(), presets=", ".join(presets)), encoding="utf-8")
        host = Host.load()
        result = run(
            load_suite(suite, host, only_data=True),
            host,
            runs=Path(temporary) / "runs",
            cache=Path(temporary) / "cache",
            only_data=True,
        )
        rows = {row.id: row for row in open_rows(result.folder / "data/raw.parquet")}
        return rows, [entry for entry in result.ledger.to_pylist() if entry["filter"] == "leakage"]


def show(entry: dict[str, Any], rows: dict[str, Row]) -> None:
    test, train = rows[entry["row"]], rows[entry["matched_row"]]
    one, other = set(spell(test.input_text)), set(spell(train.input_text))
    same = "=" if test.label == train.label else "!"
    print(f"  {entry['score']:.3f} {same} Jaccard {len(one & other) / len(one | other):.2f}  {entry['detail']}")
    for row in (test, train):
        print(f"        {row.split:>5}:{row.line:<6} {' '.join(row.input_text.split())}  [{row.label}]")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--banking77", type=Path, required=True)
    parser.add_argument("--presets", nargs="+", default=["exact", "semantic", "platypus", "tulu3"])
    parser.add_argument("--near", type=int, default=20, help="rows to list of each preset but `exact`")
    return parser.parse_args()


if __name__ == "__main__":
    main()
