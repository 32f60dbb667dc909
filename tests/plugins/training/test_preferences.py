"""Preference tuning: the loss is DPO's, its pairs are the rows', and a kill changes no byte."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch

from seatrial import Row, Turn
from seatrial.errors import TrainingError, UsageError
from seatrial.rows import Preference
from seatrial_plugins.huggingface import random
from seatrial_plugins.huggingface.network import load_network
from seatrial_plugins.huggingface.options import LoadOptions
from seatrial_plugins.training import Dpo
from seatrial_plugins.training.preferences import PreferenceLoss, log_ratios, render_pairs

from .jobs import adapter_of, killed_and_resumed

CPU = torch.device("cpu")
ASKED = ["Where is my parcel?", "Refund!", "The card is lost, what now?", "Hello", "I want my money back, please."]


def preferred(number, asked, chosen, rejected):
    talk = (Turn("user", "Hi"), Turn("assistant", "How can I help?"), Turn("user", asked))
    right, wrong = (Turn("assistant", chosen),), (Turn("assistant", rejected),)
    return Row(f"row-{number}", (*talk, *right), "preference", "s", "f", number + 1, expected=Preference(right, wrong))


ROWS = [
    preferred(number, asked, f"Gladly. {asked}", "No." if number % 2 else "Go away, and do not come back.")
    for number, asked in enumerate(ASKED)
]


@pytest.fixture
def network(tiny_target):
    return load_network(tiny_target.folder, LoadOptions(device="cpu", dtype="float32"))[0]


@pytest.fixture
def pairs(tiny_model):
    return render_pairs(ROWS, tiny_model.chat, 500, tuple).examples


@pytest.fixture
def job(job):
    def make(rows=ROWS, validation=(), **changes):
        made, steps = job(**changes)
        return dataclasses.replace(made, train=rows, validation=validation), steps

    return make


@torch.no_grad()
def said(network, example):
    """ln p of an example's answer, by transformers' logits and nothing of ours."""
    logits = network(input_ids=torch.tensor([example.ids]), use_cache=False).logits[0].double().log_softmax(-1)
    return sum(logits[place - 1, example.ids[place]] for place in example.targets)


def test_a_pair_is_supervised_in_its_two_answers_alone(pairs, tiny_model):
    for pair, row in zip(pairs, ROWS, strict=True):
        for example, answer in ((pair.chosen, row.expected.chosen), (pair.rejected, row.expected.rejected)):
            learned = tiny_model.chat.tokenizer.decode([example.ids[place] for place in example.targets])
            assert learned == f"{answer[0].content}<|end|>"
        shared = len(pair.chosen.ids) - len(pair.chosen.targets)
        assert pair.chosen.ids[:shared] == pair.rejected.ids[:shared]


@pytest.mark.parametrize("packs", [True, False])
def test_the_loss_is_that_of_the_paper(network, pairs, packs):
    reference = {pair.row: float(said(network, pair.chosen) - said(network, pair.rejected)) for pair in pairs}
    assert log_ratios(network, pairs, packs=packs, device=CPU, rows=2, tokens=10_000) == pytest.approx(
        reference, abs=1e-3
    )
    objective = PreferenceLoss(0.3, reference, packs)
    assert objective.of_rows(network, pairs, CPU).tolist() == pytest.approx([math.log(2)] * len(pairs), abs=1e-4)
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.05)
    expected = []
    for pair in pairs:
        gained = float(said(network, pair.chosen) - said(network, pair.rejected)) - reference[pair.row]
        expected.append(-math.log(1 / (1 + math.exp(-0.3 * gained))))
    assert max(expected) - min(expected) > 0.05
    assert objective.of_rows(network, pairs, CPU).tolist() == pytest.approx(expected, abs=1e-4)
    assert float(objective.summed(network, pairs, CPU)) == pytest.approx(sum(expected), abs=1e-3)


def test_packed_and_padded_pairs_give_the_same_gradients(network, pairs):
    reference = dict.fromkeys((pair.row for pair in pairs), 0.5)
    found = []
    for packs in (True, False):
        network.zero_grad()
        PreferenceLoss(0.3, reference, packs).summed(network, pairs, CPU).backward()
        found.append({name: parameter.grad.clone() for name, parameter in network.named_parameters()})
    assert any(bool(gradient.any()) for gradient in found[0].values())
    for name, gradient in found[0].items():
        torch.testing.assert_close(gradient, found[1][name], rtol=1e-3, atol=1e-5)


def options(**changes):
    return {"r": 4, "lr": 5e-3, "epochs": 8, "batch_size": 2, **changes}


def test_chosen_answers_gain_on_rejected_ones(job, tiny_target, tiny_model, adapter_in):
    work, steps = job(validation=ROWS[:3])
    method = Dpo(**options())
    method.check(work.model)
    trained = method.train(work)
    losses = [step["loss"] for step in steps if "loss" in step]
    assert losses[0] == pytest.approx(math.log(2), abs=1e-3)
    assert losses[-1] < 0.3
    assert trained.kind == "adapter"
    assert trained.facts["preference_accuracy"] == 1.0
    with random(device="cpu").open(tiny_target, adapter_in(work.output)) as tuned:
        for row in ROWS:
            answers = [[row.expected.chosen[0].content, row.expected.rejected[0].content]]
            ((before, worse),) = tiny_model.loglikelihoods([row.prompt], answers)
            ((after, worst),) = tuned.loglikelihoods([row.prompt], answers)
            assert after.logprob - worst.logprob > before.logprob - worse.logprob + 1


def test_a_killed_training_gives_the_bytes_of_a_whole_one(job, tmp_path):
    whole, resumed = killed_and_resumed(job, tmp_path / "kept", Dpo(**options(save_every=2)), ROWS[:2])
    assert adapter_of(resumed) == adapter_of(whole)


def test_rows_without_a_preference_are_told_and_none_at_all_is_refused(job, labelled):
    others = [dataclasses.replace(row, id=f"label-{row.id}") for row in labelled(("a", "b"), ("c", "d"))]
    work, _ = job(rows=[*ROWS, *others])
    assert Dpo(**options(epochs=1)).train(work).facts["unsupervised_rows"] == [row.id for row in others]
    work, _ = job(rows=others)
    with pytest.raises(TrainingError, match="none of the 2 train rows has a preference"):
        Dpo(**options()).train(work)
    with pytest.raises(UsageError, match=r"train\.beta: 0 is not accepted"):
        Dpo(beta=0)
