"""How OLMo's decon weighs what it finds of a question, its answer and its passage (allenai/decon, doc/simple-details.md).

Weights and thresholds are those of decon's default configuration.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Component", "question_threshold", "score", "threshold"]

CONTAMINATED = 0.8
PERFECT_UP_TO = 20
"""Tokens up to which only a perfect match counts …"""
PLAIN_FROM = 50
"""… and from which on the threshold is the plain one; between them it falls evenly."""
INFORMATIVE_GRAMS = 20
"""A question with fewer different 5-grams weighs less, down to half."""
INFORMATIVE_ANSWER = 4
"""The same for an answer's different tokens, where there is a passage as well."""


@dataclass(frozen=True, slots=True)
class Component:
    """A question, an answer or a passage: its size, and how much of it was found."""

    different: int
    """A question's different 5-grams; an answer's different tokens; nothing for a passage."""
    overlap: float
    """IDF-weighted share that was found, in [0, 1]."""


def threshold(tokens: int, plain: float = CONTAMINATED) -> float:
    """What has to be reached by so many tokens in all."""
    if tokens <= PERFECT_UP_TO:
        return 1.0
    if tokens >= PLAIN_FROM:
        return plain
    return 1.0 - (1.0 - plain) * (tokens - PERFECT_UP_TO) / (PLAIN_FROM - PERFECT_UP_TO)


def question_threshold(tokens: int) -> float:
    """What the question alone has to reach, whatever answer and passage may add (0.3 of the score)."""
    return threshold(tokens, (CONTAMINATED - 0.3) / 0.7)


def score(question: Component, answer: Component | None, passage: Component | None) -> float:
    """The weighted overlap of what the item has, in [0, 1]; what a short question weighs less, the others weigh more."""
    sure = min(1.0, 0.5 + 0.5 * question.different / INFORMATIVE_GRAMS)
    if answer is None and passage is None:
        return question.overlap
    if passage is None:
        assert answer is not None
        return question.overlap * 0.75 * sure + answer.overlap * (0.25 + 0.75 * (1 - sure))
    if answer is None:
        return question.overlap * 0.85 * sure + passage.overlap * (0.15 + 0.85 * (1 - sure))
    answer_sure = min(1.0, 0.5 + 0.5 * answer.different / INFORMATIVE_ANSWER)
    answer_weight = 0.2 + 0.7 * (1 - sure) / 2
    passage_weight = 0.1 + 0.7 * (1 - sure) / 2 + answer_weight * (1 - answer_sure)
    return (
        question.overlap * 0.7 * sure + answer.overlap * answer_weight * answer_sure + passage.overlap * passage_weight
    )
