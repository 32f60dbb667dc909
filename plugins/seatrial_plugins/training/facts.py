"""Facts: what a reviewer should know of a training."""

from __future__ import annotations

from dataclasses import asdict
from statistics import median

from seatrial_plugins.huggingface.runtime import Examples, peak_bytes
from seatrial_plugins.training.engine import Engine, trainable
from seatrial_plugins.training.options import TrainingOptions
from seatrial_plugins.training.overfitting import Overfitting
from seatrial_plugins.training.remedy import said

__all__ = ["training_facts"]


def training_facts(
    engine: Engine,
    options: TrainingOptions,
    examples: Examples,
    validation: Examples,
    *,
    first_step: int,
    seconds: float,
    seconds_before: float,
) -> dict[str, object]:
    """What a reviewer should know of the training. JSON values."""
    network = engine.accelerator.unwrap_model(engine.model)
    objective = engine.work.objective
    plan, steps = engine.work.plan, engine.state.global_step
    read = sum(len(examples.examples[index].ids) for step in plan.steps[first_step:steps] for index in step)
    device = engine.args.device
    best, last = engine.history.best_evaluation, next(iter(engine.history.evaluations[-1:]), None)
    keeps_best = engine.work.keeps_best
    asked = [name for name in ("early_stopping", "overfit") if getattr(options, name) is not None]
    unheeded = [
        f"{name} did nothing: there are no validation rows; say `split: {{validation: 0.1}}`"
        for name in asked
        if not validation.examples
    ]
    if options.compile and not engine.work.compiled_layers:
        unheeded.append(
            "compile did nothing: layers are compiled of a 16-bit model on one CUDA GPU whose rows lie end to end (`varlen`), and "
            "whose passes are neither recomputed nor replayed as graphs"
        )
    overfit = Overfitting.found(engine.history, list(map(objective.weight, validation.examples)))
    return {
        "trainable_parameters": sum(tensor.numel() for tensor in trainable(network).values()),
        "rows": len(examples.examples),
        "unsupervised_rows": list(examples.unsupervised_rows),
        "tokens": examples.tokens,
        "supervised_tokens": examples.supervised_tokens,
        "supervised_tokens_per_row": _per_row(examples),
        "truncated_rows": examples.truncated_rows,
        "lost_tokens": examples.lost_tokens,
        "lost_supervised_tokens": examples.lost_supervised_tokens,
        "validation_rows": len(validation.examples),
        "steps": steps,
        "planned_steps": len(plan.steps),
        "best_step": best.step if best and keeps_best else steps,
        "validation_loss": (best if best and keeps_best else last).loss if last else None,
        "overfitting": overfit and asdict(overfit),
        "validation_rise": (overfit.rise if overfit and not keeps_best else 0.0) if last else None,
        "remedies": [asdict(one) for one in engine.history.remedies],
        "warnings": [
            *map(said, engine.history.remedies),
            *([overfit.told(objective.unit, kept_best=keeps_best)] if overfit else []),
            *unheeded,
        ],
        "stopped_early": steps < len(plan.steps),
        "resumed_from_step": first_step or None,
        "seconds": round(seconds, 3),
        "seconds_before_first_step": round(seconds_before, 3),
        "tokens_per_second": round(read / max(seconds, 1e-9), 1),
        "peak_bytes": peak_bytes(device),
        "device": str(device),
        "dtype": str(next(network.parameters()).dtype).removeprefix("torch."),
        "packed": objective.packs,
        "varlen": engine.work.tight,
        "compiled_layers": engine.work.compiled_layers,
        "fp8": engine.work.fp8,
        "graphs": engine.recorded_graphs,
        "devices": engine.work.group.world,
        "parallel": engine.work.group.parallel,
    }


def _per_row(examples: Examples) -> dict[str, object]:
    """How many tokens of a row are supervised: the row of the fewest, the median, the row of the most."""
    counted = sorted((len(example.targets), example.row) for example in examples.examples)
    (fewest, first), (most, last) = counted[0], counted[-1]
    return {
        "fewest": {"row": first, "tokens": fewest},
        "median": median(count for count, _ in counted),
        "most": {"row": last, "tokens": most},
    }
