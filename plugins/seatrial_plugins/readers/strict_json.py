"""JSON decoded strictly: what JSON does not have, or what two readers could read differently, is a problem."""

from __future__ import annotations

import json
import math
from typing import Any, NamedTuple

__all__ = ["Decoded", "StrictJson"]

_LONGEST = 16
"""Characters of the longest thing that is not a string and could be cut in two: `-Infinity`, an escape, a short number."""


class Decoded(NamedTuple):
    """A JSON value, where it ends, and what is wrong with it."""

    value: Any
    end: int
    """Index of the first character after the value; of the error where there is no value."""
    problem: str = ""
    broken: bool = False
    """Whether the value's end is unknown."""
    cut: bool = False
    """Whether more text behind it might make another value, or one at all."""


class StrictJson:
    """Decodes JSON values: NaN and Infinity, numbers beyond a double, and a key that stands twice are refused."""

    def __init__(self) -> None:
        self._faults: list[str] = []
        self._decoder = json.JSONDecoder(
            parse_float=self._float, parse_constant=self._constant, object_pairs_hook=self._object
        )

    def decode(self, text: str, start: int = 0) -> Decoded:
        """The value that starts at `start`, where no white space may stand; never an exception."""
        self._faults.clear()
        try:
            value, end = self._decoder.raw_decode(text, start)
        except json.JSONDecodeError as error:
            said = error.msg.removesuffix(" at").removesuffix(" starting")
            cut = error.msg.startswith("Unterminated string") or error.pos > len(text) - _LONGEST
            said = f"broken JSON: {said[:1].lower()}{said[1:]}"
            if text[error.pos : error.pos + 1] == "'":
                said = "Python's own notation, not JSON (write it with `json.dumps`): a single quote"
            return Decoded(None, error.pos, said, broken=True, cut=cut)
        except RecursionError:
            return Decoded(None, start, "the JSON is nested too deeply", broken=True)
        except ValueError:
            # The only other one: Python refuses to convert integers of more than 4,300 digits.
            return Decoded(None, start, "a number has too many digits", broken=True)
        return Decoded(value, end, self._faults[0] if self._faults else "", cut=end == len(text))

    def _float(self, digits: str) -> float:
        number = float(digits)
        if math.isinf(number):
            self._faults.append("a number is too large for a double")
        return number

    def _constant(self, name: str) -> float:
        self._faults.append(f"{name} is not JSON; write null, or leave the key out")
        return math.nan

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        decoded = dict(pairs)
        if len(decoded) != len(pairs):
            self._faults.append("a key stands twice in one object")
        return decoded
