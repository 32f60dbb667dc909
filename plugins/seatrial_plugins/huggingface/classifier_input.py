"""What a sequence classifier reads of a row: the words of its prompt, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from seatrial.rows import Row

__all__ = ["beyond_words", "classifier_ids", "padded"]


def classifier_ids(tokenizer: Any, row: Row) -> list[int]:
    """The prompt's turns, joined by line ends, as tokens. What a text says of control tokens, such as [SEP], is text."""
    ids: list[int] = tokenizer(row.input_text, split_special_tokens=True)["input_ids"]
    return ids


def beyond_words(row: Row) -> str:
    """What a row has that is no words, such as `images and tools`; "" where there is nothing."""
    has = {
        "images": any(turn.images for turn in row.prompt),
        "tool calls": any(turn.calls for turn in row.prompt),
        "tools": bool(row.tools),
    }
    return " and ".join(what for what, there in has.items() if there)


def padded(texts: Sequence[Sequence[int]], padding: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and their mask, [texts, longest], padded on the right."""
    width = max(map(len, texts))
    ids = torch.full((len(texts), width), padding, dtype=torch.long)
    mask = torch.zeros(len(texts), width, dtype=torch.long)
    for place, text in enumerate(texts):
        ids[place, : len(text)] = torch.tensor(text)
        mask[place, : len(text)] = 1
    return ids, mask
