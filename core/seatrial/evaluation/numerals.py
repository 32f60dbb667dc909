"""Numerals: the number that a text says last, read by a fixed grammar and compared exactly.

A number is digits with one decimal point or none (`5`, `.5`, `3.14`); with thousands apart, all by the same sign (a comma, an
apostrophe, an underscore, a narrow or unbreakable space) and in groups of three (`10,000`); with an exponent (`3e5`, `3 × 10^5`).
A minus belongs to it where no letter, digit, closing bracket or other sign stands before: `-5`, `−5`, `-$5` and `= - 5` are
negative, nothing in `10-15` or `2024-05` is, nor a list's `- 5`. Digits right behind a letter are a part of a word (`m2`, `CO₂`).

What looks like a number and is none by these rules (`0,5`, `1,2,3`, `1.2.3`, `2½`, `2^10`) is not read in part: where such stands
last, the text has no number that could be compared.
"""

from __future__ import annotations

import re
from decimal import Decimal
from unicodedata import normalize

__all__ = ["last_number"]

_RAISED = re.compile("⁻?[⁰¹²³⁴-⁹]+")
_APART = re.compile(r"(?<=\d)['’\u00a0\u2009\u202f](?=\d)")
_FRACTION = re.compile("[¼-¾⅐-⅞]")
_ARABIC = {ord("٫"): ".", ord("٬"): ","}
_NUMERAL = re.compile(
    r"""
    (?<![A-Za-z\u00c0-\u024f\u0370-\u052f])                             # Han and Kana put no space before digits
    (?:
        (?<![\w)\]}+\-−–])(?P<minus>[-−–])(?=[$€£¥.\d])
      | (?<=[=:(])[ ]?(?P<apart>[-−–])[ ]?(?=[$€£¥.\d])
    )?
    (?:[$€£¥][ ]?(?P<behind>[-−–])?)?
    (?<!\d)(?<!\d[.,_])
    (?P<digits>(?:(?<!\.)\.)?\d(?:[\d.,_]*\d)?)
    (?P<exponent>e[-−+]?\d+(?!\w)|[ ]*(?:[×x*·]|\\times|\\cdot)[ ]*10(?:[ ]*\^[ ]*|\*\*)\{?[-−+]?\d+\}?)?
    (?P<more>[ ]*\^[ ]*\{?[-−+]?\d|\*\*\d|[ ]?(?:\d+[ ]?)?⁄\d+)?        # a power or a fraction: another number than its digits
    """,
    re.VERBOSE | re.IGNORECASE,
)
_READABLE = re.compile(r"\d+(?:\.\d+)?|\.\d+|[1-9]\d{0,2}([,_])\d{3}(?:\1\d{3})*(?:\.\d+)?")
_LONGEST_EXPONENT = 6
"""Digits of an exponent: what Decimal holds on every machine."""


def last_number(text: str) -> Decimal | None:
    """The last number of a text; None where it has none, or where what stands last looks like one and cannot be read."""
    last = None
    for last in _NUMERAL.finditer(_plain(text)):  # noqa: B007 - the last is wanted
        pass
    if last is None or last["more"] or not _READABLE.fullmatch(last["digits"]):
        return None
    exponent = re.search(r"([-−]?)\+?(\d+)\}?$", last["exponent"] or "0")
    assert exponent is not None
    if len(exponent[2]) > _LONGEST_EXPONENT:
        return None
    minus = "-" if last["minus"] or last["apart"] or last["behind"] else ""
    digits = last["digits"].replace(",", "").replace("_", "")
    return Decimal(f"{minus}{digits}e{'-' if exponent[1] else ''}{exponent[2]}")


def _plain(text: str) -> str:
    """Compatibility forms of digits become digits; a power stays one, and a fraction stays apart from what it stands behind."""
    text = _RAISED.sub(lambda match: f"^{match.group()}", _APART.sub("_", text))
    return normalize("NFKC", _FRACTION.sub(lambda match: f" {match.group()}", text)).translate(_ARABIC)
