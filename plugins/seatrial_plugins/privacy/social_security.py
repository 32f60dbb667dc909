"""US social security numbers that could have been issued."""

from __future__ import annotations

import re
from collections.abc import Iterable

from seatrial_plugins.privacy.datum import LONG_NUMBER, Datum
from seatrial_plugins.privacy.number_words import before, numbers_a_thing
from seatrial_plugins.privacy.presidio_import import import_recognizers

__all__ = ["SocialSecurityRecogniser"]

_CANDIDATE = re.compile(
    r"(?<![0-9A-Za-z_+])(?<![0-9][./:-])(?<![A-Za-z][./-])([0-9]{3})([- .]?)([0-9]{2})\2([0-9]{4})"
    r"(?![0-9A-Za-z_/-]|[.][0-9]| ?[=*] ?[-0-9<])"
)
# A sum of three (`100-50-1000=`), a path's or a longer number's part is none.
_WORDS = re.compile(r"(?<![a-z])ssn(?![a-z])|\bsocial security\b|\bsoc(?:ial)?\.? sec\b|\bmy social\b", re.IGNORECASE)
_WORDS_BEFORE, _WORDS_AFTER = 60, 16
_AREAS_BELOW = 900
# 900 to 999 were never issued; they are tax numbers (ITIN) at most.
_ROUND = re.compile("[0-9]{2}0-[0-9]0-[0-9]{2}00")
# `100-50-1000` gives limits or sizes; of the numbers issued, one in 10,000 looks so.


class SocialSecurityRecogniser:
    """Finds numbers written 123-45-6789; other notations only where the text speaks of social security."""

    kind = "ssn"
    label = "SSN"
    name = "US social security number"
    sign = LONG_NUMBER

    def __init__(self) -> None:
        self._recogniser = import_recognizers().UsSsnRecognizer()

    def find(self, text: str) -> Iterable[Datum]:
        """Every number; separators make no difference to its value."""
        for candidate in _CANDIDATE.finditer(text):
            start, end = candidate.span()
            area, separator, group, serial = candidate.groups()
            if int(area) >= _AREAS_BELOW or self._recogniser.invalidate_result(candidate.group()):
                continue
            named = _WORDS.search(before(text, start, _WORDS_BEFORE)) or _WORDS.search(text, end, end + _WORDS_AFTER)
            by_itself = (
                separator == "-" and not numbers_a_thing(text, start) and not _ROUND.fullmatch(candidate.group())
            )
            if named or by_itself:
                yield Datum(start, end, area + group + serial)
