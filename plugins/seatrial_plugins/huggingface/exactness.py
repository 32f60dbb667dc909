"""Exactness: whether a network says the same when its rows are packed, and when its head is run by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from seatrial_plugins.huggingface.continuous_batch import Batch, Written
from seatrial_plugins.huggingface.kept_keys import KeptKeys, keep
from seatrial_plugins.huggingface.lines import Lines, line_up
from seatrial_plugins.huggingface.packing import Packed, hidden_states, pack, run_packed
from seatrial_plugins.huggingface.token_tree import TokenTree
from seatrial_plugins.huggingface.varlen import has_varlen_kernel

__all__ = [
    "caps_scores",
    "continuing_is_exact",
    "head_is_plain",
    "is_plain_softmax",
    "keeping_is_exact",
    "packing_is_exact",
    "varlen_is_exact",
]


@torch.no_grad()
def packing_is_exact(model: torch.nn.Module, vocabulary: int, device: torch.device) -> bool:
    """Whether a packed forward pass gives what separate ones give: true of models whose attention is a plain softmax.

    Attention sinks (gpt-oss) and capped scores (Gemma 2) are told by the architecture itself: it says that torch's fused
    kernel cannot compute it, and what that kernel leaves out is left out here, packed or not. A mask that is ignored
    shifts the logits by the order of their own spread; rounding stays two orders below it in float32 and one in bfloat16.
    """
    if not is_plain_softmax(model):
        return False
    generator = torch.Generator().manual_seed(0)
    shared = torch.randint(vocabulary, (12,), generator=generator).tolist()
    rows = [shared + torch.randint(vocabulary, (size,), generator=generator).tolist() for size in (3, 9, 6)]
    return _is_exact(model, rows, pack([TokenTree.line(row) for row in rows]).to(device), device)


@torch.no_grad()
def keeping_is_exact(model: Any, vocabulary: int, device: torch.device) -> bool:
    """Whether rows may go on from keys and values that are kept, and give what whole forward passes give.

    Of a model that `packing_is_exact` holds for: what its layers carry from token to token besides keys and values would be lost.
    """
    generator = torch.Generator().manual_seed(0)
    shared = torch.randint(vocabulary, (16,), generator=generator).tolist()
    rows = [shared + torch.randint(vocabulary, (size,), generator=generator).tolist() for size in (3, 9, 6)]
    try:
        kept = keep(model, shared[8:], keep(model, shared[:8]))
        packed = pack([TokenTree.line(row) for row in rows], kept=len(kept)).to(device)
        return _is_exact(model, rows, packed, device, kept.begin())
    except (TypeError, RuntimeError, ValueError, IndexError, AssertionError):
        return False  # an architecture that hands no keywords on to its attention


@torch.no_grad()
def continuing_is_exact(model: Any, vocabulary: int, device: torch.device) -> bool:
    """Whether answers may be written in `slots`, token by token, and each step gives what a whole forward pass gives.

    Of a model that `keeping_is_exact` holds for. One with a sliding window is asked the plain way.
    """
    if getattr(model.config.get_text_config(), "sliding_window", None) is not None:
        return False
    generator = torch.Generator().manual_seed(0)
    rows = [torch.randint(vocabulary, (size,), generator=generator).tolist() for size in (19, 28, 24)]
    rows = [rows[0][:16] + row[16:] for row in rows]
    told: list[tuple[int, int, torch.Tensor]] = []

    def follow(logits: torch.Tensor, places: Sequence[int], steps: Sequence[int]) -> torch.Tensor:
        told.extend(zip(places, steps, logits.float(), strict=True))
        return torch.tensor([rows[place][16 + step] for place, step in zip(places, steps, strict=True)], device=device)

    try:
        for behind in (KeptKeys(), keep(model, rows[0][:8])):
            batch = Batch(model, [Written([]) for _ in rows], 3, 64, lambda _ids: False, follow)
            batch.run([0, 1, 2], [tuple(row[:16]) for row in rows], behind)
    except (TypeError, RuntimeError, ValueError, IndexError, AssertionError):
        return False
    return all(_is_near(logits, model, rows[place][: 16 + step], device) for place, step, logits in told)


@torch.no_grad()
def varlen_is_exact(model: Any, vocabulary: int, device: torch.device) -> bool:
    """Whether rows may be laid end to end for torch's varlen kernel, and give what separate forward passes give.

    Of a model that `packing_is_exact` holds for: with a prefix, and without.
    """
    if not has_varlen_kernel(model):
        return False
    generator = torch.Generator().manual_seed(0)
    rows = [torch.randint(vocabulary, (size,), generator=generator).tolist() for size in (15, 21, 18)]
    shared = [rows[0][:12] + row[12:] for row in rows]
    return all(_is_exact(model, each, line_up(each).to(device), device) for each in (rows, shared))


def _is_exact(
    model: Any, rows: list[list[int]], packed: Packed | Lines, device: torch.device, kept: KeptKeys | None = None
) -> bool:
    ends = [packed.place(row, len(ids) - 1) for row, ids in enumerate(rows)]
    try:
        together = run_packed(model, packed, torch.tensor(ends, device=device), kept).float()
    except (TypeError, RuntimeError, ValueError, IndexError):
        return False  # an architecture that takes no logits_to_keep, or hands no keywords on to its attention
    return all(_is_near(together[row], model, ids, device) for row, ids in enumerate(rows))


def _is_near(logits: torch.Tensor, model: Any, ids: list[int], device: torch.device) -> bool:
    alone = model(input_ids=torch.tensor([ids], device=device), use_cache=False).logits[0, -1].float()
    return not bool((logits - alone).abs().mean() > 0.1 * alone.std())


def is_plain_softmax(model: torch.nn.Module) -> bool:
    """Whether the architecture says that its attention is a softmax of products, and nothing beside it."""
    return bool(getattr(model, "_supports_sdpa", False)) and not caps_scores(model.config)


def caps_scores(config: Any) -> bool:
    """Whether an architecture caps its attention scores, which no attention but its own ("eager") computes.

    transformers below 5 says of Gemma 2 that torch's fused kernel can stand in for it, and leaves the cap out there.
    """
    return getattr(config.get_text_config(), "attn_logit_softcapping", None) is not None


@torch.no_grad()
def head_is_plain(model: Any, device: torch.device) -> bool:
    """Whether logits are the head applied to the last hidden states, with no scale or cap before or behind it.

    A cap (Gemma) hardly moves small numbers, and a model's own logits may all be small. So the head is made to say numbers
    from -1000 to 1000: they come out of a plain model as they are, and what went in is the last hidden states.
    """
    packed = pack([TokenTree.line([0, 1, 2, 3])]).to(device)
    places = torch.tensor([3], device=device)
    read: list[torch.Tensor] = []
    said: list[torch.Tensor] = []

    def speak(_head: Any, given: tuple[torch.Tensor, ...], logits: torch.Tensor) -> torch.Tensor:
        read.append(given[0])
        said.append(torch.linspace(-1000, 1000, logits.shape[-1], device=device).to(logits.dtype).expand_as(logits))
        return said[0]

    try:
        with model.get_output_embeddings().register_forward_hook(speak):
            logits = run_packed(model, packed, places)
        states = hidden_states(model, packed, places)
    except (AttributeError, TypeError, RuntimeError, ValueError, IndexError):
        return False
    if len(said) != 1 or not torch.equal(logits.float(), said[0][0].float()):
        return False
    return read[0].shape == states[None].shape and torch.allclose(read[0][0], states, rtol=1e-3)
