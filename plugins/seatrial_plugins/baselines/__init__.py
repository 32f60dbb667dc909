"""Baselines: cheap classifiers on the same rows, which the tuned model has to beat."""

from __future__ import annotations

from collections.abc import Iterable

from seatrial import Component, Use, hookimpl
from seatrial.model import Baseline, Encoder

__all__ = ["build_encoder_logreg", "build_majority", "build_tfidf_logreg", "seatrial_baselines"]


def build_majority() -> Baseline:
    """The most frequent label of the train rows, whatever is asked."""
    from seatrial_plugins.baselines.majority import Majority

    return Majority()


def build_tfidf_logreg(*, c: float = 10.0) -> Baseline:
    """Logistic regression over TF-IDF weights of words, pairs of words and pieces of words.

    Args:
        c: inverse strength of the L2 penalty.
    """
    from seatrial_plugins.baselines.tfidf_logreg import TfidfLogReg

    return TfidfLogReg(c=c)


def build_encoder_logreg(*, encoder: Encoder, c: float = 30.0) -> Baseline:
    """Logistic regression over sentence vectors.

    Args:
        encoder: the encoder's name.
        c: inverse strength of the L2 penalty.
    """
    from seatrial_plugins.baselines.encoder_logreg import EncoderLogReg

    return EncoderLogReg(encoder, c=c)


@hookimpl
def seatrial_baselines() -> Iterable[Component[Baseline]]:
    """The three classifiers that every classification report shows."""
    yield Component("majority", build_majority, "The most frequent label of the train rows.")
    yield Component(
        "tfidf-logreg",
        build_tfidf_logreg,
        "Logistic regression over TF-IDF of words, word pairs and word pieces.",
        libraries=("scikit-learn",),
        imports={"sklearn": "scikit-learn"},
    )
    yield Component(
        "encoder-logreg",
        build_encoder_logreg,
        "Logistic regression over the embedded encoder's sentence vectors.",
        uses={"encoder": Use("encoder", default="minilm")},
        libraries=("scikit-learn",),
        imports={"sklearn": "scikit-learn"},
    )
