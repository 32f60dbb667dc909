"""No report knows a component or a plugin by its name: what they read of them is what these say of themselves."""

import re
from pathlib import Path

import pytest

import seatrial_reports
from seatrial.evaluation.scores import DIMENSIONS
from seatrial.plugin.host import KINDS, Host

SOURCES = sorted(path for path in Path(seatrial_reports.__file__).parent.rglob("*") if path.suffix in {".py", ".j2"})

ORDINARY = {
    *DIMENSIONS, *KINDS,  # what scorers speak of and what plugins bring: plugins of such a room may be called so
    "json", "html", "junit", "markdown",  # the four kinds that this package brings
    "parquet", "yaml", "path",  # files of a run, and where they are
    "length", "language", "schema", "labels",  # of a list, of a page, of a table, of rows
    "threshold", "difference", "random",  # of a chart, of a proof, of a draw
    "training", "decontamination", "coverage",  # stages, and what the split's own stages count
    "suites",  # of test cases in a CI server
}  # fmt: skip
"""Names of components and plugins that are words as well: where the sources say them, they mean these things."""


def names():
    host = Host.load()
    found = {info.name for info in host.plugins()}
    return sorted((found | {name for kind in KINDS for name in host.names(kind)}) - ORDINARY)


@pytest.fixture(scope="module")
def words():
    """File → the words in it; parts of names of modules, functions and styles count as well."""
    return {
        path: re.findall(r"[a-z0-9]+(?:[_-][a-z0-9]+)*", path.read_text(encoding="utf-8").lower()) for path in SOURCES
    }


def test_the_sources_are_looked_at():
    assert len(SOURCES) > 30
    assert {"leakage", "toxicity", "choice", "latency"} & set(names())


@pytest.mark.parametrize("name", names())
def test_no_source_names(name, words):
    found = [path.name for path, said in words.items() if name in said]
    assert not found, f"{name!r} stands in {found}; where it is a mere word, ORDINARY says what it means"
