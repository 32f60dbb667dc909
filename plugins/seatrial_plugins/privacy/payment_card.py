"""Payment card numbers: an issuer's range and length, and the Luhn digit."""

from __future__ import annotations

import re
from collections.abc import Iterable

from seatrial_plugins.privacy.datum import LONG_NUMBER, Datum
from seatrial_plugins.privacy.number_words import before, numbers_a_thing
from seatrial_plugins.privacy.presidio_import import import_recognizers

__all__ = ["PaymentCardRecogniser", "issuer"]

_CANDIDATE = re.compile(
    r"(?<![0-9A-Za-z_+])(?<![0-9][./:-])(?<![A-Z][0-9]{2}[ \xa0-])(?:"
    r"[0-9]{12,19}"
    r"|[0-9]{4}(?P<by>[ \xa0.-])(?:[0-9]{4}(?P=by)){2}[0-9]{1,4}(?P<more>(?P=by)[0-9]{1,3})?(?!(?P=by)?[0-9]{4})"
    r"|[0-9]{4}(?P<other>[ \xa0.-])[0-9]{6}(?P=other)[0-9]{4,5}"
    r")(?![0-9A-Za-z_%]|[ \xa0]?[$€£]|[./:-][0-9])"
)
# In one piece, in groups of four, or as American Express and Diners Club print theirs, and not inside a longer row of
# groups; presidio's own pattern knows neither Mastercard's 2-series nor 17 to 19 digits, and takes any number that begins
# with 1.
_GROUP_BEFORE = re.compile(r"[0-9]{4}([ \xa0.-])\1")
_SEPARATORS = re.compile("[ \xa0.-]")

_ISSUERS: tuple[tuple[str, str, str, frozenset[int]], ...] = (
    ("Visa", "4", "4", frozenset({13, 16, 19})),
    ("Mastercard", "51", "55", frozenset({16})),
    ("Mastercard", "2221", "2720", frozenset({16})),
    ("American Express", "34", "34", frozenset({15})),
    ("American Express", "37", "37", frozenset({15})),
    ("Diners Club", "300", "305", frozenset({14, 16})),
    ("Diners Club", "3095", "3095", frozenset({14, 16})),
    ("Diners Club", "36", "36", frozenset({14, 16})),
    ("Diners Club", "38", "39", frozenset({14, 16})),
    ("Discover", "6011", "6011", frozenset({16, 19})),
    ("Discover", "644", "659", frozenset({16, 19})),
    ("JCB", "3528", "3589", frozenset({16, 19})),
    ("JCB", "1800", "1800", frozenset({15})),
    ("JCB", "2131", "2131", frozenset({15})),
    ("UnionPay", "62", "62", frozenset({16, 17, 18, 19})),
    ("UnionPay", "81", "81", frozenset({16, 17, 18, 19})),
    ("Mir", "2200", "2204", frozenset({16, 17, 18, 19})),
    ("RuPay", "508", "508", frozenset({16})),
    ("Troy", "9792", "9792", frozenset({16})),
    ("Maestro", "5018", "5018", frozenset(range(12, 20))),
    ("Maestro", "5020", "5020", frozenset(range(12, 20))),
    ("Maestro", "5038", "5038", frozenset(range(12, 20))),
    ("Maestro", "5893", "5893", frozenset(range(12, 20))),
    ("Maestro", "6304", "6304", frozenset(range(12, 20))),
    ("Maestro", "6759", "6763", frozenset(range(12, 20))),
    ("Maestro", "56", "58", frozenset({16})),
    ("Maestro", "60", "69", frozenset({16})),
)
"""Issuer, first and last leading digits, lengths: the networks' published ranges (ISO/IEC 7812)."""

_UNUSUAL_VISA = frozenset({13, 19})
# One number in ten passes the Luhn check, and one in ten begins with a 4: EANs and 64-bit identifiers abound that do both.
# In one piece these, and numbers of no issuer's range, are believed only where the text speaks of a card.

_CARD_WORDS = re.compile(
    r"\b(?:cc\b|card|credit|debit|pay(?:ments?|ing)?\b|paid\b|charged?\b|visa|master ?card|maestro|amex|diners|discover|jcb|"
    r"cvv|cvc|pan\b|karte|kreditkarte|carte|tarjeta|carta|cartão)|卡",
    re.IGNORECASE,
)
_EXPIRY = re.compile(r"[\s,;(]{0,3}(?:exp|valid|cv[vc])", re.IGNORECASE)
_WORDS_BEFORE, _DIRECTLY_BEFORE = 60, 16


def issuer(digits: str) -> str | None:
    """The network whose range and length `digits` fit, or None."""
    return next(
        (name for name, low, high, lengths in _ISSUERS if len(digits) in lengths and low <= digits[: len(low)] <= high),
        None,
    )


class PaymentCardRecogniser:
    """Finds card numbers, in groups or in one piece."""

    kind = "card"
    label = "CARD"
    name = "payment card number"
    sign = LONG_NUMBER

    def __init__(self) -> None:
        self._recogniser = import_recognizers().CreditCardRecognizer()

    def find(self, text: str) -> Iterable[Datum]:
        """Every card number; separators make no difference to its value."""
        for candidate in _CANDIDATE.finditer(text):
            start, end = candidate.span()
            if candidate["by"] and _GROUP_BEFORE.match(before(text, start, 5) + candidate["by"]):
                continue  # the end of a longer row of groups
            # A fifth group is a long number's last digits; one of three may be what stands behind a shorter one, its CVV.
            for last in (end, end - 4) if len(candidate["more"] or "") == 4 else (end,):
                digits = _SEPARATORS.sub("", text[start:last])
                if self._valid(digits) and _believable(text, start, last, digits):
                    yield Datum(start, last, digits)
                    break

    def _valid(self, digits: str) -> bool:
        return len(set(digits)) > 1 and bool(self._recogniser.validate_result(digits))


def _believable(text: str, start: int, end: int, digits: str) -> bool:
    if _CARD_WORDS.search(before(text, start, _DIRECTLY_BEFORE)) or _EXPIRY.match(text, end):
        return True
    if numbers_a_thing(text, start):
        return False
    if _CARD_WORDS.search(before(text, start, _WORDS_BEFORE)):
        return True
    of = issuer(digits)
    if of is None:
        return False
    grouped = end - start > len(digits)
    return grouped or of != "Visa" or len(digits) not in _UNUSUAL_VISA
