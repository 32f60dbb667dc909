"""Toxicity: the filter, and the detectors that it, the safety scorers and the attack on our own filters can use."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from seatrial import Component, FilterComponent, Rule, Use, hookimpl
from seatrial.data.filters import Filter, RowFilter
from seatrial.errors import UsageError
from seatrial.model import Detector, Encoder
from seatrial_plugins.toxicity.identity_tally import METRICS

__all__ = ["RULES", "detoxify", "minilm_toxicity", "seatrial_detectors", "seatrial_filters", "toxicity"]

DetoxifyModel = Literal["original", "unbiased", "multilingual", "original-small", "unbiased-small"]
"""The models that Detoxify publishes."""

RULES = (
    Rule(
        "toxicity", "The detector finds a turn toxic: rude, disrespectful or likely to make people leave.", version="2"
    ),
    Rule("severe_toxicity", "The detector finds a turn very hateful or aggressive.", version="2"),
    Rule("obscene", "The detector finds a turn obscene.", version="2"),
    Rule("threat", "The detector finds that a turn threatens somebody.", version="2"),
    Rule("insult", "The detector finds that a turn insults somebody.", version="2"),
    Rule("identity_attack", "The detector finds that a turn attacks people for who they are.", version="2"),
    Rule("sexual_explicit", "The detector finds a turn sexually explicit.", version="2"),
    Rule(
        "other",
        "The detector gives a label of its own a probability over the threshold; the finding names it.",
        version="2",
    ),
    Rule(
        "unread",
        "The detector cannot read a turn (another script, emoji alone), so whether it is toxic is not known.",
        "flag",
    ),
)
"""Detoxify's labels, one rule for the labels of other detectors, and one for what no detector has read."""


def toxicity(
    *,
    detector: Detector,
    threshold: float | dict[str, float] = 0.5,
    labels: list[str] | None = None,
    identity_terms: dict[str, list[str]] | None = None,
    identity_list: Literal["extend", "replace"] = "extend",
    identity_least: int = 20,
) -> RowFilter:
    """Finds turns that a detector gives a high probability of toxicity; tells how often it finds those that name a group.

    Args:
        detector: the detector's name; `minilm-toxicity` is embedded and weak.
        threshold: the probability, over 0 and at most 1, from which on a label is a finding, or one for each label that
            counts, `{toxicity: 0.8, threat: 0.3}`. 0.5 is convention: Detoxify ships no threshold.
        labels: the detector's labels that count; all of them where nothing is said.
        identity_terms: words that name groups of people, by axis, `{caste: [dalit|scheduled caste, brahmin]}`; spellings
            of one term stand between `|`. Plurals are found, too, by the rules of English.
        identity_list: whether these extend seatrial's list or replace it, with the phrases in which its words name nobody
            (black coffee); replaced by `{}`, nothing is tallied.
        identity_least: rows naming a term, and rows naming none, below which rates are not compared.
    """
    from seatrial_plugins.toxicity.identity_tally import IdentityTally
    from seatrial_plugins.toxicity.identity_terms import IDENTITY_TERMS, OURS, PHRASES
    from seatrial_plugins.toxicity.term_finder import TermFinder, extended
    from seatrial_plugins.toxicity.toxicity_filter import ToxicityFilter

    if identity_list == "replace" and identity_terms is None:
        raise UsageError(
            "toxicity: identity_list: replace, but identity_terms names nothing; give terms, or {} for none"
        )
    own = identity_terms or {}
    finder = TermFinder(own, ()) if identity_list == "replace" else TermFinder(extended(IDENTITY_TERMS, own), PHRASES)
    whose = "the suite" if identity_list == "replace" else OURS + (", extended by the suite" if own else "")
    tally = IdentityTally(finder, terms_of=whose, least=identity_least)
    return ToxicityFilter(detector, threshold=threshold, labels=labels, tally=tally)


def detoxify(
    *,
    model: DetoxifyModel = "original",
    checkpoint: str | None = None,
    sha256: str | None = None,
    config: str | None = None,
    device: str = "auto",
    batch_tokens: int | None = None,
) -> Detector:
    """Detoxify: transformers fine-tuned on the Jigsaw challenges, or a checkpoint of one's own in its format.

    Args:
        model: a published model; its weights are downloaded once, never when offline, and held against the hash that
            its release pins.
        checkpoint: a local checkpoint instead of `model`; read without executing pickles, and without a network.
        sha256: the local checkpoint's hash; another file is refused.
        config: a local folder with the architecture's config.json and tokenizer, where it doesn't lie beside the
            checkpoint.
        device: `auto` (a GPU where there is one), `cpu`, `cuda`, …
        batch_tokens: tokens of a forward pass, padding included; 65,536 on a GPU and 2,048 elsewhere where unset.
    """
    from seatrial_plugins.toxicity.detoxify_detector import DetoxifyDetector
    from seatrial_plugins.toxicity.detoxify_weights import local_weights, published_weights

    if sha256 is not None and checkpoint is None:
        raise UsageError(
            "detoxify: sha256 is a local checkpoint's; published models are held against their release's own"
        )
    weights = local_weights(checkpoint, config, sha256) if checkpoint else published_weights(model, config)
    return DetoxifyDetector(weights, device=device, batch_tokens=batch_tokens)


def minilm_toxicity(*, encoder: Encoder, head: str | None = None) -> Detector:
    """A linear head over the embedded encoder: quick, needs no download, and weak.

    Args:
        encoder: the encoder's name; it must be the one that the head was trained on.
        head: a head of one's own (safetensors), as written by `python -m seatrial_plugins.toxicity.train_head`.
    """
    from pathlib import Path

    from seatrial_plugins.toxicity.linear_head import EMBEDDED, LinearHead
    from seatrial_plugins.toxicity.minilm_detector import MiniLMDetector

    return MiniLMDetector(encoder, LinearHead.load(Path(head) if head else EMBEDDED))


@hookimpl
def seatrial_filters() -> Iterable[FilterComponent[Filter]]:
    """The filter."""
    yield FilterComponent(
        "toxicity",
        toxicity,
        "Drops rows with a turn that a detector finds toxic.",
        uses={"detector": Use("detector", default="minilm-toxicity")},
        rules=RULES,
        metrics=METRICS,
        version="3",
        looks_for="toxic rows",
    )


@hookimpl
def seatrial_detectors() -> Iterable[Component[Detector]]:
    """Detoxify, and the embedded detector."""
    yield Component(
        "detoxify",
        detoxify,
        "Detoxify's published models (downloaded), or a local checkpoint.",
        libraries=("detoxify", "torch", "transformers", "tokenizers"),
        imports={"torch": "seatrial[data]", "transformers": "seatrial[data]"},
    )
    yield Component(
        "minilm-toxicity",
        minilm_toxicity,
        "Weak: a linear head over the embedded encoder, trained on tweets; needs no download.",
        uses={"encoder": Use("encoder", default="minilm")},
        version="2",  # sentences are judged by themselves, too
        libraries=("safetensors",),
    )
