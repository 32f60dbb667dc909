"""CUDA graphs: forward and backward of a pass recorded once for each shape, then replayed with other rows.

A small model on a fast GPU waits for the CPU to launch kernels: SmolLM2-135M with adapters on all linear layers takes
0.64 s for a step of 128 short rows on an H100, of which arithmetic is a hundredth. A graph launches them all at once.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional

from seatrial_plugins.huggingface.runtime import Example, Packed, TokenTree, framed, pack, run_packed, shared_prefix

__all__ = ["GraphedPasses", "Shape", "frame_for", "frame_gradients", "shape_of", "worth_graphing"]

_LOG = logging.getLogger("seatrial.training")

_LEAST_REPLAYS = 4
"""Recording costs about three plain passes."""

_NEARLY = 0.7
"""Of a frame's tokens: a pass that has fewer gets a frame of its own size."""

_MOST_SECONDS = 0.05
"""A pass whose arithmetic alone takes longer than this, at 100 TFLOP/s, keeps the GPU busy without a graph."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The frame of a pass: every size of its tensors."""

    rows: int
    prefix: int
    tokens: int
    width: int
    targets: int

    def holds(self, other: Shape) -> bool:
        """Whether a pass of the other shape fits in here, with more padding."""
        alike = (self.rows, self.prefix) == (other.rows, other.prefix)
        return alike and self.tokens >= other.tokens and self.width >= other.width and self.targets >= other.targets


def shape_of(batch: Sequence[Example]) -> Shape:
    """The frame of a pass; sizes are rounded up, so that many passes share one."""
    prefix = shared_prefix([TokenTree.line(example.fed) for example in batch])
    own = [len(example.fed) - prefix for example in batch]
    targets = sum(len(example.targets) for example in batch)
    return Shape(len(batch), prefix, prefix + _rounded(sum(own)), _rounded(max(own), 16), _rounded(targets))


def _rounded(size: int, least: int = 64) -> int:
    """Up to a multiple of an eighth of the next power of two, so that at most an eighth is padding."""
    step = max(least, (1 << (size - 1).bit_length()) // 8)
    return -(-size // step) * step


def worth_graphing(parameters: int, passes: Iterable[Sequence[Example]]) -> frozenset[Shape]:
    """The frames of those passes that are launched more slowly than they are computed, and come often enough.

    Shapes that are nearly as large share a frame: padding costs such a pass milliseconds, another recording seconds.
    """
    counts = Counter(map(shape_of, passes))
    launched = [shape for shape in counts if 6.0 * parameters * shape.tokens / 1e14 < _MOST_SECONDS]
    shared: dict[tuple[int, int, int], list[Shape]] = {}
    largest: dict[tuple[int, int], int] = {}
    for shape in sorted(launched, key=lambda shape: -shape.tokens):
        kind = shape.rows, shape.prefix
        if shape.tokens < _NEARLY * largest.get(kind, 0) or kind not in largest:
            largest[kind] = shape.tokens
        shared.setdefault((*kind, largest[kind]), []).append(shape)
    return frozenset(
        Shape(rows, prefix, tokens, max(shape.width for shape in shapes), max(shape.targets for shape in shapes))
        for (rows, prefix, tokens), shapes in shared.items()
        if sum(counts[shape] for shape in shapes) >= _LEAST_REPLAYS
    )


def frame_for(batch: Sequence[Example], shapes: Iterable[Shape]) -> Shape | None:
    """The smallest of the frames that a pass fits in; None where it fits in none."""
    own = shape_of(batch)
    return min((one for one in shapes if one.holds(own)), key=lambda one: one.tokens, default=None)


def frame_gradients(
    network: Any, parameters: list[Any], shape: Shape, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """The loss and the gradients of a frame without rows: what is run to be recorded."""
    return _Inputs.empty(shape, device).gradients(network, parameters)


class GraphedPasses:
    """Gradients of passes, replayed where their shape is one of `shapes`."""

    def __init__(self, network: torch.nn.Module, shapes: frozenset[Shape], device: torch.device) -> None:
        self._network = network
        self._shapes = shapes
        self._device = device
        self._parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
        self._recorded: dict[Shape, _Recorded] = {}
        self._pool: Any = None

    @property
    def recorded(self) -> int:
        """How many graphs there are."""
        return len(self._recorded)

    def summed_loss(self, batch: Sequence[Example], divisor: int, *, first: bool) -> torch.Tensor | None:
        """The pass's summed loss over `divisor`; its gradients are in `.grad` (`first`) or added there. None: not graphed."""
        shape = frame_for(batch, self._shapes)
        if shape is None:
            return None
        if shape not in self._recorded and not self._record(shape):
            return None
        loss, gradients = self._recorded[shape].replay(batch, 1.0 / divisor)
        self._hand_over(gradients, first=first)
        return loss

    def _record(self, shape: Shape) -> bool:
        """Whether a graph of this shape could be recorded; after a failure none is tried again.

        A network that looks at its own numbers (experts that choose their tokens, positions that choose their scale)
        has to wait for the GPU, and that cannot be recorded.
        """
        generator = torch.cuda.default_generators[self._device.index or 0]
        before = generator.clone_state()
        try:
            self._pool = self._pool or torch.cuda.graph_pool_handle()
            self._recorded[shape] = _Recorded.of(self._network, self._parameters, shape, self._device, self._pool)
        except RuntimeError as error:
            _LOG.warning("training goes on without CUDA graphs: recording one failed: %s", error)
            self._shapes = frozenset()
            generator.graphsafe_set_state(before)  # its own is left as in a recording, where nothing can be drawn
            return False
        return True

    def _hand_over(self, gradients: torch.Tensor, *, first: bool) -> None:
        """Gradients lie in one flat tensor, so that a copy is one launch."""
        start = 0
        gradients = gradients.clone()
        for parameter in self._parameters:
            part = gradients[start : start + parameter.numel()].view_as(parameter)
            parameter.grad = part if first or parameter.grad is None else parameter.grad + part
            start += parameter.numel()


class _Recorded:
    """One shape's graph, its inputs and outputs."""

    def __init__(self, shape: Shape, inputs: _Inputs, graph: Any, loss: torch.Tensor, gradients: torch.Tensor) -> None:
        self._shape, self._inputs, self._graph, self._loss, self._gradients = shape, inputs, graph, loss, gradients

    @classmethod
    def of(cls, network: Any, parameters: list[Any], shape: Shape, device: torch.device, pool: Any) -> _Recorded:
        inputs = _Inputs.empty(shape, device)
        side = torch.cuda.Stream(device)
        side.wait_stream(torch.cuda.current_stream(device))
        # Libraries allocate at first use, which cannot be recorded. What dropout draws here, it would not have drawn.
        with torch.cuda.stream(side), torch.random.fork_rng([device]):
            inputs.gradients(network, parameters)
        torch.cuda.current_stream(device).wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=pool):
            loss, gradients = inputs.gradients(network, parameters)
        return cls(shape, inputs, graph, loss, gradients)

    def replay(self, batch: Sequence[Example], weight: float) -> tuple[torch.Tensor, torch.Tensor]:
        self._inputs.fill(self._shape, batch, weight)
        self._graph.replay()
        return self._loss.clone(), self._gradients


@dataclass(frozen=True, slots=True)
class _Inputs:
    """What a graph reads: a framed pass, the places that predict, what they are to predict, and how much each counts."""

    packed: Packed
    places: torch.Tensor
    targets: torch.Tensor
    weights: torch.Tensor

    @classmethod
    def empty(cls, shape: Shape, device: torch.device) -> _Inputs:
        one = pack([TokenTree.line([0] * (shape.prefix + 1))] * shape.rows)
        frame = framed(one, tokens=shape.tokens, width=shape.width).to(device)
        numbers = torch.zeros(shape.targets, dtype=torch.long, device=device)
        return cls(frame, numbers, numbers.clone(), torch.zeros(shape.targets, device=device))

    def fill(self, shape: Shape, batch: Sequence[Example], weight: float) -> None:
        packed = pack([TokenTree.line(example.fed) for example in batch])
        places = [packed.place(row, at - 1) for row, example in enumerate(batch) for at in example.targets]
        targets = [example.ids[at] for example in batch for at in example.targets]
        frame = framed(packed, tokens=shape.tokens, width=shape.width)
        spare = [0] * (shape.targets - len(places))
        weights = torch.zeros(shape.targets)
        weights[: len(places)] = weight
        for mine, given in (
            (self.packed.input_ids, frame.input_ids),
            (self.packed.position_ids, frame.position_ids),
            (self.packed.gather, frame.gather),
            (self.packed.scatter, frame.scatter),
            (self.packed.mask, frame.mask),
            (self.places, torch.tensor(places + spare)),
            (self.targets, torch.tensor(targets + spare)),
            (self.weights, weights),
        ):
            mine.copy_(given)

    def gradients(self, network: Any, parameters: list[Any]) -> tuple[torch.Tensor, torch.Tensor]:
        """The weighted loss, and the gradients of all parameters, flat."""
        logits = run_packed(network, self.packed, self.places)
        loss = (functional.cross_entropy(logits.float(), self.targets, reduction="none") * self.weights).sum()
        found = torch.autograd.grad(loss, parameters)
        return loss.detach(), torch.cat([gradient.flatten() for gradient in found])
