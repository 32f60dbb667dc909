"""Each kind of adapter: that it learns, that it is on the model that is opened, that a kill changes no byte of it."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file

from seatrial.errors import TrainingError, UsageError
from seatrial.training import ChecksModel
from seatrial_plugins.huggingface import random
from seatrial_plugins.training import IA3, Lora, PrefixTuning, PromptTuning

from .jobs import PAIRS, adapter_of, killed_and_resumed, options

KINDS = {
    "prompt_tuning": lambda **changes: PromptTuning(
        **{"lr": 5e-1, "epochs": 4, "batch_size": 4, "virtual_tokens": 8, **changes}
    ),
    "prefix_tuning": lambda **changes: PrefixTuning(
        **{"lr": 1e-1, "epochs": 4, "batch_size": 4, "virtual_tokens": 8, **changes}
    ),
    "ia3": lambda **changes: IA3(**{"lr": 5e-2, "epochs": 4, "batch_size": 4, **changes}),
    "dora": lambda **changes: Lora(**options(dora=True, **changes)),
    "rslora": lambda **changes: Lora(**options(rslora=True, **changes)),
    "pissa": lambda **changes: Lora(**options(init="pissa", **changes)),
    "pissa, rslora": lambda **changes: Lora(**options(init="pissa", rslora=True, **changes)),
}


def newest(work):
    return max(work.checkpoints.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]))


def likelihoods(model, work):
    asked = [row.prompt for row in work.train]
    answers = model.loglikelihoods(asked, [[row.label] for row in work.train])
    return torch.tensor([answer[0].logprob for answer in answers])


@pytest.mark.parametrize("kind", KINDS)
def test_it_learns_and_the_model_that_is_opened_has_it(job, tiny_target, tiny_model, adapter_in, kind):
    work, steps = job()
    method = KINDS[kind](epochs=20)
    if isinstance(method, ChecksModel):
        method.check(work.model)
    trained = method.train(work)
    losses = [step["loss"] for step in steps if "loss" in step]
    assert losses[-1] < 0.8 * losses[0]
    assert trained.kind == "adapter"
    assert sorted(path.name for path in work.output.iterdir()) == ["adapter_config.json", "adapter_model.safetensors"]
    with random(device="cpu").open(tiny_target, adapter_in(work.output)) as model:
        tuned = likelihoods(model, work)
    assert float((tuned - likelihoods(tiny_model, work)).mean()) > 0.5


def test_pissa_is_written_as_a_plain_adapter_that_says_what_was_trained(job, tiny_target, adapter_in):
    """W is what it was for whoever loads it, though half of it was taken out while it was trained."""
    work, _ = job()
    KINDS["pissa"]().train(work)
    config = json.loads((work.output / "adapter_config.json").read_text())
    assert (config["init_lora_weights"], config["r"], config["lora_alpha"]) == (True, 8, 64)
    ranks = {
        tensor.shape[0] for name, tensor in load_file(work.output / "adapter_model.safetensors").items() if "_A" in name
    }
    assert ranks == {8}
    still, _ = job()
    with pytest.raises(TrainingError, match="changes nothing"):
        KINDS["pissa"](lr=1e-3, epochs=0.1, warmup=0.99).train(still)


@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_training_gives_the_bytes_of_a_whole_one(job, tmp_path, kind):
    whole, resumed = killed_and_resumed(job, tmp_path / "kept", KINDS[kind](save_every=2), PAIRS[:4])
    evaluated = [json.loads((newest(of) / "validation.json").read_text()) for of in (whole, resumed)]
    assert evaluated[0] == evaluated[1]
    assert adapter_of(resumed) == adapter_of(whole)


@pytest.mark.parametrize(
    ("build", "reason"),
    [
        (lambda: Lora(dora=True, init="pissa"), r"train\.init: pissa is not accepted with dora"),
        (lambda: PrefixTuning(gradient_checkpointing=True), r"train\.gradient_checkpointing: .* prefix_tuning"),
        (lambda: IA3(target_modules=[]), r"train\.target_modules"),
        (
            lambda: IA3(target_modules=["k_proj"], feedforward_modules=["down_proj"]),
            "down_proj is not among target_mod",
        ),
    ],
)
def test_what_does_not_go_together_is_refused_by_name(build, reason):
    with pytest.raises(UsageError, match=reason):
        build()


def test_vectors_before_rows_leave_them_less_room(job):
    work, _ = job()
    lost = [
        method.train(job()[0]).facts["lost_tokens"]
        for method in (
            PromptTuning(max_length=38, virtual_tokens=10, epochs=1),
            Lora(**options(max_length=28, epochs=1)),
        )
    ]
    assert 0 < lost[0] == lost[1]
    with pytest.raises(UsageError, match=r"train\.virtual_tokens: 100000 leave no room in the model's context"):
        PromptTuning(max_length=200_000, virtual_tokens=100_000).check(work.model)
    with pytest.raises(UsageError, match=r"train\.virtual_tokens: 20 is not accepted"):
        PromptTuning(max_length=16)


def test_vectors_go_onto_the_modules_that_are_named(job):
    work, _ = job()
    IA3(target_modules=["q_proj", "up_proj"], feedforward_modules=["up_proj"], epochs=1, lr=1e-2).train(work)
    names = {name.split(".")[-2] for name in load_file(work.output / "adapter_model.safetensors")}
    assert names == {"q_proj", "up_proj"}
    with pytest.raises(UsageError, match=r"fits no module.*down_proj"):
        IA3(target_modules=["query"]).check(work.model)


@pytest.mark.parametrize("kind", ["prompt_tuning", "prefix_tuning", "ia3"])
def test_peft_reads_what_is_written_and_says_the_same(job, tiny_target, adapter_in, kind):
    from peft import PeftModel

    from seatrial_plugins.huggingface.network import load_network
    from seatrial_plugins.huggingface.options import LoadOptions

    work, _ = job()
    KINDS[kind]().train(work)
    network, _ = load_network(tiny_target.folder, LoadOptions(dtype="float32", device="cpu", attention="sdpa"))
    theirs = PeftModel.from_pretrained(network, str(work.output)).eval()
    with random(device="cpu").open(tiny_target, adapter_in(work.output)) as model:
        ours = likelihoods(model, work)
        for row, expected in zip(work.train, ours.tolist(), strict=True):
            (asked,) = model.chat.prompts([row.prompt])
            head, (rest,) = model.chat.answered(row.prompt, [row.label])
            ids = [*head, *rest]
            with torch.no_grad():
                told = theirs(input_ids=torch.tensor([ids])).logits[0, -len(ids) :].log_softmax(-1)
            said = sum(float(told[place - 1, ids[place]]) for place in range(len(asked), len(ids)))
            assert said == pytest.approx(expected, abs=2e-3)
