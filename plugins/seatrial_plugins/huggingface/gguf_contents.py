"""What of a GGUF file transformers leaves aside without a word: a model that lacks it is another one than the file's."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from seatrial.errors import SourceError

__all__ = ["refuse_unread"]

_ALTERS = re.compile(
    r"rope\.scaling\.(type|factor|attn_factor)|(.+[._])?(scale|softcapping)|attention\.(sliding_window|key_length|value_length)"
    r"|expert_count"
)
"""Settings that change what a model says, where they are not neutral."""

_NEUTRAL = (None, "", "none", False, 0)

_READ_APART = ("gpt-oss", "gpt_oss")
"""Architectures whose scaling of positions transformers reads beside its table of settings."""

_SAYS = {
    "attention.key_length": ("head_dim",),
    "attention.sliding_window": ("sliding_window",),
    "attn_logit_softcapping": ("attn_logit_softcapping",),
    "expert_count": ("num_local_experts", "num_experts"),
    "final_logit_softcapping": ("final_logit_softcapping",),
}
"""Setting → what transformers calls it: a config may say the same by default, as Gemma 2's does."""

_NAMED = 4


def refuse_unread(reader: Any, config: Any, network: Any, read: Collection[str], address: str) -> None:
    """Refuse a file with tensors or settings that the model made of it does not have.

    Such are the factors of Llama 3's positions (`rope_freqs.weight`), a scaling of positions, and biases that an architecture
    has not.

    Args:
        reader: gguf's, of the file.
        config: of the model that transformers makes of it.
        network: that model.
        read: the names of the file's tensors that have a place in it.
        address: the suite's, for errors.

    Raises:
        SourceError: which they are.
    """
    numbers = sum(parameter.numel() for parameter in {*network.parameters()})
    tensors = {tensor.name: int(tensor.n_elements) for tensor in reader.tensors}
    # Some architectures have their experts' tensors renamed as they are read: where all numbers found a place, all were read.
    unread = sorted(tensors.keys() - {*read}) if sum(tensors.values()) > numbers else []
    if unread := unread or sorted(_settings(reader.fields, config)):
        more = f" and {len(unread) - _NAMED} more" if len(unread) > _NAMED else ""
        raise SourceError(
            f"{address}: transformers does not read {', '.join(unread[:_NAMED])}{more} of this GGUF, so that it would be another "
            "model; name a folder with its safetensors"
        )


def _settings(fields: Mapping[str, Any], config: Any) -> Iterator[str]:
    """The settings of the file that would change the model, and that transformers has no place for."""
    from transformers import modeling_gguf_pytorch_utils as reading

    architecture = str(fields["general.architecture"].contents())
    known = {_plain(name): table for name, table in reading.GGUF_CONFIG_MAPPING.items()}.get(_plain(architecture), {})
    for key, field in fields.items():
        setting = key.removeprefix(f"{architecture}.")
        if setting == key or setting in known or not _ALTERS.fullmatch(setting):
            continue
        if architecture in _READ_APART and setting.startswith("rope.scaling."):
            continue
        if not _is_neutral(setting, field.contents(), config):
            yield key


def _plain(name: str) -> str:
    return name.replace("-", "").replace("_", "")


def _is_neutral(setting: str, value: Any, config: Any) -> bool:
    """Whether a model that is told so says what one says that is not."""
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    if value in _NEUTRAL or any(getattr(config, name, None) == value for name in _SAYS.get(setting, ())):
        return True
    if setting in {"attention.key_length", "attention.value_length"}:
        return bool(value == size)
    if setting == "attention.sliding_window":
        return bool(value >= config.max_position_embeddings)
    if setting == "attention.scale":
        return math.isclose(value, size**-0.5, rel_tol=1e-4)
    return setting.endswith(("scale", "factor")) and value == 1
