"""How terms are found, whatever the list."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.errors import UsageError
from seatrial_plugins.toxicity.identity_terms import IDENTITY_TERMS
from seatrial_plugins.toxicity.term_finder import Term, TermFinder, extended

OURS = TermFinder(IDENTITY_TERMS)
WORDS = sorted({word for terms in IDENTITY_TERMS.values() for one in terms for word in one.replace("|", " ").split()})


def names(text, terms, phrases=()):
    return sorted(term.name for term in TermFinder(terms, phrases).named([text]))


def test_a_term_knows_its_axis():
    assert OURS.named(["deaf", "sikhs"]) == {Term("disability", "deaf"), Term("religion", "sikh")}


def test_each_text_is_read_by_itself():
    assert OURS.named(["middle", "eastern"]) == set()
    assert OURS.named([]) == set()


@pytest.mark.parametrize("text", ["", " ", "船 🚢 \ud800 \x00", "\u0301\u200d", "’ʼ'"])
def test_a_text_without_words_of_the_list_names_nothing(text):
    assert OURS.named([text]) == set()


def test_the_longest_of_an_axis_stands_for_itself_wherever_others_stand():
    terms = {"a": ["red", "red hat", "big red hat"]}
    assert names("a red hat", terms) == ["red hat"]
    assert names("big red hats", terms) == ["big red hat"]
    assert names("a red hat, and red", terms) == ["red", "red hat"]
    assert names("big red", terms) == ["red"]


def test_the_first_of_two_that_overlap_counts():
    assert names("red hat box", {"a": ["red hat", "hat box"]}) == ["red hat"]


def test_terms_of_other_axes_are_not_hidden():
    assert names("red hat box", {"a": ["red hat"], "b": ["hat box"], "c": ["hat"]}) == ["hat", "hat box", "red hat"]


def test_one_word_may_name_terms_of_several_axes():
    finder = TermFinder({"religion": ["jewish"], "ethnicity": ["jewish"]})
    assert finder.named(["Jewish"]) == {Term("religion", "jewish"), Term("ethnicity", "jewish")}


def test_one_spelling_may_name_two_terms_of_an_axis():
    assert names("a jew", {"a": ["jewish|jew", "israelite|jew"]}) == ["israelite", "jewish"]


def test_a_phrase_hides_its_words_on_every_axis():
    terms = {"a": ["red"], "b": ["hat", "red hat box"], "c": ["red tape"]}
    assert names("red tape, a hat", terms, ["red tape"]) == ["hat", "red tape"]
    assert names("red tapes", {"a": ["red"]}, ["red tape"]) == []
    assert names("red hat box", terms, ["red hat"]) == ["red hat box"]
    assert names("reds", terms, ["red hat"]) == ["red"]


def test_adjectives_of_other_terms_may_stand_before_the_noun():
    terms = {"a": ["old person|old man"], "b": ["red", "blue"]}
    assert names("old red man", terms) == ["old person", "red"]
    assert names("old red blue old men", terms) == ["blue", "old person", "red"]
    assert names("an old house, man", terms) == []
    assert names("old red house; the man", terms) == ["red"]
    # More than three are no noun phrase.
    assert names("old red red red red man", terms) == ["red"]
    # Only nouns for people are waited for.
    assert names("old red hat", {"a": ["old hat"], "b": ["red"]}) == ["red"]


def test_plurals():
    terms = {"a": ["person", "lady", "boy", "fox", "wheelchair user", "child of war", "man with scar"]}
    for text in ("persons", "people", "ladies", "boys", "foxes", "wheelchair users"):
        assert len(names(text, terms)) == 1, text
    assert names("children of war; men with scars; a man with scars", terms) == ["child of war", "man with scar"]


def test_a_suite_extends_the_list():
    both = extended({"age": ["elderly"]}, {"age": ["young"], "caste": ["dalit|scheduled caste"]})
    assert [(term.axis, term.name) for term in TermFinder(both).terms] == [
        ("age", "elderly"),
        ("age", "young"),
        ("caste", "dalit"),
    ]
    assert names("the scheduled castes, young", both) == ["dalit", "young"]


@pytest.mark.parametrize(
    ("term", "text", "found"),
    [
        ("穆斯林", "我是穆斯林，你呢？", True),
        ("穆斯林", "穆 斯 林", True),
        ("穆斯林", "穆斯", False),
        ("ムスリム", "彼はムスリムです", True),
        ("ผู้สูงอายุ", "มีผู้สูงอายุสามคน", True),
        ("दलित", "एक दलित लड़का", True),
        # Another word that begins with it.
        ("दल", "एक दलित लड़का", False),
        ("мусульманин", "МУСУЛЬМАНИН", True),
        ("Behinderte", "BEHINDERTE", True),
        ("señora", "sen\u0303ora", True),
        ("مسلم", "رجل مسلم", True),
    ],
)
def test_other_languages(term, text, found):
    assert bool(TermFinder({"a": [term]}, ()).named([text])) is found


@pytest.mark.parametrize(("axis", "term"), [(" ", "x"), ("age", ""), ("age", "a|"), ("age", "!!")])
def test_a_term_without_a_word_is_refused(axis, term):
    with pytest.raises(UsageError, match="identity_terms has a"):
        TermFinder({axis: [term]})


@given(st.text())
def test_any_text_can_be_read(text):
    assert OURS.named([text]) <= set(OURS.terms)


@given(st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join))
def test_no_axis_hides_what_another_finds_alone(text):
    alone = [TermFinder({axis: terms}).named([text]) for axis, terms in IDENTITY_TERMS.items()]
    assert set().union(*alone) <= OURS.named([text])


def test_a_text_of_a_megabyte_is_read_once():
    """Were it read again from each adjective on, this would take hours."""
    assert OURS.named(["old " * 250_000]) == set()


@given(st.lists(st.sampled_from([*WORDS, "-", "'s,", "OLD"]), max_size=8).map(" ".join))
def test_texts_in_ascii_are_read_as_others_are(text):
    assert OURS.named([text]) == OURS.named([f"é {text}"])
