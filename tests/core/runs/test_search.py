"""The search: rounds of trials, the finalists, and the training that takes their settings; with toys, without torch."""

from __future__ import annotations

import json
import math
import signal
from dataclasses import dataclass, replace
from typing import Literal

import pytest

from seatrial import MethodComponent, StageError, Trained, UsageError, hookimpl
from seatrial.runs.run import run, search
from seatrial.runs.searching.study import label
from seatrial.suite.file import load_suite
from seatrial.training import TrainingCost

from .toys import Toys, suite_text, toy_host, write_trial

SEARCH = """\
search:
  over:
    lr: {min: 1.0e-4, max: 1.0, log: true}
    r: [2, 4, 8]
  trials: 12
  at_once: 6
  share: 0.5
  sampler: tpe
"""
TRAIN = "train: {method: tune, lr: 0.5, r: 2}"


@dataclass(frozen=True)
class Tune:
    """Its validation loss is lowest at a rate of 0.01 and a rank of 8."""

    toys: Tuned
    lr: float
    r: int
    kind: Literal["a", "b"]
    floor: float
    product = "adapter"

    def __post_init__(self):
        if self.r < 1:
            raise UsageError("train.r: a rank of at least 1")
        if self.floor and self.kind != "b":
            raise UsageError("train.floor: only with kind b")

    def train(self, job):
        self.toys.asked_for.append(
            (self.lr, self.r, len(job.train), {row.split for row in (*job.train, *job.validation)})
        )
        if self.toys.dies_after == len(self.toys.asked_for):
            signal.raise_signal(signal.SIGINT)
        loss = 1 + math.log10(self.lr / 0.01) ** 2 + 1 / self.r
        for step in range(1, 5):
            values = {"step": step, "steps": 4, "epoch": step / 4}
            job.log(values | {"loss": loss})
            job.log(values | {"validation_loss": loss + (4 - step)})
        words = {word: row.label for row in job.train for word in row.input_text.split() if word != "the"}
        (job.output / "words.json").write_text(json.dumps(words, sort_keys=True))
        (job.output / "seed.txt").write_text(str(job.seed))
        return Trained(
            "adapter",
            {"steps": 4, "truncated_rows": 0, "validation_loss": loss, "options": {"lr": self.lr, "r": self.r}},
        )


class Tuned(Toys):
    """The toys, with a method that has settings."""

    def __init__(self):
        super().__init__()
        self.asked_for = []
        self.dies_after = 0

    @hookimpl
    def seatrial_methods(self):
        def tune(*, lr: float = 0.5, r: int = 2, kind: Literal["a", "b"] = "a", floor: float = 0.0) -> object:
            return Tune(self, lr, r, kind, floor)

        yield MethodComponent("tune", tune, "Rates.")


@pytest.fixture
def tried(tmp_path):
    """Runs a suite that searches, with toys of its own."""
    write_trial(tmp_path)

    def load(more=SEARCH, toys=None, *overrides):
        host = toy_host(toys or Tuned())
        text = suite_text(tmp_path).replace("train: {method: learn}", TRAIN) + more
        (tmp_path / "suite.yaml").write_text(text)
        return load_suite(tmp_path / "suite.yaml", host, overrides=overrides), host

    load.runs = tmp_path / "runs"
    return load


def test_a_search_finds_better_settings_on_validation_rows_and_the_run_trains_with_them(tried):
    toys = Tuned()
    suite, host = tried(SEARCH, toys)
    found = search(suite, host, runs=tried.runs)
    worked = len(toys.asked_for)
    result = run(suite, host, runs=tried.runs)
    assert result.folder == found.folder, "the run goes on where the search alone stopped"
    assert len(toys.asked_for) == worked + 1
    facts = next(record.facts for record in result.records if record.stage == "search[finalists]")
    assert [one["number"] for one in facts["trials"]] == list(range(1, 13))
    assert facts["trials"][0]["options"] == {"lr": 0.5, "r": 2}, "the suite's own settings are the first"
    own = next(one for one in facts["finalists"] if one["drawn"] == "own")
    assert facts["chosen"]["loss"] < own["loss"] == pytest.approx(1 + math.log10(50) ** 2 + 0.5)
    assert result.facts("train")["options"] == facts["chosen"]["options"]
    seen = set().union(*(splits for *_, splits in toys.asked_for))
    assert seen == {"train", "validation"}, "no test row is seen"
    counts = [rows for _, _, rows, _ in toys.asked_for]
    assert counts[:12] == [round(counts[-1] / 2)] * 12, "trials read a share of the rows, finalists and training all"
    assert set(facts["importance"]) == {"lr", "r"}
    assert any("number" in note for note in facts["notes"])


def test_a_search_alone_tells_no_tracker_and_says_so(tried):
    suite, host = tried(f"{SEARCH}tracking: [tensorboard]\n")
    search(suite, host, runs=tried.runs)
    (said,) = map(str, host.watch_failures)
    assert "tracker tensorboard" in said
    assert "seatrial run" in said


def test_the_same_seed_draws_the_same_settings_and_more_trials_reuse_those_before(tried):
    toys = Tuned()
    suite, host = tried(SEARCH, toys)
    first = search(suite, host, runs=tried.runs)
    worked = len(toys.asked_for)
    more, host = tried(SEARCH, toys, "search.trials=16")
    second = search(more, host, runs=tried.runs)
    assert [one["options"] for one in second.trials[:12]] == [one["options"] for one in first.trials]
    assert len(second.trials) == 16
    assert len(toys.asked_for) - worked <= 4 + 4, "four more trials and the finalists"
    again, host = tried(SEARCH, Tuned())
    fresh = search(again, host, runs=tried.runs, fresh=True)
    assert fresh.options == first.options


def opens_in_optuna(found):
    import optuna

    study = optuna.load_study(storage=f"sqlite:///{found.folder / 'search/study.db'}", study_name="search")
    assert [trial.number + 1 for trial in study.trials] == [one["number"] for one in found.trials]
    states = {optuna.trial.TrialState.COMPLETE: "complete", optuna.trial.TrialState.PRUNED: "given up"}
    assert [states[trial.state] for trial in study.trials] == [one["state"] for one in found.trials]
    assert study.best_value == min(one["loss"] for one in found.trials if one["loss"] is not None)


def test_a_search_that_was_killed_goes_on_to_the_same_trials(tried):
    suite, host = tried(SEARCH, Tuned())
    whole = search(suite, host, runs=tried.runs / "whole")
    opens_in_optuna(whole)
    toys = Tuned()
    toys.dies_after = 9
    suite, host = tried(SEARCH, toys)
    with pytest.raises(KeyboardInterrupt):
        search(suite, host, runs=tried.runs / "killed")
    assert len(toys.asked_for) == 9
    resumed = search(suite, host, runs=tried.runs / "killed")
    assert len(list((tried.runs / "killed").glob("*/manifest.json"))) == 1
    without_times = [{k: v for k, v in one.items() if k != "seconds"} for one in resumed.trials]
    assert without_times == [{k: v for k, v in one.items() if k != "seconds"} for one in whole.trials]
    assert sum(one[:2] == (0.5, 2) for one in toys.asked_for) == 2, (
        "the first trial and the finalist: what was done is not done again"
    )


def test_a_trial_that_is_killed_on_its_way_keeps_what_it_told_and_a_wrong_log_line_fails_it_alone(tried, monkeypatch):
    toys, whole = Tuned(), Tune.train
    times = []

    def train(self, job):
        times.append((self.lr, job.stages))
        if len(times) == 1:
            job.log({"step": 1, "steps": 4, "validation_loss": 7.5})
            signal.raise_signal(signal.SIGINT)
        if len(times) == 3:
            job.log({"step": "one", "steps": 4, "validation_loss": 1.0})
        return whole(self, job if len(times) > 2 else replace(job, log=lambda one: one["step"] > 1 and job.log(one)))

    monkeypatch.setattr(Tune, "train", train)
    overrides = ("search.trials=4", "search.at_once=4", "search.pruner=none")
    with pytest.raises(KeyboardInterrupt):
        search(*tried(SEARCH, toys, *overrides), runs=tried.runs)
    found = search(*tried(SEARCH, toys, *overrides), runs=tried.runs)
    assert times[0] == times[1] == (0.5, (0.25, 0.5))
    assert len(found.trials[0]["stages"]) == 2
    assert found.trials[0]["stages"][0] == 7.5
    assert found.trials[1]["state"] == "failed"
    assert "logged a step" in found.trials[1]["reason"]
    assert "tune" in found.trials[1]["reason"]
    assert [one["state"] for one in found.trials[2:]] == ["complete"] * 2


@pytest.mark.parametrize("pruner", ["median", "asha"])
def test_trials_that_lag_behind_are_given_up(tried, pruner):
    suite, host = tried(SEARCH, None, f"search.pruner={pruner}", "search.sampler=random")
    found = search(suite, host, runs=tried.runs)
    given_up = [one for one in found.trials if one["state"] == "given up"]
    best = min(one["loss"] for one in found.trials if one["loss"] is not None)
    assert given_up
    assert all(one["loss"] is None and min(one["stages"]) > best for one in given_up)
    assert any(len(one["stages"]) == 1 for one in given_up), "some at the first stage"


def test_text_that_looks_like_a_number_is_another_value():
    values = ["8", 8, 8.0, True, "true", "qv", None, "null"]
    assert len({label(value) for value in values}) == len(values)


def test_an_option_with_a_condition_is_drawn_only_where_that_holds(tried):
    text = SEARCH.replace("  trials", "    kind: [a, b]\n    floor: {min: 0.1, max: 0.9, when: {kind: b}}\n  trials")
    suite, host = tried(text)
    found = search(suite, host, runs=tried.runs)
    assert {one["options"]["kind"] for one in found.trials} == {"a", "b"}
    for one in found.trials:
        assert ("floor" in one["options"]) == (one["options"]["kind"] == "b")


def test_a_method_that_tells_no_validation_loss_is_named(tried):
    toys = Tuned()
    suite, host = tried(SEARCH, toys)
    original = Tune.train

    def silent(self, job):
        original(
            self, type("Job", (), {**{n: getattr(job, n) for n in job.__slots__}, "log": lambda self, values: None})()
        )
        return Trained("adapter", {"steps": 1})

    Tune.train = silent
    try:
        with pytest.raises(StageError, match="told no validation loss"):
            search(suite, host, runs=tried.runs)
    finally:
        Tune.train = original


@pytest.mark.parametrize("told", [False, -5.0, math.nan, -math.inf])
def test_what_is_no_validation_loss_fails_its_trial_and_is_chosen_by_nobody(tried, monkeypatch, told):
    original = Tune.train

    def train(self, job):
        trained = original(self, job)
        return replace(trained, facts=trained.facts | {"validation_loss": told}) if self.r == 8 else trained

    monkeypatch.setattr(Tune, "train", train)
    suite, host = tried(SEARCH, Tuned())
    found = search(suite, host, runs=tried.runs)
    failed = [one for one in found.trials if one["state"] == "failed"]
    assert failed
    assert {one["options"]["r"] for one in failed} == {8}
    assert all(f"validation loss of {told!r}" in one["reason"] for one in failed)


def test_a_value_that_the_method_refuses_is_refused_before_anything_is_read(tried):
    toys = Tuned()
    suite, host = tried(SEARCH.replace("[2, 4, 8]", "[0, 4, 8]"), toys)
    with pytest.raises(UsageError, match=r"search\.over\.r: 0 cannot be tried: train\.r: a rank of at least 1"):
        search(suite, host, runs=tried.runs)
    assert not toys.asked_for


@pytest.fixture
def costly(monkeypatch):
    """Has the method tell what it takes, in GiB, by rank and rows. Another class: what kind a class is of is remembered."""

    def tell(takes):
        class Costly(Tune):
            def cost(self, job):
                return TrainingCost("cpu", {"weights": int(takes(self.r, len(job.train)) * (1 << 30))}, ())

        monkeypatch.setitem(globals(), "Tune", Costly)

    return tell


def test_settings_that_take_too_much_memory_are_not_trained(tried, costly):
    costly(lambda r, rows: r)
    toys = Tuned()
    suite, host = tried(SEARCH, toys, "search.memory=4")
    found = search(suite, host, runs=tried.runs)
    large = [one for one in found.trials if one["state"] == "too large"]
    assert large
    assert all(one["options"]["r"] == 8 and "8.0 GiB" in one["reason"] for one in large)
    assert all(one["options"]["r"] < 8 for one in found.trials if one not in large)
    assert not any(r == 8 for _, r, *_ in toys.asked_for)


def test_finalists_are_held_against_the_memory_with_all_rows(tried, costly):
    counts = set()
    costly(lambda r, rows: counts.add(rows) or r * (1 if rows == min(counts) else 2))
    overrides = ("search.memory=8", "search.finalists=12", "search.pruner=none")
    found = search(*tried(SEARCH, None, *overrides), runs=tried.runs)
    assert not any(one["state"] == "too large" for one in found.trials)
    assert {one["state"] for one in found.finalists if one["options"]["r"] == 8} == {"too large"}
    assert found.options["r"] < 8


def test_the_same_settings_are_trained_once_and_are_one_finalist(tried):
    toys = Tuned()
    text = SEARCH.replace("    lr: {min: 1.0e-4, max: 1.0, log: true}\n", "")
    found = search(*tried(text, toys, "search.sampler=random", "search.pruner=none"), runs=tried.runs)
    assert len(found.trials) == 12
    first = {}
    for one in found.trials:
        same = first.setdefault(one["options"]["r"], one)
        assert one["same_as"] == (0 if same is one else same["number"])
        assert one["loss"] == same["loss"]
    assert len(found.finalists) == len(first)
    assert len(toys.asked_for) == 2 * len(first)


def test_memory_is_refused_before_anything_is_read_where_the_method_tells_no_cost(tried):
    toys = Tuned()
    with pytest.raises(UsageError, match=r"search\.memory: tune .* does not tell what its training costs"):
        search(*tried(SEARCH, toys, "search.memory=4"), runs=tried.runs)
    assert not toys.asked_for


def test_a_value_is_tried_with_the_values_of_the_other_options(tried):
    toys = Tuned()
    text = SEARCH.replace("  trials", "    kind: [a, b]\n    floor: {min: 0.0, max: 0.9}\n  trials")
    found = search(*tried(text, toys, "search.trials=6"), runs=tried.runs)
    assert {one["state"] for one in found.trials} >= {"failed"}
    assert all("floor" in one["reason"] for one in found.trials if one["state"] == "failed")


def test_what_is_missing_is_said_before_anything_is_read(tried, monkeypatch):
    monkeypatch.setattr("seatrial.runs.searching.study.find_spec", lambda name: None)
    suite, host = tried()
    with pytest.raises(UsageError, match=r"pip install 'seatrial\[search\]'"):
        search(suite, host, runs=tried.runs)


def test_a_suite_that_searches_nothing_is_told_so(tried):
    suite, host = tried("")
    with pytest.raises(UsageError, match="searches nothing"):
        search(suite, host, runs=tried.runs)
