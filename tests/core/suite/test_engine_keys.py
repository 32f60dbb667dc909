"""Engines: where filters work, as a suite names it."""

import pytest

from seatrial.suite.yaml_lines import dump_yaml

from .suite_texts import MINIMAL


@pytest.mark.parametrize(
    ("said", "name", "options"),
    [
        ("local", "local", {"workers": None}),
        ("{local: {workers: 3}}", "local", {"workers": 3}),
        ("ray", "ray", {"workers": None, "address": None}),
        ("{ray: }", "ray", {"workers": None, "address": None}),
        ("{ray: {workers: 8, address: auto}}", "ray", {"workers": 8, "address": "auto"}),
    ],
)
def test_an_engine_is_a_name_or_a_name_with_options(load, said, name, options):
    suite = load(MINIMAL, f"data.engine={said}")
    assert (suite.data.engine.name, suite.data.engine.options) == (name, options)
    assert load(dump_yaml(suite.resolved())) == suite


def test_the_default_engine_is_this_machine(load):
    assert load(MINIMAL).data.engine.resolved() == {"local": {"workers": None}}
