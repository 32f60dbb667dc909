"""International bank account numbers, by SWIFT's registry of their formats and the check digits (python-stdnum)."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable

from stdnum import iban, numdb

from seatrial_plugins.privacy.datum import Datum

__all__ = ["IbanNumberRecogniser"]

_BEGINNING = re.compile(r"(?<![A-Za-z0-9])([A-Za-z]{2})[ \xa0\u202f]?[0-9]{2}(?=[ \xa0\u202f-]?[A-Za-z0-9]{2})")
_SEPARATORS = re.compile("[ \xa0\u202f-]")


class IbanNumberRecogniser:
    """Finds IBANs in either letter case, in groups or in one piece.

    A country's numbers have one length, so where one ends is known, whatever stands behind it. presidio's recogniser
    takes groups of four as long as there are any, and knows fewer countries.
    """

    kind = "iban"
    label = "IBAN"
    name = "bank account number (IBAN)"
    sign = re.compile("(?:(?<=[A-Za-z]{2})|(?<=[A-Za-z]{2}[ \xa0\u202f]))[0-9]{2}")

    def find(self, text: str) -> Iterable[Datum]:
        """Every IBAN; separators and letter case make no difference to its value."""
        searched = 0
        for beginning in _BEGINNING.finditer(text):
            if beginning.start() < searched:
                continue
            pattern = _pattern(beginning.group(1).upper())
            match = pattern.match(text, beginning.start()) if pattern else None
            if match is None:
                continue
            number = _SEPARATORS.sub("", match.group()).upper()
            # Without the check digits that some countries put inside, which not every bank's system cares for.
            if iban.is_valid(number, check_country=False):
                searched = match.end()
                yield Datum(match.start(), searched, number)


@functools.cache
def _pattern(country: str) -> re.Pattern[str] | None:
    """A number of the country's length, with at most one separator between two characters; None: it has no IBANs."""
    for _, properties in numdb.get("iban").info(country):
        structure = properties.get("bban")
        if structure:
            length = sum(int(size) for size in re.findall(r"(\d+)!", structure))
            return re.compile(
                rf"[A-Za-z]{{2}}[ \xa0\u202f]?[0-9]{{2}}(?:[ \xa0\u202f-]?[A-Za-z0-9]){{{length}}}(?![A-Za-z0-9])"
            )
    return None
