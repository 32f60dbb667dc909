"""A training's plan against the training: memory and time, counted before anything is loaded, probed, and measured.

    python tests/bench/training_plan.py [--json FILE] [--only NAME…] [--seconds 215] [--tiny]

Eight trainings of four methods on three shapes (SmolLM2-135M, Llama-3.2-1B, Llama-3-8B), random weights made on the card,
random words as rows: short ones (a question and its class) for the small shape, others of GSM8K's spread. For each are
printed the memory that was counted and the peak that torch's allocator tells (bound: 10%), and the seconds that were
counted, those of the probe, and those of the training without its checkpoints (bound: 15%, of the probe's). What has not
begun after `--seconds` is left out, and said. `--tiny` runs little shapes on the CPU, to try the script: what
is measured there is the time alone.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import shutil
import tempfile
import time
import traceback
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from unittest import mock

import torch

import seatrial_suites
from seatrial import LocalWeights, Row, TrainingJob, Turn
from seatrial.rows.table import RowList
from seatrial.training.cards import CARDS, card_named
from seatrial_plugins.huggingface.chat import ChatTokenizer
from seatrial_plugins.huggingface.options import LoadOptions
from seatrial_plugins.huggingface.trainable import TrainableNetwork
from seatrial_plugins.training import IA3, Full, Lora, PromptTuning
from seatrial_plugins.training.causal_training import CausalTraining

TOKENIZER = Path(seatrial_suites.__file__).parent / "tiny_llama"
MEMORY, TIME = 0.10, 0.15


def llama(layers: int, width: int, inner: int, heads: int, pairs: int, words: int, *, tied: bool) -> dict[str, Any]:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "num_hidden_layers": layers,
        "hidden_size": width,
        "intermediate_size": inner,
        "num_attention_heads": heads,
        "num_key_value_heads": pairs,
        "head_dim": width // heads,
        "vocab_size": words,
        "max_position_embeddings": 8192,
        "rms_norm_eps": 1e-5,
        "tie_word_embeddings": tied,
        "bos_token_id": 1,
        "eos_token_id": 2,
    }


SHAPES = {
    "135M": llama(30, 576, 1536, 9, 3, 49152, tied=True),
    "1.2B": llama(16, 2048, 8192, 32, 8, 128256, tied=True),
    "8B": llama(32, 4096, 14336, 32, 8, 128256, tied=False),
}
TINY = {name: llama(2, 64, 128, 4, 2, 600, tied=name != "8B") for name in SHAPES}


@dataclass(frozen=True)
class Case:
    shape: str
    method: Any
    rows: int
    short: bool
    batch_tokens: int
    dtype: str = "bfloat16"

    @property
    def name(self) -> str:
        method = self.method
        about = getattr(method, "target_modules", None)
        recomputes = ", recomputing" if method.gradient_checkpointing else ""
        return (
            f"{self.shape} {type(method).__name__.lower()}{f' {about}' if isinstance(about, str) else ''}{recomputes}"
        )


CASES = [
    Case("135M", Lora(r=16, target_modules="all-linear", batch_size=64, epochs=1), 6400, True, 16384),
    Case("135M", PromptTuning(batch_size=64, epochs=1), 6400, True, 16384),
    Case("135M", Full(batch_size=32, epochs=1), 640, False, 8192),
    Case("1.2B", Lora(r=16, batch_size=32, epochs=1), 960, False, 12288),
    Case("1.2B", IA3(batch_size=32, epochs=1), 960, False, 12288),
    Case("1.2B", Full(batch_size=16, epochs=1), 160, False, 6144),
    Case("8B", Lora(r=16, batch_size=16, epochs=1), 192, False, 8192),
    Case(
        "8B",
        Lora(r=16, target_modules="all-linear", batch_size=16, epochs=1, gradient_checkpointing=True),
        160,
        False,
        8192,
    ),
]


@dataclass(frozen=True, slots=True)
class OnTheSpot(TrainableNetwork):
    """Random weights, made where they are used."""

    def load(self, dtype: str | None = None) -> tuple[Any, bool]:
        torch.manual_seed(0)
        return self.skeleton(torch.device(self.options.device), dtype)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="where to write the figures")
    parser.add_argument("--only", nargs="*", default=[], help="cases whose name has one of these words")
    parser.add_argument("--seconds", type=float, default=215.0, help="after which no case is begun")
    parser.add_argument("--tiny", action="store_true")
    given = parser.parse_args()
    device = "cpu" if given.tiny else "cuda"
    if not given.tiny:
        warm(torch.device("cuda"))
        print(f"{torch.cuda.get_device_name()}, torch {torch.__version__}")
    begun, found = time.perf_counter(), []
    heading = ("case", "GiB", "counted", "off", "seconds", "probed", "off", "counted", "off", "reserved", "plan s")
    print(("{:34}" + "{:>9}" * 10).format(*heading))
    for case in CASES:
        if given.only and not any(word in case.name for word in given.only):
            continue
        if time.perf_counter() - begun > given.seconds:
            print(f"{case.name}: left out, {given.seconds:g} s are over")
            continue
        try:
            one = measured(replace(case, rows=24) if given.tiny else case, TINY if given.tiny else SHAPES, device)
        except Exception:
            print(f"{case.name}: failed\n{traceback.format_exc()}", flush=True)
            continue
        finally:
            gc.collect()
            if not given.tiny:
                torch.cuda.empty_cache()
        found.append(one)
        print(
            f"{one['case']:34}{one['peak_gib']:9.2f}{one['counted_gib']:9.2f}{one['memory_off']:+9.1%}{one['seconds']:9.2f}"
            f"{one['probed_seconds']:9.2f}{one['probed_off']:+9.1%}{one['counted_seconds']:9.2f}{one['counted_off']:+9.1%}"
            f"{one['reserved_gib']:9.2f}{one['planning_seconds']:9.1f}",
            flush=True,
        )
    within = (
        sum(abs(one["memory_off"]) <= MEMORY for one in found),
        sum(abs(one["probed_off"]) <= TIME for one in found),
    )
    print(
        f"memory within {MEMORY:.0%}: {within[0]} of {len(found)}; time within {TIME:.0%}: {within[1]} of {len(found)}"
    )
    if len(found) < len(CASES) and not given.only:
        print(f"{len(CASES) - len(found)} of {len(CASES)} cases were not measured")
    if given.json:
        given.json.write_text(json.dumps(found, indent=1), encoding="utf-8")


def measured(case: Case, shapes: dict[str, dict[str, Any]], device: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "model"
        shutil.copytree(TOKENIZER, folder)
        (folder / "config.json").write_text(json.dumps(shapes[case.shape]), encoding="utf-8")
        options = LoadOptions(
            case.dtype if device == "cuda" else "float32", device, "auto", True, None, case.batch_tokens
        )
        job = TrainingJob(
            target=LocalWeights(case.shape, folder, "0" * 64),
            model=OnTheSpot(folder, options, ChatTokenizer(folder, chat=True, system=None)),
            train=RowList(rows(case.rows, short=case.short)),
            validation=RowList([]),
            output=Path(scratch) / "output",
            checkpoints=Path(scratch) / "checkpoints",
            seed=0,
            log=lambda values: None,
        )
        rendered = case.method.training(job).rendered(job.model.chat)
        with mock.patch.object(CausalTraining, "rendered", return_value=rendered):  # once for all three
            started = time.perf_counter()
            cost = case.method.cost(job)
            planning = time.perf_counter() - started
            probed = case.method.probe(job, cost)
            left = torch.cuda.memory_allocated() if device == "cuda" else 0
            seconds, peak, reserved, facts = train(case.method, job, device)
        card = card_named(probed.device) or CARDS[-1]
        counted = sum(map(card.seconds, cost.steps))
        share = probed.seconds / sum(card.seconds(cost.steps[step]) for step in probed.steps)
        foretold = counted * share + probed.starting
    gc.collect()
    gib = 1 << 30
    return {
        "case": case.name,
        "device": probed.device,
        "steps": len(cost.steps),
        "tokens": cost.facts["tokens"],
        "peak_gib": peak / gib,
        "reserved_gib": reserved / gib,
        "left_by_probe_gib": left / gib,
        "counted_gib": cost.peak / gib,
        "memory": dict(cost.memory),
        "memory_off": cost.peak / peak - 1 if peak else float("nan"),
        "probed_gib": probed.peak / gib,
        "seconds": seconds,
        "tokens_per_second": cost.facts["tokens"] / seconds,
        "counted_seconds": counted,
        "counted_off": counted / seconds - 1,
        "probed_seconds": foretold,
        "probed_off": foretold / seconds - 1,
        "starting_seconds": probed.starting,
        "planning_seconds": planning,
        "work": asdict(cost.work),
        "facts": dict(cost.facts),
        "trained": facts,
    }


def train(method: Any, job: TrainingJob, device: str) -> tuple[float, int, int, dict[str, Any]]:
    """Seconds, peak bytes and reserved bytes of a training that writes nothing; its loss must fall and its gradients be there."""
    training, said = method.training(job), []
    training.job = replace(job, log=said.append)
    engine = training.set_up(job.model, *training.rendered(job.model.chat))
    engine.args.save_strategy = type(engine.args.save_strategy)("no")
    if device == "cuda":
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
    started = time.perf_counter()
    engine.train()
    if device == "cuda":
        torch.cuda.synchronize()
    seconds = time.perf_counter() - started
    peak = torch.cuda.max_memory_allocated() if device == "cuda" else 0
    reserved = torch.cuda.max_memory_reserved() if device == "cuda" else 0
    facts = {"loss": [said[0]["loss"], said[-1]["loss"]], "gradient_norm": min(step["grad_norm"] for step in said)}
    assert facts["gradient_norm"] > 0
    del engine, training
    gc.collect()
    if device == "cuda":
        torch.cuda.empty_cache()
    return seconds, peak, reserved, facts


def rows(count: int, *, short: bool) -> list[Row]:
    draw, letters = random.Random(0), "etaoinshrdlu"

    def words(tokens: float) -> str:
        return " ".join("".join(draw.choices(letters, k=3)) for _ in range(max(2, round(tokens / 3))))

    found = []
    for number in range(count):
        tokens = draw.uniform(30, 60) if short else min(1400, max(80, draw.lognormvariate(5.9, 0.45)))
        asked, said = words(0.7 * tokens), words(0.3 * tokens)
        turns = (Turn("user", asked), Turn("assistant", said))
        found.append(Row(id=f"row-{number}", turns=turns, format="chat", source="made", file="made", line=number + 1))
    return found


def warm(device: torch.device) -> None:
    """Load the libraries that the first product loads."""
    one = torch.randn(4096, 4096, device=device, dtype=torch.bfloat16, requires_grad=True)
    (one @ one).sum().backward()
    torch.cuda.synchronize()


if __name__ == "__main__":
    main()
