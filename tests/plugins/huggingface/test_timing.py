import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from seatrial.errors import StageError
from seatrial_plugins.huggingface import timing
from seatrial_plugins.huggingface.timing import time_request

VOCABULARY = 97


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=64,
        bos_token_id=1,
        eos_token_id=[2, 3],
        pad_token_id=0,
    )
    return LlamaForCausalLM(config).eval()


@pytest.fixture
def heard(model):
    """The input ids of every forward pass, and how many logits it gave."""
    passes = []

    def keep(_module, _args, kwargs, output):
        passes.append((kwargs["input_ids"].clone(), output.logits.shape[1], output.logits[:, -1].argmax(-1)))

    handle = model.register_forward_hook(keep, with_kwargs=True)
    yield passes
    handle.remove()


def _time(model, batch=1, prompt=12, new=5, seed=0):
    return time_request(model, vocab_size=VOCABULARY, batch=batch, prompt_tokens=prompt, new_tokens=new, seed=seed)


@pytest.mark.parametrize("batch", [1, 3])
def test_a_request_reads_the_prompt_once_and_then_one_token_a_step(model, heard, batch):
    found = _time(model, batch=batch, new=5)
    assert [tuple(ids.shape) for ids, _, _ in heard] == [(batch, 12), *[(batch, 1)] * 4]
    assert len(found.gaps_ms) == 4
    assert found.ttft_ms > 0
    assert all(gap > 0 for gap in found.gaps_ms)
    assert {logits for _, logits, _ in heard} == {1}


def test_decoding_is_greedy_and_equals_decoding_without_a_cache(model, heard):
    _time(model, new=6, seed=3)
    ids = heard[0][0]
    steps = list(heard)
    with torch.inference_mode():
        for fed, _, chosen in steps:
            expected = model(input_ids=ids).logits[:, -1].argmax(-1)
            assert chosen.tolist() == expected.tolist()
            assert fed[:, -1].tolist() == ids[:, -1].tolist()
            ids = torch.cat([ids, expected[:, None]], dim=1)


def test_the_end_of_turn_does_not_stop_it(model, monkeypatch):
    def always_end(*args, **kwargs):
        output = LlamaForCausalLM.forward(model, *args, **kwargs)
        output.logits = torch.nn.functional.one_hot(torch.tensor([[2]]), VOCABULARY).float()
        return output

    monkeypatch.setattr(model, "forward", always_end)
    assert len(_time(model, new=7).gaps_ms) == 6


def test_prompts_follow_from_the_seed_and_hold_no_special_tokens(model, heard):
    for seed in (4, 4, 5):
        _time(model, batch=4, prompt=40, new=2, seed=seed)
    first, again, other = (ids for ids, _, _ in heard[::2])
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    drawn = set(torch.cat([first, other]).flatten().tolist())
    assert drawn <= set(range(4, VOCABULARY))
    assert len(drawn) > 60


def test_timing_leaves_the_random_generator_and_the_training_mode_alone(model):
    model.train()
    torch.manual_seed(5)
    expected = torch.rand(2)
    torch.manual_seed(5)
    _time(model)
    assert torch.equal(torch.rand(2), expected)
    assert model.training
    model.eval()


def test_the_clock_is_read_around_every_step(model, monkeypatch):
    """Ticks of a clock that only counts its readings: one before the prompt, one after each token."""
    readings = iter(range(100))
    monkeypatch.setattr(timing.time, "perf_counter", lambda: float(next(readings)))
    found = _time(model, new=5)
    assert found.ttft_ms == 1000.0
    assert found.gaps_ms == (1000.0,) * 4


def test_peak_memory_holds_the_weights_and_what_the_process_holds(model):
    weights = sum(parameter.nbytes for parameter in model.parameters())
    ballast = torch.ones(30_000_000)
    with_ballast = _time(model).peak_bytes
    assert with_ballast > ballast.nbytes + weights
    assert with_ballast < 1 << 40


def test_peak_memory_is_the_kernels_mark_where_a_request_raises_it(monkeypatch):
    seen = iter([(50, 90), (60, 90), (70, 90), (50, 90), (60, 100), (70, 120)])
    monkeypatch.setattr(timing, "_process_memory", lambda: next(seen))
    for expected in (70, 120):
        with timing._memory(()) as memory:
            memory.look()
            memory.look()
        assert memory.peak == expected


def test_resident_memory_is_at_most_its_high_water_mark():
    resident, high = timing._process_memory()
    assert 1 << 20 < resident <= high


def test_more_tokens_than_positions_are_refused(model):
    with pytest.raises(StageError, match=r"65 tokens .* more than the model's 64 positions"):
        _time(model, prompt=60, new=5)


def test_a_model_without_a_cache_is_refused(model, monkeypatch):
    def forgetful(*args, **kwargs):
        output = LlamaForCausalLM.forward(model, *args, **kwargs)
        output.past_key_values = None
        return output

    monkeypatch.setattr(model, "forward", forgetful)
    with pytest.raises(StageError, match="returns no key-value cache"):
        _time(model)


def test_a_model_with_an_adapter_is_timed_with_it():
    from peft import LoraConfig, get_peft_model

    config = LlamaConfig(
        vocab_size=VOCABULARY, hidden_size=32, intermediate_size=64, num_hidden_layers=1, num_attention_heads=4
    )
    adapted = get_peft_model(LlamaForCausalLM(config), LoraConfig(r=2, target_modules=["q_proj"]))
    lengths = []
    adapted.get_base_model().register_forward_hook(lambda _m, _a, output: lengths.append(output.logits.shape[1]))
    assert len(_time(adapted, new=3).gaps_ms) == 2
    assert lengths == [1, 1, 1]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_peak_memory_is_what_was_allocated(model):
    moved = LlamaForCausalLM(model.config).to("cuda")
    weights = sum(parameter.nbytes for parameter in moved.parameters())
    before = torch.cuda.memory_allocated()
    small = _time(moved).peak_bytes
    large = _time(moved, batch=64, prompt=48).peak_bytes
    assert weights <= before <= small < large
