from __future__ import annotations

import os
import shutil

import pytest

from seatrial.errors import SourceError
from seatrial.model import Product
from seatrial_plugins.huggingface import random, transformers
from seatrial_plugins.huggingface.chat import ChatTokenizer
from seatrial_plugins.huggingface.folder_files import check_file, check_folder
from seatrial_plugins.huggingface.network import load_network
from seatrial_plugins.huggingface.options import LoadOptions


@pytest.fixture
def folder(tiny_target, tmp_path):
    """A copy of the tiny model's folder."""
    return shutil.copytree(tiny_target.folder, tmp_path / "model")


def fifo(path):
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def link(target):
    def make(path):
        path.unlink(missing_ok=True)
        path.symlink_to(target)

    return make


ENDLESS = {"fifo": fifo, "zeros": link("/dev/zero"), "memory": link("/proc/self/mem")}


@pytest.mark.parametrize("make", ENDLESS.values(), ids=ENDLESS)
@pytest.mark.parametrize(
    "name", ["config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "model.safetensors"]
)
def test_a_file_without_an_end_is_refused_by_its_name(resolve, folder, tmp_path, name, make):
    make(folder / name)
    for load in (
        lambda: resolve(transformers(device="cpu"), folder, "path:model", tmp_path / "cache"),
        lambda: ChatTokenizer(folder, chat=True, system=None),
        lambda: load_network(folder, LoadOptions(device="cpu")),
    ):
        with pytest.raises(
            SourceError, match=rf"{name}: is (no|a link to no) stored file, and reading it might never end"
        ):
            load()


@pytest.mark.parametrize("name", ["adapter_config.json", "adapter_model.safetensors"])
def test_so_is_one_of_an_adapter(tmp_path, name):
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    fifo(adapter / name)
    with pytest.raises(SourceError, match=rf"adapter/{name}: is no stored file, and reading it might never end"):
        random(device="cpu").check_product(Product("adapter", adapter, ""))


def test_links_are_followed_to_stored_files(resolve, folder, tmp_path):
    """As in the hub's cache, where a snapshot is made of links."""
    blobs = tmp_path / "blobs"
    blobs.mkdir()
    for file in [*folder.iterdir()]:
        file.rename(blobs / file.name)
        file.symlink_to(blobs / file.name)
    files = resolve(transformers(device="cpu"), folder, "path:model", tmp_path / "cache")
    assert ChatTokenizer(files.folder, chat=True, system=None).tokenize(["a"])


def test_links_that_lead_nowhere_are_as_good_as_missing(resolve, folder, tmp_path):
    (folder / "README.md").symlink_to("taken-away.md")
    (folder / "a.json").symlink_to("b.json")
    (folder / "b.json").symlink_to("a.json")
    check_folder(folder)
    link("config.json")(folder / "config.json")
    with pytest.raises(SourceError, match=r"config\.json: no config that transformers knows|no model in"):
        resolve(transformers(device="cpu"), folder, "path:model", tmp_path / "cache")


def test_a_file_that_is_parsed_has_a_largest_size(tmp_path):
    with (tmp_path / "tokenizer.json").open("wb") as stream:
        stream.truncate(257 << 20)
    with (tmp_path / "model.safetensors").open("wb") as stream:
        stream.truncate(257 << 20)
    check_file(tmp_path / "model.safetensors")
    with pytest.raises(SourceError, match=r"tokenizer\.json: has 269,484,032 bytes.*268,435,456 are the most"):
        check_folder(tmp_path)


def test_what_is_not_there_cannot_be_read(tmp_path):
    with pytest.raises(SourceError, match="nowhere: cannot be listed: no such file"):
        check_folder(tmp_path / "nowhere")
    with pytest.raises(SourceError, match="nowhere: cannot be read: no such file"):
        check_file(tmp_path / "nowhere")
