from __future__ import annotations

import unittest

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from seatrial_plugins.huggingface.packed_attention import ATTENTION
from seatrial_plugins.training.compiled_layers import compile_layers, worth_compiling
from seatrial_plugins.training.forms import Forms, forms_of
from seatrial_plugins.training.loss import summed_loss
from seatrial_plugins.training.low_rank import in_network_dtype

from .test_graphs import adapted, examples

with_cuda = unittest.skipUnless(torch.cuda.is_available(), "Triton compiles for a GPU")


def gradients(network, batch, device="cpu"):
    network.zero_grad()
    loss = summed_loss(network, batch, packs=True, device=torch.device(device))
    loss.backward()
    return loss.detach(), torch.cat([p.grad.flatten() for p in network.parameters() if p.requires_grad])


def test_compiled_layers_give_the_same_for_batches_of_any_size_without_compiling_again(monkeypatch):
    # Rows end to end, as on a GPU; there, torch's kernel is an operator like any other. Here it is written out, whose lengths
    # would be compiled in, so it stays as it is.
    monkeypatch.setattr("seatrial_plugins.training.loss.forms_of", lambda _: Forms(varlen=True, plain_head=True))
    attention = "seatrial_plugins.huggingface.packed_attention.varlen_attention"
    from seatrial_plugins.huggingface.varlen import varlen_attention

    monkeypatch.setattr(attention, torch.compiler.disable(varlen_attention))
    network, batches = adapted().train(), [examples(9), examples(5, seed=1), examples(30, seed=2)]
    expected = [gradients(network, batch) for batch in batches]
    compiles = []

    def backend(graph, _inputs):
        compiles.append(graph)
        return graph.forward

    torch._dynamo.reset()
    assert compile_layers(network, lambda: gradients(network, batches[0]), backend=backend) == 2
    first = len(compiles)
    found = [gradients(network, batch) for batch in batches]
    for (loss, gradient), (by_hand, its) in zip(found, expected, strict=True):
        torch.testing.assert_close(loss, by_hand)
        torch.testing.assert_close(gradient, its, atol=1e-5, rtol=1e-4)
    assert first
    assert len(compiles) == first


def test_a_network_that_cannot_be_compiled_is_trained_as_it_is(caplog):
    network, batch = adapted(), examples(4)
    expected = gradients(network, batch)

    def refuse(*_):
        raise RuntimeError("no compiler here")

    torch._dynamo.reset()
    assert compile_layers(network, lambda: gradients(network, batch), backend=refuse) == 0
    assert "without compiled layers" in caplog.text
    assert "no compiler here" in caplog.text
    torch.testing.assert_close(gradients(network, batch), expected)


def test_large_networks_in_long_trainings_are_worth_compiling_and_those_that_route_tokens_are_not():
    def shape(kind, **changes):
        sizes = {"hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "vocab_size": 128256}
        with torch.device("meta"):
            return AutoModelForCausalLM.from_config(
                AutoConfig.for_model(kind, **sizes, **changes), attn_implementation=ATTENTION
            )

    llama = shape("llama", num_attention_heads=32, num_key_value_heads=8)
    assert worth_compiling(llama, 3_000_000)
    assert not worth_compiling(llama, 10_000)
    assert not worth_compiling(shape("mixtral", num_attention_heads=32, num_key_value_heads=8), 3_000_000)


@with_cuda
def test_on_a_gpu_compiled_varlen_layers_give_the_gradients_of_plain_ones():
    network = adapted("cuda", torch.bfloat16, hidden_size=128).train()
    in_network_dtype(network)
    assert forms_of(network) == Forms(varlen=True, plain_head=True)
    batches = [examples(9), examples(5, seed=1), examples(40, seed=2)]
    expected = [gradients(network, batch, "cuda") for batch in batches]
    assert compile_layers(network, lambda: gradients(network, batches[0], "cuda")) == 2
    assert forms_of(network).compiled
    for batch, (by_hand, its) in zip(batches, expected, strict=True):
        loss, gradient = gradients(network, batch, "cuda")
        torch.testing.assert_close(loss, by_hand, rtol=1e-2, atol=1e-2)
        assert torch.cosine_similarity(gradient, its, dim=0) > 0.99
