"""Devices: tokens per second of LoRA on the shape of Llama-3-8B on two GPUs against one, data parallel and sharded.

    python tests/bench/devices.py [--devices 2] [--targets qv] [--rows 64] [--tokens 24576] [--steps 16] [--folder /a/disk]
    python tests/bench/devices.py --tiny          # the same on a CPU in a minute: that it works, not how fast

Each arm is `seatrial run` on a suite, as a user would start it: one GPU, then `train: {devices: 2}`, then with `parallel:
sharded`. Weights are random bfloat16, written once to `--folder` (16 GB), rows those of `training_speed.py`: the same in every
arm, in steps of the same rows. `--rows` are those of a step: each of two GPUs gets half of them, so `--grown` (the default)
gives arms of several devices so many times the rows of a step, which keeps a GPU's share as large as one's alone; `--no-grown`
splits the same step. Printed are the median of useful tokens per second after the first three steps, the ratio to one GPU, the
slowest step against the median, the peak memory of a GPU, losses, and the least gradient norm. An arm whose gradient is zero or
whose loss does not fall is an error; so is, without `--grown`, a loss curve that leaves one GPU's by more than 2%.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from training_speed import ARMS, LIMIT, WARM, found, make_rows, write_model

from seatrial import Row

BAR = 1.85


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--devices", type=int, default=2)
    parser.add_argument("--targets", choices=["qv", "all"], default="qv")
    parser.add_argument("--rows", type=int, default=64, help="of an optimizer step on one GPU")
    parser.add_argument("--tokens", type=int, default=24576, help="of a forward pass")
    parser.add_argument("--steps", type=int, default=16)
    parser.add_argument("--folder", type=Path, help="where the weights are kept")
    parser.add_argument("--arms", default="one,data,sharded")
    parser.add_argument("--grown", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--tiny", action="store_true")
    given = parser.parse_args()
    if given.tiny:
        given.tokens, given.rows, given.steps = 2048, 8, 8
    folder = given.folder or Path(tempfile.gettempdir()) / f"training-speed-{'tiny' if given.tiny else '8b'}"
    write_model(folder, tiny=given.tiny)
    arm = ARMS[given.targets]
    most = given.rows * (given.devices if given.grown else 1)
    rows = make_rows(arm, most * given.steps, tiny=given.tiny)
    rates: dict[str, float] = {}
    losses: dict[str, list[float]] = {}
    for name in given.arms.split(","):
        devices = 1 if name == "one" else given.devices
        size = given.rows * (devices if given.grown else 1)
        with tempfile.TemporaryDirectory() as scratch:
            train = {
                "r": 16,
                "target_modules": arm.targets,
                "lr": 2e-2 if given.tiny else 1e-3,
                "epochs": 1,
                "batch_size": size,
                "max_length": 4096,
                "schedule": "constant",
                "warmup": 0.0,
                "compile": None if given.tiny else given.compile,
                "save_every": 10_000,
                "devices": devices,
                "parallel": "data" if name == "one" else name,
            }
            steps, peak = trained(train, rows[: size * given.steps], folder, Path(scratch), given)
        losses[name] = [step["loss"] for step in steps]
        norms = [step["grad_norm"] for step in steps]
        speeds = [step["tokens_per_second"] for step in steps][WARM:]
        rates[name] = statistics.median(speeds)
        first, last = statistics.mean(losses[name][:WARM]), statistics.mean(losses[name][-WARM:])
        print(
            f"{name:>8} {devices} × {size // devices} rows {rates[name]:10,.0f} tokens/s {rates[name] / devices / LIMIT:6.1%} of the "
            f"limit each  {rates[name] / rates.get('one', rates[name]):.2f} × one  slowest/median {min(speeds) / rates[name]:.2f}  "
            f"{peak / 2**30:.1f} GiB  loss {first:.3f} → {last:.3f}  norm ≥ {min(norms):.2g}",
            flush=True,
        )
        assert min(norms) > 0, "a gradient is zero"
        assert last < first, "the loss does not fall"
        if not given.grown and "one" in losses:
            apart = max(abs(one - other) / one for one, other in zip(losses["one"], losses[name], strict=True))
            assert apart < 0.02, f"the loss curve leaves that of one GPU by {apart:.1%}"
    if "one" in rates and not given.tiny:
        for name in rates.keys() - {"one"}:
            ratio = rates[name] / rates["one"]
            print(f"{name}: {ratio:.2f} × one GPU; the bar of {BAR} × is {'met' if ratio >= BAR else 'missed'}")


def trained(
    train: dict[str, Any], rows: list[Row], folder: Path, scratch: Path, given: argparse.Namespace
) -> tuple[list[dict[str, float]], int]:
    """The steps that `seatrial run` logged, and the peak memory of its first process."""
    for name, part, most in (("train", rows, None), ("test", rows[:8], 40)):
        with (scratch / f"{name}.jsonl").open("w") as stream:
            for number, row in enumerate(part):
                asked, answered = (turn.content[:most] for turn in row.turns)
                asked = f"{number}{asked}" if most else asked
                said = [{"role": "user", "content": asked}, {"role": "assistant", "content": answered}]
                stream.write(json.dumps({"messages": said}) + "\n")
    suite = {
        "name": "devices",
        "model": {
            "source": f"path:{folder}",
            "batch_tokens": given.tokens,
            "dtype": "float32" if given.tiny else "bfloat16",
        },
        "data": {name: {"source": f"path:{scratch / name}.jsonl"} for name in ("train", "test")},
        "train": {"method": "lora", **train},
        "fewshot": 0,
        "baselines": [],
        "gates": [{"metric": "train/lost_tokens", "max": 0}],
        "report": ["json"],
    }
    (scratch / "suite.yaml").write_text(json.dumps(suite))  # YAML holds JSON
    command = [sys.executable, "-m", "seatrial", "run", str(scratch / "suite.yaml"), "--offline"]
    command += ["--runs", str(scratch / "runs")]
    environment = os.environ | {"SEATRIAL_CACHE": str(folder.parent / f"{folder.name}-cache")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # our own words
    logs = list((scratch / "runs").glob("*/training/*.jsonl"))
    if not logs:
        raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])
    steps = [step for line in logs[0].read_text().splitlines() if "loss" in (step := json.loads(line))]
    (record,) = (scratch / "runs").glob("*/nodes/train*.json")
    facts = json.loads(record.read_text())
    assert found(facts, "devices")[0] == train["devices"]
    return steps, found(facts, "peak_bytes")[0]


if __name__ == "__main__":
    main()
