"""Reports of a saved run: what plugins add to them, what they describe of themselves, and what is wrong with either."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from seatrial import Component, Described, FilterComponent, hookimpl
from seatrial.blocks import Text
from seatrial.commands.kept_runs import report
from seatrial.data.filters import Measured
from seatrial.errors import ContractError, StoreError
from seatrial.plugin.host import Host
from seatrial.runs.digests import check
from seatrial.runs.run import run
from seatrial.runs.saved import load_result, write_reports
from seatrial.suite.file import load_suite


class Counting:
    """A filter that has something to show."""

    def inspect(self, rows):
        return []

    def count(self, rows, findings):
        return {"rows": len(rows)}

    def conclude(self, counts):
        return Measured(blocks=[Text("Counted", [f"{counts['rows']} rows were seen."])])


class Absent:
    """A report that names what it never wrote."""

    def write(self, result, folder):
        return [folder / "never.txt"]


class Plugin:
    """Brings both, and adds to reports what it is told to."""

    def __init__(self, adds):
        self.adds = adds

    @hookimpl
    def seatrial_filters(self):
        yield FilterComponent("counting", Counting, "Counts.")

    @hookimpl
    def seatrial_reports(self):
        yield Component("absent", Absent, "Nothing.")

    @hookimpl
    def seatrial_report_blocks(self, result):
        return self.adds(result)


@pytest.fixture
def saved(tmp_path):
    """A run of the data stages, and a host whose plugin adds to its reports what a test says."""
    lines = [json.dumps({"text": f"text {number}", "label": "ab"[number % 2]}) for number in range(40)]
    (tmp_path / "rows.jsonl").write_text("\n".join(lines))
    (tmp_path / "suite.yaml").write_text(
        f"name: small\ndata: {{train: {{source: 'path:{tmp_path}/rows.jsonl'}}, split: {{test: 0.5}}}}\n"
        "filters: [counting]\nreport: [markdown, json]\n"
    )

    def host_that(adds):
        host = Host.load()
        host.register(Plugin(adds), name="house", distribution="house-parts")
        return host

    host = host_that(lambda result: [Text("Heard", [f"{len(result.records)} stages."])])
    suite = load_suite(tmp_path / "suite.yaml", host, only_data=True)
    return run(suite, host, runs=tmp_path / "runs", only_data=True).folder, host_that


def test_what_filters_and_plugins_show_stands_in_the_reports(saved):
    folder, _ = saved
    text = (folder / "report/report.md").read_text(encoding="utf-8")
    assert "40 rows were seen." in text
    assert "What house adds" in text.replace("plugin ", "")
    document = json.loads((folder / "report/results.json").read_text(encoding="utf-8"))
    (counting,) = (one for one in document["data"]["filters"] if one["filter"] == "counting")
    assert counting["blocks"][0]["paragraphs"] == ["40 rows were seen."]
    assert document["added"]["house"][0]["title"] == "Heard"


def test_reporting_warns_of_a_hook_that_fails_as_running_does(saved, monkeypatch, capsys):
    folder, host_that = saved

    def fails(result):
        raise OSError("no meter")

    monkeypatch.setattr("seatrial.commands.kept_runs.host_for", lambda blocked, offline=False: host_that(fails))
    assert report(folder, ["json"]) == 0
    said = capsys.readouterr()
    assert Path(said.out.strip()).name == "results.json"
    for fact in ("warning", "house", "seatrial_report_blocks", "no meter"):
        assert fact in said.err


def test_a_file_that_a_report_never_wrote_names_its_plugin(saved):
    folder, host_that = saved
    with pytest.raises(ContractError, match=r"report absent \(plugin house-parts\).*never\.txt"):
        write_reports(folder, host_that(lambda result: None), kinds=["absent"], to=None)


def test_components_describe_themselves_in_the_manifest(saved):
    folder, host_that = saved
    host = host_that(lambda result: None)
    manifest = folder / "manifest.json"
    written = json.loads(manifest.read_text(encoding="utf-8"))
    written.pop("components", None)
    manifest.write_text(json.dumps(written), encoding="utf-8")
    assert load_result(folder, host).components == []
    one = {"kind": "scorers", "alias": "mine", "name": "xstest", "plugin": "house-parts", "dimension": "safety"}
    manifest.write_text(json.dumps(written | {"components": [one]}), encoding="utf-8")
    assert load_result(folder, host).components == [
        Described("scorers", "mine", "xstest", "house-parts", dimension="safety")
    ]
    manifest.write_text(json.dumps(written | {"components": [one | {"weak": "yes"}]}), encoding="utf-8")
    with pytest.raises(StoreError, match=r"component\.weak: 'yes'"):
        load_result(folder, host)


def test_what_installed_filters_would_have_looked_for_is_said(saved):
    folder, host_that = saved
    components = {one.alias: one for one in load_result(folder, host_that(lambda result: None)).components}
    assert components["counting"].used
    assert not components["privacy"].used
    text = (folder / "report/report.md").read_text(encoding="utf-8")
    assert "In the data, no filter looked for:" in text
    assert components["privacy"].looks_for in text


def test_what_was_altered_or_added_among_the_reports_is_told_after_others_are_written_again(saved):
    folder, host_that = saved
    host = host_that(lambda result: None)
    write_reports(folder, host, kinds=["model_card"], to=None)
    assert check(folder).intact
    card = folder / "report/README.md"
    card.write_text(card.read_text(encoding="utf-8") + "Approved.\n", encoding="utf-8")
    (folder / "report/approval.html").write_text("Approved.", encoding="utf-8")
    write_reports(folder, host, kinds=["json"], to=None)
    assert {str(one) for one in check(folder).differences} == {
        "report/README.md (altered)",
        "report/approval.html (added)",
    }
    write_reports(folder, host, kinds=["model_card"], to=None)
    assert [one.path for one in check(folder).differences] == ["report/approval.html"]
