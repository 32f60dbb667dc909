"""What the words before a number say of it: that it numbers something else, or that it is what it looks like."""

from __future__ import annotations

import re

__all__ = ["before", "numbers_a_paper", "numbers_a_thing"]

_THINGS = re.compile(
    r"\b(?:order|invoice|receipt|ticket|part|item|product|model|sku|isbn|issn|ean|doi|serial|tracking|parcel|shipment|"
    r"waybill|batch|lot|booking|confirmation|transaction|patent|version|build|commit|imei|iccid|channel|message|post|"
    r"thread|bestellung|bestellnummer|rechnung|commande|pedido|factura)\b(?: ?n[or]\.)?[^.!?\n\d]{0,16}$|\b(?:cf|pp?)\. ?$",
    re.IGNORECASE,
)
_PAPERS = re.compile(
    r"\b(?:nhs|case|reference|ref|account|acct|policy|licen[cs]e|passport|claim|vat|tax|routing|sort code|id)\b"
    r"(?: ?n[or]\.)?[^.!?\n\d]{0,16}$",
    re.IGNORECASE,
)
_REACH = 40


def before(text: str, start: int, characters: int) -> str:
    """The characters before a place."""
    return text[max(0, start - characters) : start]


def numbers_a_thing(text: str, start: int) -> bool:
    """Whether the number at `start` is said to be an order's, a part's, a message's, …: `my order number is 4000…`."""
    return bool(_THINGS.search(before(text, start, _REACH)))


def numbers_a_paper(text: str, start: int) -> bool:
    """Whether it is said to be an account's, a case's, a passport's, …, which other kinds of datum are called too."""
    return bool(_PAPERS.search(before(text, start, _REACH)))
