"""International bank account numbers: presidio's recogniser, which checks the country's format and the check digits."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable

from presidio_analyzer.predefined_recognizers import IbanRecognizer

from seatrial_plugins.privacy.datum import Datum

__all__ = ["IbanNumberRecogniser"]

_BEGINNING = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}[0-9]{2}(?=[ -]?[A-Za-z0-9]{4})")
_LONGEST = 34 + 17
# 34 characters by ISO 13616, and a separator after every second at most.
_UPPER = str.maketrans(string.ascii_lowercase, string.ascii_uppercase)
# str.upper() can change a text's length ("ß"), and with it the places of what follows.


class IbanNumberRecogniser:
    """Finds IBANs in either letter case, in groups or in one piece."""

    kind = "iban"
    name = "bank account number (IBAN)"

    def __init__(self) -> None:
        self._recogniser = IbanRecognizer()

    def find(self, text: str) -> Iterable[Datum]:
        """Every IBAN; separators and letter case make no difference to its value."""
        searched = 0
        for beginning in _BEGINNING.finditer(text):
            base = beginning.start()
            if base < searched:
                continue
            part = text[base : base + _LONGEST].translate(_UPPER)
            for match in self._recogniser.analyze(part, ["IBAN_CODE"]):
                if match.start == 0:
                    searched = base + match.end
                    yield Datum(base, searched, re.sub("[ -]", "", part[: match.end]))
