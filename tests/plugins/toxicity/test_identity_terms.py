"""The list of terms: what it names, in which forms, and what it leaves alone."""

from itertools import combinations

import pytest

from seatrial_plugins.toxicity.identity_terms import IDENTITY_TERMS, PHRASES
from seatrial_plugins.toxicity.term_finder import Term, TermFinder

OURS = TermFinder(IDENTITY_TERMS)
RELIGION, GENDER, LOVE, RACE, NATION, DISABILITY, AGE = IDENTITY_TERMS

# A text for each pair of axes, and what it names on both.
PAIRS = {
    (RELIGION, GENDER): ("muslim women", "muslim", "woman"),
    (RELIGION, LOVE): ("gay christians", "christian", "gay"),
    (RELIGION, RACE): ("black buddhist", "buddhist", "black"),
    (RELIGION, NATION): ("egyptian catholic", "catholic", "egyptian"),
    (RELIGION, DISABILITY): ("deaf sikh", "sikh", "deaf"),
    (RELIGION, AGE): ("elderly hindus", "hindu", "elderly"),
    (GENDER, LOVE): ("gay man", "man", "gay"),
    (GENDER, RACE): ("women of color", "woman", "person of color"),
    (GENDER, NATION): ("puerto rican girls", "girl", "puerto rican"),
    (GENDER, DISABILITY): ("disabled woman", "woman", "disabled person"),
    (GENDER, AGE): ("old woman", "woman", "old person"),
    (LOVE, RACE): ("straight white people", "heterosexual", "white"),
    (LOVE, NATION): ("bisexual canadians", "bisexual", "canadian"),
    (LOVE, DISABILITY): ("lesbian wheelchair users", "lesbian", "wheelchair user"),
    (LOVE, AGE): ("queer teens", "queer", "teenager"),
    (RACE, NATION): ("black american", "black", "american"),
    (RACE, DISABILITY): ("blind native americans", "native american", "blind"),
    (RACE, AGE): ("middle aged asian", "asian", "middle aged"),
    (NATION, DISABILITY): ("autistic koreans", "korean", "autistic"),
    (NATION, AGE): ("young irish people", "irish", "young person"),
    (DISABILITY, AGE): ("schizophrenic pensioner", "schizophrenic", "senior citizen"),
}
VARIANTS = {
    "as it is": str,
    "upper case": str.upper,
    "title case": str.title,
    "possessive": "the {}'s case".format,
    "possessive, typographic": "the {}’s case".format,
    "possessive, a letter to Unicode": "the {}ʼs case".format,
    "plural possessive": "the {}s’ case".format,
    "hyphens": lambda text: text.replace(" ", "-"),
    "hyphens that do not break": lambda text: text.replace(" ", "\u2011"),
    "a dash": lambda text: text.replace(" ", "–"),
    "a soft hyphen": lambda text: f"{text[:2]}\u00ad{text[2:]}",
    "a joiner of no width": lambda text: f"{text[:2]}\u200d{text[2:]}",
    "spaces that do not break": lambda text: text.replace(" ", "\u00a0"),
    "a line's end": lambda text: text.replace(" ", "\n"),
    "full width": lambda text: text.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)}),
    "quoted": "“{}”…".format,
    "a hashtag": lambda text: f"#{text.replace(' ', '_')}!",
}


def names(text):
    return sorted(term.name for term in OURS.named([text]))


def test_every_pair_of_axes_has_a_text():
    assert set(PAIRS) == set(combinations(IDENTITY_TERMS, 2))


CASES = [
    (axes, variant)
    for axes, (text, *_) in PAIRS.items()
    for variant in VARIANTS
    if variant != "plural possessive" or not text.endswith(("s", "man", "men", "people", "color", "aged"))
]


@pytest.mark.parametrize(("axes", "variant"), CASES, ids=[f"{' and '.join(axes)}, {how}" for axes, how in CASES])
def test_a_text_counts_on_both_axes(axes, variant):
    text, *named = PAIRS[axes]
    assert OURS.named([VARIANTS[variant](text)]) == set(map(Term, axes, named))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("old, disabled, black women", ["black", "disabled person", "old person", "woman"]),
        ("straight white Christian men", ["christian", "heterosexual", "man", "white"]),
        ("a young Native American lady", ["native american", "woman", "young person"]),
        ("an old man of colour with a disability", ["man", "old person", "person of color"]),
        ("men of colour; persons of color; a person of colour", ["man", "person of color"]),
        ("women with disabilities", ["person with a disability", "woman"]),
        ("persons with a disability, a child with disabilities", ["person with a disability"]),
        ("disabled persons, disabled children", ["disabled person"]),
        ("African-American women, African Americans", ["african american", "woman"]),
        ("American Indians, and an Indian American", ["american", "indian", "native american"]),
        ("Asian Americans", ["american", "asian"]),
        ("old ladies and gentlemen", ["man", "old person", "woman"]),
        ("Down's syndrome", ["down syndrome"]),
        ("DOWN’S SYNDROME", ["down syndrome"]),
        ("Downs syndrome", ["down syndrome"]),
        ("non-binary, nonbinary", ["nonbinary"]),
        ("trans women", ["transgender", "woman"]),
        ("LGBTQ+ teens", ["lgbt", "teenager"]),
        ("the white house of a white man", ["man", "white"]),
    ],
)
def test_each_is_named_by_what_it_is(text, named):
    assert names(text) == named


@pytest.mark.parametrize(
    "text",
    [
        # Adjectives that need a noun, without one.
        *("an old house", "a straight line", "straight on", "ten years old", "young wine", "a disabled account"),
        *("older versions", "the account is old", "a person of few words", "people with questions"),
        # Ages.
        *("a 34-year-old", "2 year old card", "six months old"),
        # Phrases in which a word of the list names nobody.
        *("black coffee", "black teas", "Black Friday", "a white paper", "WHITE PAPERS", "white-space", "white wine"),
        *("the White House", "double-blind", "a blind spot", "turned a blind eye", "on deaf ears", "American Express"),
        *("French fries", "German shepherds", "the Indian Ocean"),
        # Parts of words.
        *("Germany, germane", "mankind, manage", "gayer", "blacklist, whiteboard", "gentleness", "malevolent, Romania"),
    ],
)
def test_what_names_nobody_is_left_alone(text):
    assert names(text) == []


def test_an_age_hides_the_noun_for_nobody_else():
    assert names("a 34-year-old woman, a 5-months-old boy") == ["boy", "woman"]


@pytest.mark.parametrize(("text", "term"), [("a black shirt", "black"), ("white flowers", "white")])
def test_of_things_outside_the_phrases_it_counts_all_the_same(text, term):
    """What the list's docstring admits."""
    assert names(text) == [term]


def test_the_list_has_every_axis_and_no_term_twice():
    assert set(IDENTITY_TERMS) == {
        *("religion", "gender", "sexual orientation", "race or ethnicity", "nationality or region"),
        *("disability", "age"),
    }
    listed = [term.name for term in OURS.terms]
    assert len(listed) == len(set(listed)) == sum(map(len, IDENTITY_TERMS.values()))


@pytest.mark.parametrize("term", OURS.terms, ids=lambda term: term.name)
def test_every_term_is_found_by_its_name(term):
    assert OURS.named([f"is {term.name.upper()}, they say"]) == {term}


SPELLINGS = [
    (axis, spelled.partition("|")[0], spelling)
    for axis, terms in IDENTITY_TERMS.items()
    for spelled in terms
    for spelling in spelled.split("|")
]


@pytest.mark.parametrize(("axis", "name", "spelling"), SPELLINGS, ids=[spelling for *_, spelling in SPELLINGS])
def test_every_spelling_names_its_term_and_no_other_of_its_axis(axis, name, spelling):
    assert {term for term in OURS.named([spelling]) if term.axis == axis} == {Term(axis, name)}


@pytest.mark.parametrize("phrase", PHRASES)
def test_a_phrase_is_there_for_a_word_of_the_list(phrase):
    """It would be no use if without it nothing were found, with a noun after it for adjectives that need one."""
    texts = [f"{phrase} man"]
    assert TermFinder(IDENTITY_TERMS, ()).named(texts) != OURS.named(texts)
