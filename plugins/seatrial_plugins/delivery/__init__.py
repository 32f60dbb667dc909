"""Delivery: whether a model that is handed on says what the one said that was scored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from seatrial import Metric, Probe, ProbeComponent, Scorer, ScorerComponent, hookimpl
from seatrial.errors import UsageError

__all__ = ["merge_probe", "merging", "merging_metrics", "seatrial_probes", "seatrial_scorers"]

MergeIn = Literal["float32", "own"]

_HOW = {
    "float32": "added up in float32, as exported models are",
    "own": "added up in the dtype in which the model is asked",
}


def merging(*, merge_in: list[MergeIn] = ["float32", "own"]) -> Scorer:  # noqa: B006 - shown in the schema, never changed
    """How the merged model differs from the one with its adapter beside the weights, on the rows' expected answers.

    The adapter is added to the weights, the model written as safetensors, read again and asked the same. Adapters that cannot
    be merged (vectors before the prompt, layers whose weights another one shares) have no such score, and each sample says why.

    Args:
        merge_in: the dtypes of the sum: `float32`, as `seatrial export --merged` makes it, and `own`, that of the weights as they
            are asked, as other tools often do; its metrics end in `@own`.
    """
    from seatrial_plugins.delivery.merging_scorer import MergingScorer

    return MergingScorer(_checked(merge_in))


def merge_probe(*, merge_in: list[MergeIn] = ["float32", "own"]) -> Probe:  # noqa: B006 - likewise
    """Ask the merged model and the one that it was made of about the rows' expected answers.

    Args:
        merge_in: as for the scorer `merging`.
    """
    from seatrial_plugins.delivery.asked_merged import MergeProbe

    return MergeProbe(_checked(merge_in))


def merging_metrics(*, merge_in: list[MergeIn] = ["float32", "own"]) -> tuple[Metric, ...]:  # noqa: B006 - likewise
    """Three for each dtype of the sum."""
    metrics: list[Metric] = []
    for dtype in _checked(merge_in):
        end, how = "" if dtype == "float32" else f"@{dtype}", _HOW[dtype]
        metrics += [
            Metric(
                f"logprob_difference{end}",
                f"logprob_difference{end}",
                "maximum",
                "lower",
                f"The largest absolute difference between the log probabilities of an answer's token; {how}.",
                unit="nats",
            ),
            Metric(
                f"kl{end}",
                f"kl{end}",
                "mean",
                "lower",
                f"KL divergence of the merged model from the other, a token of the answers; {how}.",
                unit="nats",
            ),
            Metric(
                f"agreement{end}",
                f"agreement{end}",
                "mean",
                "higher",
                f"Share of an answer's tokens at which both find the same token the likeliest; {how}.",
                limits=(0.0, 1.0),
            ),
        ]
    return tuple(metrics)


def _checked(merge_in: Iterable[MergeIn]) -> tuple[MergeIn, ...]:
    """The dtypes, each once.

    Raises:
        UsageError: there is none, or one stands twice.
    """
    named = tuple(merge_in)
    if not named or len(set(named)) < len(named):
        raise UsageError(f"merging: merge_in is {list(named)}; give float32, own, or both")
    return named


def _asks(**options: Any) -> Mapping[str, Any]:
    return options


@hookimpl
def seatrial_probes() -> Iterable[ProbeComponent[Probe]]:
    """The probe `merge`."""
    yield ProbeComponent(
        "merge",
        merge_probe,
        "The rows' expected answers, asked of the merged model and of the one with its adapter beside the weights.",
        needs=frozenset({"merges"}),
        piece=1 << 20,  # a model is merged, written and read once for all of them
    )


@hookimpl
def seatrial_scorers() -> Iterable[ScorerComponent[Scorer]]:
    """The scorer `merging`."""
    yield ScorerComponent(
        "merging",
        merging,
        "How the merged and reloaded model differs from the one with its adapter beside the weights.",
        probe="merge",
        asks=_asks,
        dimension="delivery",
        metrics=merging_metrics,
        looks_for="a model that says something else once its adapter is merged",
        comparable=False,
    )
