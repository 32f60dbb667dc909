"""Patterns: regular expressions of an adapter's config, tried where they can be stopped before PEFT is given them.

A pattern such as `(a+)+b` takes longer than anybody waits, and nothing in this process can stop it.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from seatrial.errors import SourceError
from seatrial.terminal.legible import one_line

__all__ = ["check_patterns"]

_SECONDS = 10.0
"""Ordinary patterns take milliseconds for thousands of names; starting Python takes most of it."""

_KEYS = ("target_modules", "exclude_modules", "feedforward_modules", "modules_to_save")

_REPEATS = re.compile(r"[*+?{]")
"""What a pattern has that can take long."""

_TRY = r"""
import json, re, sys
patterns, names = json.load(sys.stdin)
for place, one in enumerate(patterns):
    print(place, flush=True)
    for form in ("({})", "(.*\\.)?({})$", "(^|.*\\.){}($|\\..*)", ".*?\\.{}\\.(\\d+)\\."):
        try:
            pattern = re.compile(form.replace("{}", one))
        except (re.error, OverflowError, RecursionError):
            continue
        for name in names:
            pattern.search(name), pattern.fullmatch(name)
"""
"""Each pattern in the forms that PEFT makes of them, on each name."""


def check_patterns(config: Mapping[str, Any], names: Sequence[str], file: Path) -> None:
    """Refuse a pattern of an adapter's config that is not done with the model's module names in time.

    Raises:
        SourceError: which one.
    """
    patterns = sorted({pattern for pattern in _patterns(config) if _REPEATS.search(pattern)})
    if not patterns:
        return
    trying = subprocess.Popen(  # noqa: S603  # Python itself, with a program of ours
        [sys.executable, "-I", "-S", "-c", _TRY],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with trying:
        try:
            trying.communicate(json.dumps([patterns, list(names)]), timeout=_SECONDS)
        except subprocess.TimeoutExpired as late:
            trying.kill()
            said, _ = trying.communicate()
            reached = patterns[int((said or "0").split()[-1])]
            raise SourceError(
                f"{file}: the pattern {one_line(reached, 80)!r} takes longer than {_SECONDS:g} seconds on the names of the "
                "model's modules; name the modules in a list instead"
            ) from late


def _patterns(config: Mapping[str, Any]) -> Iterator[str]:
    """What PEFT may read as a regular expression."""
    for key, value in config.items():
        if key in _KEYS or key.endswith("_pattern"):
            # A mapping's keys are patterns; `target_modules` are one where they are no list.
            given = [value] if isinstance(value, str) else value if isinstance(value, list | Mapping) else ()
            yield from (pattern for pattern in given if isinstance(pattern, str))
