"""Inputs: which files of a source are read, and what is said where none is."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from seatrial.errors import SourceError
from seatrial.runs.inputs import Input, NamedReader, list_files, reader_of
from seatrial.sources import Resolved
from seatrial.suite.keys import DataFileKeys

READERS = {
    name: NamedReader(name, "seatrial", SimpleNamespace(suffixes=(f".{name}",), by_suffix=by_suffix))
    for name, by_suffix in (("jsonl", True), ("csv", True), ("dump", False))
}


@pytest.fixture
def source(tmp_path):
    def make(name, reader=None):
        return Input(Resolved(f"path:{name}", tmp_path / name), "", DataFileKeys(source=f"path:{name}"), reader)

    return make


@pytest.mark.parametrize(("name", "reader"), [("a.jsonl", "jsonl"), ("a.JSONL.gz", "jsonl"), ("a.csv", "csv")])
def test_a_file_is_read_by_its_ending(source, tmp_path, name, reader):
    (tmp_path / name).touch()
    assert list_files(source(name), READERS) == [tmp_path / name]
    assert reader_of(source(name), tmp_path / name, READERS).name == reader


def test_a_reader_that_is_named_takes_any_file(source, tmp_path):
    (tmp_path / "a.zip").touch()
    assert list_files(source("a.zip", reader="dump"), READERS) == [tmp_path / "a.zip"]


@pytest.mark.parametrize("name", ["a.txt", "a.dump", "jsonl"])
def test_an_ending_that_no_reader_takes_is_refused_with_the_readers(source, tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(
        SourceError, match=rf"no reader takes '{name}' by its ending; name one .*\(csv, dump, jsonl\), or use"
    ):
        list_files(source(name), READERS)


@pytest.mark.parametrize("name", ["a.jsonl.zst", "a.zip", "a.csv.BZ2", "a.jsonl.xz", "a.xlsx"])
def test_what_is_packed_is_refused_with_what_to_do(source, tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(
        SourceError, match=r"it is packed; unpack it, or compress it with gzip .*; readers take \.csv, \.jsonl"
    ):
        list_files(source(name), READERS)


def test_a_folder_gives_the_files_that_readers_take(source, tmp_path):
    for name in ("b.csv", "a.jsonl.gz", "c.zip", ".hidden.csv", "d.dump"):
        (tmp_path / name).touch()
    assert [file.name for file in list_files(source("."), READERS)] == ["a.jsonl.gz", "b.csv"]
    assert [file.name for file in list_files(source(".", reader="dump"), READERS)] == ["d.dump"]


def test_a_folder_without_any_is_refused(source, tmp_path):
    (tmp_path / "c.zip").touch()
    with pytest.raises(SourceError, match=r"the folder holds no file that can be read \(\.csv, \.jsonl\)"):
        list_files(source("."), READERS)
