"""Bundles: one entry of `score:` that stands for evaluation sets, scorers, filters and gates, which are written out in its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seatrial.plugin.component import ScorerComponent
from seatrial.suite.component_check import ComponentCheck
from seatrial.suite.keys import ScorerKeys
from seatrial.suite.yaml_lines import KeyPath

__all__ = ["unfolded"]


def unfolded(check: ComponentCheck, given: Mapping[str, Any]) -> dict[str, Any]:
    """The suite's keys with each bundle replaced by what it stands for; one that is wrong stays, to be complained of.

    The first scorer takes the entry's place and the others follow the list, so that every other entry keeps its number, and
    with it its line.
    """
    suite = dict(given)
    if not isinstance(suite.get("score"), list):
        return suite
    for index, entry in enumerate([*suite["score"]]):
        name, keys = _named(entry)
        provided = check.catalogue.find("scorers", name)
        if provided is not None and provided.component.stands_for is not None:
            suite = _with(check, suite, provided.component, keys, ("score", index, name))
    return suite


def _named(entry: Any) -> tuple[str, Any]:
    if isinstance(entry, Mapping) and len(entry) == 1:
        name, keys = next(iter(entry.items()))
        return str(name), keys or {}
    return (entry, {}) if isinstance(entry, str) else ("", {})


def _with(
    check: ComponentCheck, suite: dict[str, Any], component: ScorerComponent[Any], keys: Any, path: KeyPath
) -> dict[str, Any]:
    before = len(check.complaints)
    read = check.options(component, keys, ScorerKeys, path) if isinstance(keys, dict) else None
    if read is None:
        del check.complaints[before:]  # they come again where the scorers are read
        return suite
    options, reserved = read
    plain = ScorerKeys()
    for key, value in (("on", reserved.on), ("as", reserved.alias), ("systems", reserved.systems)):
        if value != getattr(plain, "alias" if key == "as" else key):
            check.complain((*path, key), f"'{component.name}' says this itself; leave it out")
    assert component.stands_for is not None
    try:
        said = {key: getattr(reserved, key) for key in ("samples", "fewshot") if key in keys}  # null asks all rows
        parts = component.stands_for(**options, **said)
    except ValueError as error:
        check.complain(path, str(error))
        return suite
    index = path[1]
    assert isinstance(index, int)
    scorers = list(parts["score"])
    score = [*suite["score"][:index], scorers[0], *suite["score"][index + 1 :], *scorers[1:]]
    data = dict(suite["data"]) if isinstance(suite.get("data"), Mapping) else {}
    tests = data.get("tests") or {}
    for twice in sorted(tests.keys() & parts["tests"].keys()):
        check.complain(
            ("data", "tests", twice), f"'{component.name}' has an evaluation set of that name; give this one another"
        )
    there = {_named(entry)[0] for entry in suite.get("filters") or ()}
    filters = [*(suite.get("filters") or ()), *(one for one in parts["filters"] if _named(one)[0] not in there)]
    gates = [*(suite.get("gates") or ()), *parts["gates"]]
    return {
        **suite,
        "score": score,
        "data": {**data, "tests": {**tests, **parts["tests"]}},
        "filters": filters,
        "gates": gates,
    }
