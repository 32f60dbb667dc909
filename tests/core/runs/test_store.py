"""Files are whole or absent, and equal contents have equal digests."""

import fcntl
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.runs.store import atomic_file, atomic_folder, digest_json, digest_path, write_json


def test_a_file_that_was_not_finished_leaves_the_old_one_and_no_litter(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(UnicodeEncodeError), atomic_file(tmp_path / "a.txt") as part:
        part.write_text("half \udc80", encoding="utf-8")
    assert (tmp_path / "a.txt").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_folder_replaces_the_old_one_whole(tmp_path):
    for names in (("a", "b"), ("c",)):
        with atomic_folder(tmp_path / "adapter") as part:
            for name in names:
                (part / name).write_text(name)
    assert [path.name for path in (tmp_path / "adapter").iterdir()] == ["c"]


def test_a_folder_left_by_a_killed_process_is_not_mixed_in(tmp_path):
    (tmp_path / ".adapter.part").mkdir()
    (tmp_path / ".adapter.part/stale").write_text("stale")
    with atomic_folder(tmp_path / "adapter") as part:
        (part / "new").write_text("new")
    assert [path.name for path in (tmp_path / "adapter").iterdir()] == ["new"]


def test_a_part_that_a_killed_process_left_goes_with_the_next_write_and_one_in_use_stays(tmp_path):
    left, held = (tmp_path / f".a.txt.{mark * 16}.part" for mark in "ab")
    for part in (left, held):
        part.write_text("half")
        os.utime(part, (1, 1))
    with held.open() as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        with atomic_file(tmp_path / "a.txt") as part:
            part.write_text("whole")
        assert sorted(path.name for path in tmp_path.iterdir()) == [held.name, "a.txt"]


def test_nothing_is_written_through_a_link_that_waits_for_a_write(tmp_path):
    (tmp_path / "precious").write_text("precious")
    for name in (".a.txt.part", "a.txt"):
        (tmp_path / name).symlink_to(tmp_path / "precious")
    with atomic_file(tmp_path / "a.txt") as part:
        part.write_text("new")
    assert (tmp_path / "precious").read_text() == "precious"
    assert (tmp_path / "a.txt").read_text() == "new"
    assert not (tmp_path / "a.txt").is_symlink()


def test_nan_is_refused_in_json(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"x": float("nan")})
    assert list(tmp_path.iterdir()) == []


@given(st.dictionaries(st.text(), st.integers() | st.text(), max_size=5))
def test_a_digest_does_not_depend_on_the_order_of_keys(value):
    assert digest_json(value) == digest_json(dict(reversed(value.items())))


def test_a_folders_digest_sees_names_and_contents(tmp_path):
    (tmp_path / "a").write_text("1")
    first = digest_path(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    second = digest_path(tmp_path)
    (tmp_path / "b").write_text("2")
    assert len({first, second, digest_path(tmp_path)}) == 3
