"""What holds of whatever is trained to stand before a row: soft prompts, and prefixes of keys and values."""

from __future__ import annotations

import pytest

from seatrial import Turn
from seatrial_plugins.huggingface import random

__all__ = ["OPTIONS", "PROMPTS", "check_likelihoods", "check_packing"]

PROMPTS = [(Turn("user", text),) for text in ("Where is my parcel?", "Refund!", "I ask for the third time about it.")]
OPTIONS = [["delivery", "billing", "a longer answer"]] * 3


def check_likelihoods(tiny_target, product, by_peft):
    """They are those that PEFT's own forward pass gives: `by_peft(ids, start)`."""
    with random(device="cpu").open(tiny_target, product) as model:
        found = model.loglikelihoods(PROMPTS, OPTIONS)
        chat = model.chat
    for turns, answers, said in zip(PROMPTS, OPTIONS, found, strict=True):
        (asked,) = chat.prompts([turns])
        head, rests = chat.answered(turns, answers)
        for rest, one in zip(rests, said, strict=True):
            ids = [*head, *rest]
            assert one.logprob == pytest.approx(by_peft(ids, len(asked)), abs=2e-3)


def check_packing(tiny_target, tiny_model, product):
    """Packed and padded rows say the same, and the base beside them is the base."""
    loader = random(device="cpu")
    with loader.open(tiny_target, product) as tuned, loader.open(tiny_target) as base:
        assert tuned.packs
        assert tuned.network is base.network
        assert base.loglikelihoods(PROMPTS, OPTIONS) == tiny_model.loglikelihoods(PROMPTS, OPTIONS)
        packed = tuned.loglikelihoods(PROMPTS, OPTIONS)
        assert packed != base.loglikelihoods(PROMPTS, OPTIONS)
        assert tuned.facts["parameters"] == base.facts["parameters"]
    with random(device="cpu", attention="sdpa").open(tiny_target, product) as model:
        assert not model.packs
        for one, other in zip(packed, model.loglikelihoods(PROMPTS, OPTIONS), strict=True):
            assert [said.logprob for said in one] == pytest.approx([said.logprob for said in other], abs=2e-3)
