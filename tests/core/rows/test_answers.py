"""Expected answers: several, preferred and rejected ones, verdicts, and tests to run."""

import pytest

from seatrial.rows import Check, Preference, References, Turn
from seatrial.rows.format_error import FormatError
from seatrial.rows.formats import parse
from seatrial.rows.notes import Notes

ASK, YES, NO = Turn("user", "q"), Turn("assistant", "yes"), Turn("assistant", "no")


def messages(*said):
    return [{"role": role, "content": text} for role, text in said]


def refusal(record):
    with pytest.raises(FormatError) as caught:
        parse(record)
    return caught.value.rule


# ---- several answers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "record",
    [
        {"question": "q", "answers": ["yes", "aye", "yes"]},
        {"question": "q", "answers": {"text": ["yes", "aye"], "answer_start": [3, 3]}, "title": "T"},
        {"question": "q", "answers": [{"text": "yes", "answer_start": 3}, {"text": "aye", "answer_start": 9}]},
        {"question": "q", "answer": {"value": "yes", "aliases": ["aye", "yes"], "type": "x"}},
        {"question": "q", "answer": "yes", "references": ["yes", "aye"]},
        {"prompt": "q", "references": ["yes", "aye"]},
        {"prompt": "q", "references": '["yes", "aye"]'},
        {"prompt": "q", "completion": "yes", "references": ["aye"]},
        {"messages": messages(("user", "q"), ("assistant", "yes")), "references": ["aye"]},
    ],
)
def test_the_first_of_several_answers_is_said_and_the_others_are_right_too(record):
    parsed = parse(record)
    assert (parsed.turns, parsed.expected) == ((ASK, YES), References(("yes", "aye")))


def test_one_answer_in_a_list_is_an_answer():
    assert parse({"question": "q", "answers": ["yes"]}).turns == (ASK, YES)
    assert parse({"question": "q", "answer": True}).turns == (ASK, Turn("assistant", "true"))


def test_a_question_that_has_no_answer_is_refused():
    assert refusal({"question": "q", "answers": {"text": [], "answer_start": []}}) == "empty"
    assert refusal({"question": "q", "answers": [" "]}) == "empty"


@pytest.mark.parametrize("key", ["context", "passage", "article"])
def test_a_passage_stands_before_its_question(key):
    assert parse({key: "A text.", "question": "q", "answer": "yes"}).turns[0].content == "A text.\n\nq"
    choice = {key: "A text.", "question": "q", "options": ["yes", "no"], "answer": "A"}
    assert parse(choice).turns[0].content == "A text.\n\nq"
    assert parse({key: "", "question": "q", "answer": "yes"}).turns[0].content == "q"
    assert parse({key: ["One.", "Two."], "question": "q", "answer": "yes"}).turns[0].content == "One.\n\nTwo.\n\nq"


# ---- preferences -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "record",
    [
        {"prompt": "q", "chosen": "yes", "rejected": "no"},
        {"question": "q", "chosen": "yes", "rejected": "no"},
        {"instruction": "q", "input": "", "chosen": "yes", "rejected": "no"},
        {"prompt": messages(("user", "q")), "chosen": messages(("assistant", "yes")), "rejected": messages(("assistant", "no"))},
        {"chosen": messages(("user", "q"), ("assistant", "yes")), "rejected": messages(("user", "q"), ("assistant", "no"))},
        {
            "prompt": "q",
            "messages": messages(("user", "q"), ("assistant", "yes")),
            "chosen": messages(("user", "q"), ("assistant", "yes")),
            "rejected": messages(("user", "q"), ("assistant", "no")),
        },
        {
            "conversations": [{"from": "human", "value": "q"}],
            "chosen": {"from": "gpt", "value": "yes"},
            "rejected": {"from": "gpt", "value": "no"},
        },
        {"messages": messages(("user", "q"), ("assistant", "yes")), "rejected": messages(("assistant", "no"))},
    ],
)  # fmt: skip
def test_the_preferred_answer_is_said_and_the_rejected_one_is_kept(record):
    parsed = parse(record)
    assert (parsed.turns, parsed.expected) == ((ASK, YES), Preference((YES,), (NO,)))


def test_conversations_part_where_they_differ():
    before = [("system", "S"), ("user", "q"), ("assistant", "yes")]
    chosen = messages(*before, ("user", "why"), ("assistant", "so"))
    rejected = messages(*before, ("user", "how"), ("assistant", "thus"))
    parsed = parse({"chosen": chosen, "rejected": rejected})
    assert parsed.format == "preference"
    assert parsed.expected == Preference(
        (Turn("user", "why"), Turn("assistant", "so")), (Turn("user", "how"), Turn("assistant", "thus"))
    )
    assert len(parsed.turns) == 5


@pytest.mark.parametrize(
    ("record", "rule"),
    [
        ({"chosen": "yes", "rejected": "no"}, "missing-key"),
        ({"prompt": "q", "chosen": "yes", "rejected": "yes"}, "wrong-answer"),
        ({"prompt": "q", "chosen": "", "rejected": "no"}, "empty"),
        ({"prompt": "q", "chosen": None, "rejected": "no"}, "empty"),
        ({"chosen": messages(("user", "a"), ("assistant", "b")), "rejected": messages(("user", "c"))}, "wrong-role"),
    ],
)
def test_what_is_no_preference_is_refused(record, rule):
    assert refusal(record) == rule


@pytest.mark.parametrize("verdict", [True, "true", "True"])
def test_an_answer_that_was_liked_is_preferred_to_nothing(verdict):
    parsed = parse({"prompt": "q", "completion": "yes", "label": verdict})
    assert (parsed.turns, parsed.expected) == ((ASK, YES), Preference((YES,)))


def test_an_answer_that_was_not_liked_is_never_trained():
    disliked = Turn("assistant", "no", trained=False)
    for record in (
        {"prompt": "q", "completion": "no", "label": False},
        {"prompt": messages(("user", "q")), "completion": messages(("assistant", "no")), "label": False},
        {"messages": messages(("user", "q"), ("assistant", "no")), "kto_tag": False},
        {"instruction": "q", "output": "no", "kto_tag": False},
        {"instruction": "q", "output": "no", "kto_tag": 0},
        {"prompt": "q", "completion": "no", "kto_tag": "0"},
    ):
        parsed = parse(record)
        assert (parsed.turns, parsed.expected) == ((ASK, disliked), Preference(rejected=(disliked,)))
    assert refusal({"messages": messages(("user", "q")), "kto_tag": True}) == "empty"


def test_a_label_of_0_or_1_may_be_a_class_and_is_told_rather_than_guessed():
    for label in (0, 1, "1"):
        notes = Notes()
        parsed = parse({"prompt": "q", "completion": "no", "label": label}, notes=notes)
        assert parsed.turns == (ASK, Turn("assistant", "no"))
        assert "'label' (1): left aside" in next(notes.warnings())
    judged = parse(
        {"prompt": "q", "completion": "no", "label": 0}, columns={"kto_tag": "label"}, format="prompt-completion"
    )
    assert judged.turns[1].trained is False


def test_a_rejected_answer_beside_messages_is_kept():
    for key in ("rejected", "rejected_response"):
        parsed = parse({"messages": messages(("user", "q"), ("assistant", "yes")), key: "no"})
        assert (parsed.turns, parsed.expected) == ((ASK, YES), Preference((YES,), (Turn("assistant", "no"),)))


# ---- checks ----------------------------------------------------------------------------------------------------------


def test_a_task_with_tests_is_checked_by_them():
    task = {"task_id": "T/0", "prompt": "def f():\n", "entry_point": "f", "test": "def check(f): assert f() == 1"}
    parsed = parse(task | {"canonical_solution": "    return 1"})
    assert parsed.turns == (Turn("user", "def f():\n"), Turn("assistant", "    return 1"))
    assert parsed.expected == Check("python", "def check(f): assert f() == 1", "f", "def f():\n")
    assert parse(task).turns == (Turn("user", "def f():\n"),)


def test_a_list_of_assertions_is_a_check():
    task = {"text": "Write f.", "code": "def f(): return 1", "test_list": ["assert f() == 1", "assert f()"]}
    parsed = parse(task | {"test_setup_code": "import math"})
    assert parsed.turns == (Turn("user", "Write f."), Turn("assistant", "def f(): return 1"))
    assert parsed.expected == Check("python", "assert f() == 1\nassert f()", prefix="import math")
    assert refusal(task | {"test_list": []}) == "empty"
