"""Script: user turns that are known beforehand, and what each answer to them must and must not say."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from seatrial import Row
from seatrial.evaluation.matching import has_words, says
from seatrial.rows import Check

__all__ = ["ScriptTurn", "script_of"]

_LISTS = ("contains", "any", "lacks")


@dataclass(frozen=True, slots=True)
class ScriptTurn:
    """A user turn, and assertions about the answer to it."""

    user: str
    """"" for the first: the row's own prompt is asked."""
    contains: tuple[str, ...] = ()
    """Phrases that the answer must say, all of them, whatever their case and punctuation."""
    any: tuple[str, ...] = ()
    """Phrases of which it must say one."""
    lacks: tuple[str, ...] = ()
    """Phrases that it must not say."""
    matches: str = ""
    """A regular expression that must be found in it."""

    def broken(self, answer: str) -> list[str]:
        """The assertions that the answer breaks, in words."""
        found = [f"does not say {one!r}" for one in self.contains if not says(answer, one)]
        if self.any and not any_said(answer, self.any):
            found.append(f"says none of {', '.join(map(repr, self.any))}")
        found += [f"says {one!r}" for one in self.lacks if says(answer, one)]
        matched = bool(self.matches) and re.search(self.matches, answer) is not None
        if self.matches and not matched:
            found.append(f"does not match {self.matches!r}")
        if self.asserts and not answer.strip() and not matched:  # else silence would hold whatever must not be said
            found.append("says nothing")
        return found

    @property
    def asserts(self) -> int:
        """How many assertions it makes."""
        return len(self.contains) + len(self.lacks) + bool(self.any) + bool(self.matches)


def any_said(answer: str, phrases: Sequence[str]) -> bool:
    """Whether the answer says one of the phrases."""
    return any(says(answer, one) for one in phrases)


def script_of(row: Row) -> tuple[ScriptTurn, ...] | str:
    """The row's script, or what is wrong with it."""
    if not isinstance(row.expected, Check) or row.expected.kind != "script":
        return "the row brings no script: `check: {kind: script, code: [{contains: […]}, {user: …, lacks: […]}]}`"
    try:
        said = json.loads(row.expected.code)
    except (ValueError, RecursionError) as error:
        return f"its script is no JSON: {error}"
    if not isinstance(said, list) or not said:
        return "its script is no list of turns"
    turns: list[ScriptTurn] = []
    for at, one in enumerate(said):
        turn = _turn(one, at)
        if isinstance(turn, str):
            return f"turn {at + 1} of its script {turn}"
        turns.append(turn)
    return tuple(turns) if any(turn.asserts for turn in turns) else "its script asserts nothing"


def _turn(said: Any, at: int) -> ScriptTurn | str:
    if not isinstance(said, Mapping):
        return "is no mapping"
    if unknown := sorted(set(said) - {"user", "matches", *_LISTS}):
        return f"has a key {unknown[0]!r}; there are: user, contains, any, lacks, matches"
    texts = {key: [said[key]] if isinstance(said.get(key), str) else said.get(key) or [] for key in _LISTS}
    if any(not isinstance(one, list) or not all(isinstance(text, str) for text in one) for one in texts.values()):
        return "asserts what is no text"
    for key, phrases in texts.items():
        if wordless := [one for one in phrases if not has_words(one)]:
            return f"has {wordless[0]!r} under `{key}`, in which there is no word to look for; `matches` takes an expression"
    user, matches = said.get("user") or "", said.get("matches") or ""
    if not isinstance(user, str) or bool(user) != bool(at):
        return "must say `user`" if at else "asks the row's own prompt, and has a `user` as well"
    try:
        re.compile(matches)
    except (re.error, TypeError) as error:
        return f"has no regular expression under `matches`: {error}"
    return ScriptTurn(user, tuple(texts["contains"]), tuple(texts["any"]), tuple(texts["lacks"]), matches)
