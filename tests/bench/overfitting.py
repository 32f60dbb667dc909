"""Overfitting: how many planted overfits training names, and how many healthy trainings it wrongly names.

    python tests/bench/overfitting.py BANKING77/train.csv [--runs 20] [--rows 400] [--only healthy]

The file is a CSV with a text and its label (`text`, `category`). A planted overfit learns 24 to 40 of its rows by heart, for 60
to 90 epochs; a healthy training reads ROWS of them for one to three, at a usual rate. Size, rate, schedule, rows and the
model's random weights are drawn anew for each; 200 other rows validate. The model is the tiny random one that comes with
seatrial, on one thread of the CPU, all weights or an adapter in turns: some ten seconds a training. Printed are the step of the
lowest loss, losses, what was named, and the seconds that each kind took.
"""

from __future__ import annotations

import argparse
import csv
import random
import tempfile
import time
from pathlib import Path
from typing import Any

import torch

import seatrial_suites
from seatrial import Resolved, Row, TrainingJob, Turn
from seatrial.rows import Label
from seatrial_plugins import huggingface
from seatrial_plugins.training import Full, Lora


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--runs", type=int, default=20, help="of each kind")
    parser.add_argument("--rows", type=int, default=400, help="that a healthy training reads")
    parser.add_argument("--only", choices=["planted", "healthy"])
    given = parser.parse_args()
    torch.set_num_threads(1)  # products this small are not worth a second one
    with given.file.open(encoding="utf-8", newline="") as stream:
        rows = [
            Row(
                id=f"row-{number}",
                turns=(Turn("user", entry["text"]), Turn("assistant", entry["category"])),
                format="csv",
                source=str(given.file),
                file=given.file.name,
                line=number + 2,
                expected=Label(entry["category"]),
            )
            for number, entry in enumerate(csv.DictReader(stream))
        ]
    for kind in ("planted", "healthy") if given.only is None else (given.only,):
        named, started = 0, time.perf_counter()
        for seed in range(given.runs):
            draw = random.Random(f"{kind} {seed}")
            draw.shuffle(rows)
            options = drawn(kind, draw)
            count = draw.randint(24, 40) if kind == "planted" else given.rows
            with tempfile.TemporaryDirectory() as folder:
                facts = train(Path(folder), rows[200 : 200 + count], rows[:200], options, seed)
            found = facts["overfitting"]
            named += found is not None
            said = f"{found['best']} → {found['last']}" if found else f"validation loss {facts['validation_loss']:.3f}"
            print(f"{kind:>8} {seed:2} {count:5} rows {'full' if 'r' not in options else 'lora'} {said}", flush=True)
        print(f"{kind}: {named} of {given.runs} named, {time.perf_counter() - started:.0f} s", flush=True)


def drawn(kind: str, draw: random.Random) -> dict[str, Any]:
    full = draw.random() < 0.5
    rate = draw.uniform(1, 3) * (1e-3 if full else 1e-2) * (1 if kind == "planted" else 0.5)
    common = {
        "lr": rate,
        "epochs": draw.randint(60, 90) if kind == "planted" else draw.randint(1, 3),
        "schedule": draw.choice(["cosine", "linear", "constant"]),
        "batch_size": draw.choice([8, 16] if kind == "planted" else [16, 32]),
    }
    return common if full else common | {"r": draw.choice([8, 16]), "target_modules": "all-linear"}


def train(folder: Path, rows: list[Row], validation: list[Row], options: dict[str, Any], seed: int) -> dict[str, Any]:
    loader = huggingface.random(seed=seed, device="cpu")
    shape = Path(seatrial_suites.__file__).parent / "tiny_llama"
    target = loader.resolve("tiny", lambda address: Resolved(address, shape, {}), folder / "cache")
    method = Lora(**options) if "r" in options else Full(**options)
    for name in ("output", "checkpoints"):
        (folder / name).mkdir()
    steps_an_epoch = -(-len(rows) // options["batch_size"])
    every = max(1, round(steps_an_epoch * options["epochs"] / 8))  # eight evaluations
    job = TrainingJob(
        target=target,
        model=loader.trainable(target),
        train=rows,
        validation=validation,
        output=folder / "output",
        checkpoints=folder / "checkpoints",
        seed=seed,
        log=lambda step: None,
    )
    patient = {"patience": 10_000, "every": every}
    return dict(type(method)(**options, early_stopping=patient).train(job).facts)


if __name__ == "__main__":
    main()
