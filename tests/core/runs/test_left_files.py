"""Files of a source's folder that nobody reads: those that may hold data are told, the others are not."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from seatrial.runs.inputs import Input, NamedReader
from seatrial.runs.left_files import left_files, left_warning
from seatrial.sources import Resolved
from seatrial.suite.keys import DataFileKeys

READERS = {
    name: NamedReader(name, "seatrial", SimpleNamespace(suffixes=(f".{name}",), by_suffix=True))
    for name in ("jsonl", "csv")
}


@pytest.fixture
def left(tmp_path):
    folder = tmp_path / "rows"
    (folder / "more").mkdir(parents=True)
    (folder / "a.jsonl").touch()

    def found(*names, reader=None, path=folder):
        for name in names:
            (folder / name).touch()
        return left_files(Input(Resolved("path:rows", path), "", DataFileKeys(source="path:rows"), reader), READERS)

    found.folder = folder
    return found


def test_a_folder_that_is_read_as_a_whole(left):
    assert left("b.csv", "more/c.jsonl.gz", "README.md", "LICENSE", "card.txt", "image.png", ".b.csv.part") == []
    (left.folder / ".cache").mkdir()
    assert left(".cache/b.csv.incomplete") == []
    assert left("b.csv", reader="jsonl") == []  # as the suite says


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("b.jsonl.zst", "packed"),
        ("more/b.ZIP", "packed"),
        ("b.csv.part", "not fetched to its end"),
        ("more/b.jsonl.incomplete", "not fetched to its end"),
        ("data-00001-of-00002.arrow", "no reader takes it"),
    ],
)
def test_what_may_hold_data(left, name, reason):
    assert left(name) == [f"{name} ({reason})"]
    assert left(path=left.folder / "a.jsonl") == []


def test_links_that_are_not_followed(left, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (left.folder / "more/linked").symlink_to(tmp_path / "elsewhere")
    (left.folder / "b.jsonl").symlink_to(tmp_path / "gone")
    assert left() == ["b.jsonl (a link to nothing)", "more/linked (a link to a folder)"]
    (tmp_path / "gone").touch()
    assert left() == ["more/linked (a link to a folder)"]


def test_the_warning_names_some(left):
    assert "were left out: 0.zip (packed), 1.zip (packed); unpack" in left_warning(left("0.zip", "1.zip"))
    many = left_warning(left(*(f"{number}.zip" for number in range(7))))
    assert "4.zip (packed) and 2 more; unpack" in many
