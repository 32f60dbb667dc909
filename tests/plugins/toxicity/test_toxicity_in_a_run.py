"""The toxicity filter in a run of the data stages: a detector that flags whoever names a group shows in scores and reports."""

import json
import re

import pytest

from seatrial import Component, hookimpl
from seatrial.errors import SuiteError
from seatrial.plugin.host import Host
from seatrial.runs.run import run
from seatrial.suite.file import load_suite
from seatrial_plugins.toxicity.identity_terms import IDENTITY_TERMS
from seatrial_plugins.toxicity.term_finder import TermFinder

SUITE = """
name: messages
data: {train: {source: "path:rows.jsonl"}}
filters:
  - toxicity: {detector: naming, action: flag}
  - toxicity: {as: harm, detector: naming, identity_least: 500}
report: [html, markdown]
"""


class Naming:
    weak = False
    name = "naming"

    def detect(self, texts):
        finder = TermFinder(IDENTITY_TERMS)
        return [{"toxicity": float(bool(finder.named([text])))} for text in texts]


class Plugin:
    @hookimpl
    def seatrial_detectors(self):
        yield Component("naming", Naming, "Every text that names a group is toxic.")


@pytest.fixture
def host():
    host = Host.load()
    host.register(Plugin(), name="naming")
    return host


@pytest.fixture
def suite_file(tmp_path, monkeypatch):
    named = [f"my {group} neighbour number {n} is kind" for group in ("Muslim", "deaf") for n in range(30)]
    texts = [*named, *(f"the weather on day {n} is fine" for n in range(60)), "one Sikh"]
    lines = (json.dumps({"text": text, "label": "x"}) for text in texts)
    (tmp_path / "rows.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "suite.yaml").write_text(SUITE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "suite.yaml"


def test_a_filter_that_throws_away_every_sentence_naming_a_group_shows(host, suite_file):
    result = run(load_suite(suite_file, host, only_data=True), host, runs=suite_file.parent / "runs", only_data=True)
    scores = {score.metric: score for score in result.scores}
    assert scores["toxicity/parity_difference"].value > 0.8
    assert (scores["toxicity/parity_ratio"].value > 10, scores["toxicity/parity_ratio"].unit) == (True, "times")
    few = scores["harm/parity_difference"]
    assert (few.value, few.missing) == (None, "fewer than 500 rows name no identity term")
    said = (result.folder / "report/report.md").read_text(encoding="utf-8")
    page = (result.folder / "report/index.html").read_text(encoding="utf-8")
    assert "rows that name any term of religion, any term of disability, muslim, deaf are flagged more often" in said
    assert "30 of 30" in said
    assert re.search(r"\| muslim .*\+1\.000 \(\+0\.870 to \+1\.000\) \| +16\.7 or more +\|", said)
    assert "Too few rows to compare, fewer than 20: sikh 1." in said
    assert re.search(r"Not known of harm: .*parity_ratio.*: fewer than 500 rows name no identity term", said)
    assert 'aria-label="muslim: 100.0%, 88.4% to 100.0%, n = 30"' in page


def test_check_knows_what_each_of_them_measures(host, suite_file):
    def gated(metric):
        return load_suite(suite_file, host, overrides=[f"gates=[{{metric: {metric}, max: 0.1}}]"], only_data=True)

    for metric in ("harm/parity_difference", "toxicity/parity_ratio"):
        assert [gate.metric for gate in gated(metric).gates] == [metric]
    with pytest.raises(SuiteError, match=r"did you mean 'toxicity/parity_difference'"):
        gated("toxicity/parity_differences")
