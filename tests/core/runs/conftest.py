"""Filters of a suite without a suite, and whole runs of toys."""

import pytest

from seatrial import FilterComponent
from seatrial.runs.recipe import Recipe
from seatrial.runs.run import run
from seatrial.runs.suite_filter import SuiteFilter
from seatrial.suite.file import load_suite

from .toys import SUITE, Toys, suite_text, toy_host, write_trial


@pytest.fixture
def suite_filter():
    """Makes a suite's filter of a class."""

    def make(build, rules, *, place="rows", alias="toy", actions=None, metrics=(), **options):
        component = FilterComponent(alias, build, "A toy.", rules=tuple(rules), place=place, metrics=metrics)
        recipe = Recipe(alias, build, options)
        return SuiteFilter(alias, component, "toys", "1", recipe.make({}), recipe, actions)

    return make


@pytest.fixture
def trial(tmp_path):
    """`trial(suite, **versions)`: one run of a new process, as far as plugins can tell; gives result and counts."""
    write_trial(tmp_path)

    def go(text=SUITE, *, fresh=False, toys=None, **versions):
        toys = toys or Toys(**versions)
        host, path = toy_host(toys), tmp_path / "suite.yaml"
        path.write_text(suite_text(tmp_path, text))
        result = run(load_suite(path, host), host, runs=tmp_path / "runs", cache=tmp_path / "cache", fresh=fresh)
        worked = [record.stage for record in result.records if not record.taken_from]
        return result, toys, worked

    go.path = tmp_path
    return go
