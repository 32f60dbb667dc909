"""SGD: dialogues of the Schema-Guided Dialogue data set, a record for each reply of the system."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from seatrial import RawRecord
from seatrial.evaluation.matching import says

__all__ = ["SgdReader"]

_ANYTHING = "dontcare"
"""The value of a slot to which the user is indifferent."""


class SgdReader:
    """Reads lists of dialogues (Rastogi et al., 2020), with frames as they are published or with flat `slots`.

    A reply's record has the turns before it, the reply, and a check of kind `recall`: the slots whose values the user has said
    and the reply says again. Its group is the dialogue.
    """

    suffixes = (".json",)
    by_suffix = False

    def read(self, file: Path) -> Iterator[RawRecord]:
        """The replies of each dialogue, in order."""
        opened = gzip.open if file.name.endswith(".gz") else open
        try:
            with opened(file, "rt", encoding="utf-8") as stream:
                text = stream.read()
        except (OSError, UnicodeDecodeError, EOFError) as error:
            yield RawRecord(1, problem=f"it cannot be read: {error}", lost=True)
            return
        decoder = json.JSONDecoder()
        at, line = _skipped(text, 0), 1
        depth = _opened(text[:at])
        counted = 0
        while at < len(text):
            line += text.count("\n", counted, at)
            counted = at
            try:
                dialogue, at = decoder.raw_decode(text, at)
            except (ValueError, RecursionError) as error:
                yield RawRecord(line, problem=f"no JSON: {error}", excerpt=text[at : at + 200], lost=True)
                return
            yield from _replies(dialogue, line)
            ends, at = at, _skipped(text, at)
            depth += _opened(text[ends:at])
        if depth > 0:
            yield RawRecord(line, problem="its list of dialogues is not closed: the file breaks off", lost=True)


def _opened(text: str) -> int:
    """How many lists are opened and not closed between two dialogues."""
    return text.count("[") - text.count("]")


def _skipped(text: str, at: int) -> int:
    while at < len(text) and (text[at].isspace() or text[at] in "[],\ufeff"):
        at += 1
    return at


def _replies(dialogue: Any, line: int) -> Iterator[RawRecord]:
    turns = dialogue.get("turns") if isinstance(dialogue, Mapping) else None
    if not isinstance(turns, list) or not all(_is_turn(turn) for turn in turns):
        yield RawRecord(
            line,
            problem="no dialogue of SGD: `turns` must be a list of {speaker, utterance}",
            excerpt=str(dialogue)[:200],
        )
        return
    slots: dict[str, list[str]] = {}
    messages: list[dict[str, str]] = []
    for turn in turns:
        if turn["speaker"] == "USER":
            messages.append({"role": "user", "content": turn["utterance"]})
            slots |= _slots(turn)
            continue
        messages.append({"role": "assistant", "content": turn["utterance"]})
        heard = [one["content"] for one in messages if one["role"] == "user"]
        told = {
            name: values
            for name, values in slots.items()
            if any(says(turn["utterance"], value) for value in values)
            and any(says(one, value) for one in heard for value in values)
        }
        services = dialogue.get("services")
        yield RawRecord(
            line,
            {
                "messages": [dict(one) for one in messages],
                "group": str(dialogue.get("dialogue_id", "")),
                "slice": " ".join(map(str, services)) if isinstance(services, list) else "",
                "check": {"kind": "recall", "code": told},
            },
        )


def _is_turn(turn: object) -> bool:
    return (
        isinstance(turn, Mapping)
        and turn.get("speaker") in {"USER", "SYSTEM"}
        and isinstance(turn.get("utterance"), str)
    )


def _slots(turn: Mapping[str, Any]) -> dict[str, list[str]]:
    found = turn.get("slots")
    given = [found] if isinstance(found, Mapping) else []
    for frame in turn.get("frames") or ():
        state = frame.get("state") if isinstance(frame, Mapping) else None
        if isinstance(state, Mapping) and isinstance(state.get("slot_values"), Mapping):
            given.append(state["slot_values"])
    return {
        str(name): [str(value) for value in values if value != _ANYTHING]
        for each in given
        for name, values in each.items()
        if isinstance(values, list) and values != [_ANYTHING]
    }
