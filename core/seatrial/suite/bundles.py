"""Bundles: one entry of `score:` that stands for evaluation sets, scorers, filters and gates, which are written out in its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from seatrial.plugin.component import ScorerComponent
from seatrial.suite.complaints import Complaint
from seatrial.suite.component_check import ComponentCheck
from seatrial.suite.keys import ScorerKeys
from seatrial.suite.yaml_lines import KeyPath

__all__ = ["Whence", "at_their_bundle", "unfolded"]

Whence = dict[KeyPath, KeyPath]
"""The place of what a bundle stands for → that of the bundle, which alone is in the file."""


def unfolded(check: ComponentCheck, given: Mapping[str, Any]) -> tuple[dict[str, Any], Whence]:
    """The suite's keys with each bundle replaced by what it stands for; one that is wrong stays, to be complained of, as all do
    where there is no list or mapping to put that into.

    The first scorer takes the entry's place and the others follow the list, so that every other entry keeps its number, and
    with it its line.
    """
    suite, whence = dict(given), Whence()
    if not isinstance(suite.get("score"), list) or not _takes_more(suite):
        return suite, whence
    for index, entry in enumerate([*suite["score"]]):
        name, keys = _named(entry)
        provided = check.catalogue.find("scorers", name)
        if provided is not None and provided.component.stands_for is not None:
            suite = _with(check, suite, provided.component, keys, ("score", index, name), whence)
    return suite, whence


def at_their_bundle(complaints: Sequence[Complaint], whence: Whence) -> list[Complaint]:
    """Complaints with those of what a bundle stands for at its own place, each once."""
    found = []
    for one in complaints:
        places = (whence.get(one.path[:length]) for length in (2, 3))
        bundle = next((place for place in places if place and one.path[: len(place)] != place), None)
        found.append(Complaint(bundle, f"of what it stands for, {one.message}") if bundle else one)
    return list(dict.fromkeys(found))


def _takes_more(suite: Mapping[str, Any]) -> bool:
    data = suite.get("data") or {}
    tests = data.get("tests") or {} if isinstance(data, Mapping) else None
    return isinstance(tests, Mapping) and all(isinstance(suite.get(key) or [], list) for key in ("filters", "gates"))


def _named(entry: Any) -> tuple[str, Any]:
    if isinstance(entry, Mapping) and len(entry) == 1:
        name, keys = next(iter(entry.items()))
        return str(name), keys or {}
    return (entry, {}) if isinstance(entry, str) else ("", {})


def _with(
    check: ComponentCheck,
    suite: dict[str, Any],
    component: ScorerComponent[Any],
    keys: Any,
    path: KeyPath,
    whence: Whence,
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
    data = suite.get("data") or {}
    tests = data.get("tests") or {}
    for twice in sorted(tests.keys() & parts["tests"].keys()):
        check.complain(
            ("data", "tests", twice), f"'{component.name}' has an evaluation set of that name; give this one another"
        )
    there = {_named(entry)[0] for entry in suite.get("filters") or ()}
    filters = [*(suite.get("filters") or ()), *(one for one in parts["filters"] if _named(one)[0] not in there)]
    gates = [*(suite.get("gates") or ()), *parts["gates"]]
    whence[path[:2]] = path
    whence |= dict.fromkeys((("data", "tests", name) for name in parts["tests"].keys() - tests.keys()), path)
    for key, now in (("score", score), ("filters", filters), ("gates", gates)):
        whence |= dict.fromkeys(((key, place) for place in range(len(suite.get(key) or ()), len(now))), path)
    return {
        **suite,
        "score": score,
        "data": {**data, "tests": {**tests, **parts["tests"]}},
        "filters": filters,
        "gates": gates,
    }
