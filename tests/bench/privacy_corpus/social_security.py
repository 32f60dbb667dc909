"""US social security numbers by the SSA's rules since 2011, and numbers of like length."""

from __future__ import annotations

import random
import string

from privacy_corpus.example import Families, LookAlikes
from privacy_corpus.text import chosen, date, digits, groups, hexadecimal, of, price

__all__ = ["FAMILIES", "LOOK_ALIKES"]

_FRAMES = (
    "SSN: {}",
    "my social security number is {}",
    "Social Security #{}",
    "SSN {} DOB 01/02/1990",
    '{"ssn": "{}", "name": "Jo"}',
    "ssn={}&x=1",
    "My social is {}.",
    "soc. sec. no. {}",
    "the SSN on file ({}) is wrong",
)
_BARE = (
    "{}",
    "Employee {} was hired in May.",
    "({})",
    "Jo Smith, {}, 12 Elm St",
    "it's {}, thanks",
    "a|{}|b",
    "Is {} correct?",
    "Name: Jo\nID: {}\n",
    "Borrower: Jo Smith {} / Co-borrower: none",
    "W-2 for {}.",
)


def _ssn(draw: random.Random, by: str) -> str:
    area = draw.choice([n for n in range(1, 900) if n != 666])
    return f"{area:03}{by}{draw.randint(1, 99):02}{by}{draw.randint(1, 9999):04}"


FAMILIES: Families = {
    "bare": (45, lambda d: (_ssn(d, "-"), d.choice(_BARE))),
    "named": (33, lambda d: (_ssn(d, "-"), d.choice(_FRAMES))),
    "named, spaces": (9, lambda d: (_ssn(d, " "), d.choice(_FRAMES))),
    "named, in one piece": (10, lambda d: (_ssn(d, ""), d.choice(_FRAMES))),
    "named after": (3, lambda d: (_ssn(d, d.choice(("-", " "))), chosen(d, "{} (SSN)", "{} is my SSN", "{} = ssn"))),
}

LOOK_ALIKES: LookAlikes = {
    "area 000": lambda d: f"id 000-{digits(d, 2)}-{digits(d, 4)}",
    "area 666": lambda d: f"no 666-{digits(d, 2)}-{digits(d, 4)}",
    "tax number": lambda d: f"ITIN 9{digits(d, 2)}-{d.randint(70, 88)}-{digits(d, 4)}",
    "group 00": lambda d: f"{d.randint(100, 665)}-00-{digits(d, 4)}",
    "serial 0000": lambda d: f"{d.randint(100, 665)}-{d.randint(10, 99)}-0000",
    "employer": lambda d: f"EIN {digits(d, 2)}-{digits(d, 7)}",
    "DUNS": lambda d: f"DUNS {digits(d, 2)}-{digits(d, 3)}-{digits(d, 4)}",
    "ZIP+4": lambda d: f"Springfield, IL {digits(d, 5)}-{digits(d, 4)}",
    "order": lambda d: f"order {digits(d, 3)}-{digits(d, 7)}-{digits(d, 7)}",
    "order of 9 digits": lambda d: f"order number {digits(d, 9)}",
    "order, grouped alike": lambda d: f"my order number is {_ssn(d, '-')}",
    "part, grouped alike": lambda d: f"part no. {_ssn(d, '-')} is out of stock",
    "9 digits": lambda d: f"{digits(d, 9)} users",
    "routing": lambda d: f"routing {digits(d, 9)}",
    "spaces, unnamed": lambda d: f"rows {_ssn(d, ' ')} were read",
    "date": lambda d: f"born {date(d)}",
    "date, 3-2-4": lambda d: f"log-{digits(d, 3)}-{d.randint(1, 12):02}-{d.randint(1990, 2030)}.txt",
    "lot": lambda d: f"lot {d.randint(200, 999)}-{digits(d, 4)}",
    "ISBN": lambda d: f"ISBN {digits(d, 1)}-{digits(d, 3)}-{digits(d, 5)}-{chosen(d, 'X', digits(d, 1))}",
    "ISSN": lambda d: f"ISSN {digits(d, 4)}-{digits(d, 4)}",
    "sum": lambda d: f"{d.randint(100, 899)}-{d.randint(10, 99)}-{d.randint(1000, 9999)}={-d.randint(1, 9000)}",
    "longer": lambda d: f"{digits(d, 3)}-{digits(d, 2)}-{digits(d, 5)}",
    "longer before": lambda d: f"{digits(d, 4)}-{digits(d, 2)}-{digits(d, 4)}",
    "lettered": lambda d: f"{of(d, string.ascii_uppercase, 1)}{_ssn(d, '-')}",
    "lettered after": lambda d: f"{_ssn(d, '-')}{of(d, string.ascii_uppercase, 1)}",
    "mixed separators": lambda d: f"{digits(d, 3)}-{digits(d, 2)} {digits(d, 4)}",
    "four groups": lambda d: f"{_ssn(d, '-')}-{digits(d, 2)}",
    "UUID": lambda d: groups(hexadecimal(d, 32), 8, 4, 4, 4, 12, by="-"),
    "price": lambda d: f"it costs {price(d)}",
    "NHS": lambda d: f"NHS {digits(d, 3)} {digits(d, 3)} {digits(d, 4)}",
    "coordinates": lambda d: f"{d.uniform(-90, 90):.4f},{d.uniform(-180, 180):.4f}",
    "URL": lambda d: f"https://x.example/p/{_ssn(d, '-')}/{digits(d, 2)}",
}
