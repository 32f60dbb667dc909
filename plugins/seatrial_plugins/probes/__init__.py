"""Probes: the ways in which every system can be asked; scorers name them and read the transcripts."""

from __future__ import annotations

from collections.abc import Iterable

from seatrial import ProbeComponent, hookimpl
from seatrial.evaluation.probe import Probe

__all__ = ["build_choose", "build_generate", "seatrial_probes"]


def build_choose() -> Probe:
    """Asks how likely each option is: a row's own choices, a preferred answer and the rejected one, or the task's labels; a classifier names one."""
    from seatrial_plugins.probes.choose import Choose

    return Choose()


def build_generate(*, max_new_tokens: int = 64, stop: list[str] | None = None) -> Probe:
    """Lets the system answer in its own words, greedily.

    Args:
        max_new_tokens: Where an answer is cut off.
        stop: Strings that end an answer, beside the end of the turn.
    """
    from seatrial_plugins.probes.generate import Generate

    return Generate(max_new_tokens=max_new_tokens, stop=tuple(stop or ()))


@hookimpl
def seatrial_probes() -> Iterable[ProbeComponent[Probe]]:
    """The two ways of asking rows."""
    yield ProbeComponent(
        "choose",
        build_choose,
        "The log-likelihood of every option; of a classifier, the label that it names.",
        needs=frozenset({"scores", "classifies"}),
        piece=512,  # of 77 short labels, a GPU's batch holds a hundred rows: of 128, a third of the batches stays empty
    )
    yield ProbeComponent(
        "generate",
        build_generate,
        "An answer in the system's own words, decoded greedily.",
        needs=frozenset({"generates"}),
        piece=256,
    )
