from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoConfig, AutoModelForCausalLM

from seatrial.errors import StageError
from seatrial_plugins.huggingface.likelihoods import Likelihoods
from seatrial_plugins.huggingface.packed_attention import ATTENTION
from seatrial_plugins.huggingface.question import Question
from seatrial_plugins.huggingface.token_tree import common_prefix


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    config = AutoConfig.for_model(
        "llama", vocab_size=97, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4
    )
    config.initializer_range = 0.08
    return AutoModelForCausalLM.from_config(config, dtype=torch.float32, attn_implementation=ATTENTION).eval()


tokens = st.lists(st.integers(0, 3), max_size=9).map(tuple)
"""Few different ones, so that prompts, heads and rests agree for a while."""

options = st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=6).map(tuple), min_size=1, max_size=5).map(tuple)


@st.composite
def asked(draw):
    """A prompt that leaves the conversation within its head, at its end or within an option; the head; the rests."""
    head, rests = draw(tokens), draw(options)
    along = (*head, *rests[0])
    start = draw(st.integers(1, len(along)))
    return (*along[:start], 90), head, rests


@settings(max_examples=40, deadline=None)
@given(st.lists(asked(), min_size=1, max_size=4), st.sampled_from([5, 40, 1000]), st.booleans())
def test_what_is_scored_begins_where_the_prompt_ends_wherever_that_is(network, found, batch_tokens, packs):
    found = [
        (prompt, head, rests)
        for prompt, head, rests in found
        if all(0 < common_prefix([prompt, (*head, *rest)]) < len(head) + len(rest) for rest in rests)
    ]
    questions = [Question.of(prompt, head, rests, context=64) for prompt, head, rests in found]
    scored = Likelihoods(network, batch_tokens=batch_tokens, packs=packs).of(questions)
    for (prompt, head, rests), continuations in zip(found, scored, strict=True):
        for rest, continuation in zip(rests, continuations, strict=True):
            ids = (*head, *rest)
            start = common_prefix([prompt, ids])
            with torch.no_grad():
                logprobs = network(input_ids=torch.tensor([ids])).logits[0].log_softmax(-1)
            expected = sum(float(logprobs[at - 1, ids[at]]) for at in range(start, len(ids)))
            assert continuation.tokens == len(ids) - start
            assert continuation.logprob == pytest.approx(expected, abs=1e-4)


def test_an_answer_that_adds_nothing_to_its_prompt_is_refused():
    with pytest.raises(StageError, match="adds no token"):
        Question.of((1, 2, 3), (1,), ((2, 3), (2, 4)), context=64)
