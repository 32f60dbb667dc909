"""Without numbers: a training set up on tensors that have shapes alone, of a device that need not be there.

The device is played by torch's meta device: whoever asks such a tensor where it is is told that it is on the device, and
what is made there, or goes there, is made without numbers. (`FakeTensorMode` would do the same, but builds of torch
without CUDA can build no gradients of its tensors on a card.) What is left to be said is what the device would choose:
`scaled_dot_product_attention` asks the device which of its kernels to take, and one that is not there takes the plain one,
which writes all scores out. On cards since Ampere flash attention runs where there is no mask, and the memory-efficient
kernel where there is one, to which torch hands a mask of truth values as numbers of the queries' dtype, each row padded to
a multiple of eight (ATen/native/transformers/attention.cpp: `convert_boolean_attn_mask`, `pad_bias`). cuDNN's, which
Hopper may take instead, keeps the same for the backward pass.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import torch
from torch.nn import functional
from torch.overrides import TorchFunctionMode
from torch.utils.checkpoint import checkpoint

from seatrial.training import TrainingJob
from seatrial_plugins.huggingface.runtime import Examples, TrainableNetwork
from seatrial_plugins.training.causal_training import CausalTraining
from seatrial_plugins.training.forms import assume_forms
from seatrial_plugins.training.group import Group

__all__ = ["CARD", "PROCESSOR", "WithoutNumbers", "run_backward", "without_numbers"]

T = TypeVar("T")

_ALIGNED = 8

_CAPABILITY = (9, 0)
"""Of the card that is played: Hopper's."""

_BEGINNINGS = frozenset(
    getattr(place, name)
    for place, names in (
        (
            torch.nn.init,
            ("kaiming_uniform_", "kaiming_normal_", "xavier_uniform_", "xavier_normal_", "normal_", "uniform_"),
        ),
        (torch.nn.init, ("trunc_normal_", "constant_", "zeros_", "ones_", "orthogonal_")),
        (torch.Tensor, ("normal_", "uniform_")),
    )
    for name in names
)
"""What gives tensors their first numbers."""


_META = torch.device("meta")

CARD, PROCESSOR = torch.device("cuda", 0), torch.device("cpu", 0)
"""What can be played. By its number the processor is known from `cpu`, where numbers are."""


@contextmanager
def without_numbers(device: torch.device) -> Iterator[None]:
    """Tensors that are made on the device within the block have shapes and no numbers."""
    asked = torch.cuda.get_device_capability
    with warnings.catch_warnings(), _Played(device):
        warnings.filterwarnings("ignore", message=".*CUDA is not available.*")
        torch.cuda.get_device_capability = lambda *_: _CAPABILITY
        try:
            yield
        finally:
            torch.cuda.get_device_capability = asked


def run_backward(loss: torch.Tensor) -> None:
    """As `loss.backward()`, which is a function that is stood in for itself: what it recomputes would see the meta device."""
    engine = torch.autograd.graph._engine_run_backward  # noqa: SLF001  # no public way leaves the mode on
    engine((loss,), (torch.ones_like(loss),), False, False, (), allow_unreachable=True, accumulate_grad=True)


class WithoutNumbers:
    """Sets a training up without numbers, and else as it is.

    Args:
        training: what it asks of numbers, and of this machine, is answered for it.
        device: where it would run.
    """

    def __init__(self, training: CausalTraining, device: torch.device) -> None:
        self._training = training
        self._device = device
        self.compiles = False
        """Whether its layers would be compiled."""

    def set_up(self, model: TrainableNetwork, examples: Examples, validation: Examples, engine: Callable[..., T]) -> T:
        """What `engine` makes of the network, the Trainer's arguments and the engine's work."""
        training, skeleton = self._training, _Skeleton(model.folder, model.options, model.chat, self._device)
        before = dict(vars(training))
        vars(training).update(
            tuning=_PutOn(training.tuning),
            engine=engine,
            on_cpu=lambda _: self._device.type == "cpu",
            compiled=self._noted,
            in_fp8=lambda *_: None,  # its error is a matter of numbers
            group=_planned(training.job),
            laid_out=lambda network: network,  # what is sharded is counted
        )
        try:
            with without_numbers(self._device):
                found: T = training.set_up(skeleton, examples, validation)
        finally:
            vars(training).clear()
            vars(training).update(before)
        return found

    def _noted(self, *_: object) -> int:
        """In place of compiling the layers."""
        self.compiles = True
        return 0


def _planned(job: TrainingJob) -> Group:
    """The first of the processes that would share a training; none is there."""
    return Group(0, job.devices, job.parallel if job.devices > 1 else None)


@dataclass(frozen=True, slots=True)
class _Skeleton(TrainableNetwork):
    """A model that is loaded without its numbers."""

    device: torch.device

    def load(self, dtype: str | None = None) -> tuple[Any, bool]:
        """As the model would be."""
        return self.skeleton(self.device, dtype)


class _PutOn:
    """A tuning whose weights have no numbers either."""

    def __init__(self, tuning: Any) -> None:
        self._tuning = tuning

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tuning, name)

    def attach(self, network: Any) -> Any:
        """As the tuning does."""
        adapted = self._tuning.attach(network)
        for module in network.modules():
            for name, value in vars(module).items():
                if isinstance(value, partial) and value.func is checkpoint:  # it compares places and generators
                    setattr(module, name, partial(value, preserve_rng_state=False, determinism_check="none"))
        assume_forms(adapted)
        return adapted


class _Played(TorchFunctionMode):
    """The meta device as another."""

    def __init__(self, device: torch.device) -> None:
        super().__init__()
        self._device = device

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """What is run where the device would run it."""
        del types
        kwargs = kwargs or {}
        asked = getattr(func, "__self__", None)
        if asked is torch.Tensor.device:
            return self._device if args[0].is_meta else args[0].device
        if asked is torch.Tensor.is_cuda or asked is torch.Tensor.is_cpu:
            kind = "cuda" if asked is torch.Tensor.is_cuda else "cpu"
            return (self._device if args[0].is_meta else args[0].device).type == kind
        if func in _BEGINNINGS:  # numbers, which there are none of
            return args[0] if args else kwargs["tensor"]
        if func is functional.scaled_dot_product_attention:
            return _fused(*args, on_card=self._device.type == "cuda", **kwargs)
        if func is torch.Tensor.pin_memory:
            return args[0]
        if func is torch.Tensor.__bool__ and args[0].is_meta:
            return False  # that a mask hides nothing, or that rows are alike, is asked so
        if func in {torch.Tensor.to, torch.Tensor.cpu} and args[0].is_meta:
            return _moved(func, args, kwargs)
        if func is torch.device:
            return func(*args, **kwargs)
        placed = [_META if self._is_played(one) else one for one in args]
        return func(*placed, **{name: _META if self._is_played(one) else one for name, one in kwargs.items()})

    def _is_played(self, given: object) -> bool:
        if not isinstance(given, torch.device | str):
            return False
        if self._device.type == "cuda":
            return str(given).partition(":")[0] == "cuda"
        return str(given) == str(self._device)


def _moved(func: Any, args: Any, kwargs: Any) -> Any:
    """A tensor without numbers in another dtype or place: it has none there either."""
    if func is torch.Tensor.cpu:
        return args[0].clone()

    def placed(one: object) -> object:
        return _META if isinstance(one, torch.device | str) else one

    return func(args[0], *map(placed, args[1:]), **{name: placed(one) for name, one in kwargs.items()})


def _fused(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attn_mask: torch.Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,  # torch's own signature
    *,
    scale: float | None = None,
    enable_gqa: bool = False,
    on_card: bool,
) -> torch.Tensor:
    if enable_gqa:
        groups = query.shape[1] // key.shape[1]
        key, value = (part.repeat_interleave(groups, dim=1) for part in (key, value))
    operations = torch.ops.aten
    if not on_card:
        mask = None if attn_mask is None else _as_numbers(attn_mask, query, aligned=1)
        plain: torch.Tensor = operations._scaled_dot_product_flash_attention_for_cpu(  # noqa: SLF001  # none has a public name
            query, key, value, dropout_p, is_causal, attn_mask=mask, scale=scale
        )[0]
        return plain
    if attn_mask is None and query.dtype != torch.float32:
        flash: torch.Tensor = operations._scaled_dot_product_flash_attention(  # noqa: SLF001
            query, key, value, dropout_p, is_causal, False, scale=scale
        )[0]
        return flash
    mask = None if attn_mask is None else _as_numbers(attn_mask, query)
    learns = torch.is_grad_enabled()
    efficient: torch.Tensor = operations._scaled_dot_product_efficient_attention(  # noqa: SLF001
        query, key, value, mask, learns, dropout_p, is_causal, scale=scale
    )[0]
    return efficient


def _as_numbers(mask: torch.Tensor, query: torch.Tensor, aligned: int = _ALIGNED) -> torch.Tensor:
    """The mask as it is added to the scores, [batch, heads, queries, keys]."""
    if mask.dtype == torch.bool:
        mask = torch.zeros_like(mask, dtype=query.dtype).masked_fill_(mask.logical_not(), float("-inf"))
    keys = mask.shape[-1]
    if keys % aligned:
        mask = functional.pad(mask, (0, aligned - keys % aligned))[..., :keys]
    return mask.expand(query.shape[0], query.shape[1], query.shape[2], keys)
