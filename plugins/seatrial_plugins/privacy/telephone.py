"""Telephone numbers, by Google's numbering metadata (python-phonenumbers)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import phonenumbers
from phonenumbers import Leniency, PhoneNumberMatcher

from seatrial.errors import UsageError
from seatrial_plugins.privacy.datum import LONG_NUMBER, Datum
from seatrial_plugins.privacy.notations import UNSPACED
from seatrial_plugins.privacy.number_words import before, numbers_a_paper, numbers_a_thing

__all__ = ["TelephoneRecogniser"]

_CANDIDATE = re.compile(
    rf"(?<![^\W{UNSPACED}])(?<!\+)"
    r"(?:\(?\+|(?<![$€£#/-])(?<!(?<![^\W\d_])\.)(?<!(?<![^\W\d_\"'\]])=)(?<![0-9< ]>)(?<!>>)(?<![0-9<]<)(?<![0-9)]\*)"
    r"(?<![0-9)] \*)(?!(?<=[0-9],)[0-9]{3}(?![0-9-]))\(?)"
    r"(?>[0-9](?:[ ()./\-\u2010-\u2013\xa0]{0,3}[0-9]){6,16})"
    r"(?!\w*[%€£$]|\s*(?:=\s*[-+$€£(]{0,2}[\d<?]|<<|>>|[<>]=?\s*[-+$€£(]?\d|\*{1,2}\s*[\d(])|(?!x[0-9]|ext)[A-Za-z_])"
)
# 7 to 17 digits with telephone punctuation: E.164 allows 15, and two may be an exit code. The matcher is only shown
# what stands round these: it tries every digit of a text, in Python. Sums and prices are out from the start: the signs of a
# sum stand beside its numbers, those of HTML (`<td>`) and Markdown (`**`) do not.
_MARGIN = 24
# Room for an extension after the number, and for what the matcher looks at before it (currency, letters).

_PHONE_WORDS = re.compile(
    r"\b(?:(?:tele)?phones?|tel|mobile|cell|call(?:ing)?|ring|dial(?:ing)?|text|sms|fax|whats ?app|contact|reach|"
    r"(?:the|my|your|his|her|our|their) numbers? (?:is|are|was))\b",
    re.IGNORECASE,
)
_WORDS_BEFORE = 40
_LABEL = re.compile(
    r"(?:(?:\b(?:tel(?:e?fone?|éfono|éphone|ephone)?|tél(?:éphone)?|phone|fax|mobile?|móvil|movil|cell(?:ulare|ular)?|handy|"
    r"mobil(?:telefon)?|gsm|whats ?app|call|ring|dial|text|тел(?:ефон)?|моб|τηλ(?:έφωνο)?|điện thoại|sđt)"
    r"|(?:电话|電話|手机|手機|联系方式)(?:号码?|號碼?|番号)?|携帯(?:電話|番号)?|전화|휴대폰|핸드폰|연락처|โทร(?:ศัพท์)?|เบอร์|ติดต่อ|هاتف|جوال|טלפון|फ़?ोन|मोबाइल)"
    r"\.?(?:[ \xa0]?(?:no|nr|number|num|n°|nº|#|번호)\.?)?(?:[ \xa0]?(?:is|es|est|ist|は|는|은|是|为|為|คือ))?"
    r"|\b(?:call|ring|dial|text|phone|reach|contact|answering)\w{0,3}(?: \w{1,12}){0,3} (?:at|on)|\b(?:messages?|sms|fax) to)"
    r"(?:[\s:：.\"'=*_|-]|</?[a-z][^<>]{0,24}>){0,6}\Z",
    re.IGNORECASE,
)
_LABEL_AFTER = re.compile(r"[\s,(-]{1,3}(?:office|fax|mobile|cell|tel|phone)\b", re.IGNORECASE)
# Directly after one of these, or before one of those, a number is a telephone's wherever it is from.
_DATE = re.compile(
    r"(?:19|20)\d\d[-./ ]\d{1,2}[-./ ]\d{1,2}|\d{1,2}[-./ ]\d{1,2}[-./ ](?:19|20)\d\d"
    r"|\b(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\b"
)
_SIGNED_DATE = re.compile(r"\(?\+(?:19|20)\d\d-\d\d-\d\d(?!\d)", re.ASCII)
_NORTH_AMERICAN = re.compile(r"(?:1[-. ])?(?:\(\d{3}\) ?|[2-9]\d\d([-. ]))\d{3}[-. ]\d{4}", re.ASCII)
# Written so, ten digits are hardly anything else, though the exchange be one that was never given out; an area code that
# begins with 0 or 1 never was, either, and only brackets say that it is meant for one.
_LONG_GROUP = re.compile(r"[0-9]{6}")
# Only after a trunk prefix (0) or an area code in brackets does any region group six digits and more.
_TABLE, _GAP = 2, 24
# Candidates on end, with a few blanks and digits at most between them, from which on a line is a table of numbers: no list of
# telephone numbers is written so without a sign of them, and the matcher takes a minute for a megabyte of it.
_SIGN = re.compile(r"[+(]|\d{3}[-.]\d{3}[-.]\d{4}", re.ASCII)
_DECIMAL = re.compile(r"\(?\d+\.\d+", re.ASCII)
_RANGE = re.compile(r"\d\s+[-\u2010-\u2013]\s+\d")


class TelephoneRecogniser:
    """Finds international numbers of any region, national ones of the regions given, and any other after `Tel.`.

    A national number counts where its digits are grouped as its region does, or where the text speaks of telephoning:
    else it looks like any other number.
    """

    kind = "phone"
    label = "PHONE"
    name = "telephone number"
    sign = LONG_NUMBER

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
        """Every number; its value is the E.164 notation, or its digits where it is valid in no region given."""
        searched = previous = in_a_row = 0
        for candidate in _CANDIDATE.finditer(text):
            start, end = candidate.span()
            gap = text[previous:start]
            in_a_row = in_a_row + 1 if len(gap) <= _GAP and not gap.strip(" ./-0123456789") else 0
            previous = end
            if _DECIMAL.fullmatch(text, start, end):
                continue
            if in_a_row >= _TABLE and not _SIGN.search(text, start, end):
                continue
            labelled = bool(_LABEL.search(before(text, start, _WORDS_BEFORE)) or _LABEL_AFTER.match(text, end))
            found = list(self._match(text, start, end, labelled=labelled))
            if labelled:
                found = _whole(text, start, end, found)
            for datum in found:
                if datum.start >= searched:
                    searched = datum.end
                    yield datum

    def _match(self, text: str, start: int, end: int, *, labelled: bool) -> Iterator[Datum]:
        base = max(0, start - _MARGIN)
        part = text[base : end + _MARGIN]
        words = before(text, start, _WORDS_BEFORE)
        if not _PHONE_WORDS.search(words) and _looks_otherwise(text, start, end):
            return
        if not labelled and text[start] != "+" and (numbers_a_thing(text, start) or numbers_a_paper(text, start)):
            return
        if text[start] == "+":
            found = [list(self._of_region(part, base, start, end, None, words))]
            if found[0] and found[0][0].start == start and found[0][-1].end >= end:
                yield from found[0]  # a country code says which region's it is; the others would cost the same again
                return
        found = [list(self._of_region(part, base, start, end, region, words)) for region in self._regions]
        # Where one region's plan reads a local number into the end of another's, the one that reads most of it is right.
        yield from max(found, key=lambda data: sum(datum.end - datum.start for datum in data))

    def _of_region(self, part: str, base: int, start: int, end: int, region: str | None, words: str) -> Iterator[Datum]:
        for match in PhoneNumberMatcher(part, region, Leniency.POSSIBLE):
            place = base + match.start
            if start <= place < end and _believable(match, part, region, words):
                place += _opens_too_much(match.raw_string)
                yield Datum(place, base + match.end, _value(match))


def _value(match: phonenumbers.PhoneNumberMatch) -> str:
    written = match.raw_string
    if "+" in written or _NORTH_AMERICAN.match(written) or phonenumbers.is_valid_number(match.number):
        return phonenumbers.format_number(match.number, phonenumbers.PhoneNumberFormat.E164)
    return re.sub("[^0-9]", "", written)


def _looks_otherwise(text: str, start: int, end: int) -> bool:
    """Whether `_believable` would refuse whatever stands here; a table of numbers would cost the matcher minutes."""
    written = text[start:end]
    if written[0] == "+":
        return False
    long_group = written[0] not in "(0" and _LONG_GROUP.search(written)
    return bool(long_group or written.isdigit() or _DATE.fullmatch(written))


def _believable(match: phonenumbers.PhoneNumberMatch, part: str, region: str | None, words: str) -> bool:
    written = match.raw_string
    if written.startswith(("+", "(+")):
        return not _SIGNED_DATE.match(written)
    if _DATE.search(written):
        return False
    if _PHONE_WORDS.search(words):
        return True
    if written.strip("()").isdigit() or _RANGE.search(written):
        return False
    if match.number.country_code == 1 and _NORTH_AMERICAN.match(written):
        return True
    # A serial number has its digits grouped as no telephone number of the region is.
    return any(strict.start == match.start for strict in PhoneNumberMatcher(part, region, Leniency.STRICT_GROUPING))


def _whole(text: str, start: int, end: int, found: Sequence[Datum]) -> list[Datum]:
    """What stands after `Tel.`, as one number from its first digit on; numbers of no region given are recognised so."""
    start += _opens_too_much(text[start:end])
    written = text[start:end]
    digits = re.sub("[^0-9]", "", written)
    if found:
        last = max(datum.end for datum in found)
        one_number = len(found) == 1 and found[0].start <= start
        return [Datum(start, last, found[0].value if one_number else digits)]
    is_number = len(digits) <= 15 and not _DATE.search(written) and not _RANGE.search(written)
    return [Datum(start, end, digits)] if is_number else []


def _opens_too_much(written: str) -> bool:
    """Whether a number begins with a bracket that is closed behind it, if at all."""
    return written.startswith("(") and written.count("(") > written.count(")")
