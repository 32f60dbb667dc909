"""US social security numbers that could have been issued."""

from __future__ import annotations

import re
from collections.abc import Iterable

from presidio_analyzer.predefined_recognizers import UsSsnRecognizer

from seatrial_plugins.privacy.datum import Datum

__all__ = ["SocialSecurityRecogniser"]

_CANDIDATE = re.compile(r"(?<![\w.,/:#+-])(\d{3})([- .]?)(\d{2})\2(\d{4})(?![\w/-]|[.,]\d)", re.ASCII)
_WORDS = re.compile(r"\b(?:ssn|social security|soc(?:ial)? sec)", re.IGNORECASE)
_WORDS_BEFORE = 60
_AREAS_BELOW = 900
# 900 to 999 were never issued; they are tax numbers (ITIN) at most.


class SocialSecurityRecogniser:
    """Finds numbers written 123-45-6789; other notations only where the text speaks of social security."""

    kind = "ssn"
    name = "US social security number"

    def __init__(self) -> None:
        self._recogniser = UsSsnRecognizer()

    def find(self, text: str) -> Iterable[Datum]:
        """Every number; separators make no difference to its value."""
        for candidate in _CANDIDATE.finditer(text):
            area, separator, group, serial = candidate.groups()
            if int(area) >= _AREAS_BELOW or self._recogniser.invalidate_result(candidate.group()):
                continue
            before = text[max(0, candidate.start() - _WORDS_BEFORE) : candidate.start()]
            if separator == "-" or _WORDS.search(before):
                yield Datum(candidate.start(), candidate.end(), area + group + serial)
