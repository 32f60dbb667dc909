"""Earlier gates: those that a run was started with, where other ones decided in the end; a reviewer must see both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from seatrial.runs.run_folder import RunFolder
from seatrial.suite.file import Chosen
from seatrial.suite.yaml_lines import YamlError, read_yaml
from seatrial.terminal.legible import one_line

__all__ = ["changed_gates"]

_UNSAID = {"metric", "gate"}


def changed_gates(folder: RunFolder, gates: Sequence[Chosen]) -> list[str]:
    """A sentence that holds the gates which decide beside those that the run was started with; none where they are the same.

    Args:
        folder: a run; `RunFolder.keep_suite` left the suites that it had before.
        gates: those that decide.
    """
    kept = sorted(folder.path.glob("suite-*.yaml"), key=_number)
    first, now = _gates_in(kept[0] if kept else folder / "suite.yaml"), [_said(one.resolved()) for one in gates]
    if first is None or first == now:
        return []
    gone, new = [one for one in first if one not in now], [one for one in now if one not in first]
    if not gone and not new:
        return []
    by = "; ".join(dict.fromkeys(note for path in kept if (note := _note(path))))
    return [
        f"the run was started with other gates than those that decide: then {', '.join(gone) or 'no other'}; now "
        f"{', '.join(new) or 'none in their place'}" + (f" (changed: {by})" if by else "")
    ]


def _number(path: Path) -> tuple[int, str]:
    number = path.stem.rpartition("-")[2]
    return (int(number) if number.isdecimal() else 0, path.stem)


def _gates_in(path: Path) -> list[str] | None:
    """The gates of a resolved suite, in words; None where it cannot be read."""
    try:
        data = read_yaml(path.read_text(encoding="utf-8")).data
    except (OSError, ValueError, YamlError):
        return None
    gates = data.get("gates") if isinstance(data, dict) else None
    return [_said(one) for one in gates if isinstance(one, Mapping)] if isinstance(gates, list) else None


def _said(gate: Mapping[str, Any]) -> str:
    """`choice/accuracy (min 0.75)`."""
    said = {key: value for key, value in gate.items() if key not in _UNSAID and value not in (None, {})}
    if said.get("severity") == "block":
        del said["severity"]
    options = [
        f"{key} {value:g}" if isinstance(value, float) else f"{key} {value}" for key, value in sorted(said.items())
    ]
    return one_line(f"{gate.get('metric')} ({', '.join(options)})", 200)


def _note(path: Path) -> str:
    """When the suite was taken out, and by whom."""
    try:
        first = path.read_text(encoding="utf-8").partition("\n")[0]
    except (OSError, ValueError):
        return ""
    return one_line(first.removeprefix("# until "), 500) if first.startswith("# until ") else ""
