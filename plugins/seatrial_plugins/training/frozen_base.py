"""The frozen base of a search's trials: loaded once, with what adapters begin as, and whether they can be told apart on it."""

from __future__ import annotations

import math
import warnings
from dataclasses import replace
from typing import Any

import torch

from seatrial.errors import UsageError
from seatrial_plugins.huggingface.runtime import Example, TrainableNetwork
from seatrial_plugins.training.forms import Forms, forms_of
from seatrial_plugins.training.laid_out import LaidOut, lay_out, losses_of
from seatrial_plugins.training.lora_tuning import LoraTuning
from seatrial_plugins.training.memory import expand_segments
from seatrial_plugins.training.method import Lora
from seatrial_plugins.training.stacked_adapters import Adapter, StackedAdapters, UnevenError

__all__ = ["FrozenBase"]

_ROUTES = ("num_experts", "num_local_experts", "n_routed_experts")


class FrozenBase:
    """A network that nothing trains, for adapters to stand beside."""

    def __init__(self, model: TrainableNetwork) -> None:
        network, packs = model.load()
        self._sees = model.chat.images is not None
        self.network: Any = network.requires_grad_(False)  # torch's own signature
        self.device: torch.device = next(network.parameters()).device
        self.forms = forms_of(network) if packs else Forms(varlen=False, plain_head=False)
        self._fitting: dict[str, bool] = {}
        self._begun: dict[tuple[int, str, int], Adapter] = {}
        """Rank, layers and seed → where a training begins: to put adapters onto a network takes PEFT most of a second."""
        if self.device.type == "cuda":
            expand_segments()

    def losses(self, laid: LaidOut) -> torch.Tensor:
        """-ln p of each supervised token of a pass, float32."""
        return losses_of(self.network, laid, self.device, plain_head=self.forms.plain_head)

    def takes(self, method: Any) -> bool:
        """Plain LoRA on plain linear layers, with nothing recomputed, compiled or in float8."""
        if type(method) is not Lora:
            return False
        if self._sees:  # pictures are laid out by a training that is alone
            return False
        if method.early_stopping is not None or method.overfit is not None:  # steps that hang on evaluations
            return False
        if method.dora or method.fp8 or method.init != "zero" or method.gradient_checkpointing or method.compile:
            return False
        if any(getattr(self.network.config.get_text_config(), name, None) for name in _ROUTES):
            return False
        key = str(method.target_modules)
        if key not in self._fitting:
            try:
                self._fitting[key] = self._tells_apart(self.fresh(replace(method, r=1), 0))
            except (UsageError, UnevenError):
                self._fitting[key] = False
        return self._fitting[key]

    @torch.no_grad()
    def _tells_apart(self, adapter: Adapter) -> bool:
        """Whether two adapters beside each other say of a row each what each says alone: by running a few tokens."""
        draw, words = torch.Generator().manual_seed(0), self.network.config.get_text_config().vocab_size
        pair, rows = [], []
        for place in range(2):
            moved = {name: (a, torch.randn(b.shape, generator=draw)) for name, (a, b) in adapter.matrices.items()}
            pair.append(Adapter(moved, 0.1, 0.0))
            ids = tuple(torch.randint(words, (6 + place,), generator=draw).tolist())
            rows.append(Example(str(place), ids, tuple(range(1, len(ids)))))
        self.network.eval()
        found = []
        for places in ([0, 1], [0], [1]):
            stack = StackedAdapters(self.network, [pair[place] for place in places])
            with stack.beside():
                laid = lay_out([[rows[place]] for place in places], lines=self.forms.varlen)
                stack.set(laid.tokens, trains=False)
                found.append(self.losses(laid))
        together, alone = found[0], torch.cat(found[1:])
        near = 1e-3 if next(self.network.parameters()).dtype == torch.float32 else 0.1
        return bool(torch.isfinite(together).all()) and torch.allclose(together, alone, rtol=near, atol=near)

    def fresh(self, method: Lora, seed: int) -> Adapter:
        """An adapter as a training that is alone begins with it: the same code draws the same numbers."""
        from transformers import set_seed

        key = (method.r, str(method.target_modules), seed)
        if key not in self._begun:
            set_seed(seed)
            self._begun[key] = self._attached(method)
        scale = method.alpha / (math.sqrt(method.r) if method.rslora else method.r)
        return replace(self._begun[key], scaling=scale, dropout=method.dropout)

    def _attached(self, method: Lora) -> Adapter:
        """Put the adapter onto the network, take its numbers, and take it off again.

        Raises:
            UsageError: the network has no modules of the names that the options give.
            UnevenError: an adapter stands on something else than a linear layer, or on the head.
        """
        from peft.tuners.lora import Linear
        from peft.tuners.lora.layer import LoraLayer

        head = self.network.get_output_embeddings()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that the network has had an adapter before
            adapted = LoraTuning(method).put_on(self.network)
            try:
                (name,) = adapted.peft_config
                found = {
                    of.removeprefix("base_model.model."): one
                    for of, one in adapted.named_modules()
                    if isinstance(one, LoraLayer)
                }
                layers = found.values()
                bases = [one.get_base_layer() for one in layers if type(one) is Linear]
                if len(bases) < len(found) or any(type(one) is not torch.nn.Linear or one is head for one in bases):
                    raise UnevenError
                matrices = {of: (_kept(one.lora_A[name]), _kept(one.lora_B[name])) for of, one in found.items()}
            finally:
                adapted.unload()
        return Adapter(matrices, 1.0, 0.0)


def _kept(matrix: Any) -> torch.Tensor:
    return matrix.weight.detach().float().to("cpu", copy=True)
