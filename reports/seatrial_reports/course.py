"""The course of training: its loss, what was learnt from, and the proof that the adapter is active."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from seatrial.runs.result import Result
from seatrial.terminal.figures import count, percent
from seatrial_reports.charts import LossCurve, loss_curve
from seatrial_reports.facts import entries, flat, mapping, number, sequence, text, whole
from seatrial_reports.numbers import amount, duration, memory

__all__ = ["Course", "MaskedExample", "MaskedPiece", "build_course"]

_COUNTS = {
    "trainable_parameters": "trainable parameters",
    "parameters": "parameters in all",
    "rows": "train rows",
    "tokens": "tokens in them",
    "supervised_tokens": "supervised tokens (the loss is on these only)",
    "truncated_rows": "rows cut at the token limit",
    "lost_tokens": "tokens lost to the limit",
    "validation_rows": "validation rows",
    "dropped_rows": "rows that could not be trained on",
    "steps": "optimiser steps",
    "best_step": "step whose weights were kept",
    "resumed_from_step": "resumed from step",
    "tokens_per_second": "tokens a second, all passes",
}


@dataclass(frozen=True, slots=True)
class MaskedPiece:
    """A stretch of the example as the model sees it."""

    text: str
    supervised: bool


@dataclass(frozen=True, slots=True)
class MaskedExample:
    """A row as the model is trained on it."""

    row: str
    """Its id, or ""."""
    pieces: tuple[MaskedPiece, ...]
    pictures: tuple[str, ...] = ()
    """Digests of the pictures that it shows."""


@dataclass(frozen=True, slots=True)
class Course:
    """What training did."""

    method: str
    setting: str
    """What decides most: `r 32, alpha 64, target modules all-linear, lr 0.0015, epochs 5, batch size 128`."""
    where: str
    """`on cuda:0, in bfloat16`."""
    figures: tuple[tuple[str, str], ...]
    masked_examples: tuple[MaskedExample, ...]
    curve: LossCurve | None
    losses: tuple[tuple[str, str, str], ...]
    """(which, first, last), for those who cannot see the curve."""
    not_finite: int
    """Logged losses that were no finite number."""
    proof: str
    product: str
    """What training left: `adapter, SHA-256 …`."""
    settings: tuple[tuple[str, str], ...]
    """Options, and what else the trainer reports."""


def build_course(result: Result) -> Course | None:
    """The training stage in words and as a curve; None where nothing was trained."""
    facts = result.facts("train")
    if not facts and not result.training:
        return None
    verified = result.facts("verify_training")
    best = whole(facts, "best_step")
    return Course(
        method=text(facts, "method"),
        setting=", ".join(
            f"{name.replace('_', ' ')} {written}"
            for name, written in flat(mapping(facts, "options") or mapping(result.suite, "train"))
            if name in _CHIEF
        ),
        where=", ".join(
            said
            for said in (
                f"on {text(facts, 'device')}" if text(facts, "device") else "",
                f"in {text(facts, 'dtype')}" if text(facts, "dtype") else "",
            )
            if said
        ),
        figures=_figures(facts),
        masked_examples=_masked(facts),
        curve=loss_curve(result.training, best),
        losses=tuple(_ends(result, name, shown) for name, shown in _LOSSES.items() if _finite_values(result, name)),
        not_finite=sum(
            not math.isfinite(step[name]) for step in result.training for name in _LOSSES if _is_number(step.get(name))
        ),
        proof=_proof(verified),
        product=text(facts, "product_sha256") or text(verified, "product_sha256"),
        settings=(*(flat(mapping(facts, "options")) or flat(mapping(result.suite, "train"))), *_others(facts)),
    )


_CHIEF = ("r", "alpha", "dropout", "target_modules", "epochs", "lr", "learning_rate", "schedule", "batch_size")
"""The options that decide most, as trainers commonly call them."""


def _proof(verified: Mapping[str, object]) -> str:
    """How training was shown to have changed the model."""
    moved, tolerance = number(verified, "largest_difference"), number(verified, "tolerance")
    changed, rows = whole(verified, "changed_answers"), count(whole(verified, "rows") or 0)
    labels = sequence(verified, "labels")
    if moved is not None:
        asked = f" (more than {tolerance:g} is asked for)" if tolerance is not None else ""
        by = f"on {rows} rows it moves the answers' log-likelihood by up to {amount(moved)}{asked}"
    elif changed is not None:
        by = f"{count(changed)} of {rows} rows get another answer than before"
    elif labels:
        by = f"its head names {count(len(labels))} different labels for {rows} rows"
    else:
        return ""
    return f"Training changed the model: {by}."


_LOSSES = {"loss": "training", "validation_loss": "validation"}


def _is_number(x: object) -> bool:
    return isinstance(x, int | float) and not isinstance(x, bool)


def _finite_values(result: Result, name: str) -> list[float]:
    return [step[name] for step in result.training if _is_number(step.get(name)) and math.isfinite(step[name])]


def _ends(result: Result, name: str, shown: str) -> tuple[str, str, str]:
    values = _finite_values(result, name)
    return shown, amount(values[0]), amount(values[-1])


def _figures(facts: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    figures: list[tuple[str, str]] = []
    total, tokens = number(facts, "parameters"), number(facts, "tokens")
    for key, shown in _COUNTS.items():
        n = number(facts, key)
        if n is None:
            continue
        written = count(n) if n == int(n) else amount(n)
        whole_of = {"trainable_parameters": total, "supervised_tokens": tokens}.get(key)
        figures.append((shown, f"{written} ({percent(n / whole_of)})" if whole_of else written))
    peak, seconds = number(facts, "peak_bytes"), number(facts, "seconds")
    if peak is not None:
        figures.append(("peak memory", memory(peak)))
    if seconds is not None:
        figures.append(("time", duration(seconds)))
    return tuple(figures)


def _others(facts: Mapping[str, object]) -> list[tuple[str, str]]:
    """The facts that have no place of their own; the options stand in the suite's settings."""
    told = {
        *_COUNTS,
        "peak_bytes",
        "seconds",
        "method",
        "masked_example",
        "masked_examples",
        "product_sha256",
        "options",
    }
    return [
        (name.replace("_", " "), written) for name, written in flat({k: v for k, v in facts.items() if k not in told})
    ]


def _masked(facts: Mapping[str, object]) -> tuple[MaskedExample, ...]:
    """The masked examples; a run of an earlier version has one."""
    one = {"pieces": sequence(facts, "masked_example")}
    told = (
        MaskedExample(text(each, "row"), _pieces(sequence(each, "pieces")), tuple(map(str, sequence(each, "pictures"))))
        for each in entries(facts, "masked_examples") or [one]
    )
    return tuple(each for each in told if each.pieces)


def _pieces(listed: Sequence[object]) -> tuple[MaskedPiece, ...]:
    """Pieces {text, supervised} or [text, supervised], neighbours of one kind joined."""
    pieces: list[MaskedPiece] = []
    for item in listed:
        if isinstance(item, Mapping):
            said, supervised = str(item.get("text", item.get("token", ""))), item.get("supervised") is True
        elif isinstance(item, list | tuple) and len(item) == 2:
            said, supervised = str(item[0]), item[1] is True
        else:
            continue
        if pieces and pieces[-1].supervised == supervised:
            said = pieces.pop().text + said
        pieces.append(MaskedPiece(said, supervised))
    return tuple(pieces)
