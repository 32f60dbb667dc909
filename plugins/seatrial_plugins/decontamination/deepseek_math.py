"""DeepSeekMath's rule: any shared 10-gram; held-out texts of 3 to 9 words are matched as a whole (arXiv 2402.03300, 2.1).

"As a whole" is read as in the paper, where web pages are searched for benchmark texts: all of the held-out text's words
stand in the train row, one after the other. Texts of one or two words are too short for the rule. The paper does not
say what a gram is: here it is a normalised word.
"""

from __future__ import annotations

from seatrial_plugins.decontamination.any_ngram import AnyNgram
from seatrial_plugins.decontamination.held_out import HeldOut
from seatrial_plugins.decontamination.texts import Side
from seatrial_plugins.decontamination.units import Units

__all__ = ["DeepSeekMath"]

N = 10


class DeepSeekMath(AnyNgram):
    """Looks each train row's 10-grams up among the held-out ones, and the short texts in each train row."""

    name = "deepseek_math"

    def __init__(self, held_out: HeldOut, words: Units, on: Side, template: float) -> None:
        super().__init__(held_out, words, on, N, template, short=True)
