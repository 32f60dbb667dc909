"""Tokenizer files: what turns text into token ids, read from a folder and from nowhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from seatrial.errors import SourceError
from seatrial.terminal.legible import one_line
from seatrial_plugins.huggingface.folder_files import check_folder
from seatrial_plugins.huggingface.text_growth import check_growth

__all__ = ["read_tokenizer"]


def read_tokenizer(folder: Path) -> Any:
    """The transformers tokenizer of a folder, the fast one where there are two. No code of the folder is run.

    Raises:
        SourceError: there is none that transformers can load, or it knows no token but its special ones, to which
            transformers falls back where the vocabulary is missing.
    """
    from transformers import AutoTokenizer

    check_folder(folder)
    check_growth(folder)
    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False)
    except Exception as error:  # transformers and tokenizers have no error in common
        raise SourceError(
            f"{folder}: there is no tokenizer that transformers can load; add the model's tokenizer.json and "
            f"tokenizer_config.json ({type(error).__name__}: {one_line(str(error), 120)})"
        ) from error
    if len(tokenizer) <= len(set(tokenizer.all_special_tokens)):
        raise SourceError(
            f"{folder}: its tokenizer has no vocabulary, so that every text would read alike; add the model's tokenizer.json"
        )
    if getattr(getattr(getattr(tokenizer, "backend_tokenizer", None), "model", None), "dropout", None):
        tokenizer.backend_tokenizer.model.dropout = None  # of BPE in training: words would be cut otherwise each time
    return tokenizer
