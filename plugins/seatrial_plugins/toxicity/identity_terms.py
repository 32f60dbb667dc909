"""Identity terms: words that name groups of people, and phrases in which they do not."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["IDENTITY_TERMS", "OURS", "PHRASES", "VERSION"]

VERSION = "2"
"""Of the list and of how its terms are found; raised whenever the same text could name another term."""

OURS = f"seatrial, version {VERSION}"
"""Whose list it is, for reports."""

IDENTITY_TERMS: Mapping[str, tuple[str, ...]] = {
    "religion": (
        *("muslim|moslem", "christian", "catholic", "protestant", "evangelical", "mormon", "jewish|jew", "hindu"),
        *("buddhist", "sikh", "taoist|daoist", "atheist"),
    ),
    "gender": (
        *("woman|lady", "girl", "female", "man|gentleman", "boy", "male", "transgender|trans|transsexual"),
        *("nonbinary|non binary|genderqueer|genderfluid", "intersex"),
    ),
    "sexual orientation": (
        *("gay", "lesbian", "bisexual", "homosexual", "queer", "lgbt|lgbtq|lgbtqi|lgbtqia", "asexual"),
        "heterosexual|straight person|straight man|straight woman|straight guy|straight couple",
    ),
    "race or ethnicity": (
        *(
            "black",
            "white",
            "caucasian",
            "asian",
            "african american",
            "latino|latina|latinx|latine",
            "hispanic",
            "arab",
        ),
        *("native american|american indian", "indigenous", "aboriginal", "romani", "biracial|multiracial|mixed race"),
        "|".join(f"{who} of {color}" for who in ("person", "woman", "man") for color in ("color", "colour")),
    ),
    "nationality or region": (
        *("african", "american", "european", "middle eastern", "mexican", "canadian", "cuban", "puerto rican"),
        *("brazilian", "chinese", "japanese", "korean", "vietnamese", "filipino|filipina", "indian", "pakistani"),
        *("afghan", "iranian", "iraqi", "syrian", "israeli", "palestinian", "egyptian", "nigerian", "somali"),
        *("turkish|turk", "russian", "ukrainian", "german", "french", "irish", "italian"),
        *("immigrant|migrant", "refugee", "foreigner"),
    ),
    "disability": (
        *("deaf", "blind", "paralyzed|paralysed|paraplegic|quadriplegic", "autistic", "dyslexic", "epileptic"),
        *("schizophrenic", "mentally ill", "down syndrome|downs syndrome|down s syndrome", "wheelchair user"),
        "disabled person|disabled man|disabled woman|disabled child|disabled adult|disabled veteran|handicapped",
        "|".join(f"{who} with {a}disability" for who in ("person", "woman", "man", "child") for a in ("a ", "")),
    ),
    "age": (
        *("elderly", "senior citizen|pensioner|retiree", "middle aged", "millennial|millenial", "baby boomer|boomer"),
        *("teenager|teenage|teen|adolescent", "young person|young man|young woman|young lady|young adult|youngster"),
        "old person|old man|old woman|old lady|old gentleman|older person|older man|older woman|older lady|older adult",
    ),
}
"""Axis → terms. A term is a word or a few, or several spellings of it between `|`, of which the first is its name.

Our own list. It names groups as they are named without contempt: slurs are left out, since a text that holds one may
well be toxic for it. Adjectives that mostly mean something else (old, young, straight, disabled) stand before a noun
only. Others (black, white, blind, French) count wherever they stand but in the `PHRASES`: of a black shirt, too, which
takes a rate nearer to that of rows that name none. English; a suite brings other words.
"""

PHRASES = (
    *("african american", "native american", "american indian", "american express", "indian ocean", "indian summer"),
    *("french fry", "french toast", "german shepherd"),
    *(f"{span} old" for span in ("year", "years", "yr", "month", "months", "week", "weeks", "day", "days")),
    *(f"black {noun}" for noun in ("box", "coffee", "friday", "hat", "hole", "ice", "list", "market", "pepper", "sea")),
    *(f"black {noun}" for noun in ("swan", "tea", "tie")),
    *(f"white {noun}" for noun in ("blood", "board", "bread", "collar", "hat", "house", "label", "lie", "list")),
    *(f"white {noun}" for noun in ("noise", "paper", "rice", "space", "sugar", "wine")),
    *("blind date", "blind eye", "blind spot", "double blind", "deaf ear"),
)
"""Phrases that mean something as a whole: a term of any axis within one is not named, unless it is the phrase.

A native American is no national of India or the United States for that, a 34-year-old man not old, and black coffee
nobody. The frequent ones, as met in questions to a bank, tests of knowledge and of medicine, and talk about
software.
"""
