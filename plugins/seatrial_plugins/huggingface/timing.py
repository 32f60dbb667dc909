"""The decode loop that is timed: our own, so that what stands between two clock readings is known."""

from __future__ import annotations

import contextlib
import inspect
import itertools
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from seatrial.errors import StageError
from seatrial.model import Timing

__all__ = ["time_request"]


def time_request(
    model: torch.nn.Module,
    *,
    vocab_size: int,
    batch: int,
    prompt_tokens: int,
    new_tokens: int,
    seed: int,
    opening: Sequence[int] = (),
) -> Timing:
    """Decode exactly `new_tokens` greedily from random prompts, with a key-value cache, and read the clock at each.

    Prompts are int64 token ids of shape [batch, prompt_tokens], drawn with `seed`, without the special tokens that the
    model's configuration names; they are on the device before the clock starts. The end of turn is ignored. On a GPU the
    device is synchronised before the clock is read. The first token's time includes reading the prompt, and `opening`, which
    stands before it and is no part of its length.

    Raises:
        StageError: the model has fewer positions than tokens are asked for, or keeps no key-value cache.
    """
    _check_length(model, len(opening) + prompt_tokens + new_tokens)
    devices = _cuda_devices(model)
    ids = _random_prompts(model, vocab_size, (batch, prompt_tokens), seed)
    ids = torch.cat([torch.tensor(opening, dtype=ids.dtype, device=ids.device).expand(batch, -1), ids], dim=1)
    extra: dict[str, Any] = {"logits_to_keep": 1} if _keeps_logits(model) else {}
    ticks: list[float] = []
    with torch.inference_mode(), _evaluating(model), _memory(devices) as memory:
        _synchronize(devices, ids)
        start = time.perf_counter()
        cache, token = None, ids
        for _ in range(new_tokens):
            output = model(input_ids=token, past_key_values=cache, use_cache=True, **extra)
            cache, token = output.past_key_values, output.logits[:, -1:].argmax(dim=-1)
            _synchronize(devices, token)
            ticks.append(time.perf_counter())
            if len(ticks) == 1:
                if cache is None:
                    raise StageError(f"latency: {type(model).__name__} returns no key-value cache, so it is not timed.")
                memory.look()
        memory.look()
    gaps = tuple((after - before) * 1e3 for before, after in itertools.pairwise(ticks))
    return Timing(ttft_ms=(ticks[0] - start) * 1e3, gaps_ms=gaps, peak_bytes=memory.peak)


def _random_prompts(model: torch.nn.Module, vocab_size: int, shape: tuple[int, int], seed: int) -> torch.Tensor:
    """Token ids on the device of the model's input embeddings."""
    ordinary = torch.ones(vocab_size, dtype=torch.bool)
    ordinary[[token for token in _special_tokens(model) if 0 <= token < vocab_size]] = False
    allowed = ordinary.nonzero().squeeze(-1) if ordinary.any() else torch.arange(vocab_size)
    drawn = torch.randint(len(allowed), shape, generator=torch.Generator().manual_seed(seed))
    inner: Any = model
    embeddings = inner.get_input_embeddings() if hasattr(model, "get_input_embeddings") else model
    return allowed[drawn].to(next(embeddings.parameters()).device)


def _special_tokens(model: torch.nn.Module) -> set[int]:
    """The ids that the configuration calls start, end or padding."""
    special: set[int] = set()
    for settings in (getattr(model, "config", None), getattr(model, "generation_config", None)):
        for name in ("bos_token_id", "eos_token_id", "pad_token_id", "decoder_start_token_id"):
            named = getattr(settings, name, None)
            special.update(named if isinstance(named, (list, tuple)) else () if named is None else (named,))
    return special


def _check_length(model: torch.nn.Module, tokens: int) -> None:
    positions = getattr(getattr(model, "config", None), "max_position_embeddings", None)
    if isinstance(positions, int) and tokens > positions:
        raise StageError(
            f"latency: {tokens} tokens (prompt and new) are more than the model's {positions} positions: "
            "lower `prompt` or `new`."
        )


def _keeps_logits(model: torch.nn.Module) -> bool:
    """Whether the model can leave out the logits of all but the last token, as `generate` has it do.

    A PEFT model hides the signature behind `**kwargs`; its base model shows it.
    """
    inner: Any = model
    inner = inner.get_base_model() if hasattr(model, "get_base_model") else model
    return "logits_to_keep" in inspect.signature(inner.forward).parameters


def _cuda_devices(model: torch.nn.Module) -> tuple[torch.device, ...]:
    """The GPUs that hold parameters, each once; a large model may be spread over several."""
    return tuple(dict.fromkeys(p.device for p in model.parameters() if p.device.type == "cuda"))


def _synchronize(devices: tuple[torch.device, ...], tensor: torch.Tensor) -> None:
    """Wait until what was asked of the devices is done."""
    for device in devices:
        torch.cuda.synchronize(device)
    if tensor.device.type == "mps":
        torch.mps.synchronize()


@contextlib.contextmanager
def _evaluating(model: torch.nn.Module) -> Iterator[None]:
    """No dropout while the block runs."""
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)


@contextlib.contextmanager
def _memory(devices: tuple[torch.device, ...]) -> Iterator[_GpuMemory | _ProcessMemory]:
    for device in devices:
        torch.cuda.reset_peak_memory_stats(device)
    yield _GpuMemory(devices) if devices else _ProcessMemory(high_before=_process_memory()[1])


@dataclass(slots=True)
class _GpuMemory:
    """The allocator's peak since it was reset, summed over the GPUs."""

    devices: tuple[torch.device, ...]
    peak: int = 0

    def look(self) -> None:
        self.peak = sum(torch.cuda.max_memory_allocated(device) for device in self.devices)


@dataclass(slots=True)
class _ProcessMemory:
    """The process's resident memory: the kernel's high-water mark where this request raised it, else what was seen.

    The mark could be reset on Linux (`/proc/self/clear_refs`), but then the run's own peak would be lost with it.
    """

    high_before: int
    peak: int = 0

    def look(self) -> None:
        resident, high = _process_memory()
        self.peak = max(self.peak, high if high > self.high_before else resident)


def _process_memory() -> tuple[int, int]:
    """Resident bytes now, and their high-water mark; where only the mark is known (macOS) it stands for both."""
    status = Path("/proc/self/status")
    if status.exists():
        lines = (line.split() for line in status.read_text(encoding="utf-8").splitlines())
        kilobytes = {fields[0]: int(fields[1]) for fields in lines if fields and fields[0] in {"VmRSS:", "VmHWM:"}}
        return kilobytes["VmRSS:"] * 1024, kilobytes["VmHWM:"] * 1024
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    high = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return high, high
