"""Payment card numbers: an issuer's range and length, and the Luhn digit."""

from __future__ import annotations

import re
from collections.abc import Iterable

from presidio_analyzer import Pattern
from presidio_analyzer.predefined_recognizers import CreditCardRecognizer

from seatrial_plugins.privacy.datum import Datum

__all__ = ["PaymentCardRecogniser", "issuer"]

# presidio's own pattern knows neither Mastercard's 2-series nor 19 digits, and takes any number that begins with 1.
_PATTERN = r"(?<![\w.,/:#-])\d{4}(?:[ -]?\d){7,14}\d(?![ -]?\d|\w|[.,/]\d)"

_ISSUERS: tuple[tuple[str, int, int, frozenset[int]], ...] = (
    ("Visa", 4000, 4999, frozenset({13, 16, 19})),
    ("Mastercard", 5100, 5599, frozenset({16})),
    ("Mastercard", 2221, 2720, frozenset({16})),
    ("American Express", 3400, 3499, frozenset({15})),
    ("American Express", 3700, 3799, frozenset({15})),
    ("Diners Club", 3000, 3059, frozenset({14, 16})),
    ("Diners Club", 3095, 3095, frozenset({14, 16})),
    ("Diners Club", 3600, 3699, frozenset({14, 16})),
    ("Diners Club", 3800, 3999, frozenset({14, 16})),
    ("Discover", 6011, 6011, frozenset({16, 19})),
    ("Discover", 6440, 6599, frozenset({16, 19})),
    ("JCB", 3528, 3589, frozenset({16, 19})),
    ("JCB", 1800, 1800, frozenset({15})),
    ("JCB", 2131, 2131, frozenset({15})),
    ("UnionPay", 6200, 6299, frozenset({16, 17, 18, 19})),
    ("Maestro", 5000, 5099, frozenset(range(12, 20))),
    ("Maestro", 5600, 5899, frozenset(range(12, 20))),
    ("Maestro", 6000, 6999, frozenset(range(12, 20))),
)
"""Issuer, first and last four leading digits, lengths: the networks' published ranges (ISO/IEC 7812)."""

_ENOUGH_DIGITS = 14
# One number in ten passes the Luhn check, and below this length order numbers and EANs abound: a shorter number, or one
# of no issuer's range, is believed only where the text speaks of a card.

_CARD_WORDS = re.compile(
    r"\b(?:cc\b|card|credit|debit|visa|master ?card|maestro|amex|diners|discover|jcb|cvv|cvc)", re.IGNORECASE
)
_WORDS_BEFORE = 60


def issuer(digits: str) -> str | None:
    """The network whose range and length `digits` fit, or None."""
    leading = int(digits[:4])
    return next(
        (name for name, low, high, lengths in _ISSUERS if low <= leading <= high and len(digits) in lengths), None
    )


class PaymentCardRecogniser:
    """Finds card numbers, in groups or in one piece."""

    kind = "card"
    name = "payment card number"

    def __init__(self) -> None:
        self._recogniser = CreditCardRecognizer(patterns=[Pattern("payment card", _PATTERN, 0.3)])
        self._candidates = re.compile(_PATTERN, re.ASCII)

    def find(self, text: str) -> Iterable[Datum]:
        """Every card number; separators make no difference to its value."""
        for candidate in self._candidates.finditer(text):
            digits = re.sub("[ -]", "", candidate.group())
            before = text[max(0, candidate.start() - _WORDS_BEFORE) : candidate.start()]
            of_issuer = len(digits) >= _ENOUGH_DIGITS and issuer(digits) is not None
            if (of_issuer or _CARD_WORDS.search(before)) and self._valid(digits):
                yield Datum(candidate.start(), candidate.end(), digits)

    def _valid(self, digits: str) -> bool:
        return len(set(digits)) > 1 and self._recogniser.validate_result(digits)
