"""`path:` finds files and folders, and says which part of a path is wrong."""

from pathlib import Path

import pytest

from seatrial.errors import SourceError
from seatrial_plugins.sources import path


@pytest.fixture
def resolve(tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "train.jsonl").write_text("{}\n")
    monkeypatch.chdir(tmp_path)

    def resolving(address):
        return path().resolve(address, kind="data", cache=tmp_path / "cache", offline=True)

    return resolving


def refusal(resolve, address):
    with pytest.raises(SourceError) as caught:
        resolve(address)
    return str(caught.value)


def test_files_and_folders_are_found_relative_absolute_and_at_home(resolve, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    train = tmp_path / "data" / "train.jsonl"
    for name in ("data/train.jsonl", "./data/../data/train.jsonl", str(train), "~/data/train.jsonl"):
        found = resolve(f"path:{name}")
        assert (found.address, found.path, found.facts) == (f"path:{name}", train, {})
    assert resolve("path:data").path == tmp_path / "data"


def test_a_link_keeps_its_own_name(resolve, tmp_path):
    (tmp_path / "link.csv").symlink_to(tmp_path / "data" / "train.jsonl")
    assert resolve("path:link.csv").path.name == "link.csv"


def test_a_missing_path_names_the_part_that_is_wrong_and_its_nearest_neighbour(resolve, tmp_path):
    assert refusal(resolve, "path:data/trian.jsonl") == (
        f"path:data/trian.jsonl: there is no 'trian.jsonl' in {tmp_path}/data (did you mean 'train.jsonl'?)"
    )
    assert refusal(resolve, "path:Data/deep/train.jsonl") == (
        f"path:Data/deep/train.jsonl: there is no 'Data' in {tmp_path} (did you mean 'data'?)"
    )
    assert refusal(resolve, "path:zzz") == (
        f"path:zzz: there is no 'zzz' in {tmp_path}; a path that does not begin with / starts from the folder in which "
        "seatrial runs, not from the suite file's"
    )
    assert refusal(resolve, "path:data/train.jsonl/x") == (
        f"path:data/train.jsonl/x: {tmp_path}/data/train.jsonl is a file, so there is no 'x' in it"
    )


def test_what_is_no_path_is_refused(resolve):
    assert refusal(resolve, "path:") == "path:: names no file or folder; write path:FILE-OR-FOLDER"
    assert refusal(resolve, "path:a\0b").startswith("path:a\0b: ")
    assert refusal(resolve, "path:~nobody-of-that-name/x").startswith("path:~nobody-of-that-name/x: is no path: ")
    assert refusal(resolve, f"path:{'x' * 5000}").startswith("path:xxx")


def test_what_is_neither_file_nor_folder_is_refused(resolve):
    if not Path("/dev/null").exists():
        pytest.skip("this machine has no /dev/null")
    assert refusal(resolve, "path:/dev/null") == "path:/dev/null: /dev/null is neither a file nor a folder"


def test_what_may_not_be_read_is_refused(resolve, tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda file, mode: False)
    assert refusal(resolve, "path:data") == f"path:data: {tmp_path}/data may not be read; change its permissions"
