"""Commands that tell what is installed: suites, plugins, schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from seatrial.commands.context import AsJson, Blocked, answer, console_for, host_for

if TYPE_CHECKING:
    from seatrial.errors import SeatrialError
    from seatrial.plugin.host import Host

__all__ = ["plugins", "schema", "suites"]


def suites(*, blocked: Blocked = None, as_json: AsJson = False) -> int:
    """List the installed suites."""
    from seatrial.suite.file import summarise_suite

    rows = [
        {"name": name, "description": summarise_suite(path), "path": str(path)}
        for name, path in host_for(blocked).suites().items()
    ]
    if as_json:
        answer(rows)
    else:
        console_for().suites(rows)
    return 0


def plugins(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A component, to be told its options; or one plugin.")
    ] = None,
    *,
    blocked: Blocked = None,
    as_json: AsJson = False,
) -> int:
    """List the installed plugins and what each brings, or tell the options, rules and metrics of one component."""
    from seatrial.plugin.kinds import KINDS

    host = host_for(blocked)
    if name is not None and name not in {info.name for info in host.plugins()} | _components(host):
        raise _unknown_part(name, host)
    if name in _components(host):
        return _portraits(host, str(name), as_json=as_json)
    rows = [
        {
            "plugin": info.name,
            "distribution": info.distribution,
            "version": info.version,
            "blocked": info.blocked,
            "import_seconds": round(info.seconds, 3),
            "hooks": list(info.hooks),
            "components": [
                {"kind": kind, "name": component, "summary": provided.component.summary}
                for kind in KINDS
                for component, provided in sorted(host.components(kind).items())
                if provided.plugin == info.name
            ],
        }
        for info in host.plugins()
        if name in {None, info.name}
    ]
    if as_json:
        answer(rows)
    else:
        console_for().plugins(rows)
    return 0


def _components(host: Host) -> set[str]:
    """The names of all components, of whatever kind."""
    from seatrial.plugin.kinds import KINDS

    return {name for kind in KINDS for name in host.names(kind)}


def _portraits(host: Host, name: str, *, as_json: bool) -> int:
    """Tell what is known of the components of that name."""
    from seatrial.suite.portrait import portraits
    from seatrial.terminal.portrait import portrait_document, portrait_lines

    found = portraits(host, name)
    if as_json:
        answer([portrait_document(portrait) for portrait in found])
    else:
        console_for().outline(line for portrait in found for line in portrait_lines(portrait))
    return 0


def _unknown_part(name: str, host: Host) -> SeatrialError:
    from seatrial.errors import UsageError, did_you_mean
    from seatrial.suite.complaints import shown

    hint = did_you_mean(name, sorted({info.name for info in host.plugins()} | _components(host)))
    return UsageError(f"no component and no plugin is called {shown(name)}{hint}; `seatrial plugins` lists them all")


def schema(*, blocked: Blocked = None) -> int:
    """Print the JSON Schema of suite files, with every installed component's options."""
    from seatrial.suite.file import json_schema

    answer(json_schema(host_for(blocked)))
    return 0
