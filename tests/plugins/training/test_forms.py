from __future__ import annotations

import math

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoConfig, AutoModelForCausalLM

from seatrial.errors import TrainingError
from seatrial_plugins.huggingface import random
from seatrial_plugins.huggingface.packed_attention import ATTENTION
from seatrial_plugins.training import Lora
from seatrial_plugins.training import loss as losses
from seatrial_plugins.training.forms import Forms, bare, forms_of
from seatrial_plugins.training.loss import row_losses, summed_loss

from .jobs import PAIRS, KilledError, adapter_of, options
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


@pytest.fixture
def end_to_end(monkeypatch):
    """Has trainings lay rows end to end, as on a GPU, with torch's kernel written out."""
    for module in ("loss", "causal_training"):
        monkeypatch.setattr(
            f"seatrial_plugins.training.{module}.forms_of", lambda _: Forms(varlen=True, plain_head=True)
        )


def test_a_training_on_rows_end_to_end_gives_the_adapter_of_packed_ones(job, request):
    packed, _ = job(PAIRS, PAIRS[:3])
    expected = Lora(**options(batch_size=12)).train(packed).facts
    request.getfixturevalue("end_to_end")
    lines, _ = job(PAIRS, PAIRS[:3])
    facts = Lora(**options(batch_size=12)).train(lines).facts
    assert (expected["varlen"], facts["varlen"]) == (False, True)
    assert facts["validation_loss"] == pytest.approx(expected["validation_loss"], rel=1e-4)
    found = load_file(lines.output / "adapter_model.safetensors")
    for name, tensor in load_file(packed.output / "adapter_model.safetensors").items():
        torch.testing.assert_close(found[name], tensor, atol=1e-4, rtol=1e-2)


@pytest.mark.usefixtures("end_to_end")
def test_an_interrupted_training_on_rows_end_to_end_gives_the_bytes_of_an_uninterrupted_one(job, tmp_path):
    # A step of six rows is several passes.
    settings = options(dropout=0.1, batch_size=6, save_every=2)
    loader = random(dtype="float32", device="cpu", batch_tokens=64)
    whole, _ = job(loader=loader)
    Lora(**settings).train(whole)

    def kill(step):
        if step["step"] == 5:
            raise KilledError

    kept = tmp_path / "kept"
    with pytest.raises(KilledError):
        Lora(**settings).train(job(loader=loader, log=kill, checkpoints=kept)[0])
    resumed, _ = job(loader=loader, checkpoints=kept)
    assert Lora(**settings).train(resumed).facts["resumed_from_step"] == 4
    assert adapter_of(resumed) == adapter_of(whole)


@pytest.mark.usefixtures("end_to_end")
def test_a_loss_of_rows_end_to_end_that_is_not_a_number_names_the_step_and_its_rows(job, monkeypatch):
    real, calls = losses.token_losses, []

    def breaks(*given, **named):
        calls.append(1)
        return real(*given, **named) * (math.nan if len(calls) == 3 else 1.0)

    monkeypatch.setattr(losses, "token_losses", breaks)
    with pytest.raises(TrainingError, match=r"the loss is nan at step 3 of 12 .*read the rows row-"):
        Lora(**options()).train(job()[0])
