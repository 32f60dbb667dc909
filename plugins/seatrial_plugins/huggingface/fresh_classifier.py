"""A language model's network with a fresh head that names labels, to be trained."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from seatrial.errors import UsageError
from seatrial_plugins.huggingface.device import choose_device, choose_dtype
from seatrial_plugins.huggingface.options import LoadOptions
from seatrial_plugins.huggingface.weights import check_shape
from seatrial_plugins.huggingface.whole_load import load_whole
from seatrial_plugins.huggingface.wide_head import HEAD

__all__ = ["fresh_classifier"]


def fresh_classifier(folder: Path, options: LoadOptions, labels: Sequence[str], padding: int) -> Any:
    """The folder's weights on their device, without their own head and with one that finds all labels equally likely.

    Args:
        folder: Of a language model.
        options: Of its loader.
        labels: The names of the head's outputs, in order.
        padding: The token that a text is padded with, where the model's config names none.

    Raises:
        SourceError: the files are damaged, or transformers knows no sequence classifier of this architecture.
        UsageError: its head is none that is known here.
    """
    from transformers import AutoModelForSequenceClassification

    check_shape(folder, AutoModelForSequenceClassification)
    device = choose_device(options.device)
    network = load_whole(
        AutoModelForSequenceClassification,
        str(folder),
        unused=HEAD,
        pretrained_model_name_or_path=str(folder),
        dtype=choose_dtype(options.dtype, device),
        local_files_only=True,
        trust_remote_code=False,
        use_safetensors=True,
        id2label=dict(enumerate(labels)),
        label2id={name: number for number, name in enumerate(labels)},
        **({} if options.attention == "auto" else {"attn_implementation": options.attention}),
    )
    head = getattr(network, HEAD, None)
    if not isinstance(head, torch.nn.Linear) or len(head.weight) != len(labels):
        raise UsageError(
            f"train.method: classifier trains the head `{HEAD}` behind a decoder, and {type(network).__name__} has none; take lora"
        )
    if network.config.pad_token_id is None:
        network.config.pad_token_id = padding
    torch.nn.init.zeros_(head.weight)
    return network.to(device).eval()
