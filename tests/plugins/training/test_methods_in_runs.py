"""Every method through a whole run: trained, verified, asked, judged by gates, told in the report."""

from __future__ import annotations

import json

import pytest

from seatrial.plugin.host import Host
from seatrial.runs.run import run
from seatrial.suite.file import load_suite

SUITE = """
name: {method}
model: {{source: "package:seatrial_suites/tiny_llama", loader: random, device: cpu}}
data: {{train: {{source: "path:{rows}"}}, test: {{source: "path:{test}"}}, split: {{validation: 0.2}}}}
train: {{method: {method}, {options}}}
score: [choice]
baselines: []
gates: [{{metric: {metric}, min: 0.1}}]
report: [html, json]
"""

THINGS = (("delivery", "parcel"), ("billing", "refund"), ("account", "password"))
OPENINGS = (
    "Where is my",
    "What about the",
    "I ask for the",
    "Please help with the",
    "Look for this",
    "No sign of the",
    "I lost a",
    "Again the",
)
TEST = [
    (f"{opening} {thing}", desk) for desk, thing in THINGS for opening in ("Tell me of the", "Show me this", "My poor")
]
TRAIN = [(f"{opening} {thing}", desk) for desk, thing in THINGS for opening in OPENINGS]


def labelled(pairs):
    return [{"text": text, "label": label} for text, label in pairs]


def preferred(pairs):
    return [{"prompt": text, "chosen": f"Yes, {label}!", "rejected": f"Not {label}."} for text, label in pairs]


METHODS = {
    "prefix_tuning": ("virtual_tokens: 4, lr: 0.1, epochs: 4", labelled),
    "classifier": ("r: 4, lr: 2.0e-3, epochs: 8, batch_size: 4", labelled),
    "dpo": ("r: 4, lr: 5.0e-3, epochs: 4", preferred),
}


@pytest.mark.parametrize("method", METHODS)
def test_it_goes_through_every_stage(method, tmp_path):
    options, records = METHODS[method]
    rows, test = tmp_path / "rows.jsonl", tmp_path / "test.jsonl"
    for file, pairs in ((rows, TRAIN), (test, TEST)):
        file.write_text("".join(json.dumps(record) + "\n" for record in records(pairs)))
    metric = "choice/accuracy"
    suite = tmp_path / "suite.yaml"
    suite.write_text(SUITE.format(method=method, rows=rows, test=test, options=options, metric=metric))
    host = Host.load()
    result = run(load_suite(suite, host), host, runs=tmp_path / "runs", cache=tmp_path / "cache")
    verified = result.facts("verify_training")
    assert verified.get("labels") or verified["largest_difference"] > verified["tolerance"]
    scored = {score.system: score for score in result.scores if score.metric == metric}
    assert scored["tuned"].n == len(TEST)
    if method != "prefix_tuning":
        assert scored["tuned"].value > scored["base"].value
        assert scored["tuned"].value > 0.6
    (report,) = (tmp_path / "runs").glob("*/report/index.html")
    said = report.read_text(encoding="utf-8")
    assert f'Method: <strong class="data">{method}</strong>' in said
    assert "Training changed the model" in said
