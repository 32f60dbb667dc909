"""Suites that put another system on trial, and what their runs left."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq

__all__ = ["only_run", "transcripts", "write_suite"]


def write_suite(
    folder: Path, source: str, *, rows: int = 20, score: str = "generation: {on: qa}", options: str = ""
) -> Path:
    """A suite without training: `rows` questions after the last word of a prompt."""
    asked = [{"prompt": f"Say the last word: word{number}", "completion": f"word{number}"} for number in range(rows)]
    (folder / "qa.jsonl").write_text("".join(json.dumps(row) + "\n" for row in asked))
    suite = folder / "suite.yaml"
    suite.write_text(
        f"name: other\nmodel: {{source: {json.dumps(source)}{options}}}\n"
        f"data:\n  tests: {{qa: {{source: 'path:{folder / 'qa.jsonl'}'}}}}\n"
        f"score:\n  - {score}\n"
        + (
            "gates:\n  - {metric: generation/exact_match, min: 0.8}\n"
            if score.startswith("generation")
            else "gates: []\n"
        )
        + "report: [markdown]\n"
    )
    return suite


def only_run(folder: Path) -> Path:
    (run,) = (folder / "runs").iterdir()
    return run


def transcripts(folder: Path) -> list[dict]:
    (file,) = (only_run(folder) / "transcripts").rglob("*.parquet")
    return pq.read_table(file).to_pylist()
