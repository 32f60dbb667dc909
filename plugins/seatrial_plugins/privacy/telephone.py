"""Telephone numbers, by Google's numbering metadata (python-phonenumbers)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import phonenumbers
from phonenumbers import Leniency, PhoneNumberMatcher

from seatrial.errors import UsageError
from seatrial_plugins.privacy.datum import Datum

__all__ = ["TelephoneRecogniser"]

_CANDIDATE = re.compile(r"(?<![\w.,$€£#-])[+(]{0,2}\d(?:[ ()./\-\u2010-\u2013\xa0]{0,3}\d){6,16}(?!\w*[%€£$])", re.ASCII)
# 7 to 17 digits with telephone punctuation: E.164 allows 15, and two may be an exit code. The matcher is only shown
# what stands round these: it tries each region on every digit of a text, in Python.
_MARGIN = 24
# Room for an extension after the number, and for what the matcher looks at before it (currency, letters).

_PHONE_WORDS = re.compile(
    r"\b(?:(?:tele)?phone|tel|mobile|cell|call|ring|dial|text|sms|fax|whats ?app|contact|reach|number is)\b",
    re.IGNORECASE,
)
_WORDS_BEFORE = 40


class TelephoneRecogniser:
    """Finds international numbers of any region, and national ones of the regions given.

    A national number in one block of digits looks like any other number: it counts only where the text speaks of
    telephoning.
    """

    kind = "phone"
    name = "telephone number"

    def __init__(self, regions: Sequence[str]) -> None:
        unknown = [region for region in regions if region not in phonenumbers.SUPPORTED_REGIONS]
        if unknown:
            raise UsageError(
                f"privacy: regions: {unknown[0]!r} is no region with telephone numbers; name ISO 3166 codes such as "
                "US, GB, DE, IN"
            )
        # None stands for numbers with a country code, which need no region.
        self._regions: tuple[str | None, ...] = tuple(dict.fromkeys(regions)) or (None,)

    def find(self, text: str) -> Iterable[Datum]:
        """Every number; its value is the E.164 notation."""
        searched = 0
        for candidate in _CANDIDATE.finditer(text):
            for datum in self._match(text, candidate.start(), candidate.end()):
                if datum.start >= searched:
                    searched = datum.end
                    yield datum

    def _match(self, text: str, start: int, end: int) -> Iterator[Datum]:
        base = max(0, start - _MARGIN)
        part = text[base : end + _MARGIN]
        spoken_of = bool(_PHONE_WORDS.search(text[max(0, start - _WORDS_BEFORE) : start]))
        for region in self._regions:
            # A date, a range or a serial number has its digits grouped as no telephone number of the region is.
            grouped = {match.start for match in PhoneNumberMatcher(part, region, Leniency.STRICT_GROUPING)}
            found = False
            for match in PhoneNumberMatcher(part, region, Leniency.VALID):
                place, written = base + match.start, match.raw_string
                believable = spoken_of if written.isdigit() else match.start in grouped
                if start <= place < end and (believable or written.startswith("+")):
                    found = True
                    number = phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)
                    yield Datum(place, base + match.end, number)
            if found:
                return
