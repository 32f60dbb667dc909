from __future__ import annotations

import json
import shutil

import pytest
from transformers import AutoConfig, AutoModelForCausalLM

from seatrial.errors import SourceError
from seatrial_plugins.huggingface import random, transformers
from seatrial_plugins.huggingface.network import load_network
from seatrial_plugins.huggingface.options import LoadOptions
from seatrial_plugins.huggingface.shape_limits import check_memory, check_numbers, count_numbers


def change(source, target, **changes):
    folder = shutil.copytree(source, target)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, **changes}))
    return folder


ABSURD = {
    "layers": ({"num_hidden_layers": 10**9}, "`num_hidden_layers` is 1,000,000,000, and no model has more than 20,000"),
    "layers of another kind": ({"model_type": "qwen2", "num_hidden_layers": 10**9}, "`num_hidden_layers`"),
    "layers as a float": ({"num_hidden_layers": 1e9}, "`num_hidden_layers` is 1,000,000,000"),
    "labels": ({"num_labels": 10**9}, "`num_labels` is 1,000,000,000"),
    "heads": ({"num_attention_heads": 10**9}, "`num_attention_heads`"),
    "width": ({"hidden_size": 10**12}, "`hidden_size` is 1,000,000,000,000, and no model has more than 16,777,216"),
    "within": ({"text_config": {"num_hidden_layers": 10**9}}, r"`text_config\.num_hidden_layers`"),
    "layers and experts": (
        {"model_type": "mixtral", "num_hidden_layers": 20_000, "num_local_experts": 20_000},
        "20,000 layers of 20,000 experts are beyond the 200,000",
    ),
}


@pytest.mark.parametrize(("changes", "reason"), ABSURD.values(), ids=ABSURD)
def test_a_config_that_no_model_can_have_is_refused_with_its_file_and_key(
    resolve, tiny_source, tiny_target, tmp_path, changes, reason
):
    shape = change(tiny_source, tmp_path / "shape", **changes)
    with pytest.raises(SourceError, match=rf"shape/config\.json: {reason}"):
        resolve(random(device="cpu"), shape, "path:shape", tmp_path / "cache")
    model = change(tiny_target.folder, tmp_path / "model", **changes)
    with pytest.raises(SourceError, match=rf"model/config\.json: {reason}"):
        resolve(transformers(device="cpu"), model, "path:model", tmp_path / "cache")
    with pytest.raises(SourceError, match=rf"model/config\.json: {reason}"):
        load_network(model, LoadOptions(device="cpu"))


def test_weights_far_smaller_than_their_config_are_refused_before_memory_is_taken(tiny_target, tmp_path):
    model = change(tiny_target.folder, tmp_path / "model", vocab_size=16_000_000, hidden_size=65_536, head_dim=16_384)
    with pytest.raises(
        SourceError, match=r"model/config\.json: its config asks for 1,\d{3},\d{3},\d{3},\d{3} numbers, .* hold 106,816"
    ):
        load_network(model, LoadOptions(device="cpu"))


def test_random_weights_beyond_the_memory_are_not_made(resolve, tiny_source, tmp_path):
    shape = change(tiny_source, tmp_path / "shape", vocab_size=16_000_000, hidden_size=65_536, head_dim=16_384)
    with pytest.raises(
        SourceError, match=r"shape/config\.json: asks for .* random numbers, 4,\d{3} GB, and this machine has"
    ):
        resolve(random(device="cpu"), shape, "path:shape", tmp_path / "cache")
    check_memory(1_000, "here")


PUBLISHED = {
    "llama-3.1-405b": {"num_hidden_layers": 126, "hidden_size": 16384, "vocab_size": 128256, "rope_theta": 500000.0},
    "deepseek-v3": {"num_hidden_layers": 61, "n_routed_experts": 256, "max_position_embeddings": 163840},
    "kimi-k2": {"num_hidden_layers": 61, "n_routed_experts": 384, "num_attention_heads": 64, "vocab_size": 163840},
    "gemma-3": {
        "text_config": {"num_hidden_layers": 62, "sliding_window": 1024, "rope_theta": 1000000},
        "eos_token_id": [1, 106],
    },
    "a long context": {"max_position_embeddings": 10**9, "rope_theta": 10**11, "bos_token_id": 10**8},
    "unusual values": {"num_hidden_layers": float("inf"), "hidden_size": None, "layers": [10**9], "use_experts": True},
}


@pytest.mark.parametrize("config", PUBLISHED.values(), ids=PUBLISHED)
def test_published_shapes_are_taken(config):
    check_numbers(config, "config.json")


def test_a_network_is_counted_without_being_made(network):
    made = network()
    assert count_numbers(AutoModelForCausalLM, made.config) == sum(
        tensor.numel() for held in (made.parameters(), made.buffers()) for tensor in held
    )
    huge = AutoConfig.for_model(
        "llama", hidden_size=16384, num_hidden_layers=4, vocab_size=10**6, num_attention_heads=128
    )
    assert count_numbers(AutoModelForCausalLM, huge) > 30e9
