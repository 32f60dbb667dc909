"""A component's portrait in lines, and as JSON."""

from __future__ import annotations

import io
import json

import pytest

from seatrial.data.findings import Rule
from seatrial.plugin.component import FilterComponent
from seatrial.plugin.host import Host, hookimpl
from seatrial.suite.portrait import portraits
from seatrial.terminal.console import Console
from seatrial.terminal.legible import without_escapes
from seatrial.terminal.portrait import portrait_document, portrait_lines


@pytest.fixture
def shouting():
    def build(*, share: float = 0.5, words: list[str] | None = None) -> object:
        """Capitals.

        Args:
            share: the least share of capitals, \x1b[31mred\x1b[0m.
            words: those that may be in capitals.
        """

    class Plugin:
        @hookimpl
        def seatrial_filters(self):
            yield FilterComponent(
                "shouting", build, "Drops capitals.", rules=(Rule("capitals", "All capitals.", "flag"),)
            )

    host = Host()
    host.register(Plugin(), name="loud", distribution="loud-filters", version="2.1")
    (portrait,) = portraits(host, "shouting")
    return portrait


def test_the_lines_say_who_brings_it_what_it_takes_and_how_a_suite_says_it(shouting):
    lines = [text for _, text in portrait_lines(shouting)]
    assert lines[0] == "shouting: filter, from the plugin loud of loud-filters 2.1"
    assert "In a suite: `- shouting: {…}` below `filters:`" in lines
    assert "share: number; default 0.5" in lines
    assert "the least share of capitals, red." in lines  # no escape gets through
    assert "capitals (flag, version 1): All capitals." in lines


def test_every_line_is_wrapped_with_its_indent_on_a_narrow_terminal(shouting, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    out = Terminal()
    monkeypatch.setenv("TERM", "xterm")
    Console("plain", stdout=out).outline(portrait_lines(shouting))
    lines = without_escapes(out.getvalue()).splitlines()
    assert max(len(line) for line in lines) <= 40
    assert all(line == line.rstrip() for line in lines)


def test_the_document_is_json(shouting):
    document = json.loads(json.dumps(portrait_document(shouting)))
    assert document["kind"] == "filters"
    assert document["options"][0] == {
        "name": "share",
        "type": "number",
        "required": False,
        "default": 0.5,
        "summary": "the least share of capitals, \x1b[31mred\x1b[0m.",
    }
    (rule,) = document["rules"]
    assert rule == {"name": "capitals", "summary": "All capitals.", "action": "flag", "version": "1", "fixed": False}
