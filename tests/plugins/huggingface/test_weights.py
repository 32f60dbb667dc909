from __future__ import annotations

import json
import shutil

import pytest

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


def test_a_digest_is_remembered_and_renewed_when_the_file_changes(tmp_path):
    file = tmp_path / "weights"
    file.write_bytes(b"one")
    cache = tmp_path / "cache"
    first = cached_digest(file, cache)
    assert cached_digest(file, cache) == first
    (note,) = (cache / "digests").iterdir()
    assert json.loads(note.read_text())["sha256"] == first
    file.write_bytes(b"three")
    assert cached_digest(file, cache) != first


def test_the_chat_template_belongs_to_the_digest(tmp_path):
    fill(tmp_path, "config.json", "model.safetensors")
    cache = tmp_path / "cache"
    before = folder_digest(tmp_path, cache)
    fill(tmp_path, "notes.md")
    assert folder_digest(tmp_path, cache) == before
    (tmp_path / "chat_template.jinja").write_text("{{ messages }}")
    assert folder_digest(tmp_path, cache) != before


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
