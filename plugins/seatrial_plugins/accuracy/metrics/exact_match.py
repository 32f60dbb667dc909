"""Exact match: is the answer the expected one, letter for letter?"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Callable, Mapping, Sequence

from seatrial_plugins.accuracy.metrics.text_metric import Judge, TextMetric

__all__ = ["ExactMatch"]


class ExactMatch(TextMetric):
    """The share of answers that equal a reference, as `exact_match` of `evaluate` has it: nothing is left aside unasked.

    Two things are not as there. Texts that Unicode calls equivalent (é as one character or as two) are equal; and a step
    that would leave nothing of a text is left out for that text, so that nothing equals `...` by its punctuation.
    """

    description = "Share of answers equal to a reference."
    source = "evaluate-metric/exact_match"

    def judge(
        self,
        *,
        regexes_to_ignore: Sequence[str] | None = None,
        ignore_case: bool = False,
        ignore_punctuation: bool = False,
        ignore_numbers: bool = False,
    ) -> Judge:
        """What is ignored, in this order: matches of patterns, case, ASCII punctuation, the digits 0 to 9."""
        steps: list[Callable[[str], str]] = [_without(re.compile(pattern)) for pattern in regexes_to_ignore or ()]
        if ignore_case:
            steps.append(str.lower)
        for ignored, characters in ((ignore_punctuation, string.punctuation), (ignore_numbers, string.digits)):
            if ignored:
                steps.append(_without(re.compile(f"[{re.escape(characters)}]")))

        def judged(said: str, expected: Sequence[str]) -> Mapping[str, float]:
            answer = _reduced(said, steps)
            return {"exact_match": float(any(answer == _reduced(one, steps) for one in expected))}

        return judged


def _without(pattern: re.Pattern[str]) -> Callable[[str], str]:
    return lambda text: pattern.sub("", text)


def _reduced(text: str, steps: Sequence[Callable[[str], str]]) -> str:
    text = unicodedata.normalize("NFC", text)
    for step in steps:
        left = step(text)
        text = left if left.strip() else text
    return text
