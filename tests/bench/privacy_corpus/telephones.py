"""Telephone numbers in international and national notation, and other numbers in groups."""

from __future__ import annotations

import random
import string

from privacy_corpus.example import Drawn, Families, LookAlikes
from privacy_corpus.numbering_plans import DEFAULT_REGIONS, PLANS, fill
from privacy_corpus.text import chosen, date, digits, groups, hexadecimal, of, price

__all__ = ["FAMILIES", "LOOK_ALIKES"]

_NAMED = (
    "call me at {}",
    "phone: {}",
    "Tel. {}",
    "my number is {}, thanks",
    "Mobile: {}\nEmail: none",
    "text {} when you're here",
    "Fax {}",
    "ring {} after five.",
    "Please contact us on {}!",
    "tel:{}",
    '{"phone": "{}"}',
    "WhatsApp {}",
    "cell {} or desk",
    "You can reach Jo on {}.",
)
_NAMED_ABROAD = (
    "Tel.: {}",
    "Telefon {}",
    "Tél. {}",
    "téléphone : {}",
    "Teléfono: {}",
    "mi móvil es {}",
    "cellulare {}",
    "Telefone {}",
    "Handy: {}",
    "电话：{}",
    "電話 {}",
    "тел. {}",
    "phone {}",
    "call {}",
    "Ring {} i morgen",
    "手机号{}",
    "電話は{}です",
    "전화{}",
    "โทร{}",
    "WhatsApp {}",
)
_BARE = (
    "{}",
    "Jo Smith, {}",
    "{} is the office",
    "({})",
    "12 Elm St. {}",
    "a;{};b",
    "Front desk {}, back door none",
    "{} (Jo)",
    "<td>{}</td>",
    "**{}**",
    "<{}>",
)


def _international(draw: random.Random, region: str) -> str:
    code, _, templates = PLANS[region]
    rest = fill(draw, draw.choice(templates))
    if rest[0] == "-":
        return f"+{code}{rest}"
    way = draw.random()
    if way < 0.7 or "(" in rest:
        return f"+{code} {rest}"
    if way < 0.85:
        return f"+{code}" + "".join(filter(str.isdigit, rest))
    if way < 0.93:
        return f"+{code}-{rest.replace(' ', '-')}"
    return f"(+{code}) {rest}"


def _abroad(draw: random.Random) -> Drawn:
    region = draw.choice([region for region in PLANS if region not in DEFAULT_REGIONS])
    return fill(draw, draw.choice(PLANS[region][1])), draw.choice(_NAMED_ABROAD)


def _home(draw: random.Random, frames: tuple[str, ...]) -> Drawn:
    return fill(draw, draw.choice(PLANS[draw.choice(DEFAULT_REGIONS)][1])), draw.choice(frames)


def _in_one_piece(draw: random.Random) -> Drawn:
    number, frame = _home(draw, _NAMED)
    return "".join(filter(str.isdigit, number)), frame


def _extension(draw: random.Random) -> Drawn:
    number, frame = _home(draw, _NAMED) if draw.random() < 0.5 else (_international(draw, "GB"), draw.choice(_NAMED))
    return f"{number} {chosen(draw, 'x', 'ext. ', 'ext ', 'extension ')}{digits(draw, draw.choice((2, 3, 4)))}", frame


def _exit_code(draw: random.Random) -> Drawn:
    region = draw.choice([region for region in PLANS if region not in {"US", "CA"}])
    number = _international(draw, region).replace("(+", "+").replace(") ", " ", 1)
    return "00" + number.removeprefix("+"), draw.choice(_NAMED)


FAMILIES: Families = {
    "international": (
        42,
        lambda d: (_international(d, d.choice(list(PLANS))), d.choice(_NAMED + _NAMED_ABROAD + _BARE)),
    ),
    "US or GB, named": (20, lambda d: _home(d, _NAMED)),
    "US or GB, bare": (12, lambda d: _home(d, _BARE)),
    "US or GB, in one piece": (5, _in_one_piece),
    "US or GB, extension": (4, _extension),
    "elsewhere, named": (14, _abroad),
    "exit code": (3, _exit_code),
}


LOOK_ALIKES: LookAlikes = {
    "order": lambda d: f"order {digits(d, 10)}",
    "order, grouped": lambda d: f"order number {digits(d, 3)}-{digits(d, 3)}-{digits(d, 4)}",
    "shop order": lambda d: f"order {digits(d, 3)}-{digits(d, 7)}-{digits(d, 7)} hasn't shipped",
    "ticket": lambda d: f"ticket #{digits(d, d.choice((7, 8, 9, 10)))}",
    "parcel": lambda d: f"tracking {digits(d, 12)}",
    "date and time": lambda d: f"{date(d)} {d.randint(0, 23):02}:{d.randint(0, 59):02}",
    "compact date and time": lambda d: (
        f"log {d.randint(1990, 2030)}{d.randint(10, 12)}{d.randint(10, 28)} {digits(d, 6)}"
    ),
    "span of dates": lambda d: f"{date(d)} - {date(d)}",
    "span of years": lambda d: f"{d.randint(1900, 1990)}-{d.randint(1991, 2030)}",
    "years": lambda d: " ".join(str(d.randint(1900, 2030)) for _ in range(d.randint(2, 4))),
    "price": lambda d: f"it costs {price(d)}",
    "sum with spaces": lambda d: f"{d.randint(1, 999)} {digits(d, 3)} {digits(d, 3)} people",
    "ISBN": lambda d: f"ISBN 978-{d.randint(0, 9)}-{digits(d, 2)}-{digits(d, 6)}-{digits(d, 1)}",
    "ISBN-10": lambda d: f"{d.randint(0, 9)}-{digits(d, 4)}-{digits(d, 4)}-{chosen(d, 'X', digits(d, 1))} on the shelf",
    "ISSN": lambda d: f"ISSN {digits(d, 4)}-{digits(d, 4)}",
    "coordinates": lambda d: f"at {d.uniform(-90, 90):.6f}, {d.uniform(-180, 180):.6f}",
    "version": lambda d: f"version {d.randint(0, 20)}.{d.randint(0, 20)}.{digits(d, 4)}.{digits(d, 3)}",
    "NHS": lambda d: f"NHS number {digits(d, 3)} {digits(d, 3)} {digits(d, 4)}",
    "sort code": lambda d: f"sort code {groups(digits(d, 6), 2, by='-')}, account {digits(d, 8)}",
    "account": lambda d: f"account {digits(d, 10)}",
    "timestamp": lambda d: f"epoch {d.randint(1_000_000_000, 1_999_999_999)}",
    "id": lambda d: f'{{"id": {d.randint(10**8, 10**10)}}}',
    "difference": lambda d: f"{d.randint(1000, 9999)} - {d.randint(1000, 9999)} = {d.randint(-999, 9999)}",
    "sum of three": lambda d: (
        f"{d.randint(100, 999)}-{d.randint(100, 999)}-{d.randint(1000, 9999)}={-d.randint(1, 9999)}"
    ),
    "scores": lambda d: f"won {' '.join(f'{d.randint(15, 21)}-{d.randint(0, 21)}' for _ in range(3))}",
    "pages": lambda d: f"pp. {d.randint(100, 900)}-{d.randint(901, 1900)}, vol. {digits(d, 2)}",
    "size": lambda d: f"{d.randint(10, 300)}x{d.randint(10, 300)}x{d.randint(10, 300)} mm",
    "lottery": lambda d: "drawn: " + " ".join(str(d.randint(1, 49)) for _ in range(6)),
    "hash": lambda d: f"commit {hexadecimal(d, 40)}",
    "UUID": lambda d: groups(hexadecimal(d, 32), 8, 4, 4, 4, 12, by="-"),
    "ZIP+4": lambda d: f"Springfield, IL {digits(d, 5)}-{digits(d, 4)}",
    "part": lambda d: f"part {of(d, string.ascii_uppercase, 2)}-{digits(d, 3)}-{digits(d, 4)}",
    "serial": lambda d: f"serial number {groups(digits(d, 12), 4)}",
    "patent": lambda d: f"US patent {d.randint(4, 11)},{digits(d, 3)},{digits(d, 3)}",
    "DOI": lambda d: f"doi:10.{digits(d, 4)}/{digits(d, 8)}",
    "fraction": lambda d: f"{d.randint(0, 9)}.{digits(d, 12)}",
    "measurements": lambda d: " ".join(f"{d.uniform(0, 99):.2f}" for _ in range(5)),
    "percentages": lambda d: f"{d.randint(10, 99)}% {d.randint(10, 99)}% {d.randint(10, 99)}% {d.randint(1000, 9999)}",
    "thousands": lambda d: f"{d.randint(1, 999)},{digits(d, 3)},{digits(d, 3)} views",
}
