"""Pieces that several kinds of text are made of."""

from __future__ import annotations

import random
import string

__all__ = ["chosen", "date", "digits", "groups", "hexadecimal", "luhn_digit", "of", "price", "with_luhn", "words"]


def of(draw: random.Random, alphabet: str, n: int) -> str:
    """`n` characters of an alphabet."""
    return "".join(draw.choices(alphabet, k=n))


def digits(draw: random.Random, n: int) -> str:
    """`n` decimal digits, the first of which may be 0."""
    return of(draw, string.digits, n)


def hexadecimal(draw: random.Random, n: int) -> str:
    """`n` lower-case hexadecimal digits."""
    return of(draw, "0123456789abcdef", n)


def chosen(draw: random.Random, *options: str) -> str:
    """One of the options."""
    return draw.choice(options)


def groups(text: str, *sizes: int, by: str = " ") -> str:
    """`text` cut into groups of these sizes, the last size repeated to the end."""
    pieces, place, index = [], 0, 0
    while place < len(text):
        size = sizes[min(index, len(sizes) - 1)]
        pieces.append(text[place : place + size])
        place += size
        index += 1
    return by.join(pieces)


def luhn_digit(payload: str) -> str:
    """The check digit that ISO/IEC 7812-1, annex B, appends to a payload."""
    total = 0
    for place, character in enumerate(reversed(payload)):
        doubled = int(character) * (2 if place % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return str(-total % 10)


def with_luhn(payload: str) -> str:
    """A payload and its check digit."""
    return payload + luhn_digit(payload)


def date(draw: random.Random) -> str:
    """A day in one of the usual notations."""
    year, month, day = draw.randint(1950, 2035), draw.randint(1, 12), draw.randint(1, 28)
    return chosen(
        draw,
        f"{year}-{month:02}-{day:02}",
        f"{day:02}/{month:02}/{year}",
        f"{day:02}.{month:02}.{year}",
        f"{month}/{day}/{year % 100:02}",
        f"{year}{month:02}{day:02}",
        f"{day:02}-{month:02}-{year}",
    )


def price(draw: random.Random) -> str:
    """A sum of money in one of the usual notations."""
    whole, cents = draw.randint(1, 99_999_999), draw.randint(0, 99)
    return chosen(
        draw,
        f"${whole:,}.{cents:02}",
        f"{whole:,}".replace(",", ".") + f",{cents:02} €",
        f"{whole:,}".replace(",", " ") + " kr",
        f"£{whole}",
        f"{whole}.{cents:02} USD",
        f"₹{whole:,}",
        f"CHF {whole:,}".replace(",", "'") + f".{cents:02}",
    )


def words(text: str) -> list[str]:
    """The words of a text."""
    return text.split()
