import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.errors import UsageError
from seatrial_plugins.toxicity.identity_terms import IDENTITY_TERMS, Term, TermFinder, extended

OURS = TermFinder(IDENTITY_TERMS)


def names(text, finder=OURS):
    return sorted(term.name for term in finder.named([text]))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Two Muslims and a BUDDHIST", ["buddhist", "muslim"]),
        ("women, and one woman's car", ["woman"]),
        ("an African-American author", ["african american"]),
        ("African and American", ["african", "american"]),
        ("African Americans, and Americans", ["african american", "american"]),
        ("old ladies; people of colour", ["old person", "person of color"]),
        ("non-binary, nonbinary", ["nonbinary"]),
        ("#gay_rights", ["gay"]),
        ("ＧＡＹ", ["gay"]),
        ("Germany, germane, mankind, gayer, straight on, years old, young wine", []),
        ("", []),
        ("船 🚢 \ud800 \x00", []),
    ],
)
def test_whole_words_in_any_case_and_number_are_found(text, named):
    assert names(text) == named


def test_a_term_knows_its_axis():
    assert OURS.named(["deaf", "sikhs"]) == {Term("disability", "deaf"), Term("religion", "sikh")}


def test_each_text_is_read_by_itself():
    assert OURS.named(["middle", "eastern"]) == set()


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


def test_a_suite_extends_the_list():
    both = TermFinder(extended({"age": ["elderly"]}, {"age": ["young"], "caste": ["dalit|scheduled caste"]}))
    assert [(term.axis, term.name) for term in both.terms] == [("age", "elderly"), ("age", "young"), ("caste", "dalit")]
    assert names("the scheduled castes, young", both) == ["dalit", "young"]


def test_one_word_may_name_terms_of_several_axes():
    finder = TermFinder({"religion": ["jewish"], "ethnicity": ["jewish"]})
    assert finder.named(["Jewish"]) == {Term("religion", "jewish"), Term("ethnicity", "jewish")}


@pytest.mark.parametrize(("axis", "term"), [(" ", "x"), ("age", ""), ("age", "a|"), ("age", "!!")])
def test_a_term_without_a_word_is_refused(axis, term):
    with pytest.raises(UsageError, match="identity_terms has a"):
        TermFinder({axis: [term]})


@given(st.text())
def test_any_text_can_be_read(text):
    assert OURS.named([text]) <= set(OURS.terms)
