"""What a record can have wrong, so that it becomes no row."""

from __future__ import annotations

from seatrial.data.findings import Rule

__all__ = ["RULES", "FormatError"]

RULES = (
    Rule("undecodable", "The reader could not decode the record."),
    Rule("unrecognised", "The record is in no known layout.", version="2"),
    Rule("missing-key", "A key that the format needs is missing.", version="2"),
    Rule("wrong-type", "A key holds another type than the format needs.", version="5"),
    Rule("wrong-role", "A turn's role is none that a model knows.", version="4"),
    Rule("empty", "There is nothing to learn from: no turns, no answer, no label.", version="2"),
    Rule(
        "wrong-answer",
        "The answer names none of the choices, or several, or a choice that the question does not say.",
        version="3",
    ),
    Rule("wrong-image", "An image is missing, damaged, too large, or in no format that is read.", version="2"),
    Rule(
        "wrong-text",
        "A text holds half a character (a lone surrogate), which no file can store; it becomes U+FFFD, except in a label.",
        "repair",
        version="2",
    ),
)
"""What `FormatError.rule` may be."""


class FormatError(ValueError):
    """Why a record is no row: one sentence, with the key that is wrong. It quotes names, never what people wrote."""

    def __init__(self, message: str, *, rule: str) -> None:
        super().__init__(message)
        self.rule = rule
        """One of `RULES`."""
