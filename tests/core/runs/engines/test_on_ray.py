"""The Ray engine: without Ray, a message; with it, the same dataset and the same ledger as on this machine."""

import importlib.util
import json
import threading
from collections import Counter

import pyarrow.parquet as pq
import pytest

from seatrial import FilterComponent, Finding, Measured, Rule, hookimpl
from seatrial.errors import StageError, UsageError
from seatrial.plugin.host import Host
from seatrial.runs.engines.on_ray import RayEngine
from seatrial.runs.run import run
from seatrial.suite.file import load_suite

SUITE = """
name: tickets
seed: 5
data:
  train: {source: "path:rows.jsonl"}
  split: {test: 0.3}
filters: [unicode, schema, privacy, duplicates, near_duplicates, {leakage: {presets: [exact, tulu3]}}]
report: [markdown]
"""


def test_without_ray_it_says_how_to_get_it(monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ray" else found(name))
    with pytest.raises(UsageError, match=r"data.engine: ray is not installed; pip install 'seatrial\[distributed\]'"):
        RayEngine()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    with (tmp_path / "rows.jsonl").open("w", encoding="utf-8") as stream:
        for place in range(5_000):
            number = place % 4_000
            topic = ("parcel", "card", "door", "bike")[number % 4]
            text = f"where is my {topic} number {number} that I have waited for since the {number % 28 + 1}th"
            mail = f", write to user{place}@example.org" if place % 50 == 0 else ""
            broken = "" if place % 70 else "\u200b\u0000"
            stream.write(json.dumps({"text": text + mail + broken, "label": topic}) + "\n")
        stream.write("{broken\n")
    (tmp_path / "suite.yaml").write_text(SUITE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def two_workers():
    """One Ray for all stages of a test. When it has gone, nothing starts it again, as a thread of Ray Data might."""
    with RayEngine(workers=2).open():
        yield
    import ray

    with pytest.raises(ray.exceptions.RaySystemError):
        ray.put("a thread's last question")
    assert not ray.is_initialized()


@pytest.mark.slow
@pytest.mark.usefixtures("two_workers")
def test_a_run_on_ray_leaves_what_a_run_on_this_machine_leaves(folder):
    host = Host.load()
    results = {}
    for engine in ("local", "ray"):
        suite = load_suite(folder / "suite.yaml", host, overrides=[f"data.engine={engine}"], only_data=True)
        results[engine] = run(suite, host, runs=folder / engine, only_data=True)
    local, ray = results["local"], results["ray"]
    assert ray.ledger.equals(local.ledger)
    assert {"read", "clean", "deduplicate"} <= set(ray.ledger["stage"].to_pylist())
    assert {"email", "invisible", "copy"} <= set(ray.ledger["rule"].to_pylist())
    for name in ("clean", "deduplicated", "clusters", "split", "train", "test"):
        assert pq.read_table(ray.folder / f"data/{name}.parquet").equals(
            pq.read_table(local.folder / f"data/{name}.parquet")
        )
    for stage in ("read", "clean", "deduplicate", "split", "decontaminate"):
        assert ray.facts(stage) == local.facts(stage)
    assert (ray.folder / "dataset/train.jsonl").read_bytes() == (local.folder / "dataset/train.jsonl").read_bytes()
    kept = sum(len(pq.read_table(ray.folder / f"data/{name}.parquet")) for name in ("train", "validation", "test"))
    decisive = sum(ray.ledger["decisive"].to_pylist())
    assert kept + decisive == ray.facts("read")["read"] == 5_001


@pytest.mark.slow
@pytest.mark.usefixtures("two_workers")
def test_what_a_filter_counts_on_ray_is_what_it_counts_here(folder):
    class CountsTopics:
        def inspect(self, rows):
            return [Finding(row.id, "bike") for row in rows if row.label == "bike"]

        def count(self, rows, findings):
            return {**Counter(row.label for row in rows), "found": len(findings)}

        def conclude(self, counts):
            return Measured(facts={"counts": counts})

    class Plugin:
        @hookimpl
        def seatrial_filters(self):
            yield FilterComponent("topics", CountsTopics, "Counts.", rules=(Rule("bike", "A bike.", "flag"),))

    host = Host.load()
    host.register(Plugin(), name="topics")
    facts = {}
    for engine in ("local", "ray"):
        overrides = [f"data.engine={engine}", "filters=[topics]"]
        suite = load_suite(folder / "suite.yaml", host, overrides=overrides, only_data=True)
        facts[engine] = run(suite, host, runs=folder / engine, only_data=True).facts("clean")
    assert facts["ray"] == facts["local"]
    assert facts["ray"]["filters"][0]["facts"] == {
        "counts": {"bike": 1_250, "card": 1_250, "door": 1_250, "found": 1_250, "parcel": 1_250}
    }


@pytest.mark.slow
@pytest.mark.usefixtures("two_workers")
def test_what_a_filter_raises_on_ray_is_raised_here(folder):
    class Breaks:
        def inspect(self, rows):
            raise ZeroDivisionError("as if")

    class Plugin:
        @hookimpl
        def seatrial_filters(self):
            yield FilterComponent("breaks", Breaks, "Breaks.")

    host = Host.load()
    host.register(Plugin(), name="breaking")
    suite = load_suite(folder / "suite.yaml", host, overrides=["data.engine=ray", "filters=[breaks]"], only_data=True)
    with pytest.raises(
        StageError, match=r"clean: filter breaks \(plugin \(registered\)\) raised ZeroDivisionError: as if"
    ):
        run(suite, host, runs=folder / "runs", only_data=True)
    assert not [thread for thread in threading.enumerate() if thread.name == "iter_threaded"]
