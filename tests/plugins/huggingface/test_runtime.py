from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import seatrial_plugins
from seatrial_plugins.huggingface import runtime

ROOMS = Path(seatrial_plugins.__file__).parent


@pytest.mark.parametrize("name", runtime.__all__)
def test_every_public_name_is_there(name):
    found = getattr(runtime, name)
    assert found.__module__.startswith("seatrial_plugins.huggingface.")
    assert found.__doc__
    assert name in dir(runtime)


def test_another_name_is_not():
    with pytest.raises(AttributeError, match="has no attribute 'CausalModels'"):
        _ = runtime.CausalModels


def test_type_checkers_and_the_interpreter_are_told_the_same():
    tree = ast.parse(Path(runtime.__file__).read_text("utf-8"))
    (checked,) = (node for node in tree.body if isinstance(node, ast.If))
    told = {alias.name: node.module for node in checked.body for alias in node.names}
    assert sorted(told) == runtime.__all__
    assert told == {name: getattr(runtime, name).__module__ for name in runtime.__all__}


def test_other_rooms_know_nothing_else_of_this_one():
    outside = [file for file in ROOMS.rglob("*.py") if file.relative_to(ROOMS).parts[0] != "huggingface"]
    known = {
        (node.module, alias.name)
        for file in outside
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("seatrial_plugins.huggingface")
        for alias in node.names
    }
    assert known
    assert {module for module, _ in known} == {"seatrial_plugins.huggingface.runtime"}
    assert {name for _, name in known} <= set(runtime.__all__)


def test_naming_the_runtime_imports_no_torch():
    program = (
        "import sys; from seatrial_plugins.huggingface import runtime\n"
        "runtime.TrainableNetwork, runtime.TokenTree, dir(runtime)\n"
        "assert not {'torch', 'transformers', 'peft'} & set(sys.modules), sorted(sys.modules)"
    )
    subprocess.run(
        [sys.executable, "-c", program], env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}, check=True
    )
