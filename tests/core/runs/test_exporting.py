"""What is not exported, and why."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from types import SimpleNamespace

import pytest

from seatrial import Component, ReportComponent, hookimpl
from seatrial.errors import StoreError, UsageError
from seatrial.runs.exporting import _about_models, _card, _new_folders, export_run
from seatrial.runs.run import run
from seatrial.runs.saved import load_result
from seatrial.suite.file import load_suite
from seatrial.verdict import Verdict

from .toys import SUITE, suite_text, toy_host, write_trial


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """`made(suite)`: the folder of a run of it, and its host."""
    folder = tmp_path_factory.mktemp("trial")
    write_trial(folder)
    kept = {}

    def make(text=SUITE, *, only_data=False):
        if (text, only_data) not in kept:
            host, path = toy_host(), folder / "suite.yaml"
            path.write_text(suite_text(folder, text))
            suite = load_suite(path, host, only_data=only_data)
            result = run(suite, host, runs=folder / "runs", cache=folder / "cache", only_data=only_data)
            kept[text, only_data] = result.folder, host
        return kept[text, only_data]

    return make


@pytest.fixture
def export(made, tmp_path):
    def go(text=SUITE, to=None, only_data=False, **more):
        folder, host = made(text, only_data=only_data)
        to = tmp_path / "model" if to is None else to(folder)
        return export_run(folder, host, to={"merged": to}, cache=tmp_path / "cache", **more)

    return go


FAILING = SUITE.replace("min: 0.1", "max: 0.1")


def test_a_folder_that_is_taken_stays_as_it_is(export, tmp_path):
    taken = tmp_path / "model"
    taken.mkdir()
    (taken / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="model: is not empty"):
        export()
    assert [file.name for file in taken.iterdir()] == ["mine.txt"]
    with pytest.raises(UsageError, match="is no folder"):
        export(to=lambda _: taken / "mine.txt")


def test_the_run_folder_takes_no_export(export):
    with pytest.raises(UsageError, match="lies in the run folder"):
        export(to=lambda folder: folder / "model")


def test_folders_in_each_other_are_refused_and_nothing_is_written(made, tmp_path):
    folder, host = made()
    for one, other in ((tmp_path / "out/m", tmp_path / "out"), (tmp_path / "out", tmp_path / "out/m")):
        with pytest.raises(UsageError, match="need a folder each"):
            export_run(folder, host, to={"merged": one, "adapter": other}, cache=tmp_path / "cache")
    assert not (tmp_path / "out").exists()


def test_an_adapter_of_whole_weights_is_refused_before_anything_is_written(made, tmp_path, monkeypatch):
    folder, host = made()
    whole = SimpleNamespace(product=SimpleNamespace(kind="weights"), seed=5)
    monkeypatch.setattr("seatrial.runs.exporting._trained", lambda *_: whole)
    with pytest.raises(UsageError, match="no adapter; export the whole model alone"):
        export_run(folder, host, to={"merged": tmp_path / "m", "adapter": tmp_path / "a"}, cache=tmp_path / "cache")
    assert not (tmp_path / "m").exists()


def test_a_folder_that_is_filled_meanwhile_stays_as_it_is(tmp_path):
    target = tmp_path / "model"
    new = ExitStack()
    for part in new.enter_context(_new_folders([target, tmp_path / "adapter"])):
        (part / "ours.txt").write_text("ours")
    target.mkdir()
    (target / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="model: was filled"):
        new.close()  # and the other is not there either
    assert [file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*.txt")] == ["model/mine.txt"]
    (target / "mine.txt").unlink()
    with _new_folders([target]) as (part,):
        (part / "ours.txt").write_text("ours")
    assert [file.name for file in target.iterdir()] == ["ours.txt"]


def test_a_failed_model_takes_a_word(export, tmp_path):
    with pytest.raises(UsageError, match=r"the verdict is FAIL: .*--failed"):
        export(FAILING)
    with pytest.raises(UsageError, match="cannot export"):  # it came past the verdict
        export(FAILING, failed=True)
    assert not (tmp_path / "model").exists()


def test_a_run_with_a_missing_score_takes_the_same_word(export, made, tmp_path, monkeypatch):
    folder, host = made()
    result = load_result(folder, host)
    missing = Verdict("error", "1 of 2 gates could not be decided", result.verdict.decisions)
    monkeypatch.setattr("seatrial.runs.exporting.load_result", lambda *_: replace(result, verdict=missing))
    with pytest.raises(UsageError, match=r"the verdict is ERROR: 1 of 2 .*--failed"):
        export()
    with pytest.raises(UsageError, match="cannot export"):
        export(failed=True)


def test_a_loader_that_cannot_export_is_named(export):
    with pytest.raises(UsageError, match=r"toy \(plugin toys"):
        export()


def test_a_run_without_training_has_nothing_to_export(export):
    with pytest.raises(UsageError, match="nothing was trained"):
        export(only_data=True)


def test_of_several_trainings_one_is_named(export):
    several = SUITE.replace("seed: 5", "seeds: [5, 6]")
    with pytest.raises(UsageError, match=r"the seeds 5, 6; name one: --seed"):
        export(several)
    with pytest.raises(UsageError, match="nothing was trained with seed 7"):
        export(several, seed=7)
    with pytest.raises(UsageError, match="cannot export"):
        export(several, seed=6)


def test_an_unknown_card_is_refused(export):
    with pytest.raises(UsageError, match=r"modelcard: no such report.*model_card"):
        export(card="modelcard")


def test_a_damaged_product_is_refused(export, made):
    folder, _ = made()
    words = folder / "products/seed-5/words.json"
    whole = words.read_text()
    words.write_text(whole + " ")
    try:
        with pytest.raises(StoreError, match=r"products/seed-5: what was trained is damaged"):
            export()
    finally:
        words.write_text(whole)


def test_a_model_carries_the_report_about_models_that_the_suite_names(made):
    folder, host = made()
    result = load_result(folder, host)
    assert _about_models(host, result) == "model_card"
    host = toy_host()
    host.register(Cards(), name="cards", distribution="card-parts")
    assert _about_models(host, result) == "a_card"
    assert (
        _about_models(host, replace(result, suite={**result.suite, "report": [{"model_card": None}]})) == "model_card"
    )


def test_where_no_report_is_about_models_there_is_no_card_and_that_is_said(made, caplog):
    folder, host = made()
    assert _card(SimpleNamespace(components=lambda _: {}), load_result(folder, host), None) is None
    assert "no card" in caplog.text


class Cards:
    @hookimpl
    def seatrial_reports(self):
        yield Component("a_plain_one", object, "About the run.")
        yield ReportComponent("a_card", object, "About the model.", describes="model")
