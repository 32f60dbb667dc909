from __future__ import annotations

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch import nn

from seatrial_plugins.training.low_rank import LowRankLinear, in_network_dtype


class Net(nn.Module):
    def __init__(self, bias):
        super().__init__()
        self.first = nn.Linear(24, 16, bias=bias)
        self.second = nn.Linear(16, 8, bias=bias)

    def forward(self, x):
        return self.second(torch.tanh(self.first(x)))


def adapted(dtype=torch.bfloat16, *, bias=False, **options):
    torch.manual_seed(0)
    network = get_peft_model(
        Net(bias).to(dtype), LoraConfig(r=4, lora_alpha=8, target_modules=["first", "second"], **options)
    )
    for name, parameter in network.named_parameters():
        if "lora_" in name:
            nn.init.normal_(parameter, std=0.2)
    return network.train()


def gradients(network, x):
    network.zero_grad()
    output = network(x)
    output.float().pow(2).sum().backward()
    return output, {name: p.grad.clone() for name, p in network.named_parameters() if p.requires_grad}


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("rslora", [True, False])
def test_output_and_gradients_are_those_of_float32_up_to_rounding(bias, rslora):
    whole, half = adapted(torch.float32, bias=bias, use_rslora=rslora), adapted(bias=bias, use_rslora=rslora)
    assert in_network_dtype(half) == 2
    torch.manual_seed(1)
    x = torch.randn(3, 7, 24)
    expected, by_hand = gradients(whole, x)
    output, found = gradients(half, x.bfloat16())
    assert output.dtype == torch.bfloat16
    torch.testing.assert_close(output.float(), expected, atol=0.05, rtol=0.05)
    for name, gradient in found.items():
        assert gradient.dtype == torch.float32
        assert torch.cosine_similarity(gradient.flatten(), by_hand[name].flatten(), dim=0) > 0.999
        assert gradient.norm() == pytest.approx(float(by_hand[name].norm()), rel=0.02)


def test_the_gradient_of_the_input_is_that_of_the_merged_weight():
    network = adapted()
    in_network_dtype(network)
    layer = network.base_model.model.first
    x = torch.randn(5, 24, dtype=torch.bfloat16, requires_grad=True)
    layer(x).float().sum().backward()
    merged = layer.weight.float() + layer.get_delta_weight("default")
    torch.testing.assert_close(x.grad.float(), merged.sum(0).expand(5, -1), atol=0.05, rtol=0.02)


def test_float32_networks_and_variants_of_lora_keep_their_own_way():
    assert in_network_dtype(adapted(torch.float32)) == 0
    assert in_network_dtype(adapted(use_dora=True)) == 0


def test_dropout_leaves_out_of_what_the_adapter_reads_and_of_nothing_else():
    network = adapted(lora_dropout=0.5)
    assert in_network_dtype(network) == 2
    layer, x = network.base_model.model.first, torch.randn(9, 24, dtype=torch.bfloat16)
    drawn = [layer(x) for _ in range(2)]
    assert not torch.equal(*drawn)
    still = [layer.eval()(x) for _ in range(2)]
    assert torch.equal(*still)
    nn.init.zeros_(layer.lora_B["default"].weight)
    torch.testing.assert_close(layer.train()(x), layer.base_layer(x))


def test_a_disabled_adapter_says_what_the_base_says():
    network = adapted()
    in_network_dtype(network)
    layer, x = network.base_model.model.first, torch.randn(9, 24, dtype=torch.bfloat16)
    assert isinstance(layer, LowRankLinear)
    with network.disable_adapter():
        assert torch.equal(layer(x), layer.base_layer(x))
    assert not torch.equal(layer(x), layer.base_layer(x))


def test_a_compiled_layer_gives_the_same():
    torch._dynamo.reset()
    network = adapted()
    in_network_dtype(network)
    x = torch.randn(3, 7, 24).bfloat16()
    expected, by_hand = gradients(network, x)
    network.compile(dynamic=True, backend="aot_eager", fullgraph=True)
    output, found = gradients(network, x)
    torch.testing.assert_close(output, expected)
    for name, gradient in found.items():
        torch.testing.assert_close(gradient, by_hand[name])
