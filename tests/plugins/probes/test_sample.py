"""Sample: several answers to each row, drawn; what is refused is an error of that row alone."""

from types import MappingProxyType

import pytest

from seatrial import Generation, Row, System, Task, Turn, UsageError
from seatrial.errors import StageError
from seatrial.model import HeldModel, ModelFault
from seatrial.rows.table import RowList
from seatrial_plugins.probes import build_sample


class Dice:
    facts = MappingProxyType({})

    def __init__(self, short: int = 0) -> None:
        self.asked, self.short = [], short

    def sample(self, prompts, *, answers, **how):
        if any("refused" in turn.content for prompt in prompts for turn in prompt):
            raise StageError("too long")
        self.asked.append((len(prompts), answers, how))
        return [
            [Generation(f"{prompt[-1].content}{place}", 1, True) for place in range(answers - self.short)]
            for prompt in prompts
        ]


def row(name: str, question: str) -> Row:
    return Row(name, (Turn("user", question),), "chat", "path:x", "x", 1)


def ask(transcribed, model, *questions, **options):
    rows = [row(str(place), text) for place, text in enumerate(questions)]
    return transcribed(build_sample(**options), System("tuned", "tuned", model), Task("t", RowList(rows), seed=3), None)


def test_each_row_has_its_answers(transcribed):
    model = Dice()
    found = ask(transcribed, model, "a", "b", answers=2, temperature=0.7, stop=["x"])
    assert [[said.text for said in one.responses] for one in found] == [["a0", "a1"], ["b0", "b1"]]
    told = {"temperature": 0.7, "top_p": 1.0, "seed": 3, "max_new_tokens": 64, "stop": ("x",)}
    assert model.asked == [(2, 2, told)]
    assert [one.error for one in ask(transcribed, model, "a", "refused", answers=2)] == [None, "too long"]


def test_what_each_draw_took_is_kept(transcribed):
    class Paid(Dice):
        def sample(self, prompts, **how):
            said = super().sample(prompts, **how)
            return [[Generation(one.text, 1, True, {"seconds": 1.0}) for one in each] for each in said]

    (found,) = ask(transcribed, Paid(), "a", answers=2, temperature=0.7)
    assert found.detail == {"requests": [{"seconds": 1.0}] * 2}


def test_one_greedy_answer_needs_no_model_that_samples(transcribed, tiny_model):
    (found,) = ask(transcribed, tiny_model, "Hello", answers=1, temperature=0.0, max_new_tokens=3)
    assert found.responses[0].tokens <= 3
    (refused,) = ask(transcribed, object(), "Hello", answers=2)
    assert "cannot draw answers" in refused.error


def test_a_model_that_gives_too_few_is_told():
    with pytest.raises(ModelFault, match="the loader x gave"):
        HeldModel(Dice(short=1), "the loader x").sample([[Turn("user", "a")]], answers=2)


def test_several_greedy_answers_are_refused():
    with pytest.raises(UsageError, match="3 answers at temperature 0"):
        build_sample(answers=3, temperature=0)
