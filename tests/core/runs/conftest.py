"""Filters of a suite without a suite, and whole runs of toys."""

import shutil
from copy import copy

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


def trials_in(folder):
    """`trial(suite, **versions)`: one run of a new process, as far as plugins can tell; gives result and counts."""

    def go(text=SUITE, *, fresh=False, toys=None, **versions):
        toys = toys or Toys(**versions)
        host, path = toy_host(toys), folder / "suite.yaml"
        path.write_text(suite_text(folder, text))
        result = run(load_suite(path, host), host, runs=folder / "runs", cache=folder / "cache", fresh=fresh)
        worked = [record.stage for record in result.records if not record.taken_from]
        return result, toys, worked

    go.path = folder
    return go


@pytest.fixture
def trial(tmp_path):
    """Trials in an empty folder."""
    write_trial(tmp_path)
    return trials_in(tmp_path)


@pytest.fixture(scope="session")
def _one_run(tmp_path_factory):
    folder, kept = tmp_path_factory.mktemp("trial"), tmp_path_factory.mktemp("kept") / "trial"
    write_trial(folder)
    done = trials_in(folder)()
    shutil.copytree(folder, kept)
    return folder, kept, done


@pytest.fixture
def ran(_one_run):
    """Trials in a folder where the suite was run once, as `ran.first` tells; each test has it as that run left it."""
    folder, kept, (first, toys, worked) = _one_run
    shutil.rmtree(folder)
    shutil.copytree(kept, folder)
    go = trials_in(folder)
    go.first = copy(first), toys, list(worked)
    return go
