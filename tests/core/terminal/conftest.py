import io

import pytest
from tests.core.terminal.runs import Terminal

from seatrial.terminal.console import Console
from seatrial.terminal.legible import without_escapes


@pytest.fixture
def streams():
    return io.StringIO(), io.StringIO()


@pytest.fixture
def on_a_terminal(monkeypatch):
    """Builds a console on a terminal of so many columns, and what was said on it."""

    def built(columns):
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setenv("TERM", "xterm")
        out = Terminal()
        return Console("live", stdout=out, stderr=io.StringIO()), lambda: without_escapes(out.getvalue())

    return built
