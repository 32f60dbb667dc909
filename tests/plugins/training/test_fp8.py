from __future__ import annotations

import pytest
import torch

from seatrial.errors import UsageError
from seatrial_plugins.training import Lora
from seatrial_plugins.training.fp8 import Fp8Linear, put_in_fp8
from seatrial_plugins.training.low_rank import in_network_dtype

from .jobs import adapter_of, options
from .test_compiled_layers import gradients
from .test_graphs import adapted, examples


@pytest.mark.parametrize("bias", [True, False])
def test_output_and_gradient_are_those_of_the_layer_up_to_rounding_to_eight_bits(bias):
    torch.manual_seed(0)
    plain = torch.nn.Linear(64, 96, bias=bias).bfloat16().requires_grad_(False)
    x = torch.randn(3, 40, 64).bfloat16().requires_grad_()
    x.data[0, 0] *= 1000  # a row of its own size, which costs the others nothing
    towards = torch.randn(3, 40, 96).bfloat16()
    found = []
    for layer in (plain, Fp8Linear(plain)):
        output = layer(x)
        (gradient,) = torch.autograd.grad(output, x, towards)
        found.append((output.float(), gradient.float()))
    for exact, rounded in zip(*found, strict=True):
        assert rounded.shape == exact.shape
        error = (rounded - exact).norm(dim=-1) / exact.norm(dim=-1)
        assert 0 < error.max() < 0.08


def test_frozen_matrices_are_replaced_below_adapters_and_beside_them_and_nothing_else_is():
    network = adapted(dtype=torch.bfloat16, hidden_size=64, intermediate_size=96)
    in_network_dtype(network)
    batch = examples(9)
    loss, exact = gradients(network, batch)
    assert put_in_fp8(network) == 2 * 7
    replaced = [name for name, module in network.named_modules() if isinstance(module, Fp8Linear)]
    assert all("layers" in name and "lora_" not in name for name in replaced)
    again, rounded = gradients(network, batch)
    torch.testing.assert_close(again, loss, rtol=0.02, atol=0.0)
    assert not torch.equal(rounded, exact)
    assert torch.cosine_similarity(rounded, exact, dim=0) > 0.98


def test_a_training_says_how_far_it_turns_the_gradients_and_learns(job):
    work, steps = job(dtype="bfloat16")
    facts = Lora(**options(fp8=True, epochs=10)).train(work).facts
    assert facts["fp8"]["matrices"] == 2 * 7
    assert 0.9 < facts["fp8"]["least_gradient_cosine"] < 1
    assert "lora_" in facts["fp8"]["of"]
    assert steps[-1]["loss"] < 0.8 * steps[0]["loss"]
    plain, _ = job(dtype="bfloat16")
    assert Lora(**options(epochs=10)).train(plain).facts["fp8"] is None
    assert adapter_of(plain) != adapter_of(work)


def test_a_float32_model_is_refused(job):
    with pytest.raises(UsageError, match=r"train\.fp8: takes a bfloat16 model"):
        Lora(**options(fp8=True)).train(job(dtype="float32")[0])
