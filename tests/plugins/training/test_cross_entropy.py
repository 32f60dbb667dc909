from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from seatrial_plugins.training import cross_entropy
from seatrial_plugins.training.cross_entropy import token_losses


@pytest.fixture
def head():
    torch.manual_seed(0)
    return torch.nn.Linear(16, 97).requires_grad_(False)


@pytest.mark.parametrize("held", [1, 97 * 4, 1 << 24], ids=["a token at a time", "a remainder", "at once"])
@pytest.mark.parametrize("bias", [True, False])
def test_losses_and_gradients_are_those_of_the_whole_logits(head, monkeypatch, held, bias):
    monkeypatch.setattr(cross_entropy, "_LOGITS", {"cpu": held})
    if not bias:
        head.bias = None
    states, targets = torch.randn(11, 16, requires_grad=True), torch.randint(97, (11,))
    weights = torch.rand(11)
    losses = token_losses(head, states, targets)
    expected = functional.cross_entropy(head(states), targets, reduction="none")
    torch.testing.assert_close(losses, expected)
    (found,) = torch.autograd.grad((losses * weights).sum(), states)
    (by_hand,) = torch.autograd.grad((expected * weights).sum(), states)
    torch.testing.assert_close(found, by_hand, atol=1e-6, rtol=1e-4)


def test_in_bfloat16_losses_are_float32_and_of_the_same_logits(head):
    head = head.bfloat16()
    states, targets = torch.randn(5, 16).bfloat16(), torch.randint(97, (5,))
    losses = token_losses(head, states, targets)
    assert losses.dtype == torch.float32
    torch.testing.assert_close(losses, functional.cross_entropy(head(states).float(), targets, reduction="none"))


def test_logits_are_never_held_whole(head, monkeypatch):
    monkeypatch.setattr(cross_entropy, "_LOGITS", {"cpu": 97 * 4})
    made, plain = [], functional.linear
    monkeypatch.setattr(functional, "linear", lambda *given: made.append(plain(*given)) or made[-1])
    token_losses(head, torch.randn(11, 16, requires_grad=True), torch.randint(97, (11,)))
    assert [len(logits) for logits in made] == [4, 4, 3]
