"""Filters of a suite, without a suite."""

import pytest

from seatrial import FilterComponent
from seatrial.runs.recipe import Recipe
from seatrial.runs.suite_filter import SuiteFilter


@pytest.fixture
def suite_filter():
    """Makes a suite's filter of a class."""

    def make(build, rules, *, place="rows", alias="toy", actions=None, metrics=(), **options):
        component = FilterComponent(alias, build, "A toy.", rules=tuple(rules), place=place, metrics=metrics)
        recipe = Recipe(alias, build, options)
        return SuiteFilter(alias, component, "toys", "1", recipe.make({}), recipe, actions)

    return make
