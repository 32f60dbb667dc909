"""Every module of the host is either public, and named so, or forbidden to plugins."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

import seatrial

ROOT = Path(seatrial.__file__).parent
PUBLIC = {
    "data": {
        "benchmark",
        "cosines",
        "filters",
        "findings",
        "fingerprint",
        "normalise",
        "prose",
        "searching",
    },
    "evaluation": {
        "attempts",
        "matching",
        "observation",
        "probe",
        "samples",
        "scorer",
        "scores",
        "summary",
        "system",
        "task",
        "transcript",
    },
    "plugin": {"component", "hooks"},
    "rows": {"calls", "parts", "storable", "table"},
    "runs": {"events", "result", "store", "tracker"},
    "terminal": {"figures", "legible", "measures", "names"},
    "verdict": {"comparison"},
}
"""Package → its public modules; of the packages in `WHOLE`, all are."""
WHOLE = {"blocks", "model", "stats", "training"}


@pytest.fixture(scope="module")
def forbidden():
    contracts = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    (contract,) = (each for each in contracts["contracts"] if each["name"].endswith("calls public"))
    return set(contract["forbidden_modules"])


@pytest.mark.parametrize("package", PUBLIC)
def test_a_module_of_a_package_is_public_or_forbidden(package, forbidden):
    modules = {file.stem for file in (ROOT / package).glob("*.py")} - {"__init__"}
    modules |= {file.parent.name for file in (ROOT / package).glob("*/__init__.py")}
    closed = {name.rpartition(".")[2] for name in forbidden if name.startswith(f"seatrial.{package}.")}
    assert not closed & PUBLIC[package]
    assert closed | PUBLIC[package] == modules
    (text,) = re.findall(rf"^    seatrial\.{package} +(.*(?:\n {{25}}.*)*)", seatrial.__doc__, re.MULTILINE)
    assert PUBLIC[package] <= set(re.findall(r"\w+", text.partition(":")[0]))


def test_a_package_is_forbidden_where_none_of_its_modules_is_public(forbidden):
    packages = {file.parent.name for file in ROOT.glob("*/__init__.py")}
    assert {name for name in packages if f"seatrial.{name}" not in forbidden} == {*PUBLIC, *WHOLE}
    assert all(f"seatrial.{name} " in seatrial.__doc__ for name in WHOLE)
    assert {"seatrial.cli", "seatrial.plugin.host"} <= forbidden
