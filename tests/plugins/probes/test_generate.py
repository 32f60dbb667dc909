"""Generate: each row is answered in the system's own words, and what it refuses is an error of that row alone."""

from dataclasses import replace
from types import MappingProxyType

import pytest

from seatrial import Generation, Row, System, Task, Turn
from seatrial.errors import StageError
from seatrial.rows.table import RowList
from seatrial_plugins.probes import build_generate, seatrial_probes


class Parrot:
    """Says what it was given for each question; refuses all questions that stand beside a certain one."""

    facts = MappingProxyType({})

    def __init__(self, answers: dict[str, str]) -> None:
        self.answers = answers
        self.asked: list[tuple[int, int, tuple[str, ...]]] = []

    def generate(self, prompts, *, max_new_tokens, stop=()):
        if any("refused" in turn.content for prompt in prompts for turn in prompt):
            raise StageError("too long for the context")
        self.asked.append((len(prompts), max_new_tokens, tuple(stop)))
        said = [self.answers[prompt[-1].content] for prompt in prompts]
        return [Generation(text, len(prompt), finished=text != "") for text, prompt in zip(said, prompts, strict=True)]


def row(name: str, question: str, answer: str | None = "x") -> Row:
    turns = [Turn("user", question)] + ([] if answer is None else [Turn("assistant", answer)])
    return Row(name, tuple(turns), "prompt-completion", "path:x", "x", 1, slice="trivia")


@pytest.fixture
def ask(transcribed):
    def asked(rows, model, *, examples=(), steps=None, **options):
        system = System("tuned", "tuned", model, examples)
        return transcribed(build_generate(**options), system, Task("test", RowList(rows)), steps)

    return asked


def test_each_row_has_an_answer_as_the_model_gave_it(ask):
    model, steps = Parrot({"a": " The Red ship!", "b": ""}), []
    first, second = ask([row("1", "a"), row("2", "b")], model, steps=steps, max_new_tokens=7, stop=["\n"])
    (said,) = first.responses
    assert (said.text, said.tokens, said.finished, said.logprob) == (" The Red ship!", 1, True, None)
    assert (second.responses[0].text, second.responses[0].finished) == ("", False)
    assert model.asked == [(2, 7, ("\n",))]
    assert steps == [(2, 2)]


def test_a_row_that_is_refused_is_an_error_and_the_others_are_answered(ask):
    rows = [row("1", "a"), row("2", "refused"), row("3", "b"), row("4", "a", None)]
    found = ask(rows, Parrot({"a": "x", "b": "y"}))
    assert [one.row for one in found] == ["1", "2", "3", "4"]
    assert [one.error for one in found] == [None, "too long for the context", None, None]
    assert [said.text for one in found for said in one.responses] == ["x", "y", "x"]
    assert len({one.prompt_hash for one in found}) == 3


def test_examples_before_the_prompt_change_its_hash(ask):
    shown = (Turn("user", "q"), Turn("assistant", "w"))
    plain, shot = (ask([row("1", "a")], Parrot({"a": "x"}), examples=examples)[0] for examples in ((), shown))
    assert plain.prompt_hash != shot.prompt_hash


def test_the_tiny_model_answers_through_the_same_door(ask, tiny_model):
    found = ask([row("1", "Hello, where is my parcel? 😀"), row("2", "", "")], tiny_model, max_new_tokens=3)
    assert all(one.error is None and one.responses[0].tokens <= 3 for one in found)
    assert ask([], tiny_model) == []


def test_a_model_that_cannot_generate_is_refused_by_name(ask):
    with pytest.raises(StageError, match="generate: tuned cannot generate"):
        ask([row("1", "a")], object())


def test_no_tokens_are_refused():
    with pytest.raises(StageError, match="max_new_tokens is 0"):
        build_generate(max_new_tokens=0)


def test_the_component_needs_a_model_that_generates():
    components = {component.name: component for component in seatrial_probes()}
    assert components["generate"].needs == {"generates"}


def test_a_model_is_told_the_tools_that_rows_offer_and_one_that_knows_none_is_not_asked_to():
    told = []

    class TakesTools:
        facts = MappingProxyType({})

        def generate(self, prompts, *, max_new_tokens, stop=(), tools=None):
            told.append(tools)
            return [Generation("12 C", 2, True) for _ in prompts]

    tool = {"type": "function", "function": {"name": "weather"}}
    plain = Row("1", (Turn("user", "Hi"),), "chat", "path:x", "x", 1)
    offering = replace(plain, id="2", tools=(tool,))
    for rows in ([plain, plain], [plain, offering]):
        list(
            build_generate().run(
                System("base", "base", TakesTools()), Task("test", RowList(rows)), rows, lambda *_: None
            )
        )
    assert told == [None, [(), (tool,)]]
