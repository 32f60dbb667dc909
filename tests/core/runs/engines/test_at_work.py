"""What a process is at is noted while it is at it."""

import os

import pytest

from seatrial.runs.engines import at_work as module
from seatrial.runs.engines.at_work import at_work, keep_note, noted


@pytest.fixture
def note(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_note", None)
    keep_note(tmp_path / "note")
    yield tmp_path / "note"
    os.close(module._note)


def test_without_a_note_nothing_is_written(tmp_path):
    with at_work("filter toxicity"):
        assert not list(tmp_path.iterdir())
    assert noted(tmp_path / "note") == ""


def test_who_is_at_work_is_noted_and_for_whom(note):
    assert noted(note) == ""
    with at_work("score: baseline encoder-logreg"):
        with at_work("minilm"):
            assert noted(note) == "score: baseline encoder-logreg: minilm"
        assert noted(note) == "score: baseline encoder-logreg"
    assert noted(note) == ""


def test_after_an_error_nobody_is_at_work(note):
    with pytest.raises(ZeroDivisionError), at_work("filter toxicity"):
        _ = 1 / 0
    assert noted(note) == ""


@pytest.mark.parametrize("who", ["filter größe 😀 \ud800", "x" * 5_000, "é" * 5_000])
def test_any_name_can_be_noted(note, who):
    with at_work(who):
        assert noted(note)[:7] == who[:7]
        assert "\0" not in noted(note)
