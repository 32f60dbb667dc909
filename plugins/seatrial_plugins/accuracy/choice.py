"""Choice: the likeliest of the given options is the answer."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from heapq import nlargest
from operator import itemgetter

from seatrial import Block, Response, Row, Sample, Scored, Task, Transcript
from seatrial.rows import Label
from seatrial_plugins.accuracy.blocks import answer_blocks
from seatrial_plugins.accuracy.classes import option_probabilities
from seatrial_plugins.accuracy.evidence import evidence_of, slice_of

__all__ = ["TIE", "ChoiceScorer", "likeliest"]

TIE = 1e-5
"""Nats. Log-likelihoods that are no further apart are equal: float32 sums of the same terms in another order differ by less."""

_SHOWN = 5
"""Options that a sample keeps with their likelihoods."""


class ChoiceScorer:
    """Holds the option that a system finds likeliest, or the label that it names, against the expected answer."""

    def __init__(self, columns: Iterable[str] = ()) -> None:
        self._columns = frozenset(columns)
        """The values that metrics of the suite's need beside those that every sample has."""

    unseen = "questions that none of the options fits: every row has a right answer among them"

    def score(self, transcripts: Iterable[Transcript], task: Task) -> Iterator[Sample]:
        """One sample a transcript, in order. Where the likeliest option is no single one, none is right."""
        classes = {label: float(place) for place, label in enumerate(task.labels)}
        for row, transcript in zip(task.rows, transcripts, strict=True):
            yield self._with_columns(_sample(row, transcript), row, transcript, classes)

    def _with_columns(self, sample: Sample, row: Row, transcript: Transcript, classes: Mapping[str, float]) -> Sample:
        """The sample with the values of classes and of probabilities; of a classifier, which tells no more, without the latter."""
        if not self._columns or sample.error is not None:
            return sample
        values: dict[str, float | None] = dict.fromkeys(("target_class", "predicted_class", "confidence", "brier"))
        if isinstance(row.expected, Label) and row.target is not None and row.target in classes:
            values |= {
                "target_class": classes[row.target],
                "predicted_class": classes.get(sample.prediction or "", -1.0),
            }
        if sample.values["nll"] is not None:
            chances = option_probabilities(transcript.responses, list(map(_logprob, transcript.responses)))
            values["confidence"] = max(chances.values())
            values["brier"] = math.fsum((chance - (text == row.target)) ** 2 for text, chance in chances.items())
        return replace(
            sample, values={**sample.values, **{name: values[name] for name in values if name in self._columns}}
        )

    def blocks(self, scored: Scored) -> Iterable[Block]:
        """Worst classes, what is taken for what, and the surest mistakes."""
        return answer_blocks(scored, right="correct")


def likeliest(responses: Sequence[Response], scores: Sequence[float]) -> list[str]:
    """The option with the highest score; several where they are equal, whatever order they stand in.

    An option that is listed twice is one option.
    """
    least = max(scores) - TIE
    return list(dict.fromkeys(said.text for said, score in zip(responses, scores, strict=True) if score >= least))


def _logprob(response: Response) -> float:
    if response.logprob is None:
        raise TypeError(f"no log-likelihood of {response.text!r}")
    return response.logprob


def _sample(row: Row, transcript: Transcript) -> Sample:
    detail = evidence_of(row)
    about = {"target": row.target, "prompt_hash": transcript.prompt_hash, "slice": slice_of(row)}
    if transcript.error is not None:
        return Sample(row.id, {}, detail=detail, error=transcript.error, **about)  # type: ignore[arg-type]  # of the fields' types
    responses = transcript.responses
    if len(responses) == 1 and responses[0].logprob is None:  # a classifier, which names a label and tells no more
        named = responses[0].text
        values = {"correct": float(named == row.target), "correct_norm": None, "nll": None}
        return Sample(row.id, values, prediction=named or None, detail=detail, **about)  # type: ignore[arg-type]
    logprobs = list(map(_logprob, responses))
    by_character = [logprob / max(len(said.text), 1) for said, logprob in zip(responses, logprobs, strict=True)]
    top = likeliest(responses, logprobs)
    ranked = nlargest(_SHOWN, zip(logprobs, responses, strict=True), key=itemgetter(0))
    detail["options"] = [{"option": said.text, "logprob": round(logprob, 4)} for logprob, said in ranked]
    if len(top) > 1:
        detail["tied"] = len(top)
    target = row.target
    return Sample(
        row.id,
        {
            "correct": float(top == [target]),
            "correct_norm": float(likeliest(responses, by_character) == [target]),
            "nll": -next(logprob for said, logprob in zip(responses, logprobs, strict=True) if said.text == target),
        },
        prediction=top[0] if len(top) == 1 else None,
        detail=detail,
        **about,  # type: ignore[arg-type]
    )
