"""Probes: the ways in which every system can be asked; scorers name them and read the transcripts."""

from __future__ import annotations

from collections.abc import Iterable

from seatrial import ProbeComponent, hookimpl
from seatrial.errors import UsageError
from seatrial.evaluation.probe import Probe

__all__ = ["build_choose", "build_generate", "build_sample", "seatrial_probes"]


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


def build_sample(
    *,
    answers: int = 5,
    temperature: float = 0.8,
    top_p: float = 1.0,
    max_new_tokens: int = 64,
    stop: list[str] | None = None,
) -> Probe:
    """Lets the system answer each row several times.

    Args:
        answers: How many answers a row gets.
        temperature: What logits are divided by before a token is drawn; 0 for one greedy answer.
        top_p: The share of the probability that tokens are drawn from, the likeliest first; 1 for all of it.
        max_new_tokens: Where an answer is cut off.
        stop: Strings that end an answer, beside the end of the turn.
    """
    from seatrial_plugins.probes.sample import Sample

    if answers < 1 or max_new_tokens < 1:
        raise UsageError(f"sample: answers is {answers} and max_new_tokens {max_new_tokens}; give 1 or more of each")
    if not 0 <= temperature < float("inf") or not 0 < top_p <= 1:
        raise UsageError(
            f"sample: temperature is {temperature} and top_p {top_p}; the first is 0 or more, the second above 0 and up to 1"
        )
    if answers > 1 and not temperature:
        raise UsageError(
            f"sample: {answers} answers at temperature 0 would all be the same one; ask for one, or raise the temperature"
        )
    return Sample(answers, temperature, top_p, max_new_tokens, tuple(stop or ()))


@hookimpl
def seatrial_probes() -> Iterable[ProbeComponent[Probe]]:
    """The ways of asking rows."""
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
    yield ProbeComponent(
        "sample",
        build_sample,
        "Several answers in the system's own words, each drawn at a temperature.",
        needs=frozenset({"samples", "generates"}),
        piece=64,
    )
