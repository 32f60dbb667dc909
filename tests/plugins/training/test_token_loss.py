from __future__ import annotations

from functools import partial

import pytest
import torch

from seatrial import Row, Turn
from seatrial_plugins.huggingface.network import load_network
from seatrial_plugins.huggingface.options import LoadOptions
from seatrial_plugins.huggingface.runtime import render_examples
from seatrial_plugins.training.loss import TokenLoss, summed_loss
from seatrial_plugins.training.plan import split_batch
from seatrial_plugins.training.validation import Evaluation, History, validation_losses

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def network(tiny_target):
    return load_network(tiny_target.folder, LoadOptions(device="cpu", dtype="float32"))[0]


@pytest.fixture(scope="module")
def ragged(tiny_model):
    """Rows of very different lengths, with different numbers of supervised tokens."""
    talks = [
        [("user", "a"), ("assistant", "b")],
        [("user", "Where is my parcel? " * 6), ("assistant", "At the station, and then on the ship to the island.")],
        [("user", "x"), ("assistant", "yes"), ("user", "y"), ("assistant", "no, not at all")],
        [("user", "What time?"), ("assistant", "noon")],
        [("user", "Ünïcödé 😀"), ("assistant", "😀")],
    ]
    rows = [
        Row(str(name), tuple(Turn(role, text) for role, text in talk), "chat", "s", "f", 1)
        for name, talk in enumerate(talks)
    ]
    return render_examples(rows, tiny_model.chat, 500).examples


def by_transformers(network, examples):
    """The summed loss by transformers' own, a row at a time: labels masked with -100, shifted inside."""
    total = torch.zeros(())
    for example in examples:
        labels = torch.full((1, len(example.ids)), -100)
        for place in example.targets:
            labels[0, place] = example.ids[place]
        loss = network(input_ids=torch.tensor([example.ids]), labels=labels, use_cache=False).loss
        total = total + loss * len(example.targets)
    return total


@pytest.mark.parametrize("packs", [True, False])
def test_the_loss_is_that_of_transformers(network, ragged, packs):
    ours = summed_loss(network, ragged, packs=packs, device=CPU)
    torch.testing.assert_close(ours, by_transformers(network, ragged), rtol=1e-5, atol=1e-4)


def gradients(network, examples, rows, packs):
    """Of one optimizer step, as the engine takes it."""
    network.zero_grad()
    supervised = sum(len(example.targets) for example in examples)
    for part in split_batch(examples, rows=rows, tokens=10_000):
        (summed_loss(network, part, packs=packs, device=CPU) / supervised).backward()
    return {name: parameter.grad.clone() for name, parameter in network.named_parameters()}


@pytest.mark.parametrize("packs", [True, False])
def test_one_pass_of_n_rows_and_n_passes_of_one_give_the_same_gradients(network, ragged, packs):
    together = gradients(network, ragged, len(ragged), packs)
    apart = gradients(network, ragged, 1, packs)
    network.zero_grad()
    # What it is not: the mean of each row's own mean, which gives a short answer the weight of a long one.
    (sum(summed_loss(network, [e], packs=packs, device=CPU) / len(e.targets) for e in ragged) / len(ragged)).backward()
    differs = False
    for name, parameter in network.named_parameters():
        torch.testing.assert_close(together[name], apart[name], rtol=1e-4, atol=1e-6)
        differs |= not torch.allclose(together[name], parameter.grad, rtol=1e-2, atol=1e-4)
    assert differs


def test_the_validation_loss_does_not_depend_on_the_batches(network, ragged):
    expected = float(by_transformers(network, ragged)) / sum(len(example.targets) for example in ragged)
    for rows, tokens in ((1, 1), (2, 10_000), (5, 10_000)):
        network.train()
        passes = partial(split_batch, rows=rows, tokens=tokens)
        losses = validation_losses(network, ragged, TokenLoss(packs=True), device=CPU, passes=passes)
        assert sum(losses) / sum(len(example.targets) for example in ragged) == pytest.approx(expected, rel=1e-5)
        assert losses == pytest.approx([float(by_transformers(network, [example])) for example in ragged], rel=1e-4)
        assert network.training


def test_history_keeps_the_first_best_and_knows_when_to_stop(tmp_path):
    history = History()
    assert not history.exhausted(1)
    for step, loss in ((1, 3.0), (2, 2.0), (3, 2.0), (4, 2.5)):
        history.add(Evaluation(step, loss, 1.0), [loss], {"w": torch.tensor([float(step)])})
    assert history.best_evaluation == Evaluation(2, 2.0, 1.0)
    assert history.best is not None
    assert history.best["w"].tolist() == [2.0]
    assert history.exhausted(2)
    assert not history.exhausted(3)
    history.save(tmp_path)
    again = History.load(tmp_path)
    assert (again.evaluations, again.best_rows, again.last_rows) == (history.evaluations, [2.0], [2.5])
    assert again.best is not None
    assert torch.equal(again.best["w"], history.best["w"])
