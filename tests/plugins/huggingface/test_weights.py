from __future__ import annotations

import hashlib
import json
import os
import shutil
import time

import numpy as np
import pytest
from safetensors.numpy import save_file

from seatrial.errors import SourceError
from seatrial_plugins.huggingface.weights import cached_digest, count_parameters, find_weights, folder_digest


def fill(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return folder


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (("config.json", "model.safetensors", "model.gguf"), "safetensors"),
        (("package/deep/model.Q4.gguf", "package/__init__.py"), "gguf"),
        (("config.json", "tokenizer.json"), "config"),
    ],
)
def test_a_folder_is_recognised_by_its_files(tmp_path, names, kind):
    assert find_weights(fill(tmp_path, *names), "path:x").kind == kind


def test_a_gguf_file_is_taken_by_itself(tmp_path):
    fill(tmp_path, "a.gguf", "b.gguf")
    assert find_weights(tmp_path / "b.gguf", "path:b.gguf").path.name == "b.gguf"


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (("a.gguf", "sub/b.gguf"), r"2 GGUF files \(a.gguf, sub/b.gguf\); name one"),
        (("config.json", "pytorch_model.bin"), "only pickled weights.*any code.*safetensors"),
        (("readme.txt",), "no model"),
        ((), "no model"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_the_reason(tmp_path, names, reason):
    with pytest.raises(SourceError, match=reason):
        find_weights(fill(tmp_path, *names), "path:x")


def test_another_file_is_no_model(tmp_path):
    fill(tmp_path, "notes.txt")
    with pytest.raises(SourceError, match=r"path:notes: notes.txt is no model"):
        find_weights(tmp_path / "notes.txt", "path:notes")


@pytest.fixture
def large(tmp_path, monkeypatch):
    """A file that is not hashed each time, changed long ago; and how often it was read to its end since."""
    monkeypatch.setattr("seatrial_plugins.huggingface.weights._HASHED_EACH_TIME", 8)
    monkeypatch.setattr("seatrial_plugins.huggingface.weights._SETTLED", 0)
    read = []
    real = hashlib.file_digest
    monkeypatch.setattr("hashlib.file_digest", lambda stream, kind: read.append(1) or real(stream, kind))
    file = tmp_path / "weights"
    file.write_bytes(bytes(range(256)) * 20_000)
    time.sleep(0.02)
    return file, read


def sha256(file):
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_digest_is_remembered_and_renewed_when_the_file_changes(large, tmp_path):
    file, read = large
    cache = tmp_path / "cache"
    assert cached_digest(file, cache) == cached_digest(file, cache) == sha256(file)
    assert len(read) == 1
    (note,) = (cache / "digests").iterdir()
    assert json.loads(note.read_text())["sha256"] == sha256(file)
    file.write_bytes(b"three" * 1_000_000)
    assert cached_digest(file, cache) == sha256(file)
    for damage in (b"", b"[]", b"null", b'{"identity": 1}', b"\xff"):
        for each in (cache / "digests").iterdir():
            each.write_bytes(damage)
        assert cached_digest(file, cache) == sha256(file)


def keep_times(file, change):
    """Change a file and set its times back, as a copy that keeps them does."""
    before = file.stat()
    change()
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    after = file.stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def flip(file, place):
    with file.open("r+b") as stream:
        stream.seek(place)
        stream.write(bytes([255 - file.read_bytes()[place]]))


@pytest.mark.parametrize("place", [0, 1_234_567, 5_119_999])
def test_one_byte_changed_in_place_is_seen_though_size_and_time_are_the_same(large, tmp_path, place):
    file, _ = large
    cached_digest(file, tmp_path / "cache")
    keep_times(file, lambda: flip(file, place))
    assert cached_digest(file, tmp_path / "cache") == sha256(file)


def test_so_is_a_file_put_in_its_place(large, tmp_path):
    file, _ = large
    cached_digest(file, tmp_path / "cache")

    def put():
        other = tmp_path / "other"
        other.write_bytes(file.read_bytes()[::-1])
        other.replace(file)

    keep_times(file, put)
    assert cached_digest(file, tmp_path / "cache") == sha256(file)


def test_other_weights_are_seen_where_the_file_system_keeps_no_times_of_change(large, tmp_path, monkeypatch):
    file, _ = large
    monkeypatch.setattr("seatrial_plugins.huggingface.weights._stamps", lambda stat: [stat.st_size])
    cached_digest(file, tmp_path / "cache")
    file.write_bytes(file.read_bytes()[::-1])
    assert cached_digest(file, tmp_path / "cache") == sha256(file)


def test_a_file_that_has_just_changed_is_not_remembered(large, tmp_path, monkeypatch):
    """Within the clock's grain it could change again, and nothing would tell."""
    file, read = large
    monkeypatch.setattr("seatrial_plugins.huggingface.weights._SETTLED", 3_600_000_000_000)
    assert cached_digest(file, tmp_path / "cache") == cached_digest(file, tmp_path / "cache") == sha256(file)
    assert len(read) == 2


def test_a_small_file_is_read_each_time(tmp_path):
    file = tmp_path / "config.json"
    file.write_bytes(b"one")
    assert cached_digest(file, tmp_path / "cache") == sha256(file)
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    "name",
    [
        "chat_template.jinja",
        "additional_chat_templates/tool_use.jinja",
        "model.safetensors.index.json",
        "spiece.model",
        "tokenizer.4.0.0.json",
        "vocab.txt",
    ],
)
def test_what_transformers_may_read_belongs_to_the_digest(tmp_path, name):
    fill(tmp_path, "config.json", "model.safetensors")
    cache = tmp_path / "cache"
    before = folder_digest(tmp_path, cache)
    fill(tmp_path, "notes.md")
    assert folder_digest(tmp_path, cache) == before
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("{{ messages }}")
    assert folder_digest(tmp_path, cache) != before


def test_a_tensor_in_two_files_is_refused(tmp_path):
    for name in ("a", "b"):
        save_file({"lm_head.weight": np.zeros((2, 2), dtype=np.float32)}, tmp_path / f"{name}.safetensors")
    index = {"weight_map": {"lm_head.weight": "b.safetensors", "norm.weight": "a.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(SourceError, match=r"lm_head\.weight stands in a\.safetensors and in b\.safetensors"):
        count_parameters(tmp_path)


def test_parameters_are_counted_from_the_headers(tiny_target, tiny_model):
    assert count_parameters(tiny_target.folder) == sum(p.numel() for p in tiny_model.network.parameters())


def test_a_model_and_an_adapter_in_one_folder_are_refused(tmp_path):
    fill(tmp_path, "config.json", "model.safetensors", "adapter_config.json")
    with pytest.raises(SourceError, match=r"path:x: holds a model and an adapter.*name that one under `adapter`"):
        find_weights(tmp_path, "path:x")


def test_an_adapter_is_no_model(tmp_path):
    fill(tmp_path, "adapter_config.json", "adapter_model.safetensors")
    with pytest.raises(SourceError, match=r"path:x: is an adapter and no model; name it under `adapter`"):
        find_weights(tmp_path, "path:x")


def test_other_weights_in_the_folder_are_not_counted(tiny_target, tmp_path):
    folder = shutil.copytree(tiny_target.folder, tmp_path / "model")
    shutil.copyfile(folder / "model.safetensors", folder / "consolidated.safetensors")
    assert count_parameters(folder) == tiny_target.facts["parameters"]
