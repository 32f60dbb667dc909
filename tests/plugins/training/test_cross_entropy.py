from __future__ import annotations

import math

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


@pytest.mark.parametrize("sure", [0.9, 0.99, 0.999, 0.9999])
def test_in_bfloat16_the_gradient_of_a_token_that_is_nearly_right_is_not_rounded_away(sure):
    """Its two parts, of the right token and of the others, cancel where nothing is left to learn, and only there."""
    head = torch.nn.Linear(2, 2, bias=False).requires_grad_(False).bfloat16()
    with torch.no_grad():
        head.weight.copy_(torch.eye(2))
    states = torch.tensor([[math.log(sure / (1 - sure)), 0.0]]).bfloat16().requires_grad_()
    wide = states.detach().float().requires_grad_()
    (found,) = torch.autograd.grad(token_losses(head, states, torch.tensor([0])).sum(), states)
    (wanted,) = torch.autograd.grad(functional.cross_entropy(wide, torch.tensor([0])), wide)
    torch.testing.assert_close(found.float(), wanted, rtol=2**-7, atol=0)


def test_logits_are_never_held_whole(head, monkeypatch):
    monkeypatch.setattr(cross_entropy, "_LOGITS", {"cpu": 97 * 4})
    made, plain = [], functional.linear
    monkeypatch.setattr(functional, "linear", lambda *given: made.append(plain(*given)) or made[-1])
    token_losses(head, torch.randn(11, 16, requires_grad=True), torch.randint(97, (11,)))
    assert [len(logits) for logits in made] == [4, 4, 3]
