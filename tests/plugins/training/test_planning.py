"""What a training costs, counted without numbers, is what the training takes."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from seatrial.errors import TrainingError, UsageError
from seatrial.training import Lighter, ProbesCost, TellsCost, TellsLighter, Work
from seatrial_plugins.huggingface import random
from seatrial_plugins.training import IA3, Classifier, Dpo, Full, Lora, PrefixTuning, PromptTuning, Qlora
from seatrial_plugins.training.engine import trainable
from seatrial_plugins.training.planning import _Fit
from seatrial_plugins.training.tracing import Trace

from .jobs import PAIRS, options

METHODS = {
    "lora": Lora(**options()),
    "lora on all layers": Lora(**options(target_modules="all-linear", dropout=0.1)),
    "dora": Lora(**options(dora=True)),
    "pissa": Lora(**options(init="pissa")),
    "ia3": IA3(batch_size=4, epochs=4),
    "prompt tuning": PromptTuning(batch_size=4, virtual_tokens=5),
    "prefix tuning": PrefixTuning(batch_size=4, virtual_tokens=5),
    "all weights": Full(batch_size=4),
    "recomputing": Lora(**options(target_modules="all-linear", gradient_checkpointing=True)),
    "accumulating": Lora(**options(gradient_accumulation=2)),
}
LONG = [(f"{text} {'again and again ' * place}", label) for place, (text, label) in enumerate(PAIRS)]


def measured(method, job, step):
    """Peak of a step's passes and what autograd keeps, in bytes, with real numbers: tensors on the CPU, no kernel asked."""
    training = method.training(job)
    engine = training.set_up(job.model, *training.rendered(job.model.chat))
    network, work = engine.model, engine.work
    trained = list(trainable(network).values())
    peaks, kept = [], []
    batch = [work.examples[place] for place in work.plan.steps[step]]
    network.train()
    for part in work.passes(batch):
        trace = Trace(network.get_input_embeddings().weight.shape[0], numbers=True)
        trace.hold(network.parameters(), "weights")
        trace.hold(network.buffers(), "weights")
        trace.hold((tensor.grad for tensor in trained if tensor.grad is not None), "gradients")
        found = {}

        def keep(tensor, found=found):
            found[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor), trace.making("activations"):
            loss = work.objective.summed(network, part, torch.device("cpu")) / len(part)
        for tensor in [*network.parameters(), *network.buffers()]:
            found.pop(tensor.untyped_storage().data_ptr(), None)
        kept.append((sum(found.values()), trace.now()))
        with trace.making("backward"):
            loss.backward()
        peaks.append(trace.peak)
    return max(peaks), kept


@pytest.mark.parametrize("name", METHODS)
def test_the_memory_counted_is_that_of_real_numbers(job, name):
    work, _ = job(LONG)
    cost = METHODS[name].cost(work)
    peak, _ = measured(METHODS[name], work, cost.facts["heaviest_step"])
    states = cost.memory["optimizer states"]
    assert cost.peak - states == pytest.approx(peak, rel=0.002)
    numbers = cost.facts["trained_parameters"]
    assert 8 * numbers < states <= 8 * numbers + 512 * 64  # AdamW keeps two of each, and counts each tensor's steps


def test_what_autograd_keeps_is_what_is_counted_as_living(job):
    work, _ = job(LONG)
    _, kept = measured(METHODS["lora on all layers"], work, 0)
    for saved, living in kept:
        counted = living["activations"] + living.get("logits", 0)
        assert saved <= counted <= saved + 40 * 512  # blocks of 512 bytes, and the loss


def test_rows_that_are_padded_and_rows_that_are_packed(job):
    padded, _ = job(LONG, loader=random(dtype="float32", device="cpu", attention="sdpa"))
    packed, _ = job(LONG)
    costs = [METHODS["lora"].cost(work) for work in (padded, packed)]
    assert [cost.facts["packed"] for cost in costs] == [False, True]
    for work, cost in zip((padded, packed), costs, strict=True):
        peak, _ = measured(METHODS["lora"], work, cost.facts["heaviest_step"])
        assert cost.peak - cost.memory["optimizer states"] == pytest.approx(peak, rel=0.001)


def test_steps_and_tokens_are_those_of_the_training(job):
    work, steps = job(LONG, validation=PAIRS[:3])
    method = Lora(**options(epochs=2, early_stopping={"every": 2, "patience": 9}))
    cost = method.cost(work)
    trained = method.train(work).facts
    assert len(cost.steps) == cost.facts["steps"] == trained["steps"]
    assert cost.facts["trained_parameters"] == trained["trainable_parameters"]
    assert cost.facts["supervised_tokens"] == 2 * trained["supervised_tokens"]
    assert cost.facts["evaluations"] == sum("validation_loss" in step for step in steps)
    assert cost.validation.traffic > 0
    assert cost.written > 0


def test_a_card_that_is_not_there(job):
    auto, _ = job(LONG, loader=random(dtype="auto", device="auto"))
    cost = METHODS["lora"].cost(auto)
    assert (cost.device, cost.facts["dtype"], cost.facts["packed"]) == ("cuda", "bfloat16", True)
    weights = sum(2 * tensor.numel() for tensor in auto.model.outline().parameters())
    assert cost.memory["weights"] == pytest.approx(weights, rel=0.05)
    assert cost.memory["workspace"] == 64 << 20
    work = cost.work
    assert work.products + work.products32 + work.traffic > 0
    assert all(step.launches or step.kernels for step in cost.steps)
    assert cost.facts["varlen"] or cost.facts["graphs"]
    assert not torch.cuda.is_initialized()


def test_one_of_several_devices_is_counted(job):
    method, (work, _) = Lora(**options()), job(LONG)
    alone = method.cost(work)
    shared = method.cost(replace(work, devices=2))
    assert shared.memory["weights"] == alone.memory["weights"]
    assert shared.memory["activations"] < alone.memory["activations"]
    assert alone.facts["heaviest_pass"]["rows"] == 4 > shared.facts["heaviest_pass"]["rows"]
    assert 0.4 < shared.work.products32 / alone.work.products32 < 0.8
    assert shared.facts["tokens"] == alone.facts["tokens"]
    many = method.cost(replace(work, devices=8, parallel="sharded"))
    assert many.memory["weights"] <= alone.memory["weights"]  # of two layers both are gathered at a time
    assert (shared.facts["devices"], many.facts["parallel"]) == (2, "sharded")


def test_compiled_layers_keep_and_move_less(job):
    auto, _ = job(LONG, loader=random(dtype="auto", device="auto"))
    plain, compiled = (Lora(**options(epochs=1, compile=compiles)).cost(auto) for compiles in (False, True))
    assert (plain.facts["compiled"], compiled.facts["compiled"]) == (False, True)
    assert compiled.memory["activations"] < plain.memory["activations"]
    assert compiled.work.traffic < plain.work.traffic
    assert compiled.memory["weights"] == plain.memory["weights"]


def test_what_is_recorded_as_graphs_is_launched_at_once(job):
    auto, _ = job(PAIRS, loader=random(dtype="auto", device="auto"))
    cost = Lora(**options(epochs=20)).cost(auto)
    assert cost.facts["graphs"]
    assert cost.memory["recorded graphs"] == 4 * cost.facts["trained_parameters"] * (1 + cost.facts["graphs"])
    assert all(step.kernels > step.launches for step in cost.steps)


def test_longer_rows_and_more_of_them_cost_more(job):
    short, _ = job(PAIRS)
    long, _ = job([(text * 8, label) for text, label in PAIRS])
    (one, other) = (METHODS["lora"].cost(work) for work in (short, long))
    assert other.peak > one.peak
    assert other.work.traffic > 2 * one.work.traffic
    twice = replace(METHODS["lora"], epochs=8).cost(short)
    assert twice.work.traffic == pytest.approx(2 * one.work.traffic, rel=0.01)


def test_lighter_trainings_are_named_by_suite_keys_and_need_less(job):
    work, _ = job(LONG[5:6] * 4)  # of one length, so that each of a dozen plans looks at one pass
    method = METHODS["lora"]
    cost, found = method.cost(work), list(method.lighter(work))
    assert all(isinstance(one, Lighter) and one.cost.peak < cost.peak for one in found)
    named = {key for one in found for key in one.change}
    assert named == {"model.batch_tokens", "train.gradient_checkpointing", "model.dtype"}
    assert all("train.gradient_checkpointing" not in one.change for one in METHODS["recomputing"].lighter(work))


def test_a_probe_trains_the_heaviest_step_and_leaves_nothing(job):
    work, _ = job(LONG)
    method = METHODS["lora"]
    cost = method.cost(work)
    probed = method.probe(work, cost)
    assert probed.steps[0] == cost.facts["heaviest_step"]
    assert len(probed.steps) == 4
    assert probed.seconds > 0
    assert probed.starting >= 0
    assert probed.device == "cpu"
    assert not list(work.output.iterdir())
    assert not list(work.checkpoints.iterdir())


def test_a_method_tells_all_three():
    assert isinstance(METHODS["lora"], TellsCost)
    assert isinstance(METHODS["lora"], TellsLighter)
    assert isinstance(METHODS["lora"], ProbesCost)


@pytest.mark.parametrize("method", [Classifier, Dpo, Qlora])
def test_a_method_that_is_set_up_otherwise_tells_nothing(job, method):
    with pytest.raises(UsageError, match=f"{method.__name__.lower()} does not tell what its training costs"):
        method(r=4).cost(job()[0])


def test_what_cannot_be_trained_cannot_be_planned(job):
    with pytest.raises(UsageError, match="target_modules"):
        Lora(**options(target_modules=["no_such"])).cost(job()[0])
    with pytest.raises(TrainingError, match="no train rows"):
        METHODS["lora"].cost(job([])[0])
    with pytest.raises(UsageError, match="float16"):
        METHODS["lora"].cost(job(loader=random(dtype="float16", device="cpu"))[0])


def test_a_model_that_asks_for_its_numbers_is_not_guessed(job, monkeypatch):
    from seatrial_plugins.huggingface.runtime import TrainableNetwork

    skeleton = TrainableNetwork.skeleton

    def looking(self, device, dtype=None):
        network, packs = skeleton(self, device, dtype)
        network.model.norm.register_forward_hook(lambda _module, _given, states: states * states.sum().item())
        return network, packs

    monkeypatch.setattr(TrainableNetwork, "skeleton", looking)
    with pytest.raises(UsageError, match=r"path:tiny_llama: what training it with lora costs cannot be counted"):
        METHODS["lora"].cost(job(LONG)[0])


def test_costs_between_the_traced_ones_follow():
    features = [(1.0, 10.0, 100.0, 2.0), (1.0, 20.0, 300.0, 5.0), (1.0, 40.0, 900.0, 9.0), (1.0, 45.0, 2000.0, 9.0)]
    weights = (5.0, 3.0, 0.0, 7.0)
    fit = _Fit(features, [[sum(a * b for a, b in zip(one, weights, strict=True))] for one in features])
    assert fit.of((1.0, 30.0, 500.0, 6.0))[0] == pytest.approx(5 + 90 + 42)


def test_work_adds_up():
    one, other = Work(products=1, launches=2), Work(products=3, traffic=5)
    assert one + other == Work(products=4, traffic=5, launches=2)
    assert Work.all_of([one, other, other]) == Work(products=7, traffic=10, launches=2)
    assert Work.all_of([]) == Work()
    assert one.times(3) == Work(products=3, launches=6)
