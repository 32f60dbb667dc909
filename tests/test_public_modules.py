"""Every module of the host is either public, and named so, or forbidden to plugins."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import seatrial

ROOT = Path(seatrial.__file__).parent
PUBLIC = {
    "data": {"cosines", "coverage", "fingerprint", "neighbours", "normalise", "searching", "storable", "table"},
    "judging": {"comparison", "summary"},
    "display": {"figures", "legible", "measures"},
}


@pytest.fixture(scope="module")
def forbidden():
    contracts = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
    (contract,) = (each for each in contracts["contracts"] if each["name"].endswith("calls public"))
    return set(contract["forbidden_modules"])


@pytest.mark.parametrize("package", PUBLIC)
def test_a_module_of_a_package_is_public_or_forbidden(package, forbidden):
    modules = {file.stem for file in (ROOT / package).glob("*.py")} - {"__init__"}
    closed = {name.rpartition(".")[2] for name in forbidden if name.startswith(f"seatrial.{package}.")}
    assert not closed & PUBLIC[package]
    assert closed | PUBLIC[package] == modules
    (line,) = (line for line in seatrial.__doc__.splitlines() if f"seatrial.{package} " in line)
    assert all(name in line for name in PUBLIC[package])


def test_a_package_is_forbidden_where_none_of_its_modules_is_public(forbidden):
    packages = {file.parent.name for file in ROOT.glob("*/__init__.py")}
    assert {name for name in packages if f"seatrial.{name}" not in forbidden} == {*PUBLIC, "stats"}
    assert {"seatrial.cli", "seatrial.plugin.host"} <= forbidden
