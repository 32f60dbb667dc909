"""The scorer `attack`: what the attack on each row says of the model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from seatrial import Block, Row, Sample, Scored, Task, Transcript
from seatrial_plugins.robustness import Recipe
from seatrial_plugins.robustness.blocks import attack_blocks
from seatrial_plugins.robustness.word_changes import changed_words, words

__all__ = ["AttackScorer"]


@dataclass(frozen=True, slots=True)
class AttackScorer:
    """Counts the rows that are right before and after the attack, and what it took."""

    recipe: Recipe
    budget: int

    def score(self, transcripts: Iterable[Transcript], task: Task) -> Iterator[Sample]:
        """One sample a transcript, in order. A row on which no changed text was tried says nothing of robustness."""
        for row, transcript in zip(task.rows, transcripts, strict=True):
            yield _sample(row, transcript)

    def blocks(self, scored: Scored) -> Iterable[Block]:
        """The outcomes, and the attacked texts with their changes."""
        return attack_blocks(scored)


def _sample(row: Row, transcript: Transcript) -> Sample:
    slice_ = row.label or row.slice
    if transcript.error is not None:
        return Sample(
            row.id, {}, target=row.target, prompt_hash=transcript.prompt_hash, slice=slice_, error=transcript.error
        )
    detail: Any = transcript.detail
    attacked, flipped = detail["outcome"] != "skipped", detail["outcome"] == "succeeded"
    # No changed text was asked for where no word could be changed, or where ranking the words had spent the budget:
    # such a row is no evidence of robustness.
    tried = attacked and detail["candidates"] > 0
    changes = changed_words(detail["original"], detail["attacked"])
    count = len(words(detail["original"]))
    share = 100.0 * sum(change.words for change in changes) / count if count else 0.0
    untried = attacked and not tried
    return Sample(
        row.id,
        {
            "clean_correct": float(attacked),
            "tried_correct": None if untried else float(attacked),
            "robust_correct": None if untried else float(tried and not flipped),
            "flipped": float(flipped) if tried else None,
            "queries": float(detail["queries"]) if tried else None,
            "unique_forwards": float(detail["unique_forwards"]) if tried else None,
            "perturbed_words": share if flipped else None,
        },
        prediction=transcript.responses[0].text,
        target=row.target,
        prompt_hash=transcript.prompt_hash,
        slice=slice_,
        detail={
            **detail,
            "outcome": _untried(detail["outcome"]) if untried else detail["outcome"],
            "changes": [asdict(change) for change in changes],
        },
    )


def _untried(outcome: str) -> str:
    """Why no changed text was tried."""
    return "nothing tried" if outcome == "budget exhausted" else "nothing to change"
