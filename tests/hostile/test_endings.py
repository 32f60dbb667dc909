"""Whatever a component does to end the process, the exit code is never that of a verdict, and the component is named."""

import importlib.util
import os
import signal
import subprocess
import sys
import time

import pytest

from seatrial.errors import SeatrialError
from seatrial.plugin.host import Host
from seatrial.runs.run import run
from seatrial.runs.run_folder import RunFolder
from seatrial.suite.file import load_suite

from .conftest import HERE

TOYS = HERE.parent / "core/runs/toys.py"

PLACES = {
    "import": "plugin 'ending' of ending-parts",
    "build": "toy (plugin ending of ending-parts)",
    "loader": "loader toy",
    "filter": "filter lengthy",
    "method": "train[seed=5]: learn",
    "probe": "transcribe[test.ask",
    "baseline": "baseline always",
    "scorer": "scorer right",
    "gate": "gate bar on right/share",
    "report": "report lines",
    "hook": "plugin 'ending' of ending-parts",
    "blocks": "plugin 'ending' of ending-parts",
}
"""Where a component can end the process → who is named."""

IN_A_PROCESS = [("scorer", "_exit"), ("gate", "libc"), ("filter", "exec"), ("method", "kill")]
"""One each of the ways that nothing within a process can hold."""


def wrong(done, who):
    """What is wrong with how a process ended."""
    if done.returncode not in {2, 3}:
        return f"exit code {done.returncode}: {done.stdout[-300:]}{done.stderr[-300:]}"
    if who not in done.stderr:
        return f"{who} is not named: {done.stderr[-400:]}"
    return "" if "Traceback" not in done.stderr else "a traceback"


@pytest.fixture
def suite(trial, tmp_path):
    folder, _ = trial
    path = tmp_path / "suite.yaml"
    path.write_text((folder / "suite.yaml").read_text().replace("[json, markdown]", "[json, lines]"))
    return path


@pytest.mark.parametrize(("place", "how"), IN_A_PROCESS)
def test_a_component_that_ends_the_process_gives_no_verdict(seatrial, suite, tmp_path, attempts, place, how):
    done = seatrial("run", suite, "--runs", tmp_path / "runs", HOSTILE_AT=place, HOSTILE_HOW=how)
    attempts("endings").note(f"{how} at {place}", wrong(done, PLACES[place]))
    assert done.returncode == 3


@pytest.mark.slow
@pytest.mark.parametrize("place", sorted(PLACES.keys() - dict(IN_A_PROCESS).keys()))
def test_wherever_it_ends_the_process_the_component_is_named(seatrial, suite, tmp_path, attempts, place):
    done = seatrial("run", suite, "--runs", tmp_path / "runs", HOSTILE_AT=place, HOSTILE_HOW="_exit1")
    attempts("endings").note(f"_exit1 at {place}", wrong(done, PLACES[place]))


@pytest.fixture
def raising(monkeypatch):
    """The plugin, which raises something at a place of this process."""
    monkeypatch.setenv("HOSTILE_TOYS", str(TOYS))
    spec = importlib.util.spec_from_file_location("ending_plugin_here", HERE / "ending_plugin.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def at(place, how):
        monkeypatch.setenv("HOSTILE_AT", place)
        monkeypatch.setenv("HOSTILE_HOW", how)
        host = Host.load()
        host.register(module.Plugin(), name="ending", distribution="ending-parts", version="1.0")
        return host

    yield at
    sys.modules.pop("hostile_toys", None)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["exit", "interrupt", "base"])
def test_whatever_a_component_raises_is_its_own_failure(raising, suite, tmp_path, attempts, how):
    count = attempts("exceptions")
    for place, who in PLACES.items():
        if place == "import" or (how == "interrupt" and place not in {"filter", "probe", "scorer", "gate"}):
            continue
        host = raising(place, how)
        try:
            result = run(load_suite(suite, host), host, runs=tmp_path / place, cache=tmp_path / "cache", fresh=True)
        except SeatrialError as error:
            named = who in str(error)
            count.note(f"{how} at {place}", "" if error.exit_code in {2, 3} and named else f"said: {error}")
        except BaseException as error:
            count.note(f"{how} at {place}", f"{type(error).__name__} came through")
        else:
            watched = place in {"hook", "blocks"} and {one.plugin for one in host.watch_failures}
            count.note(f"{how} at {place}", "" if watched == {"ending"} else f"came to {result.verdict.state}")


@pytest.mark.parametrize("place", ["filter", "gate"])
def test_an_interrupt_that_a_component_raises_where_signals_are_ignored_is_its_own_failure(
    raising, suite, tmp_path, place
):
    """As of a job that a shell started in the background."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        host = raising(place, "interrupt")
        with pytest.raises(SeatrialError, match=f"{PLACES[place]}.*KeyboardInterrupt") as failed:
            run(load_suite(suite, host), host, runs=tmp_path / place, cache=tmp_path / "cache", fresh=True)
        assert failed.value.exit_code == 3
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_the_parent_reaches_the_work(site, suite, tmp_path, number):
    """`kill PID`, as a scheduler sends it, names the process that it started."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(site),
        "HOSTILE_TOYS": str(TOYS),
        "HOSTILE_AT": "method",
        "HOSTILE_HOW": "sleep",
    }
    command = [sys.executable, "-m", "seatrial", "run", str(suite), "--runs", str(tmp_path / "runs")]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        _until(lambda: list((tmp_path / "runs").glob("*/nodes/decontaminate.json")))
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert process.returncode not in {0, 1}
    assert ("interrupted" in said) is (number == signal.SIGINT)


def test_who_is_killed_takes_the_work_along(site, suite, tmp_path):
    environment = {
        **os.environ,
        "PYTHONPATH": str(site),
        "HOSTILE_TOYS": str(TOYS),
        "HOSTILE_AT": "method",
        "HOSTILE_HOW": "sleep",
    }
    command = [sys.executable, "-m", "seatrial", "run", str(suite), "--runs", str(tmp_path / "runs")]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        _until(lambda: list((tmp_path / "runs").glob("*/nodes/decontaminate.json")))
        process.kill()
        process.wait(timeout=60)
    (folder,) = (tmp_path / "runs").iterdir()
    with RunFolder(folder).lock():  # waits for as long as it takes to die, and raises where it lives on
        assert not (folder / "verdict.json").exists()


def _until(true):
    for _ in range(600):
        if true():
            return
        time.sleep(0.1)
    raise AssertionError("it never came")
