"""E-mail addresses that are spelt out to hide them from programs: `name at example dot com`, `name[at]example.com`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from seatrial_plugins.privacy.datum import Datum
from seatrial_plugins.privacy.email_address import public_suffixes

__all__ = ["SpeltOutAddressRecogniser"]


def _bracketed(words: str) -> str:
    return rf"[ \t]{{0,3}}(?:[\[({{<|][ \t]?(?:{words})[ \t]?[\])}}>|]|[-_*](?:{words})[-_*])[ \t]{{0,3}}"


_AT = rf"(?:{_bracketed('at|a|ät|@|arroba|chez|arobase')}|[ \t]{{0,3}}(?:&\#0?64;|&\#x40;|&commat;|%40)[ \t]{{0,3}})"
_DOT = rf"(?:{_bracketed('dot|d0t|[.]|punkt|punto|ponto|point')}|[ \t]{{1,3}}(?:dot|d0t)[ \t]{{1,3}})"
_DOT_ABROAD = rf"(?:{_DOT}|[ \t]{{1,3}}(?:punkt|punto|ponto|point)[ \t]{{1,3}})"
_LABEL = r"[^\W_](?:[\w-]{0,61}[^\W_])?"
_SPELT_OUT = re.compile(
    rf"(?<![\w.+-])(?P<local>[^\W_][\w+-]{{0,40}}(?:(?:\.|{_DOT_ABROAD})[\w+-]{{1,40}}){{0,4}})"
    rf"(?:{_AT}(?P<clear>{_LABEL}(?:(?:\.|{_DOT_ABROAD}){_LABEL}){{1,5}})"
    rf"|(?:[ \t]{{1,3}}(?:at|@)[ \t]{{1,3}}|@)(?P<spelt>{_LABEL}(?:{_DOT}{_LABEL}){{1,5}})"
    rf"|[ \t]{{1,3}}(?:ät|arroba|chez|arobase)[ \t]{{1,3}}(?P<abroad>{_LABEL}(?:{_DOT_ABROAD}{_LABEL}){{1,5}}))",
    re.IGNORECASE,
)
# A word such as `at` alone says nothing: the dots must be spelt out with it.
_DOTS = re.compile(rf"{_DOT_ABROAD}|\.", re.IGNORECASE)
_WORDS_TOO = frozenset({"am", "as", "at", "be", "by", "do", "in", "is", "it", "me", "my", "no", "so", "to", "us"})
_SENTENCE_GOES_ON = re.compile(r"[ \t]+\w")


class SpeltOutAddressRecogniser:
    """Finds addresses in the usual disguises; `look at example dot com` in a sentence looks like one, too."""

    kind = "email"
    label = "EMAIL"
    name = "e-mail address, spelt out"
    sign = None

    def __init__(self) -> None:
        self._suffixes = public_suffixes()

    def find(self, text: str) -> Iterable[Datum]:
        """Every address; its value is the plain notation."""
        for match in _SPELT_OUT.finditer(text):
            group = next(name for name in ("clear", "spelt", "abroad") if match[name])
            end = self._domain_end(match[group], text[match.end(group) : match.end(group) + 3])
            if end:
                local, domain = (_DOTS.sub(".", part) for part in (match["local"], match[group][:end]))
                yield Datum(match.start(), match.start(group) + end, f"{local}@{domain}".lower())

    def _domain_end(self, run: str, after: str) -> int:
        """Where the longest domain ends that a run of labels begins with; 0 for none. A sentence may go on behind it."""
        dots = [dot.span() for dot in _DOTS.finditer(run)]
        ends = [start for start, _ in dots[1:]] + [len(run)]
        for end in reversed(ends):
            domain = _DOTS.sub(".", run[:end]).lower()
            suffix = self._suffixes(domain).suffix
            if suffix and suffix != domain:
                goes_on = _SENTENCE_GOES_ON.match(run[end:] + after)
                return 0 if suffix in _WORDS_TOO and goes_on and "." not in run[:end] else end
        return 0
