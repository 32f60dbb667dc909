"""Robustness: what is left of a model's accuracy when somebody mistypes on purpose."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from seatrial import Metric, Probe, ProbeComponent, Scorer, ScorerComponent, hookimpl
from seatrial.errors import UsageError

__all__ = ["Recipe", "attack", "attack_metrics", "attack_probe", "seatrial_probes", "seatrial_scorers"]

Recipe = Literal["deepwordbug", "pruthi2019"]
"""The attacks of TextAttack that need no download and count flipped labels."""


_UNMEASURED = "no changed text was tried: no word could be changed, or ranking the words spent the budget"


def attack_metrics(*, recipe: Recipe = "deepwordbug", budget: int = 200) -> tuple[Metric, ...]:
    """The metrics of `attack`, each naming the attack that it was measured with."""
    _check(budget)
    return (
        Metric(
            name="robust_accuracy",
            column="robust_correct",
            kind="proportion",
            better="higher",
            summary=f"Rows still answered correctly after {recipe} with {budget} queries a row, (C - S)/N with C right "
            "when clean and S of them flipped: an empirical upper bound on robustness, for another attack or a larger "
            "budget may flip more. Rows on which no changed text was tried are left out.",
            unmeasured=_UNMEASURED,
        ),
        Metric(
            name="clean_accuracy",
            column="clean_correct",
            kind="proportion",
            better="higher",
            summary="Rows answered correctly before the attack, C/N: the likeliest label word is the expected one.",
        ),
        Metric(
            name="attack_success_rate",
            column="flipped",
            kind="proportion",
            better="lower",
            summary=f"Rows flipped by {recipe} within {budget} queries a row, of those right when clean: ASR = S/C. "
            "Rows that were wrong already are not attacked, and rows on which no changed text was tried are left out; a row "
            "whose budget ran out later counts as not flipped.",
            unmeasured=_UNMEASURED,
            gap="tried_correct",
        ),
        Metric(
            name="performance_drop",
            column="robust_correct",
            over="tried_correct",
            kind="ratio_of_means",
            better="lower",
            limits=(0.0, 1.0),
            summary="The share of the clean accuracy that the attack destroys, PDR = 1 - attacked/clean accuracy "
            "(Zhu et al., PromptBench, 2023), over the rows on which a changed text was tried, and those that were wrong "
            "already; undefined where none of them was right when clean.",
            unmeasured=_UNMEASURED,
        ),
        Metric(
            name="mean_queries",
            column="queries",
            kind="mean",
            better="higher",
            unit="queries",
            limits=(1.0, float(budget)),
            summary="Queries that the attack asked for on each attacked row, repeated texts included, at most the "
            "budget: the more it needs, the dearer the attack.",
            unmeasured=_UNMEASURED,
            gap="tried_correct",
        ),
        Metric(
            name="mean_unique_forwards",
            column="unique_forwards",
            kind="mean",
            better="higher",
            unit="forwards",
            limits=(1.0, float(budget)),
            summary="Different texts that the model was given for each attacked row: the queries without repetitions.",
            unmeasured=_UNMEASURED,
            gap="tried_correct",
        ),
        Metric(
            name="perturbed_words",
            column="perturbed_words",
            kind="mean",
            better="higher",
            unit="%",
            limits=(0.0, 100.0),
            summary="Words changed in the user's message, in percent, over the successful attacks only.",
        ),
    )


def attack(*, recipe: Recipe = "deepwordbug", budget: int = 200) -> Scorer:
    """Attack the last user message of each row until the model answers with another label.

    The model is taken as a classifier: softmax over its log-likelihoods of the label words (of a row's choices where it
    has some). Only the last user turn is changed; system turn and examples stand. The rows that the model gets wrong
    when clean are not attacked.

    The recipes are TextAttack's that need no download. `input-reduction` is not offered: it shortens a message for as
    long as the label stays, so it has no success to count.

    Args:
        recipe: `deepwordbug` swaps, substitutes, deletes or inserts one character in each of the words that matter
            most (Gao et al., 2018); `pruthi2019` makes one typo inside one word of at least four letters and tries them
            all (Pruthi et al., 2019).
        budget: at most that many model queries for one row, the clean one included; at least 2. A success rate says
            nothing without it. `deepwordbug` spends one query a word on ranking the words before it changes the first
            one, function words left out: on messages of as many words as the budget, nothing is tried, which the report
            counts apart. For long messages give at least twice their words.
    """
    _check(budget)
    from seatrial_plugins.robustness.attack_scorer import AttackScorer

    return AttackScorer(recipe=recipe, budget=budget)


def attack_probe(*, recipe: Recipe = "deepwordbug", budget: int = 200) -> Probe:
    """Attack each row's last user message, with the options of the scorer `attack`.

    Args:
        recipe: as for the scorer.
        budget: as for the scorer.
    """
    _check(budget)
    from seatrial_plugins.robustness.attacking import AttackProbe

    return AttackProbe(recipe=recipe, budget=budget)


def _check(budget: int) -> None:
    if budget < 2:
        raise UsageError(f"attack: budget is {budget}, but one query is the clean message: give at least 2.")


def _asks(*, recipe: Recipe, budget: int) -> Mapping[str, Any]:
    return {"recipe": recipe, "budget": budget}


@hookimpl
def seatrial_probes() -> Iterable[ProbeComponent[Probe]]:
    """The probe `attack`."""
    yield ProbeComponent(
        "attack",
        attack_probe,
        "TextAttack's search for a change of the message that flips the answer.",
        needs=frozenset({"scores"}),
        piece=256,  # attacked together until the last few: a smaller piece leaves the model's batches half empty
        libraries=("nltk", "scikit-learn", "textattack", "torch"),
        imports={"textattack": "seatrial[robustness]"},
        version="3",  # changed texts that were tried are counted
    )


@hookimpl
def seatrial_scorers() -> Iterable[ScorerComponent[Scorer]]:
    """The scorer `attack`."""
    yield ScorerComponent(
        "attack",
        attack,
        "Robustness to misspelling: TextAttack's character-level attacks on the model as a classifier.",
        probe="attack",
        asks=_asks,
        dimension="robustness",
        metrics=attack_metrics,
        looks_for="answers that a misspelling flips",
        comparable=False,
        version="3",  # rows on which no changed text was tried are left out
    )
