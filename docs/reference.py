"""Writes the reference pages from the installed components: `python docs/reference.py`, which `make docs` runs.

`docs/components.md` tells every component's options, rules and metrics, `docs/suite.md` the keys of a suite file, and
`docs/hooks.md` the hooks. A test holds the pages against what is installed.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel

from seatrial.plugin.hooks import Hooks
from seatrial.plugin.host import Host
from seatrial.plugin.kinds import KIND_TABLE, KINDS
from seatrial.suite.keys import (
    DataFileKeys,
    DataKeys,
    FilterKeys,
    GateKeys,
    ModelKeys,
    ScorerKeys,
    Split,
    SuiteKeys,
    TrainKeys,
)
from seatrial.suite.portrait import Option, Portrait, portraits
from seatrial.suite.search_keys import ChoicesKeys, RangeKeys, SearchKeys

__all__ = ["pages"]

HERE = Path(__file__).parent

_NOTE = "*Written by `make docs` from the installed components; edit those.*"

_MAPPINGS: tuple[tuple[str, type[BaseModel], str], ...] = (
    ("The file", SuiteKeys, "What stands at the top of a suite file."),
    ("`model:`", ModelKeys, "The model on trial; the options of its loader stand beside these."),
    ("`data:`", DataKeys, "Where the rows come from."),
    (
        "One source of rows",
        DataFileKeys,
        "Under `data.train`, `data.validation`, `data.test`, and each name of `data.tests`.",
    ),
    ("`data.split:`", Split, "What is held out of the train rows."),
    ("An entry of `filters:`", FilterKeys, "Beside the filter's own options."),
    ("`train:`", TrainKeys, "Beside the method's own options."),
    ("`search:`", SearchKeys, "Settings of training that are searched before it is trained ([search.md](search.md))."),
    ("An entry of `search.over:`", RangeKeys, "A range of numbers."),
    ("An entry of `search.over:`, of values", ChoicesKeys, "Some values; a bare list says the same without `when`."),
    ("An entry of `score:`", ScorerKeys, "Beside the scorer's own options."),
    ("An entry of `gates:`", GateKeys, "Beside the gate's own options."),
)


def pages() -> dict[str, str]:
    """File name → the page."""
    host = Host.load()
    return {
        "components.md": "\n".join(_components(host)) + "\n",
        "suite.md": "\n".join(_keys()) + "\n",
        "hooks.md": "\n".join(_hooks()) + "\n",
    }


def _components(host: Host) -> Iterator[str]:
    yield from ("# Components", "", _NOTE, "", "What the installed plugins bring, kind by kind.")
    for kind in KINDS:
        yield from ("", f"## {kind}")
        for name in host.names(kind):
            (portrait,) = (one for one in portraits(host, name) if one.kind == kind)
            yield from _component(portrait)


def _component(portrait: Portrait) -> Iterator[str]:
    provided = portrait.provided
    yield from ("", f"### {portrait.name}", "", f"{provided.component.summary} ({KIND_TABLE[portrait.kind].word})")
    if portrait.options:
        yield from ("", "| option | takes | default | |", "|---|---|---|---|")
        yield from map(_option, portrait.options)
    if portrait.rules:
        yield from ("", "| rule | action | finds |", "|---|---|---|")
        yield from (f"| `{rule.name}` | {rule.action} | {_cell(rule.summary)} |" for rule in portrait.rules)
    if portrait.metrics:
        yield from ("", "| metric | better | |", "|---|---|---|")
        yield from (
            f"| `{portrait.name}/{one.name}` | {one.better} | {_cell(one.summary)} |" for one in portrait.metrics
        )


def _option(option: Option) -> str:
    default = "required" if option.required else f"`{option.default!r}`"
    return f"| `{option.name}` | {_cell(option.type)} | {_cell(default)} | {_cell(option.summary)} |"


def _keys() -> Iterator[str]:
    yield from ("# The keys of a suite file", "", _NOTE, "")
    yield "`seatrial schema` prints the same as JSON Schema, for your editor; `seatrial check` tells what is wrong with a file."
    for title, model, said in _MAPPINGS:
        yield from ("", f"## {title}", "", said, "", "| key | default | |", "|---|---|---|")
        for name, field in model.model_fields.items():
            default = "required" if field.is_required() else f"`{field.get_default(call_default_factory=True)!r}`"
            yield f"| `{field.alias or name}` | {_cell(default)} | {_cell(field.description or '')} |"


def _hooks() -> Iterator[str]:
    yield from ("# Hooks", "", _NOTE, "", (inspect.getdoc(inspect.getmodule(Hooks)) or "").strip())
    for name, function in vars(Hooks).items():
        if name.startswith("seatrial_"):
            signature = re.sub(r"\bself(, )?", "", str(inspect.signature(function)).replace("'", ""))
            yield from ("", f"## {name}", "", f"`{name}{signature}`", "", (inspect.getdoc(function) or "").strip())


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


if __name__ == "__main__":
    for name, text in pages().items():
        (HERE / name).write_text(text, encoding="utf-8")
