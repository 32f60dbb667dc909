from __future__ import annotations

import unittest
from types import SimpleNamespace

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoConfig, AutoModelForCausalLM

from seatrial_plugins.huggingface.packed_attention import ATTENTION
from seatrial_plugins.huggingface.runtime import Example
from seatrial_plugins.training.graphs import GraphedPasses, Shape, _Inputs, shape_of, worth_graphing
from seatrial_plugins.training.loss import summed_loss

with_cuda = unittest.skipUnless(torch.cuda.is_available(), "CUDA graphs need a CUDA GPU")
"""Not pytest's mark: a machine with a GPU and without pytest imports this file and calls the tests behind it."""


def examples(count, seed=0):
    draw = torch.Generator().manual_seed(seed)
    tails = [torch.randint(9, 97, (4 + number % 7,), generator=draw).tolist() for number in range(count)]
    return [Example(str(number), (1, 2, 3, 4, 5, 6, *tail), (7, 8)) for number, tail in enumerate(tails)]


def adapted(device="cpu", dtype=torch.float32, **changes):
    torch.manual_seed(0)
    shape = {
        "vocab_size": 97,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        **changes,
    }
    config = AutoConfig.for_model("llama", **shape)
    model = AutoModelForCausalLM.from_config(config, dtype=dtype, attn_implementation=ATTENTION)
    network = get_peft_model(model, LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM"))
    for name, parameter in network.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.2)
    return network.to(device)


def plain(network, batch, divisor):
    network.zero_grad()
    loss = summed_loss(network, batch, packs=True, device=next(network.parameters()).device) / divisor
    loss.backward()
    return loss.detach(), torch.cat([p.grad.flatten() for p in network.parameters() if p.requires_grad])


def test_a_shape_holds_the_pass_and_wastes_little():
    batch = examples(40)
    assert shape_of(batch) == Shape(rows=40, prefix=6, tokens=6 + 256, width=16, targets=128)
    assert shape_of(batch) == shape_of(list(reversed(batch)))


def test_a_frame_changes_neither_loss_nor_gradients():
    network, batch = adapted(), examples(9)
    shape = shape_of(batch)
    inputs = _Inputs.empty(shape, torch.device("cpu"))
    parameters = [p for p in network.parameters() if p.requires_grad]
    inputs.fill(shape, batch, 1 / 5)
    loss, gradients = inputs.gradients(network, parameters)
    expected, by_hand = plain(network, batch, 5)
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(gradients, by_hand, atol=1e-6, rtol=1e-4)


def test_a_frame_that_is_filled_again_forgets_the_pass_before():
    network, (first, second) = adapted(), (examples(9), examples(9, seed=1))
    shape = shape_of(first)
    inputs = _Inputs.empty(shape, torch.device("cpu"))
    parameters = [p for p in network.parameters() if p.requires_grad]
    for batch in (first, second):
        inputs.fill(shape, batch, 1 / 3)
        loss, _ = inputs.gradients(network, parameters)
    torch.testing.assert_close(loss, plain(network, second, 3)[0])


def test_frequent_small_passes_are_worth_a_graph_and_large_models_are_not():
    often, seldom = examples(8), examples(3)
    assert worth_graphing(10**8, [often] * 5 + [seldom] * 2) == {shape_of(often)}
    assert worth_graphing(8 * 10**10, [often] * 5) == frozenset()


def test_passes_of_nearly_one_size_share_the_frame_that_holds_them_all(monkeypatch):
    monkeypatch.setattr("seatrial_plugins.training.graphs.shape_of", lambda shape: shape)
    sizes = [Shape(8, 6, tokens, width, 64) for tokens, width in ((1000, 32), (900, 96), (720, 48), (600, 16))]
    frames = worth_graphing(10**8, [size for size in sizes for _ in range(4)])
    assert frames == {Shape(8, 6, 1000, 96, 64), Shape(8, 6, 600, 16, 64)}
    large = max(frames, key=lambda shape: shape.tokens)
    assert all(large.holds(size) for size in sizes)
    assert not large.holds(Shape(9, 6, 1000, 96, 64))
    assert not sizes[1].holds(sizes[0])


def test_a_network_that_cannot_be_recorded_is_trained_without_graphs(monkeypatch, caplog):
    tries, restored = [], []

    def refuse(*_):
        tries.append(1)
        raise RuntimeError("operation not permitted when stream is capturing")

    monkeypatch.setattr("seatrial_plugins.training.graphs._Recorded.of", refuse)
    monkeypatch.setattr("torch.cuda.graph_pool_handle", lambda: (0, 1))
    drawn = SimpleNamespace(clone_state=lambda: "as before", graphsafe_set_state=restored.append)
    monkeypatch.setattr("torch.cuda.default_generators", [drawn])
    batch = examples(9)
    passes = GraphedPasses(adapted(), frozenset([shape_of(batch)]), torch.device("cpu"))
    assert passes.summed_loss(batch, 1, first=True) is None
    assert passes.summed_loss(batch, 1, first=True) is None
    assert len(tries) == 1
    assert restored == ["as before"]
    assert passes.recorded == 0
    assert "without CUDA graphs" in caplog.text


@with_cuda
def test_replayed_gradients_are_those_of_plain_passes_and_add_up():
    network = adapted("cuda")
    batches = [examples(9, seed=seed) for seed in range(4)]
    passes = GraphedPasses(network, frozenset(map(shape_of, batches)), torch.device("cuda"))
    expected = [plain(network, batch, 4) for batch in batches]
    network.zero_grad()
    losses = [passes.summed_loss(batch, 4, first=not index) for index, batch in enumerate(batches)]
    found = torch.cat([p.grad.flatten() for p in network.parameters() if p.requires_grad])
    torch.testing.assert_close(torch.stack(losses), torch.stack([loss for loss, _ in expected]))
    torch.testing.assert_close(found, sum(gradients for _, gradients in expected), atol=1e-5, rtol=1e-3)


@with_cuda
def test_a_replayed_pass_draws_its_attention_dropout_anew():
    network, batch = adapted("cuda", attention_dropout=0.5).train(), examples(9)
    passes = GraphedPasses(network, frozenset([shape_of(batch)]), torch.device("cuda"))
    first, second = (float(passes.summed_loss(batch, 4, first=True)) for _ in range(2))
    assert passes.recorded == 1
    assert first != second
