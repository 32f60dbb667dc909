"""`--json` gives one JSON document on standard output, whatever plugins print, and whatever goes wrong."""

from __future__ import annotations

import json
import os

import pytest
from tests import warm

NOISY = """
import os, subprocess, sys, time
from seatrial import FilterComponent, Finding, Rule, hookimpl

print("imported")
os.write(1, b"natively\\n")

class Noisy:
    def inspect(self, rows):
        print("inspecting", flush=True)
        os.write(1, b"natively inspecting\\n")
        subprocess.run([sys.executable, "-c", "print('from a process')"])
        if FAILS:
            raise ValueError("no good")
        return []

def build(*, fails: bool = False) -> object:
    print("built")
    globals()["FAILS"] = fails
    return Noisy()

@hookimpl
def seatrial_filters():
    print("registered")
    yield FilterComponent("noisy", build, "Noisy.", rules=(Rule("odd", "Odd."),))

@hookimpl
def seatrial_report_blocks(result):
    raise RuntimeError("no meter")

@hookimpl
def seatrial_run_finished(result):
    print("finished")
"""

SUITE = """
name: noisy
data: {train: {source: "path:rows.jsonl"}, split: {test: 0.5}}
filters: [noisy: {fails: FAILS}]
gates: [{metric: data/read, min: 5}]
report: [json]
"""


@pytest.fixture
def seatrial(installed, tmp_path):
    """Runs the command line in a folder with a noisy plugin; gives the document, the exit code and standard error."""
    installed("noise", NOISY)
    (tmp_path / "rows.jsonl").write_text(
        "\n".join(json.dumps({"text": f"t {n}", "label": "ab"[n % 2]}) for n in range(8))
    )
    for name, fails in (("good.yaml", "false"), ("bad.yaml", "true")):
        (tmp_path / name).write_text(SUITE.replace("FAILS", fails))

    def call(*arguments):
        done = warm.run("-m", "seatrial", *arguments, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path)})
        return json.loads(done.stdout), done.returncode, done.stderr

    return call


def test_an_answer_is_json_whatever_a_plugin_prints(seatrial):
    document, code, said = seatrial("data", "good.yaml", "--json")
    assert (code, document["exit_code"], document["read"]) == (0, 0, 8)
    for noise in ("imported", "natively", "registered", "built", "natively inspecting", "from a process", "finished"):
        assert noise in said.splitlines()
    for command in (["plugins"], ["check", "--data", "good.yaml"], ["report", document["folder"]]):
        _, code, said = seatrial(*command, "--json")
        assert code == 0
        assert "natively" in said
    for command in ("report", "gate"):
        assert (
            "warning: plugin noise: seatrial_report_blocks raised RuntimeError: no meter"
            in seatrial(command, document["folder"], "--json")[2]
        )
    document, code, _ = seatrial("schema")
    assert (code, document["$schema"][:4]) == (0, "http")


def test_an_error_is_json_too_and_says_what_went_wrong(seatrial):
    document, code, said = seatrial("data", "bad.yaml", "--json")
    assert (code, document["exit_code"]) == (3, 3)
    assert "filter noisy (plugin noise-parts) raised ValueError: no good" in document["error"]
    assert document["error"] in said
    document, code, _ = seatrial("data", "good.yaml", "--json", "--set", "filters[0].noisy.fials=true")
    assert (code, document["exit_code"]) == (2, 2)
    (problem,) = document["problems"]
    assert problem["key"] == "filters[0].noisy.fials"
    assert problem["origin"] == "--set filters[0].noisy.fials=true"
    document, code, said = seatrial("data", "good.yaml", "--json", "--nope")
    assert (code, document["exit_code"], document["problems"]) == (2, 2, [])
    assert "--nope" in document["error"]
    assert "--nope" in said
    document, code, _ = seatrial("gate", "nowhere", "--json")
    assert (code, document["error"].partition(":")[0]) == (2, "nowhere")


def test_plugins_tell_their_hooks_and_how_long_their_import_took(seatrial):
    document, _, _ = seatrial("plugins", "noise", "--json")
    (plugin,) = document
    assert plugin["hooks"] == ["seatrial_filters", "seatrial_run_finished", "seatrial_report_blocks"]
    assert 0 < plugin["import_seconds"] < 5
