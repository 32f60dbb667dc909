"""Kept keys: a prefix is computed once for all batches, and what is scored behind it is what whole passes score."""

from __future__ import annotations

import random

import pytest
import torch

from seatrial_plugins.huggingface.exactness import keeping_is_exact
from seatrial_plugins.huggingface.likelihoods import Likelihoods
from seatrial_plugins.huggingface.prefix_groups import grouped
from seatrial_plugins.huggingface.question import Question


def questions(vocabulary=97, behind=100):
    """Two sets of examples behind one instruction, twenty questions behind each, with options of several tokens."""
    drawn = random.Random(1)

    def tokens(count):
        return tuple(drawn.randrange(1, vocabulary) for _ in range(count))

    instruction, found = tokens(24), []
    for _ in range(2):
        head = (*instruction, *tokens(behind))
        for _ in range(20):
            options = tuple(tokens(drawn.randrange(1, 5)) for _ in range(3))
            found.append(Question.behind((*head, *tokens(drawn.randrange(1, 12))), options, context=256))
    return drawn.sample(found, len(found))


@pytest.mark.parametrize(
    "shape",
    [
        {},
        {"model_type": "mistral", "sliding_window": 40},
        {"model_type": "gpt2", "n_embd": 32, "n_head": 4, "n_layer": 2},
    ],
    ids=["llama", "mistral with a window", "gpt2"],
)
def test_each_prefix_is_computed_once_and_the_scores_stay(network, shape):
    model, asked, fed = network(**shape), questions(), []
    embeddings = model.get_input_embeddings()
    handle = embeddings.register_forward_pre_hook(lambda _module, given: fed.append(given[0].numel()))
    packed = Likelihoods(model, batch_tokens=150, packs=True)
    packed.of(asked[:1])  # what it is tried with is not counted
    fed.clear()
    found = packed.of(asked, greedy=True)
    handle.remove()
    own = sum(len(question.tree) - 124 for question in asked)
    assert sum(fed) <= 24 + 2 * 100 + own + 40  # the two sets may share their first token by chance
    assert len(fed) > 5
    plain = Likelihoods(model, batch_tokens=4096, packs=False).of(asked, greedy=True)
    for ours, theirs in zip(found, plain, strict=True):
        assert [one.greedy for one in ours] == [one.greedy for one in theirs]
        assert [one.logprob for one in ours] == pytest.approx([one.logprob for one in theirs], abs=1e-4)


def test_a_network_that_says_other_things_behind_kept_keys_is_found_out(network):
    model = network()
    assert keeping_is_exact(model, 97, torch.device("cpu"))
    handle = model.model.layers[0].register_forward_hook(lambda _module, _given, out: out + out.cumsum(1))
    assert not keeping_is_exact(model, 97, torch.device("cpu"))
    handle.remove()


def test_groups_are_as_deep_as_it_pays():
    sequences = [[0] * 40 + [1] * 30 + [2, n] for n in range(30)] + [[0] * 40 + [3, n] for n in range(30)] + [[9, 9]]
    top = grouped(sequences, [len(one) - 1 for one in sequences], batch_tokens=50)
    assert top.length == 0
    assert top.apart == [60]
    (outer,) = top.inner
    assert (outer.length, sorted(outer.apart)) == (40, [*range(30, 60)])
    (inner,) = outer.inner
    assert (inner.length, sorted(inner.apart)) == (71, [*range(30)])
    (together,) = grouped(sequences[:30], [40] * 30, batch_tokens=4096).together
    assert sorted(together) == [*range(30)]


def test_a_batch_that_the_memory_does_not_hold_is_run_in_halves(network):
    model, asked = network(), questions()
    expected = Likelihoods(model, batch_tokens=4096, packs=True).of(asked)

    def forward(_module, given):
        if given[0].numel() > 100:
            raise torch.OutOfMemoryError

    likelihoods = Likelihoods(model, batch_tokens=4096, packs=True)
    handle = model.get_input_embeddings().register_forward_pre_hook(forward)
    with pytest.raises(torch.OutOfMemoryError):
        likelihoods.of(asked)  # one question alone has 124 tokens
    handle.remove()
    handle = model.get_input_embeddings().register_forward_pre_hook(
        lambda module, given: forward(module, (given[0][:, 50:],))
    )
    found = likelihoods.of(asked)
    handle.remove()
    for ours, theirs in zip(found, expected, strict=True):
        assert [one.logprob for one in ours] == pytest.approx([one.logprob for one in theirs], abs=1e-4)
