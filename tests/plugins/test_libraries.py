"""Libraries: what a built-in plugin imports beside the host's own stands in the keys of what its components make."""

from __future__ import annotations

import ast
import importlib.metadata
import sys
from pathlib import Path

import pytest

import seatrial_plugins
from seatrial.plugin.host import Host
from seatrial.plugin.kinds import KINDS
from seatrial.runs.keys import OWN

ROOMS = sorted(path for path in Path(seatrial_plugins.__file__).parent.iterdir() if (path / "__init__.py").is_file())
PLAIN = {"datasets", "httpx", "huggingface_hub", "pluggy", "pydantic", "threadpoolctl"}
"""They fetch, check options or count threads: no result depends on them."""

NO_RESULTS = {"langchain"}
"""Rooms without a component, so that nothing of a run hangs on them."""

SCRIPTS = {"train_head.py"}
"""It makes the weights that ship; nothing calls it."""


def imported(room: Path) -> set[str]:
    """The modules of other distributions that a room imports, wherever in its code."""
    found = set()
    for path in (path for path in room.rglob("*.py") if path.name not in SCRIPTS):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                found.add(node.module.partition(".")[0])
    return {name for name in found if name not in sys.stdlib_module_names and not name.startswith("seatrial")}


@pytest.fixture(scope="module")
def brings():
    """Module → the distributions that bring it."""
    return importlib.metadata.packages_distributions()


@pytest.fixture(scope="module")
def host():
    return Host.load()


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_every_library_that_can_move_a_result_is_declared(room, brings, host):
    used = {name for module in imported(room) for name in brings.get(module, [module])} - {*OWN} - PLAIN
    own = [
        provided.component
        for kind in KINDS
        for provided in host.components(kind).values()
        if provided.component.build.__module__.startswith(f"seatrial_plugins.{room.name}")
    ]
    if room.name in NO_RESULTS:
        assert not own
        return
    declared = {library for component in own for library in component.libraries}
    lacking = {name for name in used if name.lower().replace("_", "-") not in {one.lower() for one in declared}}
    assert not lacking, f"{room.name} declares {sorted(declared)} as its components' libraries"
