"""The wheel: four packages, nothing else, and it works away from the tree."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = {"seatrial", "seatrial_plugins", "seatrial_suites", "seatrial_reports"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return next(out.glob("*.whl"))


def test_it_has_just_the_four_packages_each_typed(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    top = {name.split("/")[0] for name in names}
    assert {name for name in top if not name.endswith(".dist-info")} == PACKAGES
    assert {name for name in names if name.endswith("py.typed")} == {f"{package}/py.typed" for package in PACKAGES}


def test_it_carries_what_is_not_python(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for wanted in (
        "quickstart.yaml",
        "tiny_llama/config.json",
        "tiny_llama/tokenizer.json",
        ".html.j2",
        ".safetensors",
    ):
        assert any(name.endswith(wanted) for name in names), wanted


def test_it_works_away_from_the_tree(wheel, tmp_path):
    venv.create(tmp_path / "env", with_pip=False)
    python = tmp_path / "env/bin/python"
    site = next((tmp_path / "env/lib").glob("python*/site-packages"))
    # The dependencies of this environment, without its editable seatrial: path files are not read on such a path.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    code = (
        "import seatrial, seatrial.cli as cli, sys; assert 'env/lib' in seatrial.__file__, seatrial.__file__;"
        "cli.main(['suites', '--json'])"
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [python, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert '"quickstart"' in done.stdout
    assert str(site) in done.stdout
