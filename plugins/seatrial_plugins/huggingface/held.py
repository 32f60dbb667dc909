"""A network in memory, and the views on it: with an adapter, with another, or with none."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal, Self

from seatrial.errors import StageError
from seatrial.model import Product
from seatrial_plugins.huggingface.adapter import load_adapter
from seatrial_plugins.huggingface.chat import ChatTokenizer
from seatrial_plugins.huggingface.image_text_model import ImageTextModel
from seatrial_plugins.huggingface.language_model import CausalModel
from seatrial_plugins.huggingface.merging import is_merged, place_module
from seatrial_plugins.huggingface.network import load_network
from seatrial_plugins.huggingface.options import LoadOptions
from seatrial_plugins.huggingface.soft_prompt import Prompted

__all__ = ["Held"]


class Held:
    """One folder's weights, loaded when a view is first asked for, and let go with the last view that uses them."""

    def __init__(self, folder: Path, options: LoadOptions, chat: ChatTokenizer) -> None:
        self.folder = folder
        self.used = 0
        """How many views are open."""
        self._options = options
        self._chat = chat
        self._network: Any = None
        self._packs = False
        self._modules: Sequence[tuple[str, Any]] = ()
        """Every module of the network as it was loaded, by its place; parents before their children."""
        self._adapted: Any = None
        """PEFT's model of the network and the adapter that is on it; None where there is none."""
        self._digest = ""
        """Of that adapter."""

    def __enter__(self) -> Self:
        self.used += 1
        return self

    def __exit__(self, *_: object) -> None:
        self.used -= 1
        if not self.used:
            self._network, self._adapted, self._modules, self._digest = None, None, (), ""

    def model(self, adapter: Product | None) -> CausalModel:
        """A view on the network: with that adapter, or as it is without any, whatever other views have on it.

        Raises:
            SourceError: the weights or the adapter cannot be loaded.
        """
        if self._network is None:
            self._network, self._packs = load_network(self.folder, self._options)
            self._network.requires_grad_(False)  # torch's own signature
            self._modules = list(self._network.named_modules(remove_duplicate=False))[1:]
        on = self._put_on(adapter) if adapter is not None else None
        kind = CausalModel if self._chat.images is None else ImageTextModel
        return kind(
            self._network,
            self._chat,
            batch_tokens=self._options.batch_tokens,
            packs=self._packs,
            adapted=adapter is not None,
            opening=on.prompt.ids if isinstance(on, Prompted) else (),
            use=partial(self._use, adapter),
            merge=partial(self._merged, adapter) if adapter is not None else None,
        )

    @contextlib.contextmanager
    def _use(self, adapter: Product | None) -> Iterator[Any]:
        """The network with that adapter, or with none in use, while the block runs.

        Raises:
            StageError: the view is closed, or another view's adapter is merged into the weights.
        """
        if not self.used:
            raise StageError(f"{self.folder}: the model was closed; open it again")
        if adapter is not None:
            yield self._put_on(adapter)
        elif self._adapted is None:
            yield self._network
        else:
            self._refuse_merged()
            with self._adapted.disable_adapter():
                yield self._network

    def _merged(self, adapter: Product, merge_in: Literal["float32", "own"]) -> contextlib.AbstractContextManager[Any]:
        """The weights and that adapter as one network, beside this one."""
        from seatrial_plugins.huggingface.merged_copy import merged_copy

        return merged_copy(self.folder, adapter.folder, self._options, merge_in)

    def _put_on(self, adapter: Product) -> Any:
        """PEFT's model of the network and that adapter; another one is taken off for it."""
        if self._digest != adapter.digest:
            self._take_off()
            try:
                self._adapted = load_adapter(self._network, adapter.folder)
            except BaseException:
                self._restore()  # PEFT has changed the layers before it finds that an adapter doesn't fit
                raise
            self._network.requires_grad_(False)
            self._digest = adapter.digest
        return self._adapted

    def _take_off(self) -> None:
        if self._adapted is not None:
            self._refuse_merged()
            self._restore()

    def _restore(self) -> None:
        """Put every module back in its place. PEFT's `unload` would leave an adapter's own modules there (modules_to_save)."""
        if isinstance(self._adapted, Prompted):
            self._adapted.prompt.remove()
        for name, module in self._modules:
            place_module(self._network, name, module)
        if hasattr(self._network, "peft_config"):
            del self._network.peft_config
        self._adapted, self._digest = None, ""

    def _refuse_merged(self) -> None:
        if is_merged(self._adapted):
            raise StageError(
                "another adapter is merged into the model's weights, so the model cannot be asked without it; leave "
                "`serving` first"
            )
