from __future__ import annotations

import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from seatrial.errors import SourceError
from seatrial_plugins.huggingface.tensor_files import INDEX, TensorShape, read_header, weight_files

FIRST, SECOND = "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"


@pytest.fixture
def sharded(tmp_path):
    """A folder with two files of weights and their index."""
    save_file({"a": np.zeros((2, 3), np.float32)}, tmp_path / FIRST)
    save_file({"b": np.zeros(5, np.int64)}, tmp_path / SECOND)
    (tmp_path / INDEX).write_text(json.dumps({"weight_map": {"a": FIRST, "b": SECOND}}))
    return tmp_path


def test_the_files_are_those_of_the_index(sharded):
    save_file({"c": np.zeros(7)}, sharded / "consolidated.safetensors")
    assert [file.name for file in weight_files(sharded)] == [FIRST, SECOND]


def test_one_whole_file_needs_no_index(sharded):
    save_file({"c": np.zeros(7)}, sharded / "model.safetensors")
    assert [file.name for file in weight_files(sharded)] == ["model.safetensors"]


def test_a_header_tells_types_and_shapes(sharded):
    headers = [read_header(file) for file in weight_files(sharded)]
    assert headers == [{"a": TensorShape("F32", (2, 3))}, {"b": TensorShape("I64", (5,))}]


@pytest.mark.parametrize(
    ("index", "reason"),
    [
        ("", r"is no index of weights.*`weight_map`.*get it again \(JSONDecodeError"),
        ("[]", r"is no index of weights.*\(TypeError"),
        ("{}", r"is no index of weights.*\(KeyError"),
        ('{"weight_map": [1]}', r"is no index of weights.*\(AttributeError"),
        ('{"weight_map": {"a": 5}}', r"is no index of weights.*\(TypeError"),
        ("[" * 100_000, r"is no index of weights.*\(RecursionError"),
        (
            '{"weight_map": {"a": "../elsewhere.safetensors"}}',
            r"names \.\./elsewhere\.safetensors, which is no file besi",
        ),
        (
            '{"weight_map": {"a": "model-3.safetensors"}}',
            r"lacks model-3\.safetensors, which .*index\.json names; get the",
        ),
        (
            json.dumps({"weight_map": {str(n): f"{n}.safetensors" for n in range(5)}}),
            "lacks 0.*, 2.* and 2 more, which",
        ),
    ],
)
def test_an_index_that_is_none_is_refused(sharded, index, reason):
    (sharded / INDEX).write_text(index)
    with pytest.raises(SourceError, match=reason):
        weight_files(sharded)


def test_several_files_without_an_index_are_refused(sharded):
    (sharded / INDEX).unlink()
    with pytest.raises(SourceError, match=rf"holds {FIRST}, {SECOND}, and neither .*; add the one that is missing"):
        weight_files(sharded)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda data: data[:-1], "is damaged, was cut short, or is no safetensors file; get it again"),
        (lambda data: b"", "is damaged, was cut short"),
        (lambda data: b"version https://git-lfs.github.com/spec/v1\n", "is a pointer of Git LFS.*run `git lfs pull`"),
    ],
    ids=["cut", "empty", "pointer"],
)
def test_a_damaged_file_is_refused_by_its_name(sharded, change, reason):
    (sharded / SECOND).write_bytes(change((sharded / SECOND).read_bytes()))
    with pytest.raises(SourceError, match=f"{SECOND}: {reason}"):
        read_header(sharded / SECOND)


def test_a_folder_in_the_place_of_a_file_is_refused(tmp_path):
    (tmp_path / "model.safetensors").mkdir()
    with pytest.raises(SourceError, match=r"neither a file model\.safetensors"):
        weight_files(tmp_path)
    with pytest.raises(SourceError, match=r"model\.safetensors: cannot be read: is a directory"):
        read_header(tmp_path / "model.safetensors")
