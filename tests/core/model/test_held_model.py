"""What an open model gives is held to its protocol, and told in its loader's name."""

from __future__ import annotations

import math
from contextlib import nullcontext

import numpy as np
import pytest

from seatrial.errors import SeatrialError, StageError
from seatrial.model import (
    Classifies,
    Continuation,
    Generates,
    Generation,
    HeldModel,
    KeepsAnswers,
    ModelFault,
    Scores,
    Times,
    Timing,
)
from seatrial.runs.stages import blame

WHO = "loader odd (plugin faulty-parts)"


class Gives:
    """Gives what it is told to, or raises it."""

    facts: dict[str, object] = {"device": "cpu"}  # noqa: RUF012 - never changed
    weights = "own"

    def __init__(self, answer):
        self.answer = answer

    def _give(self):
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


class Scoring(Gives):
    def loglikelihoods(self, prompts, options, *, tools=()):
        return self._give()


class Writing(Gives):
    def generate(self, prompts, *, max_new_tokens, stop=(), tools=()):
        return self._give()

    def keep_answers(self, file):
        self.file = file


class Naming(Gives):
    def classify(self, rows):
        return self._give()


class Timed(Gives):
    def serving(self):
        return nullcontext("none")

    def time_request(self, *, batch, prompt_tokens, new_tokens, seed):
        return self._give()


def score(answer):
    return HeldModel(Scoring(answer), WHO).loglikelihoods([(), ()], options=[["a", "b"], ["c"]])


def write(answer):
    return HeldModel(Writing(answer), WHO).generate([(), ()], max_new_tokens=4)


def name(answer):
    return HeldModel(Naming(answer), WHO).classify([None, None])


def time(answer):
    return HeldModel(Timed(answer), WHO).time_request(batch=1, prompt_tokens=2, new_tokens=3, seed=0)


LIKELY = [[Continuation(-1.0, 1), Continuation(np.float32(-2), np.int64(2))], [Continuation(math.nan, 1)]]
WRITTEN = [Generation("a", 1, finished=True), Generation("", None, finished=False)]
TIMING = Timing(1.0, (0.5, 0.5), 10)


def test_one_list_for_several_prompts_is_a_fault():
    class Reuses:
        facts = {}  # noqa: RUF012 - as a plugin may write it

        def loglikelihoods(self, prompts, options, *, tools=()):
            return [[Continuation(-1.0, 1)]] * len(prompts)

    with pytest.raises(ModelFault, match="gave one and the same list for several prompts"):
        HeldModel(Reuses(), WHO).loglikelihoods([(), ()], [["a"], ["b"]])
    assert HeldModel(Reuses(), WHO).loglikelihoods([(), ()], [["a"], ["a"]]) == [[Continuation(-1.0, 1)]] * 2


def test_it_can_what_the_model_can_and_nothing_else():
    held = HeldModel(Writing(WRITTEN), WHO)
    assert isinstance(held, Generates)
    assert isinstance(held, KeepsAnswers)
    assert not any(isinstance(held, protocol) for protocol in (Scores, Classifies, Times))
    held.keep_answers("file")
    assert (held.file, held.weights, held.facts) == ("file", "own", {"device": "cpu"})
    assert isinstance(HeldModel(Timed(TIMING), WHO), Times)


@pytest.mark.parametrize(("ask", "answer"), [(score, LIKELY), (write, WRITTEN), (name, ["a", "b"]), (time, TIMING)])
def test_what_keeps_the_promise_comes_through_unchanged(ask, answer):
    assert ask(answer) is answer


@pytest.mark.parametrize(
    ("ask", "answer", "said"),
    [
        (score, None, "gave None for 2 prompts; it must give a list of a list of a Continuation for each option"),
        (score, LIKELY[:1], "gave 1 answers for 2 prompts"),
        (score, [LIKELY[1], LIKELY[1]], "gave 1 answers for 2 options of prompt 1"),
        (score, [[-1.0, -2.0], [-1.0]], "gave a float for one of the options of prompt 1, not a Continuation"),
        (
            score,
            [LIKELY[0], [Continuation(None, 1)]],
            "gave None for the log probability of one of the options of prompt 2",
        ),
        (score, [LIKELY[0], [Continuation(-1.0, "1")]], "gave '1' for the tokens"),
        (score, [LIKELY[0], [Continuation(-1.0, 0)]], "gave 0 for the tokens"),
        (
            score,
            [LIKELY[0], [Continuation(5.0, 1)]],
            "gave 5.0 for the log probability of one of the options of prompt 2; none is above 0",
        ),
        (write, [Generation("a", -1, finished=True)] * 2, "gave -1 for the tokens of prompt 1"),
        (write, ["a", "b"], "gave a str for prompt 1, not a Generation"),
        (write, "ab", "gave a str for 2 prompts"),
        (write, [*WRITTEN, WRITTEN[0]], "gave 3 answers for 2 prompts"),
        (write, [Generation(None, 1, finished=True)] * 2, "gave None for the text of prompt 1"),
        (write, [Generation("a", 1.5, finished=True)] * 2, "gave 1.5 for the tokens of prompt 1"),
        (write, [Generation("a", 1, finished="yes")] * 2, "gave a str for whether it finished prompt 1"),
        (name, ["a", 1], "gave an int for a label"),
        (name, ["a"], "gave 1 answers for 2 rows"),
        (time, 5.0, "gave a float for a timed request, not a Timing"),
        (time, Timing(math.nan, (), 1), "gave a Timing with nan in it"),
        (time, Timing(1.0, (0.5,), 1), "gave a Timing with 1 gaps for 3 new tokens"),
        (time, Timing(1.0, (0.5, 0.5, 0.5), 1), "gave a Timing with 3 gaps for 3 new tokens"),
        (time, Timing(0.0, (0.0, 0.0), 1), "gave a Timing in which no time goes by"),
        (time, Timing(1.0, (-1.0,), 1), "gave a Timing with -1.0 in it"),
        (score, MemoryError("no room"), "raised MemoryError in `loglikelihoods`: no room"),
        (write, SystemExit(0), "raised SystemExit in `generate`: 0"),
    ],
)
def test_what_breaks_it_is_told_in_the_loaders_name_whoever_asks(ask, answer, said):
    with pytest.raises(ModelFault) as caught:
        ask(answer)
    assert str(caught.value).startswith(f"{WHO} {said}")
    with pytest.raises(StageError) as told, blame("transcribe[x]", "probe innocent", "others"):
        ask(answer)
    assert str(told.value).startswith(f"transcribe[x]: {WHO} {said}")
    assert "innocent" not in str(told.value)


def test_what_a_model_says_to_the_user_is_left_as_it_is():
    with pytest.raises(SeatrialError, match=r"^busy$"):
        write(SeatrialError("busy"))
