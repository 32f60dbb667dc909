"""Broken files go through all data stages without a traceback, and read = kept + dropped in each."""

import importlib.util
import random
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
        file, reader = fuzz.fuzzed(folder, random.Random(1_000_000 + number))
        outcome = fuzz.put_through(folder, file, reader, host)
        assert not outcome.wrong, f"file {number} ({file.name}): {outcome.wrong}"
        words.add(outcome.word)
    assert words == {"read", "without a usable row"}


def test_what_is_looked_for_would_be_seen(fuzz, host, tmp_path, monkeypatch):
    """A file that loses a record, and one that ends in a traceback."""
    file = tmp_path / "file.jsonl"
    file.write_text('{"text": "where?", "label": "a"}\n' * 3, encoding="utf-8")
    assert fuzz.put_through(tmp_path, file, "", host).wrong == ""
    monkeypatch.setattr(fuzz, "SPLITS", ())
    assert fuzz.put_through(tmp_path, file, "", host).wrong == "3 read, 0 kept, 2 dropped"

    def breaks(*arguments, **options):
        raise ZeroDivisionError("as if")

    monkeypatch.setattr(fuzz, "run", breaks)
    assert "ZeroDivisionError: as if" in fuzz.put_through(tmp_path, file, "", host).wrong
