"""Continuous batching: the answers of a decoder that is given one prompt at a time."""

from __future__ import annotations

import random
import re

import pytest
import torch

from seatrial_plugins.huggingface.continuous_batch import write_answers
from seatrial_plugins.huggingface.exactness import continuing_is_exact

CPU = torch.device("cpu")


def prompts(shared):
    drawn = random.Random(1)
    head = [drawn.randrange(97) for _ in range(shared)]
    return [[*head, *(drawn.randrange(97) for _ in range(drawn.randrange(1, 20)))] for _ in range(24)]


def alone(model, prompt, count, ends):
    ids = list(prompt)
    while len(ids) < len(prompt) + count:
        with torch.no_grad():
            ids.append(int(model(input_ids=torch.tensor([ids])).logits[0, -1].argmax()))
        if ids[-1] in ends:
            break
    return ids[len(prompt) :]


@pytest.mark.parametrize(
    ("shape", "shared"), [({}, 0), ({}, 70), ({"model_type": "gpt2", "n_embd": 32, "n_head": 4}, 70)]
)
def test_answers_are_those_of_each_prompt_alone_and_free_slots_are_taken(network, shape, shared):
    model, asked, steps = network(**shape), prompts(shared), []
    ends = set(range(20))  # some end at once, some never
    embeddings = model.get_input_embeddings()
    with torch.inference_mode():
        assert continuing_is_exact(model, 97, CPU)
        embeddings.register_forward_pre_hook(lambda _module, given: steps.append(given[0].numel()))
        written = write_answers(model, asked, max_new_tokens=6, batch_tokens=40, ends=lambda ids: ids[-1] in ends)
    fed = sum(steps)
    said = [answer.ids for answer in written]
    assert said == [alone(model, prompt, 6, ends) for prompt in asked]
    assert len({len(ids) for ids in said}) > 2
    once = shared + sum(len(prompt) - shared for prompt in asked)  # every prompt's own tokens, the shared ones once
    assert fed == once + sum(len(ids) - 1 for ids in said)  # and of answers all but the last, which predicts nothing


def test_a_model_with_a_sliding_window_is_asked_the_plain_way(network):
    assert not continuing_is_exact(network(model_type="mistral", sliding_window=40), 97, CPU)


def test_only_the_row_whose_numbers_are_not_finite_is_broken(network):
    model, asked = network(), [[5, 6, 7], [5, 6, 96], [8, 9]]
    with torch.no_grad():
        model.get_input_embeddings().weight[96] = torch.nan
    with torch.inference_mode():
        written = write_answers(model, asked, max_new_tokens=4, batch_tokens=99, ends=lambda _ids: False)
    assert [answer.broken for answer in written] == [None, 0, None]


def test_decoding_stops_where_a_stop_string_is_whole_as_the_plain_decoder_does(tiny_model, monkeypatch):
    from seatrial.rows import Turn

    asked = [(Turn("user", text),) for text in ("hello there", "what", "a long question about boats and rain")]
    free = tiny_model.generate(asked, max_new_tokens=12)
    stops = [found[-1] for one in free if (found := re.findall("[a-z]{2}", one.text))]
    assert stops
    drawn = {"answers": 2, "temperature": 0.7, "top_p": 0.9, "seed": 3, "max_new_tokens": 8}
    ours = tiny_model.generate(asked, max_new_tokens=12, stop=stops), tiny_model.sample(asked, **drawn)
    assert tiny_model._continues  # which of two ways is taken shows in nothing else
    monkeypatch.setattr(tiny_model, "_continues", False)
    assert (tiny_model.generate(asked, max_new_tokens=12, stop=stops), tiny_model.sample(asked, **drawn)) == ours
