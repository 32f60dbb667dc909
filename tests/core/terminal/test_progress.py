"""A run while it goes: a line a stage in a log, bars in a terminal."""

from tests.core.terminal.runs import Terminal, plan, record, result, run

from seatrial.plugin.host import Host
from seatrial.runs.events import Step
from seatrial.terminal.console import Console
from seatrial.terminal.progress import SILENCE, RunProgress


def test_a_plain_log_has_a_line_a_stage_and_about_ten_a_training(streams):
    out, err = streams
    run(Console("plain", stdout=out, stderr=err).progress)
    lines = out.getvalue().splitlines()
    assert lines[0] == "Trial router: 4 stages, in runs/r"
    assert lines.pop(1) == "  It was begun before: 1 of them were done, and those that still fit are taken"
    assert lines[1] == "✓   1/4 read  earlier result  2,026 records, 2,020 rows, 6 unusable"
    assert lines[2] == "✓   2/4 clean  1 min 46 s  2,020 rows in, 20 dropped, 2,000 kept"
    losses = [line for line in lines if line.startswith("  train: step")]
    assert losses[0] == "  train: step 10 of 100, loss 0.250"
    assert losses[-1] == "  train: step 100 of 100, validation loss 0.310"
    assert len(losses) == 11
    assert lines[-2] == "✓   3/4 train  1 min 46 s  100 steps, 12,345 supervised tokens"
    assert err.getvalue() == ""


def test_a_terminal_gets_bars_with_the_loss_and_they_go_away(streams, monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal = Terminal()
    console = Console("live", stdout=terminal, stderr=streams[1])
    console.progress.seatrial_run_started(plan=plan())
    console.progress.seatrial_step_logged(step=Step("train", 50, 100, {"loss": 0.42}))
    console.progress._bars.refresh()
    shown = terminal.getvalue()
    assert "train" in shown
    assert "50%" in shown
    assert "loss 0.420" in shown
    console.progress.seatrial_stage_finished(record=record("train", steps=100, supervised_tokens=5))
    console.progress.close()
    console.progress.close()
    assert console.progress._bars is None
    assert "100 steps, 5 supervised tokens" in terminal.getvalue()
    console.verdict(result("fail"))
    assert "\x1b[1;31mFAIL" in terminal.getvalue()


def test_the_host_takes_it_as_a_watcher(streams):
    host = Host.load()
    console = Console("plain", stdout=streams[0], stderr=streams[1])
    host.register(console.progress, name="console", distribution="seatrial", version="0")
    host.run_started(plan())
    assert streams[0].getvalue().startswith("Trial router: 4 stages")
    assert list(host.watch_failures) == []


def test_the_percentage_of_a_bar_is_a_number(on_a_terminal):
    console, said = on_a_terminal(120)
    console.progress.seatrial_run_started(plan=plan())
    console.progress.seatrial_step_logged(step=Step("read", 1, 2))
    console.progress._bars.refresh()
    console.progress.close()
    assert " 50%" in said()
    assert "progress.percentage" not in said()


def test_a_plain_log_hears_of_a_stage_that_takes_long_and_how_long_it_will(streams):
    out, _ = streams
    now = [0.0]
    progress = RunProgress(out, clock=lambda: now[0])
    progress.seatrial_run_started(plan=plan())
    said = len(out.getvalue().splitlines())
    for done in range(0, 101, 5):
        progress.seatrial_step_logged(step=Step("clean", done, 100))
        now[0] += 10.0
    lines = out.getvalue().splitlines()[said:]
    # A line in half a minute, and at this pace: 5 hundredths in 10 seconds.
    assert lines[0] == "  clean: 15%, about 2 min 50 s left"
    assert len(lines) == 100 // 15
    assert len(lines) <= now[0] / SILENCE


def test_a_stage_that_is_quick_says_nothing_in_between(streams):
    out, _ = streams
    progress = RunProgress(out, clock=lambda: 0.0)
    for done in range(100):
        progress.seatrial_step_logged(step=Step("clean", done, 100))
    assert out.getvalue() == ""
