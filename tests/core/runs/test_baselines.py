"""Baselines fitted here and in a process beside this one: the same answers, the same complaints, and no process left."""

import os
import re
import signal
import sys
import threading
import time
import types
from contextlib import contextmanager
from dataclasses import replace

import pytest

from seatrial.errors import ContractError, PluginError, StageError, UsageError
from seatrial.rows.table import write_rows
from seatrial.runs.baselines import Baselines
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


STAGE = "transcribe[test.choose, process]"


class Illiterate:
    """Reads no row that holds a 9."""

    def fit(self, rows, *, seed):
        self.unread = sum("9" in row.input_text for row in rows)

    def classify(self, rows):
        self.fit(rows, seed=0)
        return ["card" for _ in rows]


@pytest.mark.parametrize("beside", [False, True])
def test_what_a_baseline_could_not_read_is_among_its_facts(labelled, tmp_path, monkeypatch, beside):
    monkeypatch.setattr("seatrial.runs.baselines.on_gpu", lambda: beside)
    rows = tmp_path / "nines.parquet"
    write_rows(rows, labelled(("9", "card"), ("8", "loan"), ("7", "loan")))
    baselines = Baselines(lambda recipe: recipe.make(MADE), 7)
    baselines.expect("blind", "toys", named("blind", Illiterate)[1])
    try:
        baselines.start(rows, stage=STAGE)
        classifier = baselines.fitted("blind", rows, stage=STAGE)
        for texts in (("9", "99"), ("5",)):
            classifier.classify(labelled(*((text, "card") for text in texts)))
        (said,) = classifier.facts["warnings"]
    finally:
        baselines.close()
    assert said.startswith("blind could not read 2 of the 3 rows that it was asked, nor 1 of the 3 that it learnt from")


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
    return name, Recipe(f"{name} (plugin toys)", build, options)


@pytest.fixture
def train(labelled, tmp_path):
    path = tmp_path / "train.parquet"
    write_rows(path, labelled(("my card is lost", "card"), ("my loan is due", "loan"), ("where is my card", "card")))
    return path


@pytest.fixture
def fitted(train, monkeypatch):
    """Has baselines fitted, beside this process or in it; asks the one of a name."""

    @contextmanager
    def ready(*wanted, beside, rows=train):
        monkeypatch.setattr("seatrial.runs.baselines.on_gpu", lambda: beside)
        baselines = Baselines(lambda recipe: recipe.make(MADE), seed=7)
        for name, recipe in wanted:
            baselines.expect(name, "toys", recipe)
        baselines.start(rows, stage=STAGE)
        try:
            yield lambda name, asked: baselines.fitted(name, rows, stage=STAGE).classify(asked)
        finally:
            baselines.close()

    return ready


def test_both_ways_give_the_same_answers(fitted, labelled):
    asked = labelled(("a card", "card"), ("a loan", "loan"), ("", "loan"))
    answers = []
    for beside in (False, True):
        both = named("majority", build_majority), named("tfidf-logreg", build_tfidf_logreg)
        with fitted(*both, beside=beside) as ask:
            answers.append({name: ask(name, asked) for name in ("majority", "tfidf-logreg")})
    assert answers[0] == answers[1]
    assert answers[0]["majority"] == ["card"] * 3
    assert answers[0]["tfidf-logreg"][:2] == ["card", "loan"]


@pytest.mark.parametrize("beside", [False, True])
def test_where_they_are_fitted(fitted, labelled, beside):
    with fitted(named("process", Process), beside=beside) as ask:
        (answer,) = ask("process", labelled(("a card", "card")))
        assert ask("process", labelled(("a card", "card"))) == [answer]  # fitted once
    rows, process = answer.split(", process ")
    assert rows == "3 rows, seed 7"
    assert (int(process) == os.getpid()) is not beside


def test_rows_without_a_label_are_not_learnt_from(fitted, labelled, tmp_path):
    first, second = labelled(("a card", "card"), ("a loan", "loan"))
    some = tmp_path / "some.parquet"
    write_rows(some, [first, replace(second, expected=None)])
    with fitted(named("process", Process), beside=False, rows=some) as ask:
        assert ask("process", [first])[0].startswith("1 rows")


@pytest.mark.parametrize("beside", [False, True])
@pytest.mark.parametrize("moment", ["fit", "classify"])
def test_one_that_fails_is_named_with_its_plugin_and_the_node_that_asked(fitted, labelled, moment, beside):
    words = rf"^{re.escape(STAGE)}: baseline process \(plugin toys\) raised ValueError: no {moment} today$"
    with (
        pytest.raises(StageError, match=words),
        fitted(named("process", Process, **{f"at_{moment}": "raise"}), beside=beside) as ask,
    ):
        ask("process", labelled(("a card", "card")))


def test_an_error_that_no_other_process_can_open_is_told_all_the_same(fitted, labelled):
    asked = labelled(("a card", "card"))
    needy = named("needy", Process, at_fit="raise needy"), named("other", Process, at_classify="raise needy")
    own = named("own", Process, at_classify="raise our own")
    with fitted(*needy, own, named("fine", Process), beside=True) as ask:
        with pytest.raises(StageError) as caught:
            ask("needy", asked)
        assert str(caught.value) == f"{STAGE}: baseline needy (plugin toys) raised NeedyError: no fit for none"
        with pytest.raises(StageError) as caught:
            ask("other", asked)
        assert str(caught.value) == f"{STAGE}: baseline other (plugin toys) raised NeedyError: no classify for none"
        with pytest.raises(PluginError, match=r"^no answer for none$"):
            ask("own", asked)
        assert len(ask("fine", asked)) == 1


@pytest.mark.parametrize(
    ("moment", "end", "said"),
    [
        ("at_fit", "be killed", r"was killed by SIGKILL \(was it out of memory\?\)"),
        ("at_classify", "exit", "ended with exit code 9"),
    ],
)
def test_the_one_that_its_process_died_at_is_named_and_the_others_answer(fitted, labelled, moment, end, said):
    who = rf"^{re.escape(STAGE)}: baseline dies \(plugin toys\): the process that it worked in"
    asked = labelled(("a card", "card"))
    both = named("fine", Process), named("dies", Process, **{moment: end})
    with fitted(*both, beside=True) as ask:
        with pytest.raises(StageError, match=rf"{who} {said}; leave the baseline out: `baselines:` lists"):
            ask("dies", asked)
        assert len(ask("fine", asked)) == 1


def wants_a_gpu():
    if os.environ.get("CUDA_VISIBLE_DEVICES") == "":
        raise UsageError("device 'cuda': this machine has 0 GPUs")
    return Process()


def test_one_that_cannot_be_built_without_a_gpu_is_fitted_here(fitted, labelled):
    asked = labelled(("a card", "card"))
    with fitted(named("gpu", wants_a_gpu), named("cpu", Process), beside=True) as ask:
        for _ in range(2):
            assert ask("gpu", asked)[0].endswith(f"process {os.getpid()}")
        assert not ask("cpu", asked)[0].endswith(f"process {os.getpid()}")


@pytest.mark.parametrize("beside", [False, True])
def test_one_that_can_be_built_nowhere_is_named(fitted, labelled, beside):
    with fitted(named("odd", Process, color="red"), beside=beside) as ask, pytest.raises(StageError) as caught:
        ask("odd", labelled(("a card", "card")))
    assert "odd (plugin toys) could not be built: TypeError: " in str(caught.value)


def test_one_whose_module_only_this_process_has_is_fitted_here(fitted, labelled, monkeypatch):
    module = types.ModuleType("seatrial_example_made_here")
    exec("from seatrial_plugins.baselines import build_majority\ndef build(): return build_majority()", vars(module))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    with fitted(named("majority", module.build), beside=True) as ask:
        assert ask("majority", labelled(("a loan", "loan"))) == ["card"]


def test_what_cannot_be_carried_is_fitted_here(fitted, labelled):
    class Local(Process):
        pass

    with fitted(named("local", Local), beside=True) as ask:
        assert ask("local", labelled(("a card", "card")))[0].endswith(f"process {os.getpid()}")


def test_leaving_early_does_not_wait_for_a_fit(fitted, tmp_path):
    file = tmp_path / "process"
    with fitted(named("process", Process, at_fit="sleep", file=file), beside=True):
        while not (file.exists() and file.read_text()):
            time.sleep(0.01)
    with pytest.raises(ProcessLookupError):
        os.kill(int(file.read_text()), 0)


@pytest.mark.parametrize(("wanted", "gpu"), [(False, True), (True, False)], ids=["none wanted", "no GPU"])
def test_no_process_is_started_for_nothing(train, monkeypatch, wanted, gpu):
    def started(**_):
        raise AssertionError("a process was started")

    monkeypatch.setattr("seatrial.runs.baselines.on_gpu", lambda: gpu)
    monkeypatch.setattr("seatrial.runs.baselines.one_beside", started)
    baselines = Baselines(lambda recipe: recipe.make(MADE), seed=7)
    if wanted:
        baselines.expect(*named("process", Process)[:1], "toys", named("process", Process)[1])
    baselines.start(train, stage=STAGE)
    baselines.close()


def test_starting_again_fits_nothing_again(train, labelled, monkeypatch):
    monkeypatch.setattr("seatrial.runs.baselines.on_gpu", lambda: True)
    baselines = Baselines(lambda recipe: recipe.make(MADE), seed=7)
    name, recipe = named("process", Process)
    baselines.expect(name, "toys", recipe)
    said = []
    try:
        for _ in range(2):  # each task that is put to the model starts them
            baselines.start(train, stage=STAGE)
            said += baselines.fitted(name, train, stage=STAGE).classify(labelled(("a card", "card")))
    finally:
        baselines.close()
    assert said[0] == said[1]
    assert baselines.fitted(name, train, stage=STAGE).facts == {"baseline": "process"}


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
def test_a_baseline_that_answers_wrongly_is_named_and_not_the_scorer(fitted, labelled, labels, said, beside):
    with (
        fitted(named("toy", Answers, labels=labels), beside=beside) as ask,
        pytest.raises(ContractError, match=rf"{re.escape(STAGE)}: baseline toy \(plugin toys\) {said}"),
    ):
        ask("toy", labelled(("a", "card"), ("b", "loan")))
