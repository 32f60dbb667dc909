"""Baselines fitted here and in a process beside this one: the same answers, the same complaints, and no process left."""

import os
import signal
import sys
import threading
import time
import types
from dataclasses import replace

import pytest

from seatrial.errors import PluginError, StageError, UsageError
from seatrial.rows.table import write_rows
from seatrial.runs.baselines import NamedBaseline, fitted
from seatrial.runs.recipe import MADE, Recipe
from seatrial_plugins.baselines import build_majority, build_tfidf_logreg


class NeedyError(Exception):
    """Cannot be made again from its message."""

    def __init__(self, moment, *, reason):
        super().__init__(f"no {moment} for {reason}")


class NeedyPluginError(PluginError):
    def __init__(self, *, reason):
        super().__init__(f"no answer for {reason}")
        self.lock = threading.Lock()


class Process:
    """Answers which process it was fitted in; fails, dies or takes its time where it is told to."""

    def __init__(self, *, at_fit="", at_classify="", file=None):
        self.at = {"fit": at_fit, "classify": at_classify}
        self.file = file

    def _meet(self, moment):
        if self.at[moment] == "raise":
            raise ValueError(f"no {moment} today")
        if self.at[moment] == "raise needy":
            raise NeedyError(moment, reason="none")
        if self.at[moment] == "raise our own":
            raise NeedyPluginError(reason="none")
        if self.at[moment] == "exit":
            os._exit(9)
        if self.at[moment] == "be killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.at[moment] == "sleep":
            self.file.write_text(str(os.getpid()))
            time.sleep(600)

    def fit(self, rows, *, seed):
        self._meet("fit")
        self.learnt = f"{len(rows)} rows, seed {seed}, process {os.getpid()}"

    def classify(self, rows):
        self._meet("classify")
        return [self.learnt for _ in rows]


def named(name, build, **options):
    return NamedBaseline(name, "toys", Recipe(name, build, options))


@pytest.fixture
def train(labelled, tmp_path):
    path = tmp_path / "train.parquet"
    write_rows(path, labelled(("my card is lost", "card"), ("my loan is due", "loan"), ("where is my card", "card")))
    return path


def opened(train, *baselines, beside):
    return fitted(baselines, train, lambda recipe: recipe.make(MADE), seed=7, stage="score/choice", beside=beside)


def test_both_ways_give_the_same_answers(train, labelled):
    asked = labelled(("a card", "card"), ("a loan", "loan"), ("", "loan"))
    answers = []
    for beside in (False, True):
        both = named("majority", build_majority), named("tfidf-logreg", build_tfidf_logreg)
        with opened(train, *both, beside=beside) as baselines:
            assert list(baselines) == ["majority", "tfidf-logreg"]
            answers.append({name: baseline.classify(asked) for name, baseline in baselines.items()})
    assert answers[0] == answers[1]
    assert answers[0]["majority"] == ["card"] * 3
    assert answers[0]["tfidf-logreg"][:2] == ["card", "loan"]


@pytest.mark.parametrize("beside", [False, True])
def test_where_they_are_fitted(train, labelled, beside):
    with opened(train, named("process", Process), beside=beside) as baselines:
        (answer,) = baselines["process"].classify(labelled(("a card", "card")))
    rows, process = answer.split(", process ")
    assert rows == "3 rows, seed 7"
    assert (int(process) == os.getpid()) is not beside


def test_rows_without_a_label_are_not_learnt_from(labelled, tmp_path):
    first, second = labelled(("a card", "card"), ("a loan", "loan"))
    write_rows(tmp_path / "train.parquet", [first, replace(second, expected=None)])
    with opened(tmp_path / "train.parquet", named("process", Process), beside=False) as baselines:
        assert baselines["process"].classify([first])[0].startswith("1 rows")


@pytest.mark.parametrize("beside", [False, True])
def test_one_that_fails_is_named_with_its_plugin(train, labelled, beside):
    words = r"score/choice: baseline process \(plugin toys\) raised ValueError: no fit today"
    with (
        pytest.raises(StageError, match=words),
        opened(train, named("process", Process, at_fit="raise"), beside=beside) as baselines,
    ):
        baselines["process"].classify(labelled(("a card", "card")))


def test_an_error_that_no_other_process_can_open_is_told_all_the_same(train, labelled):
    asked = labelled(("a card", "card"))
    needy = named("needy", Process, at_fit="raise needy"), named("other", Process, at_classify="raise needy")
    own = named("own", Process, at_classify="raise our own")
    with opened(train, *needy, own, named("fine", Process), beside=True) as baselines:
        with pytest.raises(StageError) as caught:
            baselines["needy"].classify(asked)
        assert str(caught.value) == "score/choice: baseline needy (plugin toys) raised NeedyError: no fit for none"
        with pytest.raises(StageError) as caught:
            baselines["other"].classify(asked)
        assert str(caught.value) == "score/choice: baseline other (plugin toys) raised NeedyError: no classify for none"
        with pytest.raises(PluginError, match=r"^no answer for none$"):
            baselines["own"].classify(asked)
        assert len(baselines["fine"].classify(asked)) == 1


@pytest.mark.parametrize(
    ("moment", "end", "said"),
    [
        ("at_fit", "be killed", r"was killed by SIGKILL \(was it out of memory\?\)"),
        ("at_classify", "exit", "ended with exit code 9"),
    ],
)
def test_the_one_that_its_process_died_at_is_named_and_the_others_answer(train, labelled, moment, end, said):
    who = r"^score/choice: baseline dies \(plugin toys\): the process that it worked in"
    asked = labelled(("a card", "card"))
    both = named("fine", Process), named("dies", Process, **{moment: end})
    with opened(train, *both, beside=True) as baselines:
        with pytest.raises(StageError, match=rf"{who} {said}; leave the baseline out: `baselines:` lists"):
            baselines["dies"].classify(asked)
        assert len(baselines["fine"].classify(asked)) == 1


def wants_a_gpu():
    if os.environ.get("CUDA_VISIBLE_DEVICES") == "":
        raise UsageError("device 'cuda': this machine has 0 GPUs")
    return Process()


def test_one_that_cannot_be_built_without_a_gpu_is_fitted_here(train, labelled):
    asked = labelled(("a card", "card"))
    with opened(train, named("gpu", wants_a_gpu), named("cpu", Process), beside=True) as baselines:
        for _ in range(2):
            assert baselines["gpu"].classify(asked)[0].endswith(f"process {os.getpid()}")
        assert not baselines["cpu"].classify(asked)[0].endswith(f"process {os.getpid()}")


def test_one_that_can_be_built_nowhere_is_named(train, labelled):
    def stage_error(baselines):
        with pytest.raises(StageError) as caught:
            baselines["odd"].classify(labelled(("a card", "card")))
        return str(caught.value)

    with opened(train, named("odd", Process, color="red"), beside=True) as baselines:
        assert "odd could not be built: TypeError: " in stage_error(baselines)


def test_one_whose_module_only_this_process_has_is_fitted_here(train, labelled, monkeypatch):
    module = types.ModuleType("seatrial_example_made_here")
    exec("from seatrial_plugins.baselines import build_majority\ndef build(): return build_majority()", vars(module))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    with opened(train, named("majority", module.build), beside=True) as baselines:
        assert baselines["majority"].classify(labelled(("a loan", "loan"))) == ["card"]


def test_what_cannot_be_carried_is_fitted_here(train, labelled):
    class Local(Process):
        pass

    with opened(train, named("local", Local), beside=True) as baselines:
        assert baselines["local"].classify(labelled(("a card", "card")))[0].endswith(f"process {os.getpid()}")


def test_leaving_early_does_not_wait_for_a_fit(train, tmp_path):
    file = tmp_path / "process"
    with opened(train, named("process", Process, at_fit="sleep", file=file), beside=True):
        while not (file.exists() and file.read_text()):
            time.sleep(0.01)
    with pytest.raises(ProcessLookupError):
        os.kill(int(file.read_text()), 0)


def test_no_baselines_start_no_process(train):
    with opened(train, beside=True) as baselines:
        assert baselines == {}


class Answers:
    def __init__(self, *, labels=None):
        self.labels = labels

    def fit(self, rows, *, seed):
        pass

    def classify(self, rows):
        return self.labels


@pytest.mark.parametrize("beside", [False, True])
@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (None, "gave None where it must give a series of str"),
        ([1], "gave an int in a series that must be of str"),
        (["card"], "gave 1 labels for 2 rows; it must give one a row, in order"),
    ],
)
def test_a_baseline_that_answers_wrongly_is_named_and_not_the_scorer(train, labelled, labels, said, beside):
    with (
        opened(train, named("toy", Answers, labels=labels), beside=beside) as found,
        pytest.raises(PluginError, match=rf"score/choice: baseline toy \(plugin toys\) {said}"),
    ):
        found["toy"].classify(labelled(("a", "card"), ("b", "loan")))
