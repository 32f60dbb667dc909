"""Telephone numbers, by Google's numbering metadata (python-phonenumbers)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import phonenumbers
from phonenumbers import Leniency, PhoneNumberMatcher

from seatrial.errors import UsageError
from seatrial_plugins.privacy.datum import Datum

__all__ = ["TelephoneRecogniser"]

_CANDIDATE = re.compile(
    r"(?:(?<![\w+])\(?\+|(?<![\w.,$€£#<>=*/+-])\(?)\d(?:[ ()./\-\u2010-\u2013\xa0]{0,3}\d){6,16}(?!\w*[%€£$]|\s*[=<>*])",
    re.ASCII,
)
# 7 to 17 digits with telephone punctuation: E.164 allows 15, and two may be an exit code. The matcher is only shown
# what stands round these: it tries every digit of a text, in Python. Sums and prices are out from the start.
_MARGIN = 24
# Room for an extension after the number, and for what the matcher looks at before it (currency, letters).

_PHONE_WORDS = re.compile(
    r"\b(?:(?:tele)?phones?|tel|mobile|cell|call(?:ing)?|ring|dial(?:ing)?|text|sms|fax|whats ?app|contact|reach|"
    r"(?:the|my|your|his|her|our|their) numbers? (?:is|are|was))\b",
    re.IGNORECASE,
)
_WORDS_BEFORE = 40
_OTHER_NUMBERS = re.compile(
    r"\b(?:order|invoice|ticket|case|reference|ref|account|acct|serial|tracking|parcel|shipment|booking|confirmation|"
    r"transaction|policy|licen[cs]e|passport|claim|part|item|product|model|sku|isbn|issn|doi|id)\b[^.!?\n\d]{0,16}$",
    re.IGNORECASE,
)
_DATE = re.compile(r"(?:19|20)\d\d[-./ ]\d{1,2}[-./ ]\d{1,2}|\d{1,2}[-./ ]\d{1,2}[-./ ](?:19|20)\d\d")
_NORTH_AMERICAN = re.compile(r"(?:1[-. ])?(?:\(\d{3}\) ?|\d{3}([-. ]))\d{3}[-. ]\d{4}", re.ASCII)
# Written so, ten digits are hardly anything else, though the exchange be one that was never given out.
_LONG_GROUP = re.compile(r"\d{6}", re.ASCII)
# Only after a trunk prefix (0) or an area code in brackets does any region group six digits and more.
_TABLE, _GAP = 2, 12
# Candidates on end, with a few blanks and digits at most between them, from which on a line is a table of numbers: no list of
# telephone numbers is written so without a sign of them, and the matcher takes a minute for a megabyte of it.
_SIGN = re.compile(r"[+(]|\d{3}[-.]\d{3}[-.]\d{4}", re.ASCII)
_RANGE = re.compile(r"\d\s+[-\u2010-\u2013]\s+\d")


class TelephoneRecogniser:
    """Finds international numbers of any region, and national ones of the regions given.

    A national number counts where its digits are grouped as its region does, or where the text speaks of telephoning:
    else it looks like any other number.
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
        searched = previous = in_a_row = 0
        for candidate in _CANDIDATE.finditer(text):
            gap = text[previous : candidate.start()]
            in_a_row = in_a_row + 1 if len(gap) <= _GAP and not gap.strip(" ./-0123456789") else 0
            previous = candidate.end()
            if in_a_row >= _TABLE and not _SIGN.search(text, candidate.start(), candidate.end()):
                continue
            for datum in self._match(text, candidate.start(), candidate.end()):
                if datum.start >= searched:
                    searched = datum.end
                    yield datum

    def _match(self, text: str, start: int, end: int) -> Iterator[Datum]:
        base = max(0, start - _MARGIN)
        part = text[base : end + _MARGIN]
        before = text[max(0, start - _WORDS_BEFORE) : start]
        if text[start] not in "+(0" and _LONG_GROUP.search(text, start, end) and not _PHONE_WORDS.search(before):
            return  # what `_believable` would refuse; a table of numbers would cost it minutes
        for region in self._regions:
            found = False
            for match in PhoneNumberMatcher(part, region, Leniency.POSSIBLE):
                place = base + match.start
                if start <= place < end and _believable(match, part, region, before):
                    found = True
                    number = phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)
                    yield Datum(place, base + match.end, number)
            if found:
                return


def _believable(match: phonenumbers.PhoneNumberMatch, part: str, region: str | None, before: str) -> bool:
    written = match.raw_string
    if written.startswith("+"):
        return True
    if _OTHER_NUMBERS.search(before) or _DATE.search(written):
        return False
    if _PHONE_WORDS.search(before):
        return True
    if written.isdigit() or _RANGE.search(written):
        return False
    if match.number.country_code == 1 and _NORTH_AMERICAN.match(written):
        return True
    # A serial number has its digits grouped as no telephone number of the region is.
    return any(strict.start == match.start for strict in PhoneNumberMatcher(part, region, Leniency.STRICT_GROUPING))
