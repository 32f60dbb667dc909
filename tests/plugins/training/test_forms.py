from __future__ import annotations

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from seatrial_plugins.huggingface.packed_attention import ATTENTION
from seatrial_plugins.training import loss as losses
from seatrial_plugins.training.forms import Forms, bare, forms_of
from seatrial_plugins.training.loss import row_losses, summed_loss

from .test_graphs import adapted, examples

CPU = torch.device("cpu")


def gradients(network, batch):
    network.zero_grad()
    loss = summed_loss(network, batch, packs=True, device=CPU)
    loss.backward()
    return loss.detach(), torch.cat([p.grad.flatten() for p in network.parameters() if p.requires_grad])


@pytest.mark.parametrize("varlen", [True, False])
@pytest.mark.parametrize("plain_head", [True, False])
def test_every_form_gives_the_loss_and_the_gradients_of_every_other(monkeypatch, varlen, plain_head):
    network, batch = adapted(), examples(9)
    monkeypatch.setattr(losses, "forms_of", lambda _: Forms(varlen=False, plain_head=False))
    expected, rows = gradients(network, batch), row_losses(network, batch, packs=True, device=CPU)
    monkeypatch.setattr(losses, "forms_of", lambda _: Forms(varlen, plain_head))
    torch.testing.assert_close(gradients(network, batch), expected, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(row_losses(network, batch, packs=True, device=CPU), rows, atol=1e-5, rtol=1e-5)


def test_a_frozen_plain_head_is_found_behind_adapters_and_left_as_it_was():
    network = adapted()
    head = bare(network).get_output_embeddings()
    assert forms_of(network) == Forms(varlen=False, plain_head=True)
    summed_loss(network, examples(3), packs=True, device=CPU)
    assert "forward" not in head.__dict__


def test_a_head_that_is_trained_has_its_gradient(monkeypatch):
    network = adapted()
    bare(network).get_output_embeddings().weight.requires_grad_(True)
    assert not forms_of(network).plain_head
    gradients(network, examples(3))
    assert bare(network).get_output_embeddings().weight.grad.norm() > 0


def test_a_head_that_is_scaled_afterwards_is_not_plain():
    sizes = {
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "vocab_size": 97,
    }
    config = AutoConfig.for_model("granite", logits_scaling=4.0, num_key_value_heads=2, **sizes)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32, attn_implementation=ATTENTION)
    assert not forms_of(model.requires_grad_(False)).plain_head
