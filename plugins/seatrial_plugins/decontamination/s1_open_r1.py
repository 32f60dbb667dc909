"""The rule of s1 (arXiv 2501.19393) and Open R1 (scripts/decontaminate.py): any shared 8-gram.

Lower case, white space collapsed, punctuation kept: `cat,` and `cat` are two words. Questions are compared with
questions (`on: input`).
"""

from __future__ import annotations

from seatrial_plugins.decontamination.any_ngram import AnyNgram
from seatrial_plugins.decontamination.held_out import HeldOut
from seatrial_plugins.decontamination.texts import Side
from seatrial_plugins.decontamination.units import Units

__all__ = ["S1OpenR1"]

N = 8


class S1OpenR1(AnyNgram):
    """Looks each train row's 8-grams up among the held-out ones."""

    name = "s1_open_r1"

    def __init__(self, held_out: HeldOut, lowered: Units, on: Side, template: float, *, short: bool = False) -> None:
        super().__init__(held_out, lowered, on, N, template, short=short)
