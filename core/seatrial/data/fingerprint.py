"""A fingerprint: a digest that is equal for rows that say the same, exactly or after normalising."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Literal

from seatrial.data.normalise import normalise
from seatrial.rows import Row, Turn
from seatrial.rows.encoding import identity_of

__all__ = ["Method", "Part", "choices_fingerprint", "part_of", "question_of", "turns_fingerprint"]

Method = Literal["exact", "normalised"]
"""`exact` compares texts as they are; `normalised` as `seatrial.data.normalise.normalise` leaves them."""

Part = Literal["input", "all"]
"""`input` is what the model reads before it answers; `all` is the whole conversation."""


def part_of(row: Row, on: Part) -> tuple[Turn, ...]:
    """The turns that are compared."""
    return row.prompt if on == "input" else row.turns


def question_of(row: Row) -> tuple[str, ...]:
    """What a row asks, equal for rows that ask the same: its words after normalising, and the digests of its pictures."""
    return (normalise(row.input_text), *(image.digest for turn in row.prompt for image in turn.images))


def turns_fingerprint(turns: Sequence[Turn], method: Method, *, also: object = None) -> bytes | None:
    """BLAKE2b (128 bits) over roles, texts, what else the turns hold, and the JSON value `also`.

    None where no turn says anything: such rows have nothing in common, so they must not be taken for copies.
    """
    compare = _comparison(method)
    said = [[turn.role, compare(turn.content), identity_of(turn, words=False)] for turn in turns]
    if not any(content or more for _, content, more in said):
        return None
    return _digest([said, also])


def choices_fingerprint(row: Row, method: Method) -> bytes | None:
    """BLAKE2b (128 bits) over the row's choices whatever their order; None where it has none."""
    return _digest(sorted(map(_comparison(method), row.choices))) if row.choices else None


def _comparison(method: Method) -> Callable[[str], str]:
    return normalise if method == "normalised" else _as_is


def _as_is(text: str) -> str:
    return text if text.strip() else ""


def _digest(value: object) -> bytes:
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=16).digest()
