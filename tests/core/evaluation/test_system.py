"""What a system is shown before a row: never the row's own answer."""

from seatrial import Row, System, Task, Turn
from seatrial.rows import Label
from seatrial.rows.formats import parse
from seatrial.rows.table import RowList
from seatrial.runs.task_plan import fewshot_examples


def labelled(number, text, label):
    turns = Turn("user", text), Turn("assistant", label)
    return Row(f"r{number}", turns, "text-label", "s", "f", number, Label(label))


def chat(name, messages):
    return Row(name, parse({"messages": messages}).turns, "chat", "s", "f", 1)


TRAIN = [labelled(n, f"question {n}", f"answer {n}") for n in range(6)]


def shown(row, *, of_scorer=0, of_system=0, train=TRAIN):
    task = Task("train", RowList(train), examples=fewshot_examples(RowList(train), of_scorer, 7))
    system = System("base", "base", object(), fewshot_examples(RowList(train), of_system, 7))
    return [turn.content for turn in system.prompt(row, task)]


def test_a_train_row_that_is_asked_is_not_shown_its_own_answer():
    for row in TRAIN:
        for counts in ({"of_scorer": 6}, {"of_system": 6}, {"of_scorer": 6, "of_system": 6}):
            prompt = shown(row, **counts)
            assert row.target not in prompt
            assert prompt.count(row.turns[0].content) == 1
            others = {other.target for other in TRAIN if other is not row}
            assert others <= set(prompt)
            assert len(prompt) == 1 + 2 * 5 * len(counts)


def test_a_copy_of_the_row_is_not_shown_either_wherever_the_row_comes_from():
    copy = labelled(9, "Question, 3!", "answer 3")
    assert "answer 3" not in shown(copy, of_scorer=6)
    assert len(shown(labelled(9, "question 33", "?"), of_scorer=6)) == 13


def test_all_turns_of_an_example_go_with_it():
    call = {"id": "1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    said = [
        {"role": "user", "content": "what is the rate?"},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "content": "three", "tool_call_id": "1"},
        {"role": "assistant", "content": "It is three."},
    ]
    called = chat("called", said)
    train = [called, *TRAIN]
    prompt = shown(labelled(9, "What is the rate?", "?"), of_scorer=7, train=train)
    assert not {"three", "It is three."} & set(prompt)
    assert len(prompt) == 1 + 2 * 6


def test_the_same_words_about_another_picture_are_another_question(png):
    def picture(number):
        image = {"type": "image", "image": {"bytes": png + bytes([number])}}
        content = [{"type": "text", "text": "What is this?"}, image]
        return chat(f"{number}", [{"role": "user", "content": content}, {"role": "assistant", "content": f"{number}"}])

    first, second = picture(1), picture(2)
    examples = tuple(turn for row in (first, second) for turn in row.turns)
    prompt = System("base", "base", object(), examples).prompt(first, Task("train", RowList([])))
    assert prompt == (*second.turns, first.turns[0])


def test_a_system_turn_that_the_model_adds_is_part_of_what_was_asked():
    def hashed(row, **model):
        return System("base", "base", type("Model", (), model)()).prompt_hash(row, Task("test", RowList([row])))

    row = labelled(1, "which?", "this")
    own = chat("own", [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "which?"}])
    assert hashed(row) == hashed(row, system=None) != hashed(row, system="The second is right.")
    assert hashed(own) == hashed(own, system="The second is right."), "one of the row's own stands in its place"
