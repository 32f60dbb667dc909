"""Tracing: what a pass keeps, computes and moves, seen operation by operation as torch dispatches them.

Nothing here knows an architecture. Each storage that an operation makes is counted from its birth to its death, so the
peak is that of the very code that trains: what autograd keeps for the backward pass, what is recomputed, float32 copies
of the logits, gradients that accumulate. Tensors may be without numbers (torch's `FakeTensorMode`), of a device that is
not there; traced on real ones the figures are the same.

What stays unseen: the working memory inside of one kernel, and what the allocator rounds beyond its blocks of 512 bytes.
"""

from __future__ import annotations

import math
import weakref
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry

from seatrial.training import Work

__all__ = ["Trace"]

_BLOCK = 512
"""Bytes that torch's allocator rounds up to."""

_RIDGE = {2: 150.0, 4: 15.0}
"""Bytes of a number → operations a byte from which on a product waits for arithmetic, not for memory: an A100 does 312
TFLOP/s in 16 bits and 19.5 in 32 at 2.0 TB/s, an H200 989 and 67 at 4.8."""

_ATTENTION = 2.3
"""Flash attention 2 reaches 335 TFLOP/s on an H100 (Dao, arXiv 2307.08691, without Hopper's own instructions), where products of
matrices reach 780."""

_MAKES = ("empty", "new_empty", "empty_like", "empty_strided", "new_empty_strided", "lift_fresh", "_unsafe_view")
"""Operations that launch nothing."""


@dataclass(eq=False, slots=True)
class _Held:
    """A storage."""

    bytes: int
    kind: str
    born: int
    died: int | None = None


class Trace(TorchDispatchMode):
    """Counts while it is entered; storages that die outside of it are noticed too.

    Args:
        vocabulary: how many words it has: what is as wide are logits.
        numbers: whether the tensors have any; those of the other kind are not counted.
        attended: how many pairs of places attend to each other, for kernels that read the lengths of rows from a tensor.
    """

    def __init__(self, vocabulary: int, *, numbers: bool = False, attended: float = 0.0) -> None:
        super().__init__()
        self._numbers = numbers
        self._attended = attended
        self._vocabulary = vocabulary
        self._known: dict[int, _Held] = {}
        """Identity of a living storage → what is known of it."""
        self._all: list[_Held] = []
        self._tick = 0
        self._live = 0
        self._peak = (0, 0)
        """Bytes and tick."""
        self._kind = "activations"
        self.work = Work()

    # ---- what lies in memory --------------------------------------------------------------------------------------

    def hold(self, tensors: Iterable[torch.Tensor], kind: str) -> None:
        """Tensors that are there before the pass; one that is known gets that kind."""
        for tensor in tensors:
            self._see(tensor, kind)
            self._known[id(tensor.untyped_storage())].kind = kind

    def hold_bytes(self, size: int, kind: str) -> None:
        """Memory that lies there all the time, and that no tensor here stands for."""
        self._all.append(_Held(size, kind, self._tick))
        self._grow(size)

    @contextmanager
    def making(self, kind: str) -> Iterator[None]:
        """What is made within the block is of that kind; logits are logits, whenever they are made."""
        before, self._kind = self._kind, kind
        with self:
            yield
        self._kind = before

    @property
    def live(self) -> int:
        """Bytes that lie there now."""
        return self._live

    @property
    def peak(self) -> int:
        """Bytes that lay there when most did."""
        return self._peak[0]

    def at_peak(self) -> dict[str, int]:
        """What lay there then, in bytes, by kind."""
        tick = self._peak[1]
        found: Counter[str] = Counter()
        for held in self._all:
            if held.born <= tick and (held.died is None or held.died > tick):
                found[held.kind] += held.bytes
        return dict(found)

    def now(self) -> dict[str, int]:
        """What lies there now, in bytes, by kind."""
        found: Counter[str] = Counter()
        for held in self._all:
            if held.died is None:
                found[held.kind] += held.bytes
        return dict(found)

    def _counts(self, tensor: torch.Tensor) -> bool:
        return tensor.is_meta != self._numbers

    def _see(self, tensor: torch.Tensor, kind: str) -> None:
        if not self._counts(tensor):
            return
        storage = tensor.untyped_storage()
        if id(storage) in self._known:
            return
        if tensor.dim() and tensor.shape[-1] == self._vocabulary and kind != "weights":
            kind = "logits"
        held = _Held(-(-storage.nbytes() // _BLOCK) * _BLOCK, kind, self._tick)
        self._known[id(storage)] = held
        self._all.append(held)
        weakref.finalize(storage, self._forget, id(storage), held).atexit = False
        self._grow(held.bytes)

    def _grow(self, size: int) -> None:
        self._live += size
        if self._live > self._peak[0]:
            self._peak = (self._live, self._tick)

    def _forget(self, identity: int, held: _Held) -> None:
        self._tick += 1
        held.died = self._tick
        self._live -= held.bytes
        if self._known.get(identity) is held:
            del self._known[identity]

    # ---- what is computed -----------------------------------------------------------------------------------------

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run the operation and count it."""
        del types
        kwargs = kwargs or {}
        # Nobody is to look into how torch finds an operation's shapes, in Python and in many steps: half of the time here.
        with torch._C.DisableTorchFunction():  # noqa: SLF001 - what torch's own modes enter
            result = func(*args, **kwargs)
        self._tick += 1
        made = [leaf for leaf in tree_leaves(result) if isinstance(leaf, torch.Tensor)]
        for tensor in made:
            self._see(tensor, self._kind)
        if not _only_looks(func) and any(map(self._counts, made)):
            self._count(func, args, kwargs, result, made)
        return result

    def _count(self, func: Any, args: Any, kwargs: Any, result: Any, made: list[torch.Tensor]) -> None:
        read = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
        moved = sum(_touched(tensor) for tensor in [*read, *made])
        products = self._products(func, args, kwargs, result)
        width = made[0].element_size()
        if products < _RIDGE.get(width, math.inf) * moved:
            self.work += Work(traffic=moved, launches=1)
        elif width == 4:
            self.work += Work(products32=products, launches=1)
        else:
            self.work += Work(products=products, launches=1)

    def _products(self, func: Any, args: Any, kwargs: Any, result: Any) -> float:
        """Floating-point operations of products; those of attention weigh as much more as its kernels are slower."""
        packet = func._overloadpacket  # noqa: SLF001  # as torch's own counter asks for it
        if counts := _OWN.get(packet.__name__):
            return counts(args)
        if "varlen_attn" in packet.__name__:
            passes = 2.5 if "backward" in packet.__name__ else 1.0  # five products instead of two
            query = next(leaf for leaf in tree_leaves(args) if isinstance(leaf, torch.Tensor) and leaf.dim() == 3)
            return _ATTENTION * passes * 2.0 * self._attended * query.shape[1] * query.shape[2]  # causal: half of 4
        counted = flop_registry.get(packet)
        products = float(counted(*args, **kwargs, out_val=result)) if counted else 0.0
        return products * (_ATTENTION if "attention" in packet.__name__ else 1.0)


def _low_rank(args: Any) -> float:
    """A frozen product and two thin ones beside it (`low_rank`): x, weight, bias, down, up."""
    x, weight, _, down, up = args
    return 2.0 * x.numel() // x.shape[-1] * (weight.numel() + down.numel() + up.numel())


def _low_rank_gradients(args: Any) -> float:
    """Of the input, where it is wanted, and of both thin matrices: gradient, x, inner, weight, down, up, of_input."""
    gradient, _, _, weight, down, up, of_input = args
    rows = gradient.numel() // gradient.shape[-1]
    thin = down.numel() + 2 * up.numel()
    return 2.0 * rows * (thin + ((weight.numel() + down.numel()) if of_input else 0))


_OWN = {"low_rank": _low_rank, "low_rank_gradients": _low_rank_gradients}
"""Operations that torch's counter knows nothing of."""


def _only_looks(func: Any) -> bool:
    """Whether an operation gives another look at what is there."""
    return bool(getattr(func, "is_view", False)) or func._overloadpacket.__name__ in _MAKES  # noqa: SLF001


def _touched(tensor: torch.Tensor) -> int:
    """Bytes that are read or written of a tensor: what is repeated by a stride of 0 lies in caches."""
    repeated = math.prod(size for size, stride in zip(tensor.shape, tensor.stride(), strict=True) if not stride)
    return tensor.numel() * tensor.element_size() // max(repeated, 1)
