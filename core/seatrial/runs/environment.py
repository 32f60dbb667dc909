"""Where a run happens: versions, hardware, git state. What a reviewer needs to repeat it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

__all__ = [
    "LIBRARIES",
    "git_state",
    "hardware",
    "installed_versions",
    "package_versions",
    "peak_resident_bytes",
    "set_offline",
    "share_cores",
]

LIBRARIES = (
    "accelerate", "datasets", "detoxify", "evaluate", "numpy", "peft", "pluggy", "pyarrow", "pydantic", "safetensors",
    "scikit-learn", "scipy", "textattack", "tokenizers", "torch", "transformers",
)  # fmt: skip
"""The libraries whose versions can move a score."""

_OFFLINE = ("SEATRIAL_OFFLINE", "HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE", "HF_EVALUATE_OFFLINE", "TRANSFORMERS_OFFLINE")


def set_offline() -> None:
    """Forbid the network to every library that can be told; before any of them is imported."""
    for name in _OFFLINE:
        os.environ[name] = "1"


def share_cores() -> None:
    """Let waiting OpenMP threads spin for about 0.1 ms and then sleep; before torch is imported.

    Where another process has one of the cores, threads that spin for long hold each other up: timing one request of a
    135M model on two cores beside a busy process took 15 to 27 s, and 2.7 s with threads that sleep at once. On idle
    cores those lose as much again to waking up: a training step of that model took 1.1 s, and 0.65 s with a short spin.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "3000")


def installed_versions() -> dict[str, str]:
    """Every installed distribution and its version, by name."""
    every = [_headers(distribution) for distribution in importlib.metadata.distributions()]
    found = {about["name"]: about.get("version", "") for about in every if about.get("name")}
    return dict(sorted(found.items(), key=lambda pair: pair[0].lower()))


_HEADER = re.compile(r"^(name|version):[ \t]*(.*?)[ \t]*$", re.IGNORECASE | re.MULTILINE)


def _headers(distribution: importlib.metadata.Distribution) -> dict[str, str]:
    """Its `name` and `version`. Parsed whole, the metadata of 200 distributions were a quarter of a small run."""
    whole = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or distribution.read_text("") or ""
    found = _HEADER.findall(whole.partition("\n\n")[0])
    return {name.lower(): value for name, value in reversed(found)}  # the first of each, as they are read elsewhere


def _version(name: str) -> str:
    return _headers(importlib.metadata.distribution(name)).get("version", "")


def package_versions(distributions: Iterable[str]) -> dict[str, str]:
    """Installed versions by name; what is not installed is left out."""
    found: dict[str, str] = {}
    for name in sorted(set(distributions)):
        try:
            found[name] = _version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def hardware() -> dict[str, object]:
    """Processor, memory and GPUs of this machine."""
    facts: dict[str, object] = {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
    }
    if gpus := _gpus():
        facts["gpus"] = gpus
    return facts


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _gpus() -> list[dict[str, str]]:
    query = ("name", "driver_version", "memory.total", "power.limit")
    output = _output("nvidia-smi", f"--query-gpu={','.join(query)}", "--format=csv,noheader")
    return [dict(zip(query, line.split(", "), strict=False)) for line in (output or "").splitlines() if line.strip()]


def git_state(folder: Path) -> dict[str, object] | None:
    """The commit that `folder` is at, and whether it has uncommitted changes; None outside of a repository.

    A checkout may be somebody else's: nothing that its configuration names is run (`_UNCONFIGURED`). Where it names a
    filter of file contents, `git status` would run that too, so whether there are changes is not asked: `dirty` is None.
    """
    commit = _git(folder, "rev-parse", "--verify", "HEAD")
    if not commit:
        return None
    for scope in (
        "--local",
        "--worktree",
    ):  # those of the user's own configuration are the user's choice, as Git LFS is
        if _git(folder, "config", scope, "--includes", "--get-regexp", r"^filter\..*\.(clean|process)$"):
            return {"commit": commit.strip(), "dirty": None}
    changes = _git(folder, "status", "--porcelain", "--no-renames", "--ignore-submodules=all")
    return {"commit": commit.strip(), "dirty": None if changes is None else bool(changes.strip())}


_UNCONFIGURED = {
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    "core.untrackedCache": "false",
    "core.pager": "cat",
    "core.sshCommand": "false",
    "core.attributesFile": os.devnull,
    "diff.external": "",
    "submodule.recurse": "false",
    "protocol.allow": "never",
}
"""What a repository could otherwise have `git` run, or reach, for a question about its state."""


def _git(folder: Path, *arguments: str) -> str | None:
    settings = [part for name, value in _UNCONFIGURED.items() for part in ("-c", f"{name}={value}")]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_LAZY_FETCH": "1",
    }
    return _output("git", "--no-pager", *settings, "-C", str(folder), *arguments, environment=environment)


def _output(program: str, *arguments: str, environment: Mapping[str, str] | None = None) -> str | None:
    path = shutil.which(program)
    if path is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603 - a program found on the user's own path, with fixed arguments
            [path, *arguments],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=20,
            check=False,
            env=environment,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def peak_resident_bytes() -> int:
    """The peak resident memory of this process so far."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
