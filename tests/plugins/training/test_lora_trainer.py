from __future__ import annotations

import dataclasses
import json
import math

import pytest
import torch
from safetensors.torch import load_file

from seatrial import Turn
from seatrial.errors import TrainingError, UsageError
from seatrial_plugins.huggingface import random
from seatrial_plugins.huggingface.loader import TransformersLoader
from seatrial_plugins.huggingface.options import LoadOptions
from seatrial_plugins.huggingface.trainable import TrainableNetwork
from seatrial_plugins.training import Lora
from seatrial_plugins.training.causal_training import CausalTraining
from seatrial_plugins.training.engine import check_weights
from seatrial_plugins.training.options import EarlyStopping
from seatrial_plugins.training.plan import plan_steps

from .jobs import PAIRS, KilledError, adapter_of, options


def test_the_loss_falls_and_the_adapter_learns_the_rows(job, tiny_target, tiny_model, adapter_in):
    work, steps = job()
    trained = Lora(**options(epochs=50, lr=1e-2, target_modules="all-linear")).train(work)
    losses = [step["loss"] for step in steps]
    assert sum(losses[-5:]) < 0.2 * sum(losses[:5])
    assert trained.kind == "adapter"
    labels = ["delivery", "billing", "account"]
    prompts = [row.prompt for row in work.train]

    def right(system):
        answers = system.loglikelihoods(prompts, [labels] * len(prompts))
        best = [labels[max(range(3), key=lambda place: answer[place].logprob)] for answer in answers]
        return sum(said == row.label for said, row in zip(best, work.train, strict=True))

    assert right(tiny_model) < len(PAIRS)
    with random(device="cpu").open(tiny_target, adapter_in(work.output)) as model:
        assert right(model) == len(PAIRS)
        # It also learned to stop.
        said = model.generate(prompts[:1], max_new_tokens=10)[0]
        assert (said.text, said.finished) == ("delivery", True)


def test_every_step_is_logged_with_what_it_is(job):
    work, steps = job(validation=PAIRS[:3])
    trained = Lora(**options(epochs=2, warmup=0.0, schedule="linear")).train(work)
    training = [step for step in steps if "loss" in step]
    assert [step["step"] for step in training] == [1, 2, 3, 4, 5, 6]
    assert all(step["steps"] == 6 for step in steps)
    assert [step["epoch"] for step in training] == pytest.approx([n / 3 for n in range(1, 7)])
    rates = [step["learning_rate"] for step in training]
    assert rates == sorted(rates, reverse=True)
    assert all(step["tokens_per_second"] > 0 for step in training)
    assert [step["step"] for step in steps if "validation_loss" in step] == [3, 6]
    assert trained.facts["steps"] == 6


def test_the_facts_are_those_of_the_rows(job, tiny_model):
    work, _ = job()
    trained = Lora(**options()).train(work)
    facts = trained.facts
    rendered = [tiny_model.chat.rendered(row.turns) for row in work.train]
    assert facts["rows"] == len(PAIRS)
    assert facts["tokens"] == sum(len(row.ids) for row in rendered)
    assert facts["supervised_tokens"] == sum(sum(row.supervised) for row in rendered)
    counts = sorted(sum(row.supervised) for row in rendered)
    per_row = facts["supervised_tokens_per_row"]
    assert (per_row["fewest"]["tokens"], per_row["most"]["tokens"]) == (counts[0], counts[-1])
    assert counts[0] <= per_row["median"] <= counts[-1]
    assert {per_row["fewest"]["row"], per_row["most"]["row"]} <= {row.id for row in work.train}
    assert facts["truncated_rows"] == facts["lost_tokens"] == 0
    assert facts["steps"] == facts["best_step"] == 12
    # Two layers; q: 64 → 64, v: 64 → 32, rank 4.
    assert facts["trainable_parameters"] == 2 * 4 * ((64 + 64) + (64 + 32))
    shown = facts["masked_examples"]
    assert (shown[0]["row"], shown[-1]["row"]) == (per_row["fewest"]["row"], per_row["most"]["row"])
    learned = [[part["text"] for part in one["pieces"] if part["supervised"]] for one in shown]
    assert len(learned) == 3
    assert all(said in ([f"{row.label}<|end|>"] for row in work.train) for said in learned)
    assert json.loads(json.dumps(facts)) == {**facts, "options": json.loads(json.dumps(facts["options"]))}
    assert {"tokens_per_second", "peak_bytes"} <= set(facts)


def test_the_adapter_is_float32_and_knows_no_path_of_this_machine(job):
    work, _ = job(dtype="bfloat16")
    trained = Lora(**options(epochs=1)).train(work)
    assert {tensor.dtype for tensor in load_file(work.output / "adapter_model.safetensors").values()} == {torch.float32}
    assert trained.facts["dtype"] == "bfloat16"
    config = json.loads((work.output / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == "path:tiny_llama"
    assert sorted(path.name for path in work.output.iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
    ]


def test_equal_seeds_give_equal_bytes_and_others_do_not(job):
    adapters = []
    for seed in (1, 1, 2):
        work, _ = job(seed=seed)
        Lora(**options(dropout=0.1)).train(work)
        adapters.append(adapter_of(work))
    assert adapters[0] == adapters[1]
    assert adapters[0] != adapters[2]


@pytest.mark.parametrize("killed_at", [1, 5, 8, 11])
def test_an_interrupted_training_gives_the_bytes_of_an_uninterrupted_one(job, tmp_path, killed_at):
    settings = options(dropout=0.1, save_every=2, early_stopping={"patience": 9, "every": 3})
    whole, steps = job(validation=PAIRS[:4])
    expected = Lora(**settings).train(whole)

    def kill(step):
        if step["step"] == killed_at and "loss" in step:
            raise KilledError

    kept = tmp_path / "kept"
    with pytest.raises(KilledError):
        Lora(**settings).train(job(validation=PAIRS[:4], log=kill, checkpoints=kept)[0])
    # A checkpoint that was being written when the process died.
    (kept / "checkpoint-900").mkdir()
    resumed, rest = job(validation=PAIRS[:4], checkpoints=kept)
    trained = Lora(**settings).train(resumed)
    first = (killed_at - 1) // 2 * 2
    assert trained.facts["resumed_from_step"] == (first or None)
    assert adapter_of(resumed) == adapter_of(whole)
    assert trained.facts["best_step"] == expected.facts["best_step"]

    def said(log):
        return [(entry["step"], entry.get("loss"), entry.get("validation_loss")) for entry in log]

    assert said(rest) == [entry for entry in said(steps) if entry[0] > first]


@pytest.mark.parametrize(
    "stopping",
    [{"epochs": 4, "save_every": 6}, {"epochs": 30, "lr": 2e-2, "save_every": 2, "early_stopping": {"patience": 2, "every": 2}}],
    ids=["at the last step", "at an early stop"],
)  # fmt: skip
def test_a_training_killed_behind_its_last_checkpoint_does_not_go_on(job, tmp_path, monkeypatch, stopping):
    settings = options(**stopping)
    wrong = [(text, "history") for text, _ in PAIRS]
    whole, _ = job(validation=wrong)
    expected = Lora(**settings).train(whole)

    def kill(*_):
        raise KilledError

    kept = tmp_path / "kept"
    killed, _ = job(validation=wrong, checkpoints=kept)
    with monkeypatch.context() as patched:
        patched.setattr(CausalTraining, "_finish", kill)
        with pytest.raises(KilledError):
            Lora(**settings).train(killed)
    resumed, rest = job(validation=wrong, checkpoints=kept)
    trained = Lora(**settings).train(resumed)
    assert trained.facts["resumed_from_step"] == expected.facts["steps"]
    for fact in ("steps", "best_step", "stopped_early"):
        assert trained.facts[fact] == expected.facts[fact]
    assert adapter_of(resumed) == adapter_of(whole)
    assert rest == []


def test_a_checkpoint_of_other_options_is_not_taken(job, tmp_path):
    kept = tmp_path / "kept"
    Lora(**options(save_every=2)).train(job(checkpoints=kept)[0])
    assert list(kept.glob("checkpoint-*"))
    work, _ = job(checkpoints=kept)
    trained = Lora(**options(save_every=2, lr=1e-3)).train(work)
    assert trained.facts["resumed_from_step"] is None


def test_accumulated_passes_give_the_adapter_of_one_pass(job):
    together, _ = job()
    Lora(**options(batch_size=12, epochs=3)).train(together)
    apart, _ = job()
    Lora(**options(batch_size=1, gradient_accumulation=12, epochs=3)).train(apart)
    for name, tensor in load_file(together.output / "adapter_model.safetensors").items():
        other = load_file(apart.output / "adapter_model.safetensors")[name]
        torch.testing.assert_close(tensor, other, atol=1e-4, rtol=1e-2)


def test_early_stopping_keeps_the_best_adapter(job):
    # The validation rows contradict the train rows, so the loss on them rises as training goes on.
    wrong = [(text, "history") for text, _ in PAIRS]
    stopping = {"patience": 2, "every": 2}
    work, steps = job(validation=wrong)
    trained = Lora(**options(epochs=30, lr=2e-2, early_stopping=stopping)).train(work)
    seen = [(step["step"], step["validation_loss"]) for step in steps if "validation_loss" in step]
    best = min(seen, key=lambda entry: entry[1])[0]
    assert trained.facts["stopped_early"]
    assert trained.facts["best_step"] == best
    assert trained.facts["steps"] == best + 4 < 90
    shown = [tensor for name, tensor in load_file(work.output / "adapter_model.safetensors").items()]
    assert all(bool(torch.isfinite(tensor).all()) for tensor in shown)


def test_overfitting_is_named_with_what_was_kept(job):
    # The format of an answer is learned first, and then which one it is: here, another.
    other = {"delivery": "billing", "billing": "account", "account": "delivery"}
    wrong = [(text, other[desk]) for text, desk in PAIRS]
    work, _ = job(validation=wrong)
    learns = options(epochs=20, lr=1e-2, target_modules="all-linear")
    facts = Lora(**learns).train(work).facts
    assert 0 < facts["validation_rise"] == facts["overfitting"]["rise"]
    best, last = facts["overfitting"]["best"], facts["overfitting"]["last"]
    assert (last["step"], facts["validation_loss"]) == (facts["steps"], last["loss"])
    assert best["loss"] < last["loss"]
    assert best["training"] > last["training"]
    (said,) = facts["warnings"]
    assert f"overfits from step {best['step']} on" in said
    assert "early_stopping" in said
    stopping = {"patience": 2, "every": 2}
    facts = Lora(**learns, early_stopping=stopping).train(job(validation=wrong)[0]).facts
    assert (facts["validation_rise"], facts["best_step"]) == (0.0, facts["overfitting"]["best"]["step"])
    assert f"the weights of step {facts['best_step']} were kept" in facts["warnings"][0]
    healthy = Lora(**options()).train(job(validation=PAIRS)[0]).facts
    assert (healthy["overfitting"], healthy["validation_rise"], healthy["warnings"]) == (None, 0.0, [])
    assert Lora(**options(epochs=1)).train(job()[0]).facts["validation_rise"] is None


def test_a_remedy_goes_back_to_the_best_weights_and_on_more_carefully(job, tmp_path):
    other = {"delivery": "billing", "billing": "account", "account": "delivery"}
    wrong = [(text, other[desk]) for text, desk in PAIRS]
    learns = options(
        epochs=12,
        lr=1e-2,
        target_modules="all-linear",
        schedule="constant",
        warmup=0.0,
        save_every=2,
        early_stopping={"patience": 9, "every": 2},
        overfit={"remedy": "both", "times": 1},
    )
    work, steps = job(validation=wrong)
    facts = Lora(**learns).train(work).facts
    (done,) = facts["remedies"]
    assert done["back_to"] < done["step"] < facts["steps"]
    assert (done["rate"], done["weight_decay"]) == (0.3, 0.1)
    assert f"went back to the weights of step {done['back_to']} and on with 0.3 × the rate" in facts["warnings"][0]
    rates = {step["step"]: step["learning_rate"] for step in steps if "loss" in step}
    assert [rates[step] for step in (done["step"], done["step"] + 1)] == pytest.approx([1e-2, 3e-3])
    # It overfits once more, so it stops, with the best weights.
    assert facts["stopped_early"]
    best = min((step["validation_loss"], step["step"]) for step in steps if "validation_loss" in step)
    assert (facts["validation_loss"], facts["best_step"]) == best
    # Killed after it went back, it goes on as it would have.

    def kill(step):
        if step["step"] == done["step"] + 2 and "loss" in step:
            raise KilledError

    kept = tmp_path / "kept"
    with pytest.raises(KilledError):
        Lora(**learns).train(job(validation=wrong, log=kill, checkpoints=kept)[0])
    resumed, rest = job(validation=wrong, checkpoints=kept)
    again = Lora(**learns).train(resumed).facts
    assert again["resumed_from_step"] == done["step"]
    assert again["remedies"] == facts["remedies"]
    assert adapter_of(resumed) == adapter_of(work)
    assert [step["loss"] for step in rest if "loss" in step] == [
        step["loss"] for step in steps if "loss" in step and step["step"] > done["step"]
    ]


def test_the_last_turn_alone_can_be_trained(job):
    work, _ = job()
    talk = (
        Turn("user", "Where is it?"),
        Turn("assistant", "billing"),
        Turn("user", "Sure?"),
        Turn("assistant", "account"),
    )
    rows = [dataclasses.replace(work.train[0], turns=talk)]
    said = []
    for loss_on in ("all", "last"):
        facts = Lora(**options(epochs=1, loss_on=loss_on)).train(dataclasses.replace(job()[0], train=rows)).facts
        (shown,) = facts["masked_examples"]
        said.append([part["text"] for part in shown["pieces"] if part["supervised"]])
    assert said == [["billing<|end|>", "account<|end|>"], ["account<|end|>"]]


def test_without_validation_rows_nothing_stops_early(job):
    trained = Lora(**options(early_stopping={"patience": 1})).train(job()[0])
    assert not trained.facts["stopped_early"]
    assert trained.facts["validation_rows"] == 0
    assert "no validation rows" in trained.facts["warnings"][0]


def test_a_loss_that_is_not_a_number_aborts(job, monkeypatch):
    from seatrial_plugins.training import loss as losses

    real, calls = losses.summed_loss, []

    def breaks(*args, **kwargs):
        calls.append(1)
        return real(*args, **kwargs) * (math.nan if len(calls) == 3 else 1.0)

    monkeypatch.setattr(losses, "summed_loss", breaks)
    work, steps = job()
    with pytest.raises(TrainingError, match=r"the loss is nan at step 3 of 12 .*lower train\.lr") as caught:
        Lora(**options()).train(work)
    read = plan_steps(len(PAIRS), rows_per_step=4, epochs=4, seed=1).steps[2]
    assert f"read the rows {', '.join(work.train[place].id for place in read)};" in str(caught.value)
    assert len(steps) == 2
    assert not list(work.output.iterdir())


def test_an_adapter_that_is_not_finite_is_refused():
    good = torch.ones(2)
    check_weights({"a": good}, "the end")
    with pytest.raises(TrainingError, match=r"1 of 2 trained tensors are not finite at step 4 \(the first: b\)"):
        check_weights({"a": good, "b": torch.tensor([1.0, math.inf])}, "step 4")


def test_an_adapter_that_changes_nothing_is_refused(job):
    with pytest.raises(TrainingError, match="changes nothing"):
        Lora(**options(lr=1e-3, epochs=0.1, warmup=0.99)).train(job(PAIRS[:4])[0])


def test_rows_without_an_answer_are_reported(job):
    work, _ = job()
    silent = [dataclasses.replace(row, turns=row.turns[:1]) for row in work.train[:3]]
    mixed = dataclasses.replace(
        work, train=[*work.train, *(dataclasses.replace(r, id=f"silent-{r.id}") for r in silent)]
    )
    trained = Lora(**options(epochs=1)).train(mixed)
    assert trained.facts["unsupervised_rows"] == ["silent-row-0", "silent-row-1", "silent-row-2"]
    with pytest.raises(TrainingError, match="no token of the 3 train rows is supervised"):
        Lora(**options()).train(dataclasses.replace(work, train=silent))
    with pytest.raises(TrainingError, match="no train rows"):
        Lora(**options()).train(dataclasses.replace(work, train=[]))


def test_one_row_is_enough(job):
    trained = Lora(**options(epochs=3)).train(job(PAIRS[:1])[0])
    assert trained.facts["steps"] == 3


def test_gradient_checkpointing_changes_memory_only(job):
    plain, _ = job()
    Lora(**options(epochs=1)).train(plain)
    saving, _ = job()
    Lora(**options(epochs=1, gradient_checkpointing=True)).train(saving)
    for name, tensor in load_file(plain.output / "adapter_model.safetensors").items():
        other = load_file(saving.output / "adapter_model.safetensors")[name]
        torch.testing.assert_close(tensor, other, atol=1e-5, rtol=1e-3)


def test_unknown_modules_name_the_ones_there_are(job):
    with pytest.raises(UsageError, match=r"fits no module.*down_proj.*q_proj"):
        Lora(**options(target_modules=["query_key_value"])).train(job()[0])


def test_float16_is_refused(job):
    with pytest.raises(UsageError, match="bfloat16 or float32"):
        Lora(**options()).train(job(dtype="float16")[0])


class TheirLoader(TransformersLoader):
    """A third party's: it takes an option of its own, and opens and trains what transformers would, turned down by it."""

    def __init__(self, *, gain):
        super().__init__(LoadOptions(device="cpu", dtype="float32", system="Be brief.", batch_tokens=64))
        self.gain = gain

    def trainable(self, target):
        return TheirNetwork(target.folder, self.options, self.tokenizer(target), self.gain)


@dataclasses.dataclass(frozen=True, slots=True)
class TheirNetwork(TrainableNetwork):
    gain: float

    def load(self, dtype=None):
        network, packs = TrainableNetwork.load(self, dtype)
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.mul_(self.gain)
        return network, packs


def test_a_third_partys_loader_is_trained_through_with_its_own_options(job):
    facts, adapters = [], []
    for gain in (1.0, 0.5, 0.5):
        work, _ = job(loader=TheirLoader(gain=gain))
        facts.append(Lora(**options(epochs=1)).train(work).facts)
        adapters.append(adapter_of(work))
        shown = "".join(str(part["text"]) for part in facts[-1]["masked_examples"][0]["pieces"])
        assert "Be brief." in shown  # as the loader renders conversations
    assert adapters[0] != adapters[1] == adapters[2]
    built_in, _ = job()
    assert Lora(**options(epochs=1)).train(built_in).facts["tokens"] < facts[0]["tokens"]


@dataclasses.dataclass(frozen=True, slots=True)
class OtherNetwork:
    """What a loader of another runtime gives to training."""

    runtime: str = "abacus"


def test_a_model_of_another_runtime_is_refused_by_name_before_anything_is_read(job, tmp_path):
    work, steps = job()
    foreign = dataclasses.replace(work, model=OtherNetwork(), train=None)
    with pytest.raises(UsageError, match=r"path:tiny_llama .*'abacus'; take another loader or method"):
        Lora(**options()).train(foreign)
    assert not steps
    assert not list(work.output.iterdir())


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"r": 0}, r"train\.r: 0 is not accepted; it is a rank of at least 1"),
        ({"epochs": 0}, r"train\.epochs"),
        ({"lr": math.nan}, r"train\.lr"),
        ({"dropout": 1.0}, r"train\.dropout"),
        ({"warmup": 1.0}, r"train\.warmup"),
        ({"target_modules": []}, r"train\.target_modules"),
        ({"early_stopping": {"patients": 3}}, r"unknown key 'patients'; accepted are patience and every"),
        ({"early_stopping": {"patience": 0}}, "at least 1"),
        ({"overfit": {"cure": "rest"}}, r"train\.overfit: unknown key 'cure'; accepted are remedy and times"),
        ({"overfit": {"remedy": "rest"}}, r"train\.overfit: 'rest' is no remedy; there are: both, lower_rate"),
        ({"overfit": {"times": 0}}, r"train\.overfit: times is a count"),
    ],
)
def test_options_out_of_range_are_refused_by_name(changed, reason):
    with pytest.raises(UsageError, match=reason):
        Lora(**changed)


def test_early_stopping_defaults_to_an_evaluation_an_epoch():
    assert EarlyStopping.parse({}) == EarlyStopping(patience=3, every=None)
