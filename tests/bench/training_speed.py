"""Training speed: tokens per second of LoRA on the shape of Llama-3-8B, ours and TRL's, on the same rows in one call.

    python -m tests.bench.training_speed [--arms qv,all,trl-qv] [--tokens 24576] [--steps 16] [--profile]
    python -m tests.bench.training_speed --tiny          # the same on a CPU in seconds: that it works, not how fast

Weights are random bfloat16, written once to `--folder` (16 GB). Rows have the lengths of GSM8K's times 2.8 (mean 518 tokens, at
most 1,378; drawn with a seed from a lognormal that has them), 30% of each supervised; `rows4096` has rows of 4,096. Printed are
useful tokens per second (padding isn't), their share of 26,000 (what 800 TFLOP/s allow), peak memory, the slowest step
against the median one, the first and last loss and the least gradient norm. An arm whose gradient is zero or whose loss does not
fall is an error. The first three steps are left out. `--through command` runs `seatrial run` on a suite, as a user would.

    qv, all            our LoRA of rank 16 on query and value projections, on all linear layers
    full100            qv with every token supervised (the user's turn is one character)
    rows4096           all linear layers, rows of 4,096 tokens
    fp8-qv, fp8-all    the same with `fp8: true`
    trl-qv, trl-all    TRL: best-fit packing on torch's varlen attention, Liger's kernels, adapters in bfloat16
    trl-plain          TRL as it comes: padded, sorted by length, torch's attention, Liger's kernels; query and value
"""

from __future__ import annotations

import argparse
import faulthandler
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tests.bench.trl_training import by_trl

import seatrial_suites
from seatrial import LocalWeights, Row, TrainingJob, Turn
from seatrial_plugins import huggingface
from seatrial_plugins.training import Lora

LIMIT = 26_000
WARM = 3
SHAPE = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "vocab_size": 128256,
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "hidden_act": "silu",
    "max_position_embeddings": 8192,
    "rms_norm_eps": 1e-5,
    "rope_theta": 500000.0,
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "bos_token_id": None,
    "eos_token_id": 0,
    "pad_token_id": 2,
}
TINY = {
    "vocab_size": 512,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 16,
}
OVERHEAD = 15
"""Tokens that the chat template adds to a question and its answer."""


@dataclass(frozen=True, slots=True)
class Arm:
    """What is trained, on which rows."""

    targets: str
    length: int | None = None
    supervised: float = 0.3
    fp8: bool = False

    def rows(self, usual: int) -> int:
        """Of a step: of as many tokens, whatever the rows' length."""
        return usual if self.length is None else max(1, round(usual * 518 / self.length))


ARMS = {
    "qv": Arm("qv"),
    "all": Arm("all-linear"),
    "full100": Arm("qv", supervised=1.0),
    "rows4096": Arm("all-linear", length=4096),
    "fp8-qv": Arm("qv", fp8=True),
    "fp8-all": Arm("all-linear", fp8=True),
    "trl-qv": Arm("qv"),
    "trl-all": Arm("all-linear"),
    "trl-plain": Arm("qv"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--arms", default="qv,all,rows4096", help="each with its tokens of a pass, if they are to differ: all:17408"
    )
    parser.add_argument(
        "--tokens", type=int, nargs="+", default=[24576], help="of a forward pass; several are tried in turn"
    )
    parser.add_argument("--rows", type=int, default=64, help="of an optimizer step")
    parser.add_argument("--steps", type=int, default=16)
    parser.add_argument("--folder", type=Path, help="where the weights are kept")
    parser.add_argument("--through", choices=["method", "command"], default="method")
    parser.add_argument("--profile", action="store_true", help="print the kernels of one step of each of our arms")
    parser.add_argument("--stuck", type=int, default=0, help="print where it is every so many seconds")
    parser.add_argument("--tiny", action="store_true")
    given = parser.parse_args()
    if given.tiny:
        given.tokens, given.rows, given.steps = [2048], 8, 8
    folder = given.folder or Path(tempfile.gettempdir()) / f"training-speed-{'tiny' if given.tiny else '8b'}"
    if given.stuck:
        faulthandler.dump_traceback_later(given.stuck, repeat=True)
    started = time.perf_counter()
    write_model(folder, tiny=given.tiny)
    wanted = [
        (name, tokens)
        for name, _, own in (arm.partition(":") for arm in given.arms.split(","))
        for tokens in ([int(own)] if own and not given.tiny else given.tokens)
    ]
    if len(wanted) == 1:
        run_arm(wanted[0][0], folder, given, wanted[0][1])
        return
    print(f"weights in {folder} after {time.perf_counter() - started:.0f} s; torch {torch.__version__}", flush=True)
    # Each in a process of its own: Liger changes transformers' classes, and what is compiled after it fails.
    shared = [f"--{name.replace('_', '-')}={getattr(given, name)}" for name in ("rows", "steps", "through", "stuck")]
    shared += [f"--folder={folder}", *(f"--{name}" for name in ("profile", "tiny") if getattr(given, name))]
    codes = [
        subprocess.run(
            [sys.executable, "-m", __spec__.name, f"--arms={name}:{tokens}", *shared], check=False
        ).returncode
        for name, tokens in wanted
    ]
    sys.exit(max(map(abs, codes)))


def run_arm(name: str, folder: Path, given: argparse.Namespace, tokens: int) -> None:
    arm = ARMS[name]
    rows = make_rows(arm, arm.rows(given.rows) * given.steps, tiny=given.tiny)
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    trainer: Callable[..., list[dict[str, float]]] = (
        by_trl if name.startswith("trl") else by_command if given.through == "command" else by_method
    )
    started = time.perf_counter()
    try:
        with tempfile.TemporaryDirectory() as scratch:
            steps = trainer(name, arm, rows, folder, Path(scratch), given, tokens)
    except ImportError as error:
        print(f"{name:>10}: left out, {error}", flush=True)
        return
    except torch.OutOfMemoryError as error:
        print(f"{name:>10} {tokens:6}: out of memory ({str(error)[:80]})", flush=True)
        return
    say(name, tokens, steps, time.perf_counter() - started)


def say(name: str, tokens: int, steps: Sequence[dict[str, float]], seconds: float) -> None:
    rates = [step["tokens_per_second"] for step in steps][WARM:]
    losses, norms = [step["loss"] for step in steps], [step["grad_norm"] for step in steps]
    peak = steps[-1].get("peak_bytes") or (torch.cuda.max_memory_allocated() if torch.cuda.is_available() else 0)
    rate = statistics.median(rates)
    first, last = statistics.mean(losses[:WARM]), statistics.mean(losses[-WARM:])
    print(
        f"{name:>10} {tokens:6} {rate:9,.0f} tokens/s {rate / LIMIT:6.1%} of the limit  {peak / 2**30:6.1f} GiB  slowest/median "
        f"{min(rates) / rate:.2f}  loss {first:.3f} → {last:.3f}  norm ≥ {min(norms):.2g}  steps {len(steps)}  {seconds:.0f} s",
        flush=True,
    )
    assert min(norms) > 0, "a gradient is zero"
    assert last < first, "the loss does not fall"


# ---- the model and its rows -------------------------------------------------------------------------------------------


def write_model(folder: Path, *, tiny: bool) -> None:
    from safetensors.torch import save_file

    if (folder / "whole").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    source = Path(seatrial_suites.__file__).parent / "tiny_llama"
    shape: dict[str, Any] = SHAPE | (TINY if tiny else {})
    (folder / "config.json").write_text(json.dumps(shape))
    shutil.copyfile(source / "tokenizer.json", folder / "tokenizer.json")
    tokenizer = json.loads((source / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer | {"model_max_length": 8192}))
    device = "cuda" if torch.cuda.is_available() else "cpu"
    draw = torch.Generator(device).manual_seed(0)
    width, inner, size = shape["hidden_size"], shape["intermediate_size"], shape["head_dim"]
    heads, shared = shape["num_attention_heads"] * size, shape["num_key_value_heads"] * size

    def matrix(*sizes: int) -> torch.Tensor:
        spread = 0.02 if not tiny else 0.2
        return (torch.randn(*sizes, generator=draw, device=device, dtype=torch.float32) * spread).bfloat16().cpu()

    def ones() -> torch.Tensor:
        return torch.ones(width, dtype=torch.bfloat16)

    index: dict[str, str] = {}

    def save(tensors: dict[str, torch.Tensor], name: str) -> None:
        save_file(tensors, str(folder / name), metadata={"format": "pt"})
        index.update(dict.fromkeys(tensors, name))

    vocabulary = shape["vocab_size"]
    ends = {"model.embed_tokens.weight": matrix(vocabulary, width), "model.norm.weight": ones()}
    save(ends | {"lm_head.weight": matrix(vocabulary, width)}, "model-ends.safetensors")
    for number in range(shape["num_hidden_layers"]):
        at = f"model.layers.{number}"
        layer = {
            f"{at}.input_layernorm.weight": ones(),
            f"{at}.post_attention_layernorm.weight": ones(),
            f"{at}.self_attn.q_proj.weight": matrix(heads, width),
            f"{at}.self_attn.k_proj.weight": matrix(shared, width),
            f"{at}.self_attn.v_proj.weight": matrix(shared, width),
            f"{at}.self_attn.o_proj.weight": matrix(width, heads),
            f"{at}.mlp.gate_proj.weight": matrix(inner, width),
            f"{at}.mlp.up_proj.weight": matrix(inner, width),
            f"{at}.mlp.down_proj.weight": matrix(width, inner),
        }
        save(layer, f"model-layer-{number}.safetensors")
    written = {"metadata": {}, "weight_map": index}
    (folder / "model.safetensors.index.json").write_text(json.dumps(written))
    (folder / "whole").touch()


def make_rows(arm: Arm, count: int, *, tiny: bool) -> list[Row]:
    """Questions and answers of characters that are a token each."""
    source = Path(seatrial_suites.__file__).parent / "tiny_llama" / "tokenizer.json"
    merged = {character for pair in json.loads(source.read_text())["model"]["merges"] for character in "".join(pair)}
    alphabet = sorted(set("0123456789#$%&*+=@^_~ABCDEFGHJKLMNOPQRSUVWXYZ") - merged)
    draw = random.Random(0)
    drawn = [draw.lognormvariate(0, 0.42) for _ in range(count)]
    mean, longest = (118, 300) if tiny else (518, 1378)
    scale = mean * count / sum(drawn)
    lengths = [arm.length or min(longest, max(60, round(size * scale))) for size in drawn]
    if tiny and arm.length:
        lengths = [300] * count
    rows = []
    for number, length in enumerate(lengths):
        own = max(4, length - OVERHEAD)
        answer = own - 1 if arm.supervised == 1 else round(arm.supervised * length)
        said = ["".join(draw.choices(alphabet, k=size)) for size in (own - answer, answer)]
        turns = (Turn("user", said[0]), Turn("assistant", said[1]))
        rows.append(Row(f"row-{number}", turns, "chat", "bench", "rows.jsonl", number + 1))
    return rows


# ---- the arms ---------------------------------------------------------------------------------------------------------


def options(arm: Arm, given: argparse.Namespace) -> dict[str, Any]:
    return {
        "r": 16,
        "target_modules": arm.targets,
        "lr": 1e-3,
        "epochs": 1,
        "batch_size": arm.rows(given.rows),
        "max_length": 4096,
        "schedule": "constant",
        "warmup": 0.0,
        "fp8": arm.fp8,
        "compile": True,
    }


def by_method(
    name: str, arm: Arm, rows: list[Row], folder: Path, scratch: Path, given: argparse.Namespace, tokens: int
) -> list[dict[str, float]]:
    """What `seatrial run` does in its stage `train`."""
    del name
    loader = huggingface.transformers(batch_tokens=tokens, dtype="bfloat16")
    target = LocalWeights("path:8b", folder, "0" * 64, {})
    steps: list[dict[str, float]] = []
    for part in ("output", "checkpoints"):
        (scratch / part).mkdir()
    job = TrainingJob(
        target=target,
        model=loader.trainable(target),  # type: ignore[attr-defined]  # of loaders that provide `trains`
        train=rows,
        validation=[],
        output=scratch / "output",
        checkpoints=scratch / "checkpoints",
        seed=0,
        log=lambda step: steps.append(dict(step)),
    )
    if given.profile:
        profile_a_step()
    facts = Lora(**options(arm, given), save_every=10_000).train(job).facts
    for fact in (
        "fp8",
        "packed",
        "varlen",
        "compiled_layers",
        "graphs",
        "seconds_before_first_step",
        "tokens",
        "supervised_tokens",
    ):
        print(f"{'':>10} {fact}: {facts.get(fact)}", flush=True)
    return steps


def by_command(
    name: str, arm: Arm, rows: list[Row], folder: Path, scratch: Path, given: argparse.Namespace, tokens: int
) -> list[dict[str, float]]:
    """`seatrial run` itself, on a suite."""
    del name
    for file, part in (("train.jsonl", rows), ("test.jsonl", rows[:8])):
        with (scratch / file).open("w") as stream:
            for number, row in enumerate(part):
                said = [{"role": turn.role, "content": turn.content} for turn in row.turns]
                if file.startswith("test"):
                    said[0]["content"] = f"{number}{said[0]['content'][:40]}"
                    said[1]["content"] = said[1]["content"][:40]
                stream.write(json.dumps({"messages": said}) + "\n")
    suite = {
        "name": "training-speed",
        "model": {"source": f"path:{folder}", "batch_tokens": tokens, "dtype": "bfloat16"},
        "data": {part: {"source": f"path:{scratch / part}.jsonl"} for part in ("train", "test")},
        "train": {"method": "lora", **options(arm, given), "save_every": 10_000},
        "fewshot": 0,
        "baselines": [],
        "gates": [{"metric": "train/lost_tokens", "max": 0}],
        "report": ["json"],
    }
    (scratch / "suite.json").write_text(json.dumps(suite))
    (scratch / "suite.yaml").write_text(json.dumps(suite))  # YAML holds JSON
    command = [
        sys.executable,
        "-m",
        "seatrial",
        "run",
        str(scratch / "suite.yaml"),
        "--offline",
        "--runs",
        str(scratch / "runs"),
    ]
    environment = os.environ | {"SEATRIAL_CACHE": str(folder.parent / f"{folder.name}-cache")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # our own words
    logs = list((scratch / "runs").glob("*/training/*.jsonl"))
    if not logs:
        raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])
    steps = [json.loads(line) for line in logs[0].read_text().splitlines()]
    for record in (scratch / "runs").glob("*/nodes/train*.json"):
        facts = json.loads(record.read_text())
        steps[-1]["peak_bytes"] = next(iter(found(facts, "peak_bytes")), 0)
    return steps


def found(value: object, key: str) -> list[Any]:
    """What stands under a key, at any depth."""
    if isinstance(value, dict):
        return [each for name, inner in value.items() for each in ([inner] if name == key else found(inner, key))]
    return [each for inner in value for each in found(inner, key)] if isinstance(value, list) else []


def profile_a_step(which: int = 5) -> None:
    """Print where the GPU's time goes in one step, once."""
    from torch.profiler import ProfilerActivity, profile

    from seatrial_plugins.training.engine import Engine

    plain, calls = Engine.training_step, []

    def profiled(self: Engine, *arguments: Any, **named: Any) -> torch.Tensor:
        calls.append(1)
        if len(calls) != which:
            return plain(self, *arguments, **named)
        with profile(activities=[ProfilerActivity.CUDA]) as seen:
            loss = plain(self, *arguments, **named)
            if torch.cuda.is_available():
                torch.cuda.synchronize()
        print(short_table(seen.key_averages()), flush=True)
        Engine.training_step = plain  # type: ignore[method-assign]
        return loss

    Engine.training_step = profiled  # type: ignore[method-assign]


def short_table(events: Any, most: int = 32) -> str:
    timed = sorted(((event.self_device_time_total, event.count, event.key) for event in events), reverse=True)
    total = sum(entry[0] for entry in timed) or 1
    lines = [
        f"{'':>10} {time_ / 1000:9.1f} ms {time_ / total:6.1%} {count:5} × {key[:110]}"
        for time_, count, key in timed[:most]
    ]
    return "\n".join([f"{'':>10} {total / 1000:9.1f} ms on the GPU in one step", *lines])


if __name__ == "__main__":
    main()
