"""Broken files go through all data stages without a traceback, and read = kept + dropped in each."""

import importlib.util
import sys
from pathlib import Path

import pytest

from seatrial.host import Host

SCRIPT = Path(__file__).parents[2] / "bench/fuzz_readers.py"


@pytest.fixture(scope="module")
def fuzz():
    """The script that does the same with 2,000 files."""
    spec = importlib.util.spec_from_file_location("fuzz_readers", SCRIPT)
    module = sys.modules["fuzz_readers"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules["fuzz_readers"]


@pytest.fixture(scope="module")
def host():
    return Host.load()


@pytest.mark.slow
def test_two_hundred_broken_files(fuzz, host, tmp_path):
    words = set()
    for number in range(200):
        folder = tmp_path / str(number)
        folder.mkdir()
        made = fuzz.fuzzed(folder, fuzz.Chance(1_000_000 + number))
        outcome = fuzz.Trial(folder, made, host).outcome(by_command=False)
        assert not outcome.wrong, f"file {number} ({made.file.name}): {outcome.wrong}"
        words.add(outcome.word)
    assert words == {"read", "without a usable row"}


def test_what_is_looked_for_would_be_seen(fuzz, host, tmp_path, monkeypatch):
    """A file that loses a record, and one that ends in a traceback."""
    file = tmp_path / "file.jsonl"
    file.write_text('{"text": "where?", "label": "a"}\n' * 3, encoding="utf-8")

    def wrong(records=3):
        return fuzz.Trial(tmp_path, fuzz.Made(file, "", frozenset(), records), host).outcome(by_command=False).wrong

    assert wrong() == ""
    assert wrong(records=4) == "3 records were read, but there are 4"
    monkeypatch.setattr(fuzz, "SPLITS", ())
    assert wrong() == "3 read, 0 kept, 2 dropped"

    def breaks(*arguments, **options):
        raise ZeroDivisionError("as if")

    monkeypatch.setattr(fuzz, "run", breaks)
    assert "ZeroDivisionError: as if" in wrong()
