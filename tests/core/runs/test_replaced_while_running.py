"""What is replaced while a run goes on is refused: weights, adapters, data, and what a node left."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from seatrial import hookimpl
from seatrial.errors import SourceError, StoreError
from seatrial.runs.reading import Reading
from seatrial.runs.stages.read import Read

from .toys import Learn, Loader, Toys


def test_weights_that_are_replaced_while_a_run_goes_on_are_refused(trial, monkeypatch):
    folder, train = trial.path / "model", Learn.train

    def replaces(self, job):
        trained = train(self, job)
        (folder / "more.txt").write_text("other weights")
        return trained

    monkeypatch.setattr(Learn, "train", replaces)
    with pytest.raises(SourceError, match=r"model: its files have changed since this run began"):
        trial()
    monkeypatch.setattr(Learn, "train", train)
    assert trial()[0].verdict.state == "pass"


def test_weights_that_were_made_anew_while_they_were_opened_are_refused(trial, monkeypatch):
    makings, resolve, opens = ["first"], Loader.resolve, Loader.open

    def altered(self, target, product=None):
        if product:
            makings.append("second")
        return opens(self, target, product)

    monkeypatch.setattr(Loader, "resolve", lambda *given: replace(resolve(*given), making=makings[-1]))
    monkeypatch.setattr(Loader, "open", altered)
    with pytest.raises(SourceError, match=r"model: its files have changed since this run began"):
        trial()
    monkeypatch.setattr(Loader, "open", opens)
    assert trial()[0].verdict.state == "pass", "what was made anew before it is opened is as good"


def test_data_that_change_while_they_are_read_are_refused(trial, monkeypatch):
    rows, read = trial.path / "rows.jsonl", Reading.rows

    def meanwhile(change):
        def of(self, *given):
            for place, row in enumerate(read(self, *given)):
                if not place and self._images is not None:  # a look before a run keeps none
                    change()
                yield row

        return of

    def first(self, given, folder, progress, run=Read.run):
        rows.write_text(rows.read_text() + rows.read_text().splitlines()[0] + "\n")
        return run(self, given, folder, progress)

    before = rows.read_text()
    with monkeypatch.context() as patched:  # between the look at it and the reading
        patched.setattr(Read, "run", first)
        with pytest.raises(SourceError, match="read: the data changed since the run began"):
            trial()
    rows.write_text(before)
    for change in (lambda: rows.write_text(before + before.splitlines()[0] + "\n"), rows.unlink):
        monkeypatch.setattr(Reading, "rows", meanwhile(change))
        with pytest.raises(SourceError, match=r"rows\.jsonl: it changed while it was read"):
            trial()
        rows.write_text(before)
    monkeypatch.setattr(Reading, "rows", read)
    _, _, worked = trial()
    assert "read" in worked


def test_an_adapter_that_is_altered_before_it_is_opened_is_refused(trial, monkeypatch):
    opens = Loader.open

    def spoils(self, target, product=None):
        if product:
            (product.folder / "words.json").write_text("{}")
        return opens(self, target, product)

    monkeypatch.setattr(Loader, "open", spoils)
    with pytest.raises(SourceError, match=r"seed-5: its files have changed"):
        trial()


@pytest.mark.parametrize(
    ("after", "name", "before"),
    [
        ("decontaminate", "data/test.parquet", "verify_training[seed=5]"),
        ("transcribe[test.ask, always]", "transcripts/test.ask/tuned-seed=5.parquet", "score[right]"),
    ],
)
def test_what_a_node_left_is_held_against_its_digest_before_another_reads_it(trial, after, name, before):
    class Alters(Toys):
        @hookimpl
        def seatrial_stage_finished(self, record):
            if record.stage == after:
                (file,) = trial.path.glob(f"runs/*/{name}")
                file.write_bytes(file.read_bytes() + b"\n")

    with pytest.raises(StoreError, match=rf"{re.escape(before)}: .*{re.escape(name)} is not as .* left it"):
        trial(toys=Alters())
    assert trial()[0].verdict.state == "pass"
