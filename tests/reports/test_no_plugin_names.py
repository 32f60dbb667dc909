"""No report knows a component or a plugin by its name: what they read of them is what these say of themselves."""

import ast
import re
from pathlib import Path

import pytest

import seatrial_reports
from seatrial.evaluation.scores import DIMENSIONS
from seatrial.plugin.host import Host
from seatrial.plugin.kinds import KINDS

SOURCES = sorted(path for path in Path(seatrial_reports.__file__).parent.rglob("*") if path.suffix in {".py", ".j2"})

TOLD = ("filters", "scorers", "detectors", "encoders", "baselines")
"""The kinds that reports have most to say of: their names stand nowhere in the sources, not even in a sentence."""

ORDINARY = {
    *DIMENSIONS, *KINDS,  # what scorers speak of and what plugins bring: plugins of such a room may be called so
    "json", "html", "junit", "markdown", "model_card",  # the kinds that this package brings
    "classifier", "transformers",  # a kind of product; the library that the Hub is told a model is for
    "path", "time", "python",  # of a file; of a test case in a CI server; the program that a command starts
    "length", "language", "schema", "labels",  # of a list, of a page, of a table, of rows
    "threshold", "difference", "random",  # of a chart, of a proof, of a draw
    "training", "decontamination", "coverage",  # stages, and what the split's own stages count
    "suites",  # of test cases in a CI server
    "code", "script",  # the version that a run was made with; what a page runs none of
}  # fmt: skip
"""Names of components and plugins that are words as well: where the sources say them, they mean these things."""

HOST = Host.load()
NAMES = {name for kind in KINDS for name in HOST.names(kind)} | {info.name for info in HOST.plugins()}
UNSAID = {name for kind in TOLD for name in HOST.names(kind)} | {info.name for info in HOST.plugins()}
HELP = "a report may not know a component; where it is a mere word, ORDINARY says what it means"


@pytest.fixture(scope="module")
def words():
    """File → the words in it; parts of names of modules, functions and styles count as well."""
    return {
        path: set(re.findall(r"[a-z0-9]+(?:[_-][a-z0-9]+)*", path.read_text(encoding="utf-8").lower()))
        for path in SOURCES
    }


@pytest.fixture(scope="module")
def constants():
    """File → what its code compares with, looks up or writes as a whole string."""
    found = {}
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".py":
            nodes = ast.walk(ast.parse(text))
            found[path] = {one.value for one in nodes if isinstance(one, ast.Constant) and isinstance(one.value, str)}
        else:
            inside = re.findall(r"\{[{%].*?[%}]\}", text, re.DOTALL)
            found[path] = set(re.findall(r"""["']([^"']*)["']""", " ".join(inside)))
    return found


def test_the_sources_are_looked_at(words, constants):
    assert len(SOURCES) > 30
    assert {"leakage", "toxicity", "choice", "latency"} <= UNSAID - ORDINARY
    assert any("decontaminate" in said for said in words.values())
    assert any("decontaminate" in said for said in constants.values())


@pytest.mark.parametrize("name", sorted(UNSAID - ORDINARY))
def test_no_source_says(name, words):
    found = [path.name for path, said in words.items() if name in said]
    assert not found, f"{name!r} stands in {found}: {HELP}"


@pytest.mark.parametrize("name", sorted(NAMES - ORDINARY))
def test_no_code_looks_for(name, constants):
    found = [path.name for path, said in constants.items() if name in said]
    assert not found, f"{name!r} is a constant of {found}: {HELP}"
