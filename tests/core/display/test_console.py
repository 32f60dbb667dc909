"""The terminal says what happens, in each mode, and data can neither colour it nor move its cursor."""

import io
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from seatrial.data.ledger import ledger_schema
from seatrial.display.console import Console
from seatrial.display.legible import without_escapes
from seatrial.errors import Problem, SuiteError
from seatrial.events import Plan, Record, Step
from seatrial.host import Host
from seatrial.reporting import Result
from seatrial.scores import Interval, Score
from seatrial.verdict import Decision, Verdict

HOSTILE = "[red]label[/red] \x1b[31mescape\x1b[0m \x1b]0;title\x07 \u202ebidi :smile: \x00"


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.fixture
def streams():
    return io.StringIO(), io.StringIO()


def plan(**changes):
    fields = {
        "suite": "router",
        "folder": Path("runs/r"),
        "stages": ("read", "clean", "train", "gate"),
        "resumed": (),
        "seed": 7,
        "offline": True,
    }
    return Plan(**(fields | changes))


def record(stage, *, resumed=False, **facts):
    return Record(stage, "k", datetime(2026, 11, 3, tzinfo=UTC), 106.2, resumed, 2**30, {}, facts)


def result(state="pass", *, text="", folder=Path("runs/r"), records=()):
    scores = [
        Score(
            "choice/accuracy", "tuned", 0.8904, 163, "proportion", "higher", "", Interval(0.832, 0.929, 0.95, "Wilson")
        ),
        Score("choice/accuracy", f"base{text}", None, 0, "proportion", "higher", missing=f"crashed{text}"),
        Score("latency/peak_bytes", "tuned", 1.5 * 2**30, 44, "maximum", "lower", "bytes"),
        Score("data/read", "data", 2026, 1, "exact", "higher", "rows"),
    ]
    decision = Decision(
        "choice/accuracy", state, "block", f"choice/accuracy ≥ 0.75{text}", f"the bounds decide{text}", 0.89, 0.84, float("nan"), 163
    )  # fmt: skip
    verdict = Verdict(state, f"1 of 1 gates{text}", (decision,), (f"tuned does not beat minilm{text}",))
    ledger = ledger_schema().empty_table()
    return Result(folder, {"name": f"router{text}"}, {}, records, scores, verdict, ledger)


def run(console):
    console.seatrial_run_started(plan=plan(resumed=("read",)))
    console.seatrial_stage_finished(record=record("read", resumed=True, read=2026, rows=2020, problems=6))
    console.seatrial_step_logged(step=Step("clean", 1000, 2020))
    console.seatrial_stage_finished(record=record("clean", rows_in=2020, dropped=20, rows_out=2000))
    for step in range(1, 101):
        console.seatrial_step_logged(step=Step("train", step, 100, {"loss": 2.5 / step, "epoch": step / 25}))
    console.seatrial_step_logged(step=Step("train", 100, 100, {"validation_loss": 0.31}))
    console.seatrial_stage_finished(record=record("train", steps=100, supervised_tokens=12345))
    console.seatrial_stage_finished(record=record("gate"))
    console.seatrial_run_finished(result=result())


def test_a_plain_log_has_a_line_a_stage_and_about_ten_a_training(streams):
    out, err = streams
    run(Console("plain", stdout=out, stderr=err))
    lines = out.getvalue().splitlines()
    assert lines[0] == "Trial router: 4 stages, 1 of them already done, in runs/r"
    assert lines[1] == "✓   1/4 read  earlier result  2,026 records, 2,020 rows, 6 unusable"
    assert lines[2] == "✓   2/4 clean  1 min 46 s  2,020 rows in, 20 dropped, 2,000 kept"
    losses = [line for line in lines if line.startswith("  train: step")]
    assert losses[0] == "  train: step 10 of 100, loss 0.250"
    assert losses[-1] == "  train: step 100 of 100, validation loss 0.310"
    assert len(losses) == 11
    assert lines[-2] == "✓   3/4 train  1 min 46 s  100 steps, 12,345 supervised tokens"
    assert err.getvalue() == ""


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
    run(console)
    console.verdict(result(state))
    assert out.getvalue() == f"{state.upper()}  router: 1 of 1 gates\nReport: {Path('runs/r')}\n"
    assert err.getvalue() == ""


def test_json_is_strict_and_alone_on_standard_output(streams):
    out, err = streams
    console = Console("json", stdout=out, stderr=err)
    run(console)
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


def test_a_terminal_gets_bars_with_the_loss_and_they_go_away(streams, monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal = Terminal()
    console = Console("live", stdout=terminal, stderr=streams[1])
    console.seatrial_run_started(plan=plan())
    console.seatrial_step_logged(step=Step("train", 50, 100, {"loss": 0.42}))
    console._bars.refresh()
    shown = terminal.getvalue()
    assert "train" in shown
    assert "50%" in shown
    assert "loss 0.420" in shown
    console.seatrial_stage_finished(record=record("train", steps=100, supervised_tokens=5))
    console.close()
    console.close()
    assert console._bars is None
    assert "100 steps, 5 supervised tokens" in terminal.getvalue()
    console.verdict(result("fail"))
    assert "\x1b[1;31mFAIL" in terminal.getvalue()


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
    console.seatrial_run_started(plan=plan(suite=HOSTILE, stages=(HOSTILE,)))
    console.seatrial_step_logged(step=Step(HOSTILE, 1, 2, {"loss": float("nan")}))
    console.seatrial_stage_finished(record=record(HOSTILE))
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


def test_the_host_takes_it_as_a_watcher(streams):
    host = Host.load()
    console = Console("plain", stdout=streams[0], stderr=streams[1])
    host.register(console, name="console", distribution="seatrial", version="0")
    host.run_started(plan())
    assert streams[0].getvalue().startswith("Trial router: 4 stages")
    assert list(host.watch_failures) == []


def test_importing_it_imports_no_rich():
    code = "import sys, seatrial.display.console; print(sorted(m for m in sys.modules if m.partition('.')[0] in {'rich', 'torch'}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_what_a_stage_warns_of_is_said_when_it_is_done_and_again_at_the_end(streams):
    out, err = streams
    console = Console("plain", stdout=out, stderr=err)
    warned = record("clean", rows_in=9, dropped=9, rows_out=0, warnings=["clean: 9 of 9 rows\x1b[31m were dropped"])
    console.seatrial_stage_finished(record=warned)
    assert out.getvalue().splitlines()[1] == "  Warning: clean: 9 of 9 rows were dropped"
    console.verdict(result(records=(warned,)))
    assert "Warning: clean: 9 of 9 rows were dropped" in out.getvalue().splitlines()[2:]


def test_json_holds_the_warnings_of_stages_too(streams):
    out, err = streams
    Console("json", stdout=out, stderr=err).verdict(result(records=(record("clean", warnings=["much"]),)))
    assert json.loads(out.getvalue())["warnings"] == ["much", "tuned does not beat minilm"]


def on_a_terminal(monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")
    out = Terminal()
    return Console("live", stdout=out, stderr=io.StringIO()), lambda: without_escapes(out.getvalue())


def test_a_narrow_terminal_gets_lines_instead_of_tables_and_no_name_is_cut(monkeypatch):
    console, said = on_a_terminal(monkeypatch, 40)
    console.verdict(result())
    part = {"kind": "filters", "name": "semantic_duplicates", "summary": "Rows that say the same in other words."}
    console.plugins([{"plugin": "p", "distribution": "d", "version": "1", "components": [part]}])
    console.suites([{"name": "banking-intents", "description": "Seventy-seven intents.", "path": "a/suite.yaml"}])
    lines = said().splitlines()
    assert "  semantic_duplicates (filters): Rows" in lines
    assert "banking-intents" in lines
    assert "  tuned: 0.890, 0.832 to 0.929, n = 163" in lines
    assert "…" not in said()


def test_a_wide_terminal_gets_tables(monkeypatch):
    console, said = on_a_terminal(monkeypatch, 120)
    console.suites([{"name": "quickstart", "description": "A first one.", "path": "a/suite.yaml"}])
    assert "What it tries" in said()


def test_the_percentage_of_a_bar_is_a_number(monkeypatch):
    console, said = on_a_terminal(monkeypatch, 120)
    console.seatrial_run_started(plan=plan())
    console.seatrial_step_logged(step=Step("read", 1, 2))
    console._bars.refresh()
    console.close()
    assert " 50%" in said()
    assert "progress.percentage" not in said()
