"""One of two processes that share trainings, started by test_devices.py."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import seatrial_suites
from seatrial import Resolved, Row, TrainingJob, Turn
from seatrial.rows import Label, Preference
from seatrial.training import Part
from seatrial_plugins.huggingface import random
from seatrial_plugins.training import IA3, Classifier, Dpo, Full, Lora, PromptTuning

USUAL = {"lr": 5e-3, "epochs": 2, "batch_size": 4, "warmup": 0.0}

DATA = {
    "lora": Lora(**USUAL, r=4, early_stopping={"patience": 9, "every": 3}),
    # A step of one row leaves nothing to the other process.
    "a row a step": Lora(**USUAL | {"batch_size": 1, "epochs": 1}, r=4),
    "full": Full(**USUAL | {"lr": 1e-3}),
    "prompt_tuning": PromptTuning(**USUAL | {"lr": 3e-2, "epochs": 1}, virtual_tokens=4),
    "classifier": Classifier(**USUAL | {"epochs": 1}, r=4),
    "dpo": Dpo(**USUAL | {"epochs": 1}, r=4),
}
SHARDED = {
    # Passes of one row each: the processes have different numbers of them.
    "lora": Lora(**USUAL | {"batch_size": 5}, r=4, early_stopping={"patience": 9, "every": 3}),
    "recomputed": Lora(**USUAL | {"epochs": 1}, r=4, target_modules="all-linear", gradient_checkpointing=True),
    "ia3": IA3(**USUAL | {"lr": 3e-2, "epochs": 1}),
}
TOKENS = {"lora": 24}
"""Of a pass, where weights are sharded."""


def main(rank: int, ports: Sequence[int], folder: Path) -> None:
    """Take part in all of them, one after the other.

    Args:
        rank: which of the two this process is.
        ports: where they meet for data parallel trainings, and for sharded ones.
        folder: where what is trained is kept.
    """
    from seatrial_plugins.training.group import taking_part

    for parallel, port, methods in (("data", ports[0], DATA), ("sharded", ports[1], SHARDED)):
        with taking_part(Part(rank, 2, "127.0.0.1", port, parallel)):
            for name, method in methods.items():
                trained(method, folder / parallel / name, TOKENS.get(name, 4096) if parallel == "sharded" else 4096)


def trained(method, folder: Path, tokens: int) -> None:
    """Train, and write what was logged and what is told beside the product."""
    loader = random(device="cpu", batch_tokens=tokens)
    target = target_in(folder.parent.parent / "cache")
    steps: list[dict[str, float]] = []
    for name in ("output", "checkpoints"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    rows = ROWS if not isinstance(method, Dpo) else PREFERRED
    job = TrainingJob(
        target=target,
        model=loader.trainable(target),
        train=rows[:13],
        validation=rows[13:],
        output=folder / "output",
        checkpoints=folder / "checkpoints",
        seed=3,
        log=lambda step: steps.append(dict(step)),
    )
    facts = dict(method.train(job).facts)
    if steps:  # the process that writes
        (folder / "told.json").write_text(json.dumps({"steps": steps, "facts": facts}))


def target_in(cache: Path):
    """The tiny model with random weights, made where they are not there yet."""
    shape = Path(seatrial_suites.__file__).parent / "tiny_llama"
    return random(device="cpu").resolve("tiny", lambda address: Resolved(address, shape, {}), cache)


def _row(number: int, text: str, answer: str, expected) -> Row:
    turns = (Turn("user", text), Turn("assistant", answer))
    return Row(f"row-{number}", turns, "chat", "path:rows.jsonl", "rows.jsonl", number + 1, expected=expected)


_TEXTS = [
    (f"{' '.join(['Please'] * (number % 5))} where is my {thing}?", desk)
    for number in range(6)
    for thing, desk in (("parcel", "delivery"), ("refund", "billing"), ("password", "account"))
]
ROWS = [_row(number, text, desk, Label(desk)) for number, (text, desk) in enumerate(_TEXTS)]
PREFERRED = [
    _row(number, text, f"Yes, {desk}!", Preference((Turn("assistant", f"Yes, {desk}!"),), (Turn("assistant", "No."),)))
    for number, (text, desk) in enumerate(_TEXTS)
]
