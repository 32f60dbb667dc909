import io

import pytest
from tests.core.display.runs import Terminal

from seatrial.display.console import Console
from seatrial.display.legible import without_escapes


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
