"""The terminal answers in each mode, and data can neither colour it nor move its cursor."""

import io
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.core.terminal.runs import Terminal, plan, record, result, run

from seatrial.errors import Problem, SuiteError
from seatrial.runs.events import Step
from seatrial.terminal.console import Console
from seatrial.verdict import Decision, Verdict

HOSTILE = "[red]label[/red] \x1b[31mescape\x1b[0m \x1b]0;title\x07 \u202ebidi :smile: \x00"


def test_a_plain_log_ends_with_tables_verdict_and_report(streams):
    out, err = streams
    Console("plain", stdout=out, stderr=err).verdict(result(records=[record("report", files=["index.html"])]))
    text = out.getvalue()
    for said in ("0.890", "0.832 to 0.929", "163", "missing  crashed", "1.5 GiB", "✓ pass", "the bounds decide"):
        assert said in text
    assert "data/read" not in text
    assert "Warning: tuned does not beat minilm" in text
    assert text.splitlines()[-2:] == ["PASS  router: 1 of 1 gates", f"Report: {Path('runs/r/report/index.html')}"]


@pytest.mark.parametrize("state", ["pass", "fail", "inconclusive", "error"])
def test_quiet_says_the_verdict_and_the_report_only(streams, state):
    out, err = streams
    console = Console("quiet", stdout=out, stderr=err)
    run(console.progress)
    console.verdict(result(state))
    assert out.getvalue() == f"{state.upper()}  router: 1 of 1 gates\nReport: {Path('runs/r')}\n"
    assert err.getvalue() == ""


def test_json_is_strict_and_alone_on_standard_output(streams):
    out, err = streams
    console = Console("json", stdout=out, stderr=err)
    run(console.progress)
    console.verdict(result("inconclusive"))

    def refuse(constant):
        raise AssertionError(constant)

    document = json.loads(out.getvalue(), parse_constant=refuse)
    assert document["verdict"] == "inconclusive"
    assert document["exit_code"] == 4
    assert document["gates"][0]["lower"] == 0.84
    assert document["gates"][0]["upper"] is None
    assert [score["value"] for score in document["scores"]] == [0.8904, None, 1.5 * 2**30, 2026]
    assert "✓   1/4 read" in err.getvalue()


def test_no_color_is_honoured(streams, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    terminal = Terminal()
    Console("live", stdout=terminal, stderr=streams[1]).verdict(result("fail"))
    assert "31m" not in terminal.getvalue()
    assert "FAIL" in terminal.getvalue()


@pytest.mark.parametrize("mode", ["plain", "quiet", "live"])
def test_text_out_of_data_stays_text(streams, mode, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    out, err = streams
    console = Console(mode, stdout=out, stderr=err)
    console.progress.seatrial_run_started(plan=plan(suite=HOSTILE, stages=(HOSTILE,)))
    console.progress.seatrial_step_logged(step=Step(HOSTILE, 1, 2, {"loss": float("nan")}))
    console.progress.seatrial_stage_finished(record=record(HOSTILE))
    console.verdict(result(text=HOSTILE))
    console.plugins([{"plugin": HOSTILE, "components": [{"kind": HOSTILE, "name": HOSTILE, "summary": HOSTILE}]}])
    console.suites([{"name": HOSTILE, "description": HOSTILE, "path": HOSTILE}])
    console.problems(SuiteError([Problem(3, HOSTILE, HOSTILE, HOSTILE)]))
    text = out.getvalue() + err.getvalue()
    for escape in ("\x1b[31m", "\x1b]0", "\x07", "\x00", "\u202e", "😄"):
        assert escape not in text
    assert "[red]label[/red] escape" in text
    assert "‹U+202E›bidi :smile: ‹U+0000›" in text


def test_problems_are_a_line_each_on_standard_error(streams):
    out, err = streams
    long = "unknown key; " + "accepted are " * 30
    problems = [Problem(7, "train.r", "must be at least 1", "suite.yaml"), Problem(2, "modle", long, "suite.yaml")]
    Console("plain", stdout=out, stderr=err).problems(SuiteError(problems, Path("suite.yaml")))
    assert out.getvalue() == ""
    assert err.getvalue().splitlines() == [
        "seatrial: suite.yaml: 2 problems",
        f"  suite.yaml:2: modle: {long.strip()}",
        "  suite.yaml:7: train.r: must be at least 1",
    ]


def test_plugins_and_suites_are_tables(streams):
    out, err = streams
    console = Console("plain", stdout=out, stderr=err)
    component = {"kind": "filters", "name": "length", "summary": "Drops rows that are too long."}
    console.plugins(
        [
            {"plugin": "cleaning", "distribution": "seatrial", "version": "0.1.0", "components": [component]},
            {"plugin": "other", "distribution": "other", "version": "2", "blocked": True, "components": []},
        ]
    )
    console.suites([{"name": "quickstart", "description": "Which desk?", "path": "q.yaml"}])
    lines = [" ".join(line.split()) for line in out.getvalue().splitlines()]
    assert "cleaning seatrial 0.1.0 filters length Drops rows that are too long." in lines
    assert "other (blocked) other 2" in lines
    assert "quickstart Which desk? q.yaml" in lines


def test_a_stream_that_knows_only_ascii_gets_what_it_can_show():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    Console("quiet", stdout=stream).verdict(result(text=" ≥ é"))
    stream.flush()
    assert raw.getvalue().startswith(b"PASS  router ? ?: 1 of 1 gates")


def test_importing_it_imports_no_rich():
    code = "import sys, seatrial.terminal.console; print(sorted(m for m in sys.modules if m.partition('.')[0] in {'rich', 'torch'}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_a_stage_warns_of_is_said_when_it_is_done_and_again_at_the_end(streams):
    out, err = streams
    console = Console("plain", stdout=out, stderr=err)
    warned = record("clean", rows_in=9, dropped=9, rows_out=0, warnings=["clean: 9 of 9 rows\x1b[31m were dropped"])
    console.progress.seatrial_stage_finished(record=warned)
    assert out.getvalue().splitlines()[1] == "  Warning: clean: 9 of 9 rows were dropped"
    console.verdict(result(records=(warned,)))
    assert "Warning: clean: 9 of 9 rows were dropped" in out.getvalue().splitlines()[2:]


def test_json_holds_the_warnings_of_stages_too(streams):
    out, err = streams
    Console("json", stdout=out, stderr=err).verdict(result(records=(record("clean", warnings=["much"]),)))
    assert json.loads(out.getvalue())["warnings"] == ["much", "tuned does not beat minilm"]


def test_a_narrow_terminal_gets_lines_instead_of_tables_and_no_name_is_cut(on_a_terminal):
    console, said = on_a_terminal(40)
    console.verdict(result())
    part = {"kind": "filters", "name": "semantic_duplicates", "summary": "Rows that say the same in other words."}
    console.plugins([{"plugin": "p", "distribution": "d", "version": "1", "components": [part]}])
    console.suites([{"name": "banking-intents", "description": "Seventy-seven intents.", "path": "a/suite.yaml"}])
    lines = said().splitlines()
    assert "  semantic_duplicates (filters): Rows" in lines
    assert "banking-intents" in lines
    assert "  tuned: 0.890, 0.832 to 0.929, n = 163" in lines
    assert "…" not in said()


def test_a_wide_terminal_gets_tables(on_a_terminal):
    console, said = on_a_terminal(120)
    console.suites([{"name": "quickstart", "description": "A first one.", "path": "a/suite.yaml"}])
    assert "What it tries" in said()


@pytest.mark.parametrize(
    ("state", "severity", "code"), [("fail", "block", 1), ("pass", "block", 0), ("fail", "warn", 0)]
)
def test_a_dataset_ends_with_the_verdict_of_its_blocking_gates(streams, state, severity, code):
    out, err = streams
    decision = Decision("data/read", state, severity, "data/read ≥ 9", "9 rows", 9.0)
    verdict = Verdict(state if severity == "block" else "inconclusive", "said of data", (decision,))
    data = replace(result(), verdict=verdict, manifest={"kind": "data"})
    assert Console("plain", stdout=out, stderr=err).dataset(data) == code
    text = out.getvalue()
    assert "data/read ≥ 9" in text
    assert (f"{state.upper()}  router: said of data" in text) == (severity == "block")
    out.truncate(0)
    out.seek(0)
    assert Console("json", stdout=out, stderr=err).dataset(data) == code
    document = json.loads(out.getvalue())
    assert (document["verdict"], document["exit_code"]) == (state if severity == "block" else None, code)
    assert [gate["outcome"] for gate in document["gates"]] == [state]


def test_a_table_tells_clusters_and_seeds_beside_the_rows(streams):
    out, err = streams
    of = result()
    clustered = replace(of.scores[0], clusters=21, seeds=3)
    Console("plain", stdout=out, stderr=err).verdict(replace(of, scores=[clustered, *of.scores[1:]]))
    assert "163 in 21 clusters, 3 seeds" in out.getvalue()
