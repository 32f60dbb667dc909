"""Twelve broken suites, and exactly what is said of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from seatrial.errors import SuiteError
from seatrial.suite.file import load_suite

FOLDER = Path(__file__).parent / "broken_suites"
SUITES = sorted(FOLDER.glob("*.yaml"))


def test_there_are_twelve():
    assert len(SUITES) == 12


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.stem)
def test_every_problem_is_named_exactly(path, suite_catalogue, extra_metrics):
    with pytest.raises(SuiteError) as caught:
        load_suite(path, suite_catalogue, extra_metrics=extra_metrics)
    said = str(caught.value).replace(str(path), path.name).splitlines()
    assert said == path.with_suffix(".txt").read_text(encoding="utf-8").splitlines()
    assert [problem.line for problem in caught.value.problems] == sorted(p.line for p in caught.value.problems)
    assert caught.value.path == path


@pytest.mark.parametrize("path", SUITES, ids=lambda path: path.stem)
def test_the_line_of_a_problem_is_where_its_key_stands(path, suite_catalogue, extra_metrics):
    with pytest.raises(SuiteError) as caught:
        load_suite(path, suite_catalogue, extra_metrics=extra_metrics)
    lines = path.read_text(encoding="utf-8").splitlines()
    for problem in caught.value.problems:
        last = problem.key.rpartition(".")[2].partition("[")[0]
        if not problem.message.startswith("is required") and "[" not in problem.key.rpartition(".")[2]:
            assert last in lines[problem.line - 1], problem
