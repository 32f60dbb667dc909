"""Sampling: by the model's own distribution, and by random numbers of each answer alone."""

import numpy as np
import pytest
import torch

from seatrial import Turn
from seatrial_plugins.huggingface.sampling import Draw, Drawn

ASK = {"answers": 3, "temperature": 1.0, "top_p": 1.0, "seed": 7, "max_new_tokens": 6}


def drawn(logits, count, **options):
    how = {"temperature": 1.0, "top_p": 1.0, **options}
    draws = [Draw(how["temperature"], how["top_p"], (1, place)) for place in range(count)]
    left = Drawn(draws, 1)(None, torch.tensor([logits] * count))
    assert (left > -torch.inf).sum(-1).eq(1).all()
    return np.bincount(left.argmax(-1).numpy(), minlength=len(logits)) / count


def test_tokens_are_drawn_by_their_probability():
    logits = np.log([0.5, 0.3, 0.2]).tolist()
    assert drawn(logits, 4000) == pytest.approx([0.5, 0.3, 0.2], abs=0.03)
    assert drawn(logits, 4000, temperature=0.5) == pytest.approx([0.25 / 0.38, 0.09 / 0.38, 0.04 / 0.38], abs=0.03)
    assert drawn(logits, 4000, top_p=0.7) == pytest.approx([0.625, 0.375, 0], abs=0.03)
    assert drawn(logits, 50, top_p=0.1).tolist() == [1, 0, 0]


def test_an_answer_hangs_on_seed_prompt_and_place_alone(tiny_model):
    prompts = [[Turn("user", "Hello there")], [Turn("user", "Where is my parcel, and why is it late?")]]
    both = tiny_model.sample(prompts, **ASK)
    assert [[one.text for one in said] for said in both] == [
        [one.text for one in tiny_model.sample([prompt], **ASK)[0]] for prompt in prompts
    ]
    texts = {one.text for said in both for one in said}
    assert len(texts) == 6
    assert texts.isdisjoint(one.text for said in tiny_model.sample(prompts, **ASK | {"seed": 8}) for one in said)


def test_near_temperature_0_it_is_the_greedy_answer(tiny_model):
    prompt = [Turn("user", "Hello there")]
    (greedy,) = tiny_model.generate([prompt], max_new_tokens=6)
    (cold,) = tiny_model.sample([prompt], **ASK | {"temperature": 1e-4})
    assert cold == [greedy] * 3
