"""The reference pages are what the installed components say."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"


def reference():
    spec = importlib.util.spec_from_file_location("reference", DOCS / "reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.pages()


@pytest.mark.parametrize("name", ["components.md", "suite.md", "hooks.md"])
def test_a_page_is_what_is_installed(name):
    assert (DOCS / name).read_text(encoding="utf-8") == reference()[name], "run `make docs`"
