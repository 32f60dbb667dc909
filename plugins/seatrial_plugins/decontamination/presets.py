"""Presets: the published rules by name, and what each is built from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from seatrial.errors import UsageError
from seatrial.model import CountsTokens, Encoder
from seatrial_plugins.decontamination import PresetName
from seatrial_plugins.decontamination.characters import Characters
from seatrial_plugins.decontamination.deepseek_math import DeepSeekMath
from seatrial_plugins.decontamination.dolma import Dolma
from seatrial_plugins.decontamination.exact import Exact
from seatrial_plugins.decontamination.gpt3_filter import Gpt3Filter
from seatrial_plugins.decontamination.gpt3_measure import Gpt3Measure
from seatrial_plugins.decontamination.gpt4_substring import Gpt4Substring
from seatrial_plugins.decontamination.held_out import HeldOut
from seatrial_plugins.decontamination.llama2 import Llama2
from seatrial_plugins.decontamination.olmo_decon import OlmoDecon
from seatrial_plugins.decontamination.overlap import Preset
from seatrial_plugins.decontamination.palm import Palm
from seatrial_plugins.decontamination.platypus import Platypus
from seatrial_plugins.decontamination.qwen2_math import Qwen2Math
from seatrial_plugins.decontamination.s1_open_r1 import S1OpenR1
from seatrial_plugins.decontamination.semantic import Judge, Semantic
from seatrial_plugins.decontamination.shared_image import SharedImage
from seatrial_plugins.decontamination.tiktoken_file import TiktokenFile
from seatrial_plugins.decontamination.tokens import Tokens
from seatrial_plugins.decontamination.tulu3 import Tulu3
from seatrial_plugins.decontamination.units import Units
from seatrial_plugins.decontamination.words import Words, lowered, normalised, unpunctuated

__all__ = ["PresetOptions", "build_presets"]


@dataclass(frozen=True, slots=True)
class PresetOptions:
    """What the suite says for all presets."""

    on: Literal["input", "all"]
    template: float
    short: bool
    seed: int
    gpt4_floor: int
    tokenizer: CountsTokens | None
    """The model's, where a preset reads its tokens."""
    tiktoken: str | None
    encoder: Encoder | None
    """Where a preset embeds."""
    semantic_judge: Judge
    semantic_threshold: float | None


def build_presets(names: Sequence[PresetName], held_out: HeldOut, options: PresetOptions) -> list[Preset]:
    """The presets of those names, each once, in that order; units that several need are shared.

    Raises:
        UsageError: a preset needs the tokenizer or the encoder, and there is none.
    """
    on, template, short = options.on, options.template, options.short
    words, plain, lower, characters = Words(normalised), Words(unpunctuated), Words(lowered), Characters()

    @cache
    def tokens() -> Units:
        if options.tokenizer is None:
            raise UsageError("leakage: llama2 and olmo_decon read the model's tokens, and the suite names no model")
        return Tokens(options.tokenizer)

    def decon_tokens() -> Units:
        return TiktokenFile(options.tiktoken) if options.tiktoken else tokens()

    def encoder() -> Encoder:
        if options.encoder is None:
            raise UsageError("leakage: platypus and semantic embed, and no encoder is named; write `encoder: minilm`")
        return options.encoder

    makers: Mapping[PresetName, Callable[[], Preset]] = {
        "exact": lambda: Exact(held_out, words, on),
        "image": lambda: SharedImage(held_out, on),
        "gpt3_filter": lambda: Gpt3Filter(held_out, plain, on, template, short=short),
        "gpt3_measure": lambda: Gpt3Measure(held_out, plain, on, template, short=short),
        "palm": lambda: Palm(held_out, words, on, template, short=short),
        "gpt4_substring": lambda: Gpt4Substring(held_out, characters, on, template, options.seed, options.gpt4_floor),
        "llama2": lambda: Llama2(held_out, tokens(), on, template, short=short),
        "tulu3": lambda: Tulu3(held_out, words, template, short=short),
        "s1_open_r1": lambda: S1OpenR1(held_out, lower, on, template, short=short),
        "deepseek_math": lambda: DeepSeekMath(held_out, words, on, template),
        "qwen2_math": lambda: Qwen2Math(held_out, words, on, template, short=short),
        "dolma": lambda: Dolma(held_out, on, template, short=short),
        "olmo_decon": lambda: OlmoDecon(held_out, decon_tokens(), on, short=short),
        "platypus": lambda: Platypus(held_out, encoder(), on),
        "semantic": lambda: Semantic(held_out, encoder(), on, options.semantic_judge, options.semantic_threshold),
    }
    return [makers[name]() for name in dict.fromkeys(names)]
