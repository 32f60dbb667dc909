"""Planning: what a training of a causal language model costs, from its own passes, run without numbers.

The network is built as it is loaded, on a card that need not be there, of tensors that have shapes and no numbers, and
everything else is set up as for training: the tuning's weights are put on it, rows become steps and steps passes. Then
passes of the very rows go forward and backward through the very code that trains, and what torch dispatches is counted
(`Trace`): nothing is a formula of an architecture. A few passes are run, from the shortest to the longest; work and memory
of the others follow from these, since both grow with what is read (tokens), with what attends to what (rows × longest²)
and with what is supervised, and with nothing else.

Beside what is traced stand the optimizer's states, measured on a weight of 256 numbers, and the workspace of the
libraries for products.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch

from seatrial.errors import TrainingError, UsageError
from seatrial.terminal.legible import one_line
from seatrial.training import TrainingCost, Work
from seatrial_plugins.huggingface.runtime import Example, Examples, TrainableNetwork
from seatrial_plugins.training import engine
from seatrial_plugins.training.causal_training import CausalTraining, trainable_network
from seatrial_plugins.training.compiled_layers import decoder_layers
from seatrial_plugins.training.engine import trainable
from seatrial_plugins.training.graphs import Shape, frame_for, frame_gradients
from seatrial_plugins.training.options import TrainingOptions
from seatrial_plugins.training.tracing import Trace
from seatrial_plugins.training.without_numbers import CARD, PROCESSOR, WithoutNumbers, run_backward, without_numbers

__all__ = ["Planning"]

_TRACED = 4
"""Passes that are run."""

_WORKSPACE = 64 << 20
"""cuBLAS takes 32 MiB for each thread that multiplies (`CUBLAS_WORKSPACE_CONFIG`, on Hopper; 8 MiB before): one runs forward,
one backward."""

_UPDATE = 40
"""Bytes that are read and written of a trained number for one step: fused AdamW reads gradient, weight and two states and
writes three of these (28 in float32), the norm reads the gradient (4), clipping scales it (8)."""

_KEPT_COMPILED, _MOVED_COMPILED, _LAUNCHED_COMPILED = 0.8, 0.4, 0.3
"""Shares that compiled layers keep, move and launch of what the same layers do as they are written: of an 8B shape on an H100,
12,097 tokens a second in 63.3 GiB became 16,004 in 48.4. What torch's compiler fuses is not traced, so here alone the count
is by a ratio; a probe measures it."""

_LAUNCHES = 100
"""Of one optimizer step beside those that grow with the number of tensors: norm, clipping, schedule, log; and of a pass that
is replayed: its rows, copied to where the graph reads."""


@dataclass(frozen=True, slots=True)
class _Traced:
    """One pass that was run."""

    features: tuple[float, ...]
    work: Work
    peak: int
    """Bytes beyond what lies there before the pass."""
    memory: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _SetUp:
    """A training that is ready to begin, in the place of an engine."""

    network: Any
    arguments: Any
    work: engine.Work


class Planning:
    """Counts one training.

    Args:
        training: of which nothing is run; nothing is written into its job's folders.
        rendered: the train and validation rows as examples, where they are known.
    """

    def __init__(self, training: CausalTraining, rendered: tuple[Examples, Examples] | None = None) -> None:
        self.training = training
        self.model: TrainableNetwork = trainable_network(training.job, training.tuning.name)
        self.rendered = rendered or training.rendered(self.model.chat)
        if self.model.chat.images is not None:
            raise UsageError(
                f"{training.job.target.address}: what training it costs is counted for models that read text alone, and this one is "
                "shown pictures; run the suite, which tells speed and peak memory as it goes"
            )
        if not self.rendered[0].examples:
            raise TrainingError("there are no train rows; look at the ledger for what dropped them")
        self.device = PROCESSOR if self.model.options.device in {"cpu", "mps"} else CARD

    def cost(self) -> TrainingCost:
        """What the training takes.

        Raises:
            UsageError: the model's code asks its tensors for numbers (experts that choose their tokens), so nothing can be
                counted without them.
        """
        bare = WithoutNumbers(self.training, self.device)
        try:
            ready = bare.set_up(self.model, *self.rendered, engine=_SetUp)
            counting = _Counting(ready, self.device, self.rendered[0], self.training.options, compiled=bare.compiles)
            return counting.cost()
        except (RuntimeError, NotImplementedError) as error:
            said = one_line(str(error), 200)
            raise UsageError(
                f"{self.training.job.target.address}: what training it with {self.training.tuning.name} costs cannot be counted "
                f"without its numbers, which its code asks for ({type(error).__name__}: {said}); run the suite, which tells "
                "speed and peak memory as it goes"
            ) from error


class _Counting:
    """The passes of one training, and what they add up to."""

    def __init__(
        self, ready: _SetUp, device: torch.device, examples: Examples, options: TrainingOptions, *, compiled: bool
    ) -> None:
        self.network, self.work, self.arguments, self.device = ready.network, ready.work, ready.arguments, device
        self.examples, self.options = examples, options
        self.compiled = compiled
        self.trained = list(trainable(self.network).values())
        self.states = _state_bytes(self.arguments, self.trained)
        self.vocabulary = int(self.network.get_input_embeddings().weight.shape[0])

    def cost(self) -> TrainingCost:
        """What the training takes."""
        work = self.work
        steps = [self._passes([work.examples[index] for index in step]) for step in work.plan.steps]
        accumulates = any(len(step) > 1 for step in steps)
        every = [part for step in steps for part in step]
        traced = [
            self._trace(part, accumulates=accumulates)
            for part in _spread({self._features(part): part for part in every})
        ]
        costs = _Fit([one.features for one in traced], [[*_numbers(one.work), one.peak] for one in traced])
        peaks = [max(float(costs.of(self._features(part))[-1]) for part in step) for step in steps]
        heaviest = max(range(len(steps)), key=peaks.__getitem__)
        part = max(steps[heaviest], key=lambda one: float(costs.of(self._features(one))[-1]))
        frames = {shape: self._trace_frame(shape) for shape in work.graphs}
        known = {one.features for one in traced}
        longest = [] if self._features(part) in known else [self._trace(part, accumulates=accumulates)]
        candidates = [*longest, *traced, *frames.values()]
        most = max(candidates, key=lambda one: sum(one.memory.values()))
        update = self._update()
        trained = sum(tensor.numel() * tensor.element_size() for tensor in self.trained)
        evaluations = -(-len(steps) // work.evaluate_every) if work.evaluate_every else 0
        checkpoints = -(-len(steps) // int(self.arguments.save_steps))
        return TrainingCost(
            device=self.device.type,
            memory={**most.memory, **self._graphs(trained)},
            steps=[Work.all_of([update, *(self._of(part, costs, frames) for part in step)]) for step in steps],
            validation=self._evaluation().times(evaluations),
            written=checkpoints * (trained + self.states) + trained,
            facts={
                **self._facts(),
                "steps": len(steps),
                "passes": len(every),
                "evaluations": evaluations,
                "heaviest_step": heaviest,
                "heaviest_pass": {
                    "rows": len(part),
                    "tokens": sum(len(example.fed) for example in part),
                    "longest": max(len(example.fed) for example in part),
                    "supervised_tokens": sum(len(example.targets) for example in part),
                },
            },
        )

    def _facts(self) -> dict[str, object]:
        """What is read, and by what."""
        work = self.work
        read = [work.examples[index] for step in work.plan.steps for index in step]
        return {
            "rows": len(work.examples),
            "validation_rows": len(work.validation),
            "tokens": sum(len(example.fed) for example in read),
            "supervised_tokens": sum(len(example.targets) for example in read),
            "truncated_rows": self.examples.truncated_rows,
            "unsupervised_rows": len(self.examples.unsupervised_rows),
            "parameters": sum(tensor.numel() for tensor in self.network.parameters()),
            "trained_parameters": sum(tensor.numel() for tensor in self.trained),
            "dtype": str(next(self.network.parameters()).dtype).removeprefix("torch."),
            "packed": work.objective.packs,
            "varlen": work.tight,
            "compiled": self.compiled,
            "fp8": bool(getattr(self.options, "fp8", False)),
            "graphs": len(work.graphs),
            "devices": work.group.world,
            "parallel": work.group.parallel,
        }

    def _features(self, part: Sequence[Example]) -> tuple[float, ...]:
        """What a pass's cost grows with: a constant, tokens, places that attend to places, supervised tokens."""
        lengths = [len(example.fed) for example in part]
        supervised = sum(len(example.targets) for example in part)
        attended = sum(length**2 for length in lengths) if self.work.tight else len(part) * max(lengths) ** 2
        return 1.0, float(sum(lengths)), float(attended), float(supervised)

    # ---- what the engine does with a pass -------------------------------------------------------------------------

    def _passes(self, batch: Sequence[Example]) -> list[list[Example]]:
        """Of the first of those that share it, who takes the longest row."""
        return self.work.passes([batch[place] for place in self.work.taken(batch)[0]])

    def _loss(self, part: Sequence[Example]) -> torch.Tensor:
        return self.work.objective.summed(self.network, part, self.device)

    def _row_losses(self, part: Sequence[Example]) -> torch.Tensor:
        return self.work.objective.of_rows(self.network, part, self.device)

    # ---- one pass -------------------------------------------------------------------------------------------------

    def _trace(self, part: Sequence[Example], *, accumulates: bool) -> _Traced:
        """Run a pass forward and backward.

        Args:
            part: its rows.
            accumulates: whether gradients of a pass before it lie there.
        """
        self.network.train()
        with without_numbers(self.device):
            trace = self._trace_of_weights(part)
            if accumulates:
                for tensor in self.trained:
                    tensor.grad = torch.empty_like(tensor)
                trace.hold(self._gradients(), "gradients")
            before = trace.live
            with trace.making("activations"):
                loss = self._loss(part) / len(part)
            with trace.making("backward"):
                run_backward(loss)
            trace.hold(self._gradients(), "gradients")
            del loss
        found = _Traced(self._features(part), trace.work, trace.peak - before, trace.at_peak())
        found = _as_compiled(found) if self.compiled else found
        for tensor in self.trained:
            tensor.grad = None
        return found

    def _gradients(self) -> list[torch.Tensor]:
        return [tensor.grad for tensor in self.trained if tensor.grad is not None]

    def _trace_of_weights(self, part: Sequence[Example]) -> Trace:
        trace = Trace(self.vocabulary, attended=self._features(part)[2] if part else 0.0)
        mine = {id(tensor) for tensor in self.trained}
        trace.hold((tensor for tensor in self.network.parameters() if id(tensor) not in mine), "weights")
        if self.work.group.sharded:
            trace.hold_bytes(-self._elsewhere(mine), "weights")
        trace.hold(self.network.buffers(), "weights")
        trace.hold(self.trained, "trained weights")
        trace.hold_bytes(self.states, "optimizer states")
        if self.device.type == "cuda":
            trace.hold_bytes(_WORKSPACE, "workspace")
        return trace

    def _elsewhere(self, mine: set[int]) -> int:
        """Bytes of frozen weights that other processes hold, less those of two layers, which are gathered at a time."""
        layers = [
            sum(tensor.nbytes for tensor in layer.parameters() if id(tensor) not in mine)
            for layer in decoder_layers(self.network)
        ]
        share = sum(layers) // self.work.group.world
        return max(0, sum(layers) - share - 2 * max(layers, default=0))

    def _trace_frame(self, shape: Shape) -> _Traced:
        """Run what a graph is recorded of. Its gradients come out beside those that the optimizer reads."""
        self.network.train()
        with without_numbers(self.device):
            trace = self._trace_of_weights(())
            with trace.making("activations"):
                frame_gradients(self.network, self.trained, shape, self.device)
        work = replace(trace.work, launches=float(_LAUNCHES), kernels=trace.work.launches)
        return _Traced((), work, trace.peak, trace.at_peak())

    def _of(self, part: Sequence[Example], costs: _Fit, frames: Mapping[Shape, _Traced]) -> Work:
        """What a pass asks; one that is replayed asks what its frame does, launched at once."""
        frame = frame_for(part, frames) if frames else None
        if frame is not None:
            return frames[frame].work
        return Work(*map(float, costs.of(self._features(part))[: len(fields(Work))]))

    # ---- beside the passes ----------------------------------------------------------------------------------------

    def _update(self) -> Work:
        """The optimizer's step."""
        numbers = sum(tensor.numel() for tensor in self.trained)
        return Work(traffic=float(_UPDATE * numbers), launches=_LAUNCHES + len(self.trained) / 2)

    def _evaluation(self) -> Work:
        """One evaluation of all validation rows."""
        if not self.work.validation or not self.work.evaluate_every:
            return Work()
        parts = self._passes(self.work.validation)
        traced: list[tuple[tuple[float, ...], Work]] = []
        self.network.eval()
        with without_numbers(self.device), torch.no_grad():
            for part in _spread({self._features(part): part for part in parts}):
                trace = self._trace_of_weights(part)
                with trace.making("activations"):
                    self._row_losses(part)
                traced.append((self._features(part), trace.work))
        costs = _Fit([features for features, _ in traced], [_numbers(work) for _, work in traced])
        return Work.all_of(Work(*map(float, costs.of(self._features(part)))) for part in parts)

    def _graphs(self, trained: int) -> dict[str, int]:
        """What recorded graphs hold beside a pass: the gradients that each hands over."""
        return {"recorded graphs": trained * (1 + len(self.work.graphs))} if self.work.graphs else {}


def _numbers(work: Work) -> list[float]:
    return [float(getattr(work, one.name)) for one in fields(Work)]


def _as_compiled(traced: _Traced) -> _Traced:
    """What a pass takes whose layers are compiled, from what it takes as it is written."""
    memory = dict(traced.memory)
    gone = round(memory.get("activations", 0) * (1 - _KEPT_COMPILED))
    memory["activations"] = memory.get("activations", 0) - gone
    work = traced.work
    fewer = replace(work, traffic=work.traffic * _MOVED_COMPILED, launches=work.launches * _LAUNCHED_COMPILED)
    return _Traced(traced.features, fewer, traced.peak - gone, memory)


class _Fit:
    """Costs as sums of what they grow with, none of them negative: non-negative least squares."""

    def __init__(self, features: Sequence[tuple[float, ...]], costs: Sequence[Sequence[float]]) -> None:
        from scipy.optimize import nnls

        self._scale = np.maximum(np.abs(np.array(features)).max(axis=0), 1.0)
        known, wanted = np.array(features) / self._scale, np.array(costs, dtype=float)
        unit = np.maximum(np.abs(wanted).max(axis=0), 1.0)
        self._weights = np.stack([nnls(known, wanted[:, at] / unit[at])[0] for at in range(wanted.shape[1])], axis=1)
        self._weights *= unit

    def of(self, features: tuple[float, ...]) -> np.ndarray:
        """The costs of a pass with these features."""
        found: np.ndarray = (np.array(features) / self._scale) @ self._weights
        return found


def _spread(passes: Mapping[tuple[float, ...], Sequence[Example]]) -> list[Sequence[Example]]:
    """Some of the passes, by what their costs grow with, from the one of the fewest tokens to the one of the most."""
    ordered = sorted(passes, key=lambda features: features[1:])
    places = np.unique(np.linspace(0, len(ordered) - 1, _TRACED).round().astype(int))
    return [passes[ordered[place]] for place in places]


def _state_bytes(arguments: Any, trained: Iterable[torch.Tensor]) -> int:
    """What the optimizer keeps of the trained weights, in bytes: measured on a weight of 256 numbers of each dtype."""
    from transformers import Trainer

    kind, named = Trainer.get_optimizer_cls_and_kwargs(arguments)
    each: dict[torch.dtype, tuple[float, int]] = {}
    total = 0
    for tensor in trained:
        if tensor.dtype not in each:
            sample = torch.nn.Parameter(torch.zeros(256, dtype=tensor.dtype))
            sample.grad = torch.zeros_like(sample)
            optimizer = kind([sample], **named)
            optimizer.step()
            kept = [value for value in optimizer.state[sample].values() if isinstance(value, torch.Tensor)]
            whole = sum(value.nbytes for value in kept if value.numel() == sample.numel())
            each[tensor.dtype] = whole / sample.numel(), sum(value.numel() != sample.numel() for value in kept)
        of_number, single = each[tensor.dtype]
        total += math.ceil(of_number * tensor.numel()) + 512 * single
    return total
