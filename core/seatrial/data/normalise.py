r"""Normalising: when two texts count as the same, and what a word is to the n-gram rules.

`normalise` is what "normalised" means in the duplicates and leakage filters, in this order:

1. superscript and subscript digits keep their position (`10²` → `10^2`, `x₂` → `x 2`, never `102`), then Unicode NFKC: full-width and
   half-width forms, ligatures, compatibility letters and composed accents become one form;
2. case folding, and NFKC again (folding can decompose);
3. invisible format characters and variation selectors vanish;
4. every run of punctuation (`_` is some: `snake_case` is two words) and white space becomes one space, and the ends are
   stripped.

What carries meaning stays: letters, combining marks and digits of every script, symbols (emoji, currency, operators),
`# % & @ * / \` (C and C#, 50 and 50%, 2*3 and 2/3 differ), `.`, `,` and `:` between digits, and a hyphen before a digit
unless a letter stands before it (`5-3` and `-5` keep theirs; `covid-19` and `covid 19` are equal).
A text of punctuation alone is kept as it is, case-folded, so `?` and `!` are two texts; only a text with nothing to see
normalises to "".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["PIECE", "Word", "normalise", "spell", "word_count", "word_share", "words"]

_MEANINGFUL = frozenset("#%&@*/\\")
_JUDGED_IN_CONTEXT = frozenset(".,:-")
_RAISED = {ord(digit): f"^{value}" for value, digit in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")} | {
    ord(digit): f"_{value}" for value, digit in enumerate("₀₁₂₃₄₅₆₇₈₉")
}
_SEPARATOR_IN_CONTEXT = re.compile(r"[.,:](?!\d)|(?<!\d)[.,:]|-(?!\d)|(?<=[^\W\d])-")

# Scripts that are written without spaces: Han ideographs (with the extensions) and Hiragana, of which each is a word as in
# UAX #29; Katakana; and those of South-East Asia, Thai, Lao, Burmese and Khmer, where telling words takes a dictionary.
_HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_UNSPACED = (
    f"{_HAN}\u3041-\u3098\u309b-\u309f"
    "\u30a1-\u30fa\u30fd-\u30ff\u31f0-\u31ff\uff66-\uff6f\uff71-\uff9d"
    "\u0e01-\u0e30\u0e32\u0e40-\u0e46\u0e81-\u0eb0\u0eb2\u0ebd-\u0ec6\u0edc-\u0edf"
    "\u1000-\u102a\u103f\u1050-\u1055\u105a-\u105d\u1061\u1065\u1066\u106e-\u1070\u1075-\u1081\u108e\uaa60-\uaa76\uaa7a"
    "\u1780-\u17b3\u17d7\u17dc"
)
_MARKS = (
    "\u3099\u309a\u30fc\uff70\uff9e\uff9f\u0e31\u0e33-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb3-\u0ebc\u0ec8-\u0ece\u17b4-\u17d3\u17dd"
    "\u102b-\u103e\u1056-\u1059\u105e-\u1060\u1062-\u1064\u1067-\u106d\u1071-\u1074\u1082-\u108d\u108f\u109a-\u109d\uaa7b-\uaa7d"
)
# Vowels, tones and the like, which belong to the character before them; so does what a Burmese or Khmer sign puts below it.
PIECE = re.compile(f"[{_UNSPACED}](?:[\u1039\u17d2][{_UNSPACED}]|[{_MARKS}])*|[^\\s{_UNSPACED}]+")
"""What words are made of: a character of a script without spaces, with its marks, or a stretch between these and white space."""
_OF_SCRIPT = re.compile(f"(?P<han>[{_HAN}])|[{_UNSPACED}]")

HAN, OTHER = 1 / 1.5, 1 / 3
# Words that a character stands for. Where 152 messages of Django have a word in English they have 1.5 characters in Chinese and
# 2.5, Han and Kana mixed, in Japanese; 76 of them 3.3 in Thai, 31 of them 2.6 in Khmer. MMLU sociology has 1.6 in Chinese.

_CACHED_LENGTH = 40

_EDGES = "!\"'(),.:;?[]_{}"
# At the ends of a piece these separate, whatever stands beside them.
_PLAIN = re.compile(r"[#%&@*/\\]*[0-9A-Za-z$+<=>^`|~][0-9A-Za-z$+<=>^`|~#%&@*/\\]*")
# A word of ASCII characters that stay in any company, and do not only connect.


class _Separators(dict[int, str | None]):
    """A `str.translate` table that classifies each character when it is first met."""

    def __missing__(self, code: int) -> str | None:
        self[code] = found = self._classify(chr(code))
        return found

    @staticmethod
    def _classify(character: str) -> str | None:
        category = unicodedata.category(character)
        if character in _MEANINGFUL or character in _JUDGED_IN_CONTEXT:
            return character
        if character.isspace():
            return " "
        if category in {"Cf", "Cc"} or "\ufe00" <= character <= "\ufe0f":
            return None
        return " " if category[0] in "PZ" else character


_SEPARATORS = _Separators()


def normalise(text: str) -> str:
    """The form in which two texts are compared; see the module for the rules. "" only for a text with nothing to see."""
    folded = _fold(text)
    compared = " ".join(_SEPARATOR_IN_CONTEXT.sub(" ", folded.translate(_SEPARATORS)).split())
    return compared or " ".join("".join(filter(_is_visible, folded)).split())


def _fold(text: str) -> str:
    if text.isascii():
        return text.lower()
    composed = unicodedata.normalize("NFKC", text.translate(_RAISED))
    return unicodedata.normalize("NFKC", composed.casefold())


def _is_visible(character: str) -> bool:
    return character.isprintable() or character.isspace()


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a text, as it is compared and where it stands."""

    text: str
    start: int
    """First character of the stretch between white space that it stands in, so with its punctuation."""
    end: int
    """One past the last character of that stretch."""


def spell(text: str) -> list[str]:
    """The normalised words of a text: what white space separates after `normalise`.

    Of scripts that put no space between words (Han, Kana, Thai, Lao, Burmese, Khmer) each character, with its marks, is one.
    Text of punctuation alone has no words.
    """
    return [word for piece in PIECE.findall(text) for word in _words_of(piece)]


def word_share(word: str) -> float:
    """How many words one that `spell` gives stands for: 1, or a part of one where it is a character of a script without spaces.

    Rules that count words were made for English: eight characters of Thai in a row, a word or two and a half, stand in many
    texts that have nothing to do with each other.
    """
    if word.isascii() or not (match := _OF_SCRIPT.match(word)):
        return 1.0
    return HAN if match["han"] else OTHER


def word_count(text: str) -> float:
    """How many words a text has, those of scripts without spaces by their characters (`word_share`)."""
    return sum(map(word_share, spell(text)))


def words(text: str) -> Iterator[Word]:
    """The words that `spell` gives, in the same order, with their places in `text`."""
    for match in PIECE.finditer(text):
        for word in _words_of(match.group()):
            yield Word(word, match.start(), match.end())


def _words_of(piece: str) -> tuple[str, ...]:
    return _cached_words(piece) if len(piece) <= _CACHED_LENGTH else _split(piece)


def _split(piece: str) -> tuple[str, ...]:
    bare = piece.strip(_EDGES)
    if bare.isascii() and (bare.isalnum() or _PLAIN.fullmatch(bare)):
        return (bare.lower(),)  # most pieces of most texts: ten times faster than by the rules
    # A compatibility character may only turn out to be a Han one when it is normalised.
    parts = (part for word in normalise(piece).split() for part in PIECE.findall(word))
    return tuple(part for part in parts if any(map(_is_wordlike, part)))


@lru_cache(maxsize=1 << 16)
def _cached_words(piece: str) -> tuple[str, ...]:
    return _split(piece)


def _is_wordlike(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNSM" and not "\ufe00" <= character <= "\ufe0f"
