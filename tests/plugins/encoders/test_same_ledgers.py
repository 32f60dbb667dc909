"""What rests on an encoder is in the ledger to the last bit, wherever the rows were worked on."""

import json
from itertools import product

import pytest
from tests import warm_processes

from seatrial.plugin.host import Host
from seatrial.runs.engines import processes
from seatrial.runs.engines.local import _Local
from seatrial.runs.engines.on_ray import RayEngine
from seatrial.runs.run import run
from seatrial.suite.file import load_suite

SUITE = """
name: vectors
seed: 3
data:
  train: {source: "path:rows.jsonl"}
  split: {test: 0.3}
filters:
  - toxicity: {threshold: 0.001, action: flag}
  - semantic_duplicates: {threshold: 0.95, action: flag}
  - label_errors: {folds: 2, minimum: 5, c: 1.0}
  - leakage: {presets: [platypus, semantic], semantic_threshold: 0.05, action: flag}
  - coverage: {dimensions: [topic], topics: 5, threshold: 0.95}
report: [markdown]
"""
ASKED = ("where is", "why was", "when do I get", "please block", "I have lost", "somebody stole")
THING = ("my card", "the transfer of 20 pounds", "my new PIN", "that idiot's refund", "a top-up")
WHEN = (
    "",
    "which I ordered last week",
    "since the fifth of the month, and nobody has told me anything about it",
    "now",
)


@pytest.fixture(scope="module")
def suite(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ledgers")
    with (folder / "rows.jsonl").open("w", encoding="utf-8") as stream:
        for place, (asked, thing, when) in enumerate(product(ASKED, THING, WHEN)):
            label = THING[(place // 4 + (place % 17 == 0)) % 5]
            stream.write(json.dumps({"text": f"{asked} {thing} {when}".strip() + "?", "label": label}) + "\n")
    (folder / "suite.yaml").write_text(SUITE, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(processes, "_Context", warm_processes.PoolContext)
        patch.setattr(_Local, "_worthwhile", lambda self, _: self._count > 1)
        yield folder / "suite.yaml"


@pytest.fixture(scope="module")
def one(suite):
    """What one process leaves."""
    return data_run(suite, "{local: {workers: 1}}", "one")


def data_run(suite, engine, name):
    host = Host.load()
    loaded = load_suite(suite, host, overrides=[f"data.engine={engine}"], only_data=True)
    return run(loaded, host, runs=suite.parent / name, only_data=True)


def check_alike(result, expected):
    columns = ("row", "rule", "score", "matched_row", "detail")
    for name in columns:
        assert result.ledger[name].equals(expected.ledger[name]), name
    assert result.ledger.equals(expected.ledger)
    for stage in ("clean", "deduplicate", "split", "decontaminate"):
        assert result.facts(stage) == expected.facts(stage)


@pytest.mark.slow
def test_one_process_and_two_leave_the_same_ledger(suite, one):
    check_alike(data_run(suite, "{local: {workers: 2}}", "two"), one)
    scored = [
        rule
        for rule, score in zip(one.ledger["rule"].to_pylist(), one.ledger["score"].to_pylist(), strict=True)
        if score
    ]
    assert {"toxicity", "copy", "platypus", "semantic", "no-neighbour"} <= set(scored)
    assert len(scored) > 150


@pytest.mark.slow
def test_ray_leaves_the_same_ledger(suite, one):
    with RayEngine(workers=2).open():
        check_alike(data_run(suite, "ray", "ray"), one)
