"""Broken files go through all data stages without a traceback, and read = kept + dropped in each."""

import importlib
import sys
from pathlib import Path

import pytest

from seatrial.plugin.host import Host

BENCH = Path(__file__).parents[2] / "bench"


@pytest.fixture(scope="module")
def fuzz():
    """A module of the package that does the same with 2,000 files."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCH)
        yield lambda name: importlib.import_module(f"fuzzed_files.{name}")
    for name in [name for name in sys.modules if name.partition(".")[0] == "fuzzed_files"]:
        del sys.modules[name]


@pytest.fixture(scope="module")
def host():
    return Host.load()


@pytest.mark.slow
def test_two_hundred_broken_files(fuzz, host, tmp_path):
    words = set()
    for number in range(200):
        folder = tmp_path / str(number)
        folder.mkdir()
        made = fuzz("files").fuzzed(folder, fuzz("chance").Chance(1_000_000 + number))
        outcome = fuzz("passage").Passage(folder, made, host).outcome(by_command=False)
        assert not outcome.wrong, f"file {number} ({made.file.name}): {outcome.wrong}"
        words.add(outcome.word)
    assert words >= {"read", "without a usable row"}


def test_what_is_looked_for_would_be_seen(fuzz, host, tmp_path, monkeypatch):
    """A file that loses a record, one that ends in a traceback, and one that is read although no reader takes it."""
    file = tmp_path / "file.jsonl"
    file.write_text('{"text": "where?", "label": "a"}\n' * 3, encoding="utf-8")
    passage = fuzz("passage")
    monkeypatch.setattr(passage, "FILTERS", "[schema, duplicates]")

    def wrong(records=3, unread=False):
        made = fuzz("files").Made(file, records=records, unread=unread)
        return passage.Passage(tmp_path, made, host).outcome(by_command=False).wrong

    assert wrong() == ""
    assert wrong(records=4) == "3 records were read, but there are 4"
    assert wrong(unread=True) == "no reader takes it, and it was read"
    monkeypatch.setattr(passage, "SPLITS", ())
    assert wrong() == "3 read, 0 kept, 2 dropped"

    def breaks(*arguments, **options):
        raise ZeroDivisionError("as if")

    monkeypatch.setattr(passage, "run", breaks)
    assert "ZeroDivisionError: as if" in wrong()
