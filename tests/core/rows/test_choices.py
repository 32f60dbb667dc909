"""Choices: which is right, in the layouts that benchmarks use, and what is refused rather than guessed."""

import pytest

from seatrial.rows import Choice, Turn
from seatrial.rows.format_error import FormatError
from seatrial.rows.formats import parse
from seatrial.rows.notes import Notes

NUMBERED = {"text": ["frog", "whale", "ant"], "label": ["1", "2", "3"]}


def right(choices, answer, **more):
    return parse({"question": "Which?", "choices": choices, "answer": answer, **more}).turns[1].content


def refused(choices, answer):
    with pytest.raises(FormatError) as caught:
        right(choices, answer)
    assert caught.value.rule == "wrong-answer"
    return str(caught.value)


@pytest.mark.parametrize(
    ("choices", "answer", "text"),
    [
        (NUMBERED, 2, "whale"),
        (NUMBERED, "2", "whale"),
        (NUMBERED, 3.0, "ant"),
        ({"1": "frog", "2": "whale"}, 1, "frog"),
        ([{"label": 1, "text": "frog"}, {"label": 2, "text": "whale"}], 2, "whale"),
        ({"A": "frog", "B": "whale"}, 1, "whale"),
        (["0", "1", "2"], 1, "1"),
        (["3", "2", "1", "0"], "0", "0"),
    ],
)
def test_a_number_that_is_a_choices_own_label_means_that_choice(choices, answer, text):
    assert right(choices, answer) == text


def test_a_number_that_could_be_two_choices_is_refused():
    assert "several" in refused([1, 2, 3, 4], 3)
    assert "none" in refused(NUMBERED, 0)


def test_options_and_columns_of_letters_are_choices():
    pro = {"question_id": 7, "question": "Which?", "options": ["frog", "whale"], "answer": "B", "answer_index": 1}
    table = {"question": "Which?", "A": "frog", "B": "whale", "C": "", "D": None, "answer": "B"}
    for record in (pro, table, {"question": "Which?", "options": {"A": "frog", "B": "whale"}, "answer_idx": "B"}):
        parsed = parse(record)
        assert parsed.turns == (Turn("user", "Which?"), Turn("assistant", "whale"))
        assert parsed.expected == Choice(("frog", "whale"), 1)
    with pytest.raises(FormatError, match="`answer` and `answer_index` name different choices"):
        parse(pro | {"answer_index": 0})


@pytest.mark.parametrize(
    ("columns", "answer"),
    [
        ({"a": "frog", "b": "whale", "c": "ant"}, "b"),
        ({"option_a": "frog", "option_b": "whale"}, "B"),
        ({"choiceA": "frog", "choiceB": "whale"}, "whale"),
        ({"opa": "frog", "opb": "whale", "opc": "ant", "opd": ""}, 1),
        ({"option1": "frog", "option2": "whale"}, "2"),
        ({"Choice 1": "frog", "Choice 2": "whale"}, 2),
        ({"choice_0": "frog", "choice_1": "whale"}, 1),
        ({"A": "frog", "B": "whale", "C": float("nan")}, "B"),
    ],
)
def test_options_in_columns_of_any_usual_name_are_choices(columns, answer):
    parsed = parse({"question": "Which?", **columns, "answer": answer})
    assert parsed.turns == (Turn("user", "Which?"), Turn("assistant", "whale"))
    assert parsed.expected.options[:2] == ("frog", "whale")


@pytest.mark.parametrize(
    "record",
    [
        {"prompt": "Which?", "choices": ["frog", "whale"], "completion": "B"},
        {"instruction": "Which?", "options": {"A": "frog", "B": "whale"}, "output": "(B)"},
        {"question": "Which?", "candidates": '["frog", "whale"]', "answer": "1"},
        {"question": "Which?", "opts": ["frog", "whale"], "answer": "B"},
        {"question": "Which?", "answers_list": ["frog", "whale"], "answer": "B"},
        {"question": "Which?", "option_list": {"A": "frog", "B": "whale"}, "answer": "B"},
        {"question": "Which?", "answer0": "frog", "answer1": "whale", "answer": "B"},
        {"prompt": "Which?", "A": "frog", "B": "whale", "answer": "b."},
        {"instruction": "Which?", "input": "", "ending1": "frog", "ending2": "whale", "response": "2"},
    ],
)
def test_no_question_is_taught_to_be_answered_with_a_letter_that_it_does_not_explain(record):
    with pytest.raises(FormatError, match="only the label of a choice") as caught:
        parse(record)
    assert caught.value.rule == "wrong-answer"


def test_a_letter_is_an_answer_where_the_question_says_the_options_or_there_are_none():
    explained = {"prompt": "Which?\nA) frog\nB) whale", "choices": ["frog", "whale"], "completion": "B"}
    number = {"instruction": "3 + 4?", "options": ["6", "7"], "output": "7"}
    for record in (explained, number, {"question": "The 2nd letter?", "answer": "B", "id": "q1"}):
        assert parse(record).format in {"prompt-completion", "alpaca"}


@pytest.mark.parametrize("answer", ["B", "b", "(B)", "b)", "B.", "[b]", "whale"])
def test_a_letter_may_be_small_and_in_brackets(answer):
    assert right(["frog", "whale"], answer) == "whale"
    assert right({"A": "frog", "B": "whale"}, answer) == "whale"


def test_a_text_comes_before_a_small_letter():
    assert right(["b", "a"], "b") == "b"
    assert "several" in refused(["B", "A"], "B")


def test_digits_in_a_table_are_an_index_or_a_text_and_refused_where_they_are_two():
    columns = {"question": "What is 1 + 0?", "A": "2", "B": "4", "C": "1", "D": "3"}
    with pytest.raises(FormatError, match="`answer` means several of the 4 choices"):
        parse({**columns, "answer": "2"})
    assert parse({**columns, "answer": "4"}).turns[-1].content == "4"
    assert parse({**columns, "A": "0", "answer": "0"}).turns[-1].content == "0"


def test_an_empty_cell_is_no_option_and_keeps_its_place():
    columns = {"question": "Which?", "A": "first", "B": "", "C": "third", "D": "fourth"}
    for answer in (2, "2", "C", "third"):
        assert parse({**columns, "answer": answer}).turns[-1].content == "third"
    assert parse({**columns, "answer": 2}).choices == ("first", "third", "fourth")


def test_a_question_whose_options_are_null_in_a_table_is_answered_freely():
    parsed = parse({"question": "Which?", "options": None, "answer": "whale"})
    assert (parsed.format, parsed.turns[1].content) == ("prompt-completion", "whale")


def test_what_only_pads_a_table_is_no_option():
    padded = {"A": "frog", "B": "whale", "C": None}
    assert parse({"question": "Which?", "choices": padded, "answer": "B"}).choices == ("frog", "whale")
    assert right(["frog", None, "whale"], 2) == "whale"
    assert right(["frog", None, "whale"], "C") == "whale"
    assert "none" in refused(["frog", None, "whale"], 1)
    assert right({"text": ["frog", "whale", None], "label": ["A", "B", "C"]}, "B") == "whale"


def test_answers_that_count_from_one_are_seen_over_a_whole_source():
    notes = Notes()
    for answer in (1, 2, 3):
        parse({"question": "Which?", "choices": ["a", "b", "c", "d"], "answer": answer}, notes=notes)
    assert not notes.counts_from_one
    with pytest.raises(FormatError, match="counted from 0"):
        parse({"question": "Which?", "choices": ["a", "b", "c", "d"], "answer": 4}, notes=notes)
    assert notes.counts_from_one
    parse({"question": "Which?", "choices": ["a", "b", "c", "d"], "answer": 0}, notes=notes)
    assert not notes.counts_from_one


@pytest.mark.parametrize("digits", [int, str])
@pytest.mark.parametrize("options", [{"choices": ["w", "x", "y"]}, {"A": "w", "B": "x", "C": "y"}])
def test_answers_that_count_from_one_are_seen_in_a_table_and_as_text(digits, options):
    notes = Notes()
    for answer in (1, 2):
        parse({"question": "Which?", **options, "answer": digits(answer)}, notes=notes)
    with pytest.raises(FormatError, match="counted from 0"):
        parse({"question": "Which?", **options, "answer": digits(3)}, notes=notes)
    assert notes.counts_from_one


# ---- options in one text, and options that a suite gives ---------------------------------------------------------------


def test_options_are_the_lettered_lines_of_one_text_and_an_answer_may_repeat_one():
    text = "\nA. a frog\nB. a whale,\nwhich is large\nC.42"
    assert parse({"question": "?", "options": text, "answer": "C. 42"}).choices == (
        "a frog",
        "a whale,\nwhich is large",
        "42",
    )
    assert right(text, "A. a frog") == "a frog"
    assert right(text, "B") == "a whale,\nwhich is large"
    assert "names none" in refused(text, "A. a toad")
    for broken in ("B. frog\nC. ant", "A. frog", "frog\nA. ant"):
        with pytest.raises(FormatError, match="not a list"):
            right(broken, "A")


def test_a_suite_gives_the_options_of_questions_that_bring_none():
    asked = {"question": "Is it?", "passage": "It is.", "answer": "True"}
    found = parse(asked, choices=("True", "False"))
    assert (found.format, found.expected) == ("choice", Choice(("True", "False"), 0))
    assert found.turns[0].content.startswith("It is.")
    own = parse({"question": "?", "choices": ["a", "b"], "answer": "b"}, choices=("True", "False"))
    assert own.choices == ("a", "b")
    with pytest.raises(FormatError, match="names none"):
        parse({**asked, "answer": "perhaps"}, choices=("True", "False"))
