"""What can be said of a component before it is built."""

from __future__ import annotations

import pytest

from seatrial.errors import PluginError
from seatrial.plugin.component import Component, FilterComponent, ScorerComponent
from seatrial.plugin.host import Host, hookimpl
from seatrial.suite.portrait import portraits


@pytest.fixture
def options(suite_catalogue):
    def of(name):
        (portrait,) = portraits(suite_catalogue, name)
        return {option.name: option for option in portrait.options}

    return of


def test_options_come_with_type_default_and_the_words_of_the_docstring(options):
    found = options("length")
    assert list(found) == ["max_characters", "max_tokens"]  # the tokenizer is handed over, no option
    assert found["max_characters"].type == "whole number"
    assert found["max_characters"].default == 20_000
    assert found["max_characters"].summary == "the longest row kept, in characters."
    assert found["max_tokens"].type == "whole number or null"


@pytest.mark.parametrize(
    ("name", "option", "said"),
    [
        ("duplicates", "on", "input | text"),
        ("privacy", "regions", "list of text or all"),
        ("toxicity", "detector", "detoxify | weak"),
        ("toxicity", "labels", "list of text or null"),
        ("latency", "batch", "list of whole number"),
        ("endpoint", "url", "text"),
        ("weak", "copy", "true or false"),
    ],
)
def test_types_are_said_in_words(options, name, option, said):
    assert options(name)[option].type == said


def test_an_option_without_a_default_is_required(options):
    assert options("endpoint")["url"].required
    assert not options("endpoint")["timeout"].required


def test_keys_of_every_component_of_a_kind_stand_apart(suite_catalogue):
    (portrait,) = portraits(suite_catalogue, "length")
    assert [option.name for option in portrait.beside] == ["action", "as"]


def test_metrics_are_told_for_default_options_or_not_at_all(suite_catalogue):
    (portrait,) = portraits(suite_catalogue, "latency")
    assert portrait.metrics is not None
    assert [metric.name for metric in portrait.metrics] == ["tpot_p50_ms_b1"]

    def depends(*, size: int) -> object: ...

    class Plugin:
        @hookimpl
        def seatrial_scorers(self):
            yield ScorerComponent(
                "sized", depends, "Sized.", probe="choose", dimension="data", metrics=lambda size: (1 / size,)
            )

    host = Host()
    host.register(Plugin(), name="sized")
    (portrait,) = portraits(host, "sized")
    assert portrait.metrics is None


def test_two_kinds_may_share_a_name(suite_catalogue):
    class Plugin:
        @hookimpl
        def seatrial_reports(self):
            yield Component("length", lambda: None, "Lengths.")

    suite_catalogue.register(Plugin(), name="lengths")
    assert [portrait.kind for portrait in portraits(suite_catalogue, "length")] == ["filters", "reports"]


def test_no_component_of_that_name(suite_catalogue):
    assert portraits(suite_catalogue, "lenght") == []


def test_a_builder_that_cannot_be_described_is_the_plugins_fault(suite_catalogue):
    class Plugin:
        @hookimpl
        def seatrial_filters(self):
            yield FilterComponent("untyped", lambda size: None, "Untyped.")

    suite_catalogue.register(Plugin(), name="untyped")
    with pytest.raises(PluginError, match="untyped: option 'size' of its builder has no type"):
        portraits(suite_catalogue, "untyped")
