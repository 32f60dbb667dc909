"""The attack harness: what hostile folders, files and plugins may not do, tried on whole runs of toys, and counted."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from tests import warm
from tests.core.runs.toys import suite_text, toy_host, write_trial
from tests.installed_plugin import install_plugin

from seatrial.runs.run import run
from seatrial.suite.file import load_suite

HERE = Path(__file__).parent
TRIED: dict[str, list[int]] = {}
"""Kind of attempt → how many were tried, and how many were held."""


class Attempts:
    """Counts attempts of a kind; one that is not held fails at the end, with all others like it."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.failed: list[str] = []
        TRIED.setdefault(kind, [0, 0])

    def note(self, name: str, problem: str = "") -> None:
        """One attempt, and what was wrong with how it went; "" where it was held."""
        TRIED[self.kind][0] += 1
        TRIED[self.kind][1] += not problem
        if problem:
            self.failed.append(f"{name}: {problem}")


@pytest.fixture
def attempts(request, record_testsuite_property):
    """`attempts(kind)`: a count that the test's end checks."""
    counts = []

    def of(kind):
        counts.append(Attempts(kind))
        return counts[-1]

    yield of
    for count in counts:
        tried, held = TRIED[count.kind]
        record_testsuite_property(count.kind, f"{held} of {tried} held")
        assert not count.failed, "\n".join(count.failed)


def pytest_terminal_summary(terminalreporter):
    """How many attempts were tried, and how many held."""
    for kind, (tried, held) in sorted(TRIED.items()):
        terminalreporter.write_line(f"hostile {kind}: {held} of {tried} attempts held")


@pytest.fixture(scope="session")
def trial(tmp_path_factory):
    """A folder with a model, rows, a suite, and one run of it, with the same file names each time."""
    folder = tmp_path_factory.mktemp("trial")
    write_trial(folder)
    (folder / "suite.yaml").write_text(suite_text(folder))
    host = toy_host()
    result = run(load_suite(folder / "suite.yaml", host), host, runs=folder / "runs", cache=folder / "cache")
    return folder, result.folder


@pytest.fixture(scope="module")
def host():
    return toy_host()


@pytest.fixture
def given(trial, tmp_path):
    """`given()`: a new copy of the run, and a folder outside of it."""
    _, done = trial
    count = iter(range(1000))

    def copy():
        at = tmp_path / str(next(count))
        outside = at / "outside"
        outside.mkdir(parents=True)
        (outside / "precious.txt").write_text("precious")
        (outside / "folder").mkdir()
        (outside / "folder/precious.txt").write_text("precious")
        shutil.copytree(done, at / "runs" / done.name)
        return at / "runs" / done.name, outside

    return copy


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """A folder of plugins with the ending plugin installed in it."""
    site = tmp_path_factory.mktemp("site")
    install_plugin(site, "ending", (HERE / "ending_plugin.py").read_text(), "plugin")
    return site


@pytest.fixture
def seatrial(site):
    """`seatrial(*arguments, **environment)`: the command, in a process of its own, with that plugin."""

    def go(*arguments, timeout=120, **more):
        path = os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])
        toys = HERE.parent / "core/runs/toys.py"
        environment = {**os.environ, "NO_COLOR": "1", "PYTHONPATH": path, "HOSTILE_TOYS": str(toys), **more}
        return warm.run("-m", "seatrial", *arguments, env=environment, timeout=timeout)

    return go


def contents(folder: Path) -> dict[str, str]:
    """What stands in a folder, links and times included: equal where nothing was touched."""
    return {
        str(path.relative_to(folder)): json.dumps(
            [path.lstat().st_mode, path.lstat().st_mtime_ns, path.lstat().st_size]
        )
        for path in sorted(folder.rglob("*"))
    }
