"""Test rows that repeat each other count together, from the file to the saved decision."""

from __future__ import annotations

import json

import pytest

from seatrial import Metric, Sample, ScorerComponent, hookimpl
from seatrial.evaluation.samples import read_samples
from seatrial.plugin.host import Host
from seatrial.runs.run import run
from seatrial.suite.file import load_suite

ROWS = [{"text": f"text {number}", "label": "ab"[number % 2]} for number in range(10)]


class AllRight:
    """A scorer to which every answer is right."""

    @hookimpl
    def seatrial_scorers(self):
        def score(_self, transcripts, _task):
            return [Sample(one.row, {"right": 1.0}) for one in transcripts]

        metric = Metric("right", "right", "proportion", "higher", "Right.")
        yield ScorerComponent(
            "odd",
            type("S", (), {"score": score}),
            "Odd.",
            probe="choose",
            dimension="accuracy",
            metrics=(metric,),
            comparable=False,
        )


@pytest.fixture
def tried(tmp_path):
    """A run whose test rows are those, with a gate on them."""

    def go(test):
        for name, rows in (("train", ROWS), ("test", test)):
            (tmp_path / f"{name}.jsonl").write_text("\n".join(json.dumps(row) for row in rows))
        (tmp_path / "suite.yaml").write_text(
            "name: copies\nmodel: {source: 'package:seatrial_suites/tiny_llama', loader: random, device: cpu}\n"
            f"data:\n  train: {{source: 'path:{tmp_path}/train.jsonl'}}\n  test: {{source: 'path:{tmp_path}/test.jsonl'}}\n"
            "score: [odd]\ngates: [{metric: odd/right, min: 0.75}]\nreport: []\n"
        )
        host = Host.load()
        host.register(AllRight(), name="odd", distribution="odd")
        return run(load_suite(tmp_path / "suite.yaml", host), host, runs=tmp_path / "runs", cache=tmp_path / "cache")

    return go


@pytest.mark.parametrize(
    ("copies", "clusters"),
    [
        ([{"text": "Where is my card?", "label": "a"}] * 60, 1),
        ([{"text": f"Where is card {n}?", "label": "a", "group": "one user"} for n in range(60)], 1),
        ([{"text": f"where is CARD {n % 20}?", "label": "a"} for n in range(60)], 20),
    ],
)
def test_rows_that_say_the_same_or_belong_to_one_group_count_together(tried, copies, clusters):
    result = tried(copies)
    (decision,) = result.verdict.decisions
    (score,) = (each for each in result.scores if each.metric == "odd/right")
    assert (score.n, score.clusters) == (decision.n, decision.clusters) == (60, clusters)
    assert decision.outcome == ("pass" if clusters == 20 else "inconclusive")
    assert len(set(read_samples(result.folder / "samples" / "odd.parquet")["cluster"].to_pylist())) == clusters


def test_rows_that_say_something_else_count_each(tried):
    result = tried([{"text": f"Where is my card {n}?", "label": "a"} for n in range(60)])
    (decision,) = result.verdict.decisions
    assert (decision.outcome, decision.n, decision.clusters, decision.method) == ("pass", 60, None, "Clopper-Pearson")
