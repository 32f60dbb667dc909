"""Dialogue: does the model use what was said, over several turns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from seatrial import Component, Metric, Probe, ProbeComponent, Scorer, ScorerComponent, hookimpl
from seatrial.evaluation.matching import Match
from seatrial.sources import Reader

__all__ = [
    "build_converse",
    "build_script",
    "build_sgd",
    "build_shard",
    "build_sharded",
    "build_slot_recall",
    "seatrial_probes",
    "seatrial_readers",
    "seatrial_scorers",
]

_Tokens = Annotated[int, Field(ge=1)]


def build_sgd() -> Reader:
    """Dialogues of the Schema-Guided Dialogue data set; a record for each reply, with the slots that it takes up."""
    from seatrial_plugins.dialogue.sgd_reader import SgdReader

    return SgdReader()


def build_converse(*, max_new_tokens: _Tokens = 128, stop: list[str] | None = None) -> Probe:
    """Puts the user turns of each row's script, one after the other.

    Args:
        max_new_tokens: Where an answer is cut off.
        stop: Strings that end an answer, beside the end of the turn.
    """
    from seatrial_plugins.dialogue.converse import Converse

    return Converse(max_new_tokens, tuple(stop or ()))


def build_shard(*, max_new_tokens: _Tokens = 256, stop: list[str] | None = None) -> Probe:
    """Asks each row at once, and again with its facts over several turns.

    Args:
        max_new_tokens: Where an answer is cut off.
        stop: Strings that end an answer, beside the end of the turn.
    """
    from seatrial_plugins.dialogue.shards import Shard

    return Shard(max_new_tokens, tuple(stop or ()))


def build_slot_recall(*, max_new_tokens: _Tokens = 64, stop: list[str] | None = None) -> Scorer:
    """Looks whether a reply says the values that it should take up from the conversation.

    Args:
        max_new_tokens: Where an answer is cut off.
        stop: Strings that end an answer, beside the end of the turn.
    """
    from seatrial_plugins.dialogue.recall_scorer import RecallScorer

    del max_new_tokens, stop  # the probe's
    return RecallScorer()


def build_script(*, max_new_tokens: _Tokens = 128, stop: list[str] | None = None) -> Scorer:
    """Holds each answer of a scripted conversation against the assertions of its turn.

    Args:
        max_new_tokens: Where an answer is cut off.
        stop: Strings that end an answer, beside the end of the turn.
    """
    from seatrial_plugins.dialogue.script_scorer import ScriptScorer

    del max_new_tokens, stop  # the probe's
    return ScriptScorer()


def build_sharded(
    *,
    match: Match = "contains",
    max_new_tokens: _Tokens = 256,
    stop: list[str] | None = None,
) -> Scorer:
    """Compares the answer to a whole question with that to the same facts over several turns.

    Args:
        match: When an answer is right: `contains` the words of a reference, is `exact` the reference, or its last `number` is
            the reference's last.
        max_new_tokens: Where an answer is cut off.
        stop: Strings that end an answer, beside the end of the turn.
    """
    from seatrial_plugins.dialogue.sharded_scorer import ShardedScorer

    del max_new_tokens, stop  # the probe's
    return ShardedScorer(match)


def _asks(default: int) -> Any:
    """What a scorer asks of its probe."""

    def asks(*, max_new_tokens: int = default, stop: Sequence[str] | None = None, **_: Any) -> Mapping[str, Any]:
        return {"max_new_tokens": max_new_tokens, "stop": stop}

    return asks


_SHARE = (0.0, 1.0)

RECALL = (
    Metric(
        "slot_recall",
        "slot_recall",
        "mean",
        "higher",
        "Of the values that a reply should take up from what the user said, those that it says; mean over replies.",
        limits=_SHARE,
    ),
    Metric("all_slots", "all_slots", "proportion", "higher", "Replies that say every such value."),
    Metric(
        "earlier_recall",
        "earlier_recall",
        "mean",
        "higher",
        "The same of values that the user's last turn does not say: they must be remembered.",
        limits=_SHARE,
    ),
)
SCRIPT = (
    Metric("conversation", "conversation", "proportion", "higher", "Conversations in which every assertion holds."),
    Metric(
        "turns",
        "turns",
        "mean",
        "higher",
        "Of a conversation's turns that assert something, those whose answer holds; mean over conversations.",
        limits=_SHARE,
    ),
)
SHARDED = (
    Metric("whole", "whole", "proportion", "higher", "Questions answered rightly where all is told at once."),
    Metric("sharded", "sharded", "proportion", "higher", "The same questions where each fact is a turn of its own."),
    Metric(
        "difference",
        "difference",
        "mean",
        "higher",
        "Sharded less whole, question by question: the pairs' mean.",
        limits=(-1.0, 1.0),
    ),
    Metric(
        "lost",
        "sharded",
        "ratio_of_means",
        "lower",
        "What is lost by telling the facts one by one: 1 - sharded / whole.",
        over="whole",
        limits=_SHARE,
    ),
)


@hookimpl
def seatrial_readers() -> Iterable[Component[Reader]]:
    """Dialogue data sets."""
    yield Component(
        "sgd",
        build_sgd,
        "Schema-Guided Dialogue: a record for each reply. Chosen by name only.",
        version="2",  # a number is said with its sign, point and thousands
    )


@hookimpl
def seatrial_probes() -> Iterable[ProbeComponent[Probe]]:
    """Conversations of several turns."""
    yield ProbeComponent(
        "converse",
        build_converse,
        "Scripted user turns, with the system's own answers between.",
        needs=frozenset({"generates"}),
    )
    yield ProbeComponent(
        "shard",
        build_shard,
        "Each question at once, and with its facts over several turns.",
        needs=frozenset({"generates"}),
    )


@hookimpl
def seatrial_scorers() -> Iterable[ScorerComponent[Scorer]]:
    """Recall, scripts, and what is lost over turns."""
    yield ScorerComponent(
        "slot_recall",
        build_slot_recall,
        "Whether replies use what the user said before.",
        version="2",  # numbers as they are written; reasoning is no answer
        probe="generate",
        asks=_asks(64),
        dimension="accuracy",
        metrics=RECALL,
        looks_for="replies that forget what was said",
    )
    yield ScorerComponent(
        "script",
        build_script,
        "Assertions about each answer of a scripted conversation.",
        version="2",  # numbers as they are written; reasoning is no answer
        probe="converse",
        asks=_asks(128),
        dimension="accuracy",
        metrics=SCRIPT,
        looks_for="conversations that go wrong",
    )
    yield ScorerComponent(
        "sharded",
        build_sharded,
        "The same question at once and with its facts over several turns, paired.",
        version="2",  # numbers as they are written; reasoning is no answer
        probe="shard",
        asks=_asks(256),
        dimension="accuracy",
        metrics=SHARDED,
        looks_for="answers lost where facts come one by one",
    )
