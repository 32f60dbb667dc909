"""What was found once in a row, said again where nothing round it gives it away: `my SSN is 219 09 9999` … `219 09 9999?`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from seatrial_plugins.privacy.datum import Datum, Recogniser

__all__ = ["Repetitions"]

_WORD = re.compile("[0-9A-Za-z]+")
_SHORTEST = 6
_PLAIN = re.compile(r"[^\W\d_]?(?:[^\W\dA-Z]|-)*|(?:[^\W\da-z]|-)*")
# Words in small letters, with or without a capital, or in capitals.


class Repetitions:
    """Finds the data that are known in the notation in which they are known, in time linear in the text's length."""

    def __init__(self, known: Iterable[tuple[str, Datum, Recogniser]]) -> None:
        """Takes each datum with how it is written; short and plain words (the password `admin`) are left out."""
        distinct = {
            written: (datum, recogniser) for written, datum, recogniser in known if _telling(written, recogniser)
        }
        self._by_first_word: dict[str, list[tuple[str, int, Datum, Recogniser]]] = defaultdict(list)
        for written in sorted(distinct, key=len, reverse=True):
            word = _WORD.search(written)
            if word:
                self._by_first_word[word.group()].append((written, word.start(), *distinct[written]))

    def find(self, text: str) -> list[tuple[Datum, Recogniser]]:
        """Every place in `text` where one stands as a word or words of its own, in order, without overlaps."""
        found: list[tuple[Datum, Recogniser]] = []
        searched = 0
        for word in _WORD.finditer(text) if self._by_first_word else ():
            for written, before, datum, recogniser in self._by_first_word.get(word.group(), ()):
                start = word.start() - before
                end = start + len(written)
                if start >= searched and text.startswith(written, start) and not _goes_on(text, end):
                    found.append((replace(datum, start=start, end=end), recogniser))
                    searched = end
                    break
        return found


def _telling(written: str, recogniser: Recogniser) -> bool:
    if recogniser.kind == "name":
        return True
    return len(written) >= _SHORTEST and not _PLAIN.fullmatch(written)


def _goes_on(text: str, end: int) -> bool:
    """Whether the word that ends at `end` is only a part of one."""
    return bool(_WORD.match(text, end - 1) and _WORD.match(text, end))
