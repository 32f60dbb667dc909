from __future__ import annotations

import dataclasses
import math

import pytest
import torch
from peft import LoraConfig

from seatrial import Turn
from seatrial.errors import StageError
from seatrial.model import ChecksRows, CountsTokens, Generates, Scores, Times
from seatrial_plugins.huggingface.language_model import CausalModel
from seatrial_plugins.huggingface.loader import RandomLoader
from seatrial_plugins.huggingface.options import LoadOptions

PROMPTS = [
    [Turn("user", "Where is my parcel?")],
    [
        Turn("system", "Be brief."),
        Turn("user", "Ünïcödé 😀, and a much longer question about a chair, a cat and a ship."),
    ],
    [Turn("user", "")],
    [Turn("user", "a"), Turn("assistant", "b"), Turn("user", "c")],
]
OPTIONS = [
    ["delivery", "delivery desk", "billing", "billing"],
    ["a", "😀", "a very long answer, longer than the question was, with a number: 12345"],
    ["yes", "no"],
    ["science"],
]


def plainly(model, turns, answer):
    """The sum of ln p over the answer's tokens and its end, by one forward pass over the whole conversation."""
    prompt = model.chat.encode([model.chat.render(turns, ask=True)])[0]
    whole = model.chat.encode([model.chat.render([*turns, Turn("assistant", answer)])])[0]
    end = len(whole) - whole[::-1].index(model.chat.end_ids[0])
    with torch.no_grad():
        logits = model.network(input_ids=torch.tensor([whole[:end]]), use_cache=False).logits[0].double()
    logprobs = logits.log_softmax(-1)
    return sum(float(logprobs[at - 1, whole[at]]) for at in range(len(prompt), end)), end - len(prompt)


@pytest.mark.parametrize("packs", [True, False])
@pytest.mark.parametrize("batch_tokens", [1, 60, 4096])
def test_likelihoods_are_those_of_plain_passes_whatever_the_batch(tiny_model, packs, batch_tokens):
    assert tiny_model.packs
    model = CausalModel(tiny_model.network, tiny_model.chat, batch_tokens=batch_tokens, packs=packs)
    for turns, options, answers in zip(PROMPTS, OPTIONS, model.loglikelihoods(PROMPTS, OPTIONS), strict=True):
        for option, answer in zip(options, answers, strict=True):
            logprob, tokens = plainly(model, turns, option)
            assert answer.tokens == tokens
            assert answer.logprob == pytest.approx(logprob, abs=2e-4)


def test_equal_options_are_equally_likely(tiny_model):
    answers = tiny_model.loglikelihoods(PROMPTS[:1], OPTIONS[:1])[0]
    assert answers[2] == answers[3]


def test_nothing_asked_gives_nothing(tiny_model):
    assert tiny_model.loglikelihoods([], []) == []
    assert tiny_model.loglikelihoods(PROMPTS[:2], [[], ["a"]])[0] == []
    assert tiny_model.generate([], max_new_tokens=3) == []


@pytest.mark.parametrize("options", [OPTIONS[:1], [*OPTIONS, ["one too many"]]])
def test_each_prompt_needs_options_of_its_own(tiny_model, options):
    with pytest.raises(ValueError, match=rf"4 prompts and {len(options)} lists of options"):
        tiny_model.loglikelihoods(PROMPTS, options)


def test_the_end_of_the_turn_counts(tiny_model):
    """Otherwise an option could never be less likely than one that it begins with."""
    short, long = tiny_model.loglikelihoods([PROMPTS[0]], [["a", "a a"]])[0]
    head, (rest,) = tiny_model.chat.answered(PROMPTS[0], ["a"])
    assert short.tokens == len(head) + len(rest) - len(tiny_model.chat.prompts([PROMPTS[0]])[0])
    assert long.tokens > short.tokens >= 2


def test_a_prompt_beyond_the_context_is_refused(tiny_model):
    turns = [Turn("user", "long " * 2000)]
    with pytest.raises(StageError, match="context 1024"):
        tiny_model.loglikelihoods([turns], [["a"]])
    with pytest.raises(StageError, match="context of 1024"):
        tiny_model.generate([turns], max_new_tokens=5)


def test_a_prompt_without_a_token_is_refused(tiny_target):
    loader = RandomLoader(LoadOptions(device="cpu", dtype="float32", chat=False), 0)
    with loader.open(tiny_target) as model, pytest.raises(StageError, match="no token"):
        model.loglikelihoods([[]], [["a", "b"]])


def greedy(model, turns, count):
    ids = model.chat.prompts([turns])[0]
    said = []
    for _ in range(count):
        with torch.no_grad():
            token = int(model.network(input_ids=torch.tensor([ids + said]), use_cache=False).logits[0, -1].argmax())
        if token in model.chat.end_ids:
            break
        said.append(token)
    return said


@pytest.fixture(scope="module")
def talkative(tiny_target):
    """Four times the spread of weights, so that it does not say the same token for ever."""
    with RandomLoader(LoadOptions(device="cpu", dtype="float32"), 0).open(tiny_target) as model:
        with torch.no_grad():
            for parameter in model.network.parameters():
                if parameter.dim() == 2:
                    parameter.mul_(6)
        yield model


@pytest.mark.parametrize("batch_tokens", [1, 4096])
def test_generation_is_greedy_whatever_the_batch(talkative, batch_tokens):
    model = CausalModel(talkative.network, talkative.chat, batch_tokens=batch_tokens, packs=True)
    for turns, answer in zip(PROMPTS, model.generate(PROMPTS, max_new_tokens=8), strict=True):
        said = greedy(model, turns, 8)
        assert answer.text == model.chat.tokenizer.decode(said)
        assert answer.tokens == len(said)
        assert answer.finished == (len(said) < 8)


def test_generation_ends_at_a_stop_string(talkative):
    whole = talkative.generate(PROMPTS[:1], max_new_tokens=8)[0]
    stop = whole.text[2:4]
    cut = talkative.generate(PROMPTS[:1], max_new_tokens=8, stop=[stop])[0]
    assert cut.finished
    assert cut.text == whole.text[: whole.text.index(stop)]


def test_generation_ends_at_the_end_of_turn(talkative):
    first = greedy(talkative, PROMPTS[0], 3)
    chat = talkative.chat
    ended = CausalModel(talkative.network, chat, batch_tokens=4096, packs=True)
    before, chat.end_ids = chat.end_ids, (first[2],)
    try:
        answer = ended.generate(PROMPTS[:1], max_new_tokens=8)[0]
    finally:
        chat.end_ids = before
    assert answer.finished
    assert answer.tokens == first.index(first[2])


def test_a_served_model_has_its_adapter_merged_and_says_what_it_said(tiny_target, tiny_model, write_adapter):
    adapter = write_adapter(LoraConfig(r=2, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM"))
    loader = RandomLoader(LoadOptions(device="cpu", dtype="float32"), 0)
    with loader.open(tiny_target, adapter) as tuned:
        said = tuned.loglikelihoods(PROMPTS, OPTIONS)
        with tuned.serving() as became:
            assert became == "merged"
            merged = tuned.loglikelihoods(PROMPTS, OPTIONS)
            assert not any("lora_A" in name for name, _ in tuned.network.named_modules())
            assert tuned.time_request(batch=1, prompt_tokens=4, new_tokens=2, seed=0).ttft_ms > 0
        for separately, together in zip(said, merged, strict=True):
            assert [a.logprob for a in together] == pytest.approx([a.logprob for a in separately], abs=2e-3)
        assert tuned.loglikelihoods(PROMPTS, OPTIONS) == said
    with tiny_model.serving() as became:
        assert became == "none"


def test_it_has_every_capability(tiny_model):
    assert all(isinstance(tiny_model, kind) for kind in (Scores, Generates, Times, CountsTokens, ChecksRows))
    timing = tiny_model.time_request(batch=1, prompt_tokens=8, new_tokens=4, seed=0)
    assert len(timing.gaps_ms) == 3
    assert timing.ttft_ms > 0
    assert dataclasses.asdict(timing)["peak_bytes"] > 0


@pytest.fixture
def damaged(tiny_target):
    """Makes the tiny model with one value in some of its weights."""

    def make(value, where, *, packs=True):
        with RandomLoader(LoadOptions(device="cpu", dtype="float32"), 0).open(tiny_target) as model, torch.no_grad():
            where(model).fill_(value)
        return CausalModel(model.network, model.chat, batch_tokens=4096, packs=packs)

    return make


def embedding_of(word):
    """The embedding, and the head's row, of the one token of a word."""

    def rows(model):
        ((token,),) = model.chat.encode([word])
        return model.network.get_input_embeddings().weight[token]

    return rows


EVERYWHERE = {
    "all weights": lambda model: model.network.get_input_embeddings().weight,
    "one layer": lambda model: model.network.model.layers[1].mlp.down_proj.weight,
    "the last norm": lambda model: model.network.model.norm.weight,
}


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("packs", [True, False])
@pytest.mark.parametrize("where", EVERYWHERE.values(), ids=EVERYWHERE)
def test_a_model_that_is_not_finite_has_no_likelihoods_and_no_answers(damaged, where, packs, value):
    model = damaged(value, where, packs=packs)
    for answers in model.loglikelihoods(PROMPTS, OPTIONS):
        assert all(math.isnan(answer.logprob) for answer in answers)
    with pytest.raises(StageError, match=r"logits are not finite .* new token 1 of 4 of 4 prompts.*float32"):
        model.generate(PROMPTS, max_new_tokens=3)


@pytest.mark.parametrize("packs", [True, False])
def test_what_is_not_finite_in_one_row_stays_in_that_row(damaged, tiny_model, packs):
    """Masks don't hide it: 0 × NaN is NaN."""
    prompts = [*PROMPTS, [Turn("user", "~ short")], [Turn("user", "~")]]
    options = [*OPTIONS, ["yes", "no"], ["a", "longer answer"]]
    model = damaged(math.nan, embedding_of("~"), packs=packs)
    sound = CausalModel(tiny_model.network, tiny_model.chat, batch_tokens=4096, packs=packs)
    # The head shares its weights with the embeddings, so each likelihood is NaN: one more number in its sum.
    model.network.lm_head.weight = sound.network.lm_head.weight
    found, expected = model.loglikelihoods(prompts, options), sound.loglikelihoods(prompts, options)
    assert found[:4] == expected[:4]
    assert all(math.isnan(answer.logprob) for answers in found[4:] for answer in answers)
    assert [[a.tokens for a in answers] for answers in found] == [[a.tokens for a in answers] for answers in expected]
    assert model.generate(prompts[:4], max_new_tokens=4) == sound.generate(prompts[:4], max_new_tokens=4)
    with pytest.raises(StageError, match=r"new token 1 of 2 of 6 prompts"):
        model.generate(prompts, max_new_tokens=4)


def test_a_token_that_is_ruled_out_makes_its_option_impossible_and_no_other(damaged):
    model = damaged(1.0, lambda model: model.network.model.norm.weight)
    ((token,),) = model.chat.encode(["~"])

    def rule_out(_module, _given, logits):
        logits[..., token] = -math.inf
        return logits

    with model.network.lm_head.register_forward_hook(rule_out):
        ((out, other),) = model.loglikelihoods([[Turn("user", "a")]], [["~", "b"]])
        assert model.generate(PROMPTS[:1], max_new_tokens=3)[0].tokens == 3
    assert math.isnan(out.logprob)
    assert other.logprob < 0


def test_a_prompt_without_a_token_is_not_answered(tiny_target):
    loader = RandomLoader(LoadOptions(device="cpu", dtype="float32", chat=False), 0)
    with loader.open(tiny_target) as model, pytest.raises(StageError, match="no token that an answer could follow"):
        model.generate([[Turn("user", "a")], []], max_new_tokens=2)
