"""The reference pages are what the installed components say."""

from __future__ import annotations

import importlib.util
import inspect
import re
from pathlib import Path

import pytest

import seatrial
from seatrial.evaluation.samples import sample_schema
from seatrial_plugins.huggingface import runtime
from seatrial_plugins.huggingface.runtime import Example

DOCS = Path(__file__).parents[1] / "docs"


def reference():
    spec = importlib.util.spec_from_file_location("reference", DOCS / "reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.pages()


@pytest.mark.parametrize("name", ["components.md", "suite.md", "hooks.md"])
def test_a_page_is_what_is_installed(name):
    assert (DOCS / name).read_text(encoding="utf-8") == reference()[name], "run `make docs`"


def test_the_columns_of_samples_are_those_that_are_described():
    page = (DOCS / "run-folder.md").read_text(encoding="utf-8")
    section = page.partition("## `samples/")[2].partition("\n## ")[0]
    described = re.findall(r"^\| `(\S+)` \|", section, re.MULTILINE)
    assert described == [*sample_schema(()).names, "value:<column>"]


def test_the_facts_and_names_that_methods_are_told_are_there():
    page = (DOCS / "run-folder.md").read_text(encoding="utf-8")
    code = re.search(r"```python\n(from seatrial_plugins.*?)\n```", page, re.DOTALL)[1]
    (names,) = re.findall(r"^from seatrial_plugins\.huggingface\.runtime import (.*)$", code, re.MULTILINE)
    assert {name.strip() for name in names.split(",")} <= set(runtime.__all__)
    for name in ("ids", "targets"):
        assert f"example.{name}" in code
        assert name in Example.__annotations__


def test_python_examples_name_what_there_is():
    page = (DOCS / "python.md").read_text(encoding="utf-8")
    for name in set(re.findall(r"\btrial\.(\w+)", page)):
        assert hasattr(seatrial.Trial, name), name
    for name in set(re.findall(r"\bseatrial\.(\w+)\(", page)):
        assert name in seatrial.__all__, name
    arguments = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", page, re.MULTILINE)
    named = {name for group in arguments for name in re.findall(r"\w+", group)}
    assert named == set(inspect.signature(seatrial.run).parameters)
