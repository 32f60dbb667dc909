"""Payment card numbers by the networks' published ranges (ISO/IEC 7812), and other long numbers."""

from __future__ import annotations

import random
import string
from collections.abc import Callable

from privacy_corpus.example import Drawn, Families, LookAlikes
from privacy_corpus.text import chosen, date, digits, groups, hexadecimal, luhn_digit, of, price, with_luhn

__all__ = ["FAMILIES", "LOOK_ALIKES"]

_NETWORKS: tuple[tuple[float, tuple[tuple[int, int], ...], tuple[int, ...], tuple[int, ...]], ...] = (
    (38, ((4, 4),), (16,), (4,)),  # Visa
    (1, ((4, 4),), (13,), (4,)),  # Visa, before 2000
    (1, ((4, 4),), (19,), (4,)),
    (20, ((51, 55),), (16,), (4,)),  # Mastercard
    (8, ((2221, 2720),), (16,), (4,)),
    (12, ((34, 34), (37, 37)), (15,), (4, 6, 5)),  # American Express
    (3, ((300, 305), (36, 36), (38, 39)), (14,), (4, 6, 4)),  # Diners Club
    (5, ((6011, 6011), (644, 649), (65, 65)), (16,), (4,)),  # Discover
    (3, ((3528, 3589),), (16,), (4,)),  # JCB
    (3, ((620, 625),), (16, 17, 18, 19), (4,)),  # UnionPay
    (3, ((5018, 5018), (5020, 5020), (5038, 5038), (5893, 5893), (6304, 6304), (6759, 6763)), (16, 18, 19), (4,)),
    (1, ((2200, 2204),), (16,), (4,)),  # Mir
    (1, ((508, 508), (606985, 607984), (608001, 608500), (6521, 6522)), (16,), (4,)),  # RuPay
    (1, ((979200, 979289),), (16,), (4,)),  # Troy
)
# Share, first digits (from, to), lengths, how the digits are grouped.

_FRAMES = (
    "{}",
    "my card number is {}",
    "{} exp 04/27",
    "please charge {}.",
    '{"pan": "{}", "cvv": 123}',
    "The payment with {} was declined twice",
    "Visa/Mastercard no.: {}",
    "card={}&amount=12",
    "({})",
    "I paid with {}, it expires in May",
    "Kreditkarte {} gültig bis 04/27",
    "Numéro de carte : {}",
    "Can you check {} for me?",
    "a,{},b",
    "4 payments on {} failed",
    "卡号{}，谢谢",
)


def _frame(draw: random.Random) -> str:
    return draw.choice(_FRAMES)


def _number(draw: random.Random) -> tuple[str, tuple[int, ...]]:
    _, ranges, lengths, sizes = draw.choices(_NETWORKS, [network[0] for network in _NETWORKS])[0]
    low, high = draw.choice(ranges)
    first = str(draw.randint(low, high))
    return with_luhn(first + digits(draw, draw.choice(lengths) - len(first) - 1)), sizes


def _grouped(by: str) -> Callable[[random.Random], Drawn]:
    def make(draw: random.Random) -> Drawn:
        number, sizes = _number(draw)
        return groups(number, *sizes, by=by), _frame(draw)

    return make


FAMILIES: Families = {
    "spaces": (44, _grouped(" ")),
    "in one piece": (38, _grouped("")),
    "hyphens": (13, _grouped("-")),
    "no-break spaces": (4, _grouped("\xa0")),
    "dots": (1, _grouped(".")),
}


def _wrong(draw: random.Random) -> str:
    number, sizes = _number(draw)
    wrong = number[:-1] + str((int(luhn_digit(number[:-1])) + draw.randint(1, 9)) % 10)
    return groups(wrong, *sizes, by=chosen(draw, " ", "", "-"))


def _ean(draw: random.Random) -> str:
    payload = chosen(draw, "978", "979", "400", "871", "501", "690", "045") + digits(draw, 9)
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(payload))
    return payload + str(-total % 10)


LOOK_ALIKES: LookAlikes = {
    "wrong check digit": lambda d: f"code {_wrong(d)}",
    "wrong check digit, bare": _wrong,
    "order, grouped": lambda d: f"order no. {groups(digits(d, 16), 4)}",
    "order": lambda d: f"my order number is {digits(d, 16)}",
    "shop order": lambda d: f"order {groups(digits(d, 17), 3, 7, by='-')} hasn't shipped",
    "IMEI": lambda d: f"IMEI {with_luhn(chosen(d, '35', '86', '01', '99') + digits(d, 12))}",
    "SIM": lambda d: f"ICCID {with_luhn('89' + digits(d, 17))}",
    "milliseconds": lambda d: f'{{"ts": {d.randint(1_500_000_000_000, 1_900_000_000_000)}}}',
    "microseconds": lambda d: f"t={d.randint(1_500_000_000_000_000, 1_900_000_000_000_000)}us",
    "nanoseconds": lambda d: f"{d.randint(1_500_000_000_000_000_000, 1_900_000_000_000_000_000)}",
    "EAN": lambda d: f"EAN {_ean(d)}",
    "ISBN": lambda d: f"ISBN {groups(_ean(d), 3, 1, 2, 6, 1, by='-')}",
    "ISBN, bare": lambda d: f"see {_ean(d)} in the catalogue",
    "parcel": lambda d: f"tracking number {chosen(d, '94', '92', '93') + digits(d, 20)}",
    "parcel, grouped": lambda d: f"parcel {groups('94' + digits(d, 20), 4)}",
    "waybill": lambda d: f"FedEx {digits(d, d.choice((12, 15)))} is late",
    "snowflake": lambda d: f"channel id {d.randint(10**17, 10**18)}",
    "post id": lambda d: f"https://x.example/a/status/{d.randint(10**18, 2 * 10**18)}",
    "price": lambda d: f"it costs {price(d)}",
    "sum": lambda d: f"{d.randint(10**12, 10**16):,} stars",
    "fraction": lambda d: f"p = 0.{digits(d, 16)}",
    "hash": lambda d: f"sha {hexadecimal(d, 40)}",
    "UUID": lambda d: groups(hexadecimal(d, 32), 8, 4, 4, 4, 12, by="-"),
    "digits of a UUID": lambda d: groups(digits(d, 32), 8, 4, 4, 4, 12, by="-"),
    "coordinates": lambda d: f"{d.uniform(-90, 90):.14f}, {d.uniform(-180, 180):.14f}",
    "dates": lambda d: f"{date(d)} to {date(d)}",
    "years": lambda d: " ".join(str(d.randint(1900, 2030)) for _ in range(4)),
    "account": lambda d: f"account number {digits(d, d.choice((8, 10, 12)))}",
    "invoice": lambda d: f"invoice {of(d, string.ascii_uppercase, 2)}{digits(d, 14)}",
    "serial": lambda d: f"serial {digits(d, 4)}-{of(d, string.ascii_uppercase, 4)}-{digits(d, 4)}-{digits(d, 4)}",
    "table": lambda d: "\t".join(str(d.randint(1000, 9999)) for _ in range(d.randint(4, 7))),
}
