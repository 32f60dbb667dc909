"""Nothing that the filter finds stands in anything that a run leaves, but for the rows as they were read."""

import html
import json

import pyarrow.parquet as pq
import pytest
from privacy_corpus import KINDS, data

from seatrial.plugin.host import Host
from seatrial.runs.run import run
from seatrial.suite.file import load_suite
from seatrial_plugins.privacy import privacy

SUITE = """
name: private
data:
  train: {{source: "path:rows.jsonl"}}
  split: {{test: 0.3}}
filters:
  - privacy: {action}
  - unicode: {{}}
  - schema: {{}}
  - duplicates: {{}}
  - leakage: {{presets: [exact, tulu3, deepseek_math]}}
report: [html, markdown, json]
"""


@pytest.fixture(scope="module")
def examples():
    return [example for kind in KINDS for example in data(kind, 30, seed=2)]


@pytest.fixture
def folder(tmp_path, examples):
    lines = []
    for place, example in enumerate(examples):
        told = f"{place}: {example.text}"
        heard = f"You said {example.datum}, did you not?" if place % 3 else "Thank you for telling me that."
        turns = [{"role": "user", "content": told}, {"role": "assistant", "content": heard}]
        if place % 10 == 0:
            turns[1]["tool_calls"] = [{"name": "send", "arguments": {"to": example.datum}}]
        lines.append(json.dumps({"messages": turns}, ensure_ascii=False))
    lines.append('{"messages": [{"role": "user", "content": "I am broken@example.com"')
    lines.append(json.dumps({"messages": [{"role": "user", "content": "x" * 3000 + " long@example.com"}]}))
    lines.append(json.dumps({"messages": [{"role": "assistant", "content": "odd@example.com"}] * 2}))
    (tmp_path / "rows.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return tmp_path


def left_in(path):
    """Everything that a file says, as one text."""
    if path.suffix == ".parquet":
        return json.dumps(pq.read_table(path).to_pylist(), ensure_ascii=False, default=str)
    return html.unescape(path.read_text(encoding="utf-8"))


def said(value):
    """A datum, as it stands in JSON too."""
    return {value, json.dumps(value, ensure_ascii=False)[1:-1], json.dumps(value)[1:-1]}


@pytest.mark.parametrize("action", ["{}", "{action: drop}", "{action: flag}"])
def test_no_datum_is_left_in_a_run_folder(folder, examples, action, monkeypatch):
    monkeypatch.chdir(folder)
    (folder / "suite.yaml").write_text(SUITE.format(action=action), encoding="utf-8")
    host = Host.load()
    result = run(load_suite(folder / "suite.yaml", host, only_data=True), host, runs=folder / "runs", only_data=True)
    files = [path for path in result.folder.rglob("*") if path.is_file() and path.name != "raw.parquet"]
    if "flag" in action:  # the rows stay as they are, by the suite's wish
        files = [
            path for path in files if path.parent.name == "ledger" and path.name in {"read.parquet", "clean.parquet"}
        ]
    assert {"clean.parquet"} <= {path.name for path in files}
    values = [example.datum for example in examples]
    values += ["broken@example.com", "long@example.com", "odd@example.com"]
    for path in files:
        text = left_in(path)
        assert not [value for value in values if any(form in text for form in said(value))], path


def test_every_finding_is_without_what_it_found(examples):
    from seatrial import Row, Turn

    rows = [Row(str(n), (Turn("user", e.text),), "chat", "s", "f", 1) for n, e in enumerate(examples)]
    findings = {finding.row: finding for finding in privacy().inspect(rows)}
    assert len(findings) == len(examples)
    for place, example in enumerate(examples):
        finding = findings[str(place)]
        shown = f"{finding.detail} {finding.matched_text} {[span.replacement for span in finding.spans]}"
        assert example.datum not in shown
