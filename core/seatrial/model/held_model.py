"""An open model, held to what it promises: whoever asks it, what it raises and what it gives wrongly is told in its loader's name.

A probe could not tell: it hands on what a model gives, and would be blamed for it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any

from seatrial.errors import SeatrialError
from seatrial.model.capabilities import (
    ChecksRows,
    Continuation,
    CountsTokens,
    Generation,
    KeepsAnswers,
    MergeDifference,
    Model,
    SeesImages,
    Streams,
    Timing,
)

__all__ = ["HeldModel", "ModelFault"]


_ROUNDING = 1e-3
"""Nats. The log of a softmax in low precision may come out so much above 0."""


class ModelFault(Exception):  # noqa: N818 - what it is: the host makes an error of it where the stage is known
    """What a model raised, or gave and must not; the message names its loader."""


class HeldModel:
    """Stands for an open model: it can what the model can, and what it is not held to is the model's own."""

    def __init__(self, model: Model, who: str) -> None:
        """`who`: the loader and its plugin."""
        self._model = model
        self._who = who
        # Attributes, and only those that the model has: `isinstance` with a protocol looks for them without `__getattr__`.
        held = {
            "loglikelihoods": self._loglikelihoods,
            "generate": self._generate,
            "continuations": self._continuations,
            "whole_texts": self._whole_texts,
            "complete": self._complete,
            "sample": self._sample,
            "classify": self._classify,
            "time_request": self._time_request,
            "merge_differences": self._merge_differences,
        }
        for name in (*held, *_UNHELD):
            if callable(own := getattr(model, name, None)):
                setattr(self, name, held.get(name, own))

    @property
    def facts(self) -> Mapping[str, object]:
        """The model's."""
        return self._model.facts

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in {"_model", "_who"}:  # asked for before there is one, by pickle or copy
            raise AttributeError(name)
        return getattr(self._model, name)

    def _loglikelihoods(
        self, prompts: Sequence[object], options: Sequence[Sequence[str]], **rest: Any
    ) -> list[list[Continuation]]:
        found: list[list[Continuation]] = self._asked(
            "loglikelihoods", lambda given: _likelihoods(given, prompts, options), prompts, options, **rest
        )
        return found

    def _generate(self, prompts: Sequence[object], **rest: Any) -> list[Generation]:
        said: list[Generation] = self._asked(
            "generate", lambda given: _generations(given, len(prompts)), prompts, **rest
        )
        return said

    def _continuations(
        self, texts: Sequence[object], options: Sequence[Sequence[str]], **rest: Any
    ) -> list[list[Continuation]]:
        found: list[list[Continuation]] = self._asked(
            "continuations", lambda given: _likelihoods(given, texts, options), texts, options, **rest
        )
        return found

    def _whole_texts(self, texts: Sequence[object]) -> list[Continuation]:
        found: list[Continuation] = self._asked("whole_texts", lambda given: _wholes(given, texts), texts)
        return found

    def _complete(self, texts: Sequence[object], **rest: Any) -> list[Generation]:
        said: list[Generation] = self._asked("complete", lambda given: _generations(given, len(texts)), texts, **rest)
        return said

    def _sample(self, prompts: Sequence[object], *, answers: int, **rest: Any) -> list[list[Generation]]:
        said: list[list[Generation]] = self._asked(
            "sample", lambda given: _sampled(given, len(prompts), answers), prompts, answers=answers, **rest
        )
        return said

    def _classify(self, rows: Sequence[object]) -> list[str]:
        labels: list[str] = self._asked("classify", lambda given: _labels(given, len(rows)), rows)
        return labels

    def _time_request(self, **request: Any) -> Timing:
        new = int(request["new_tokens"])
        timing: Timing = self._asked("time_request", lambda given: _timing(given, new), **request)
        return timing

    def _merge_differences(
        self, prompts: Sequence[object], answers: Sequence[str], **rest: Any
    ) -> list[MergeDifference]:
        found: list[MergeDifference] = self._asked(
            "merge_differences", lambda given: _differences(given, len(prompts)), prompts, answers, **rest
        )
        return found

    def _asked(self, name: str, problem: Callable[[Any], str], *asked: Any, **rest: Any) -> Any:
        try:
            answer = getattr(self._model, name)(*asked, **rest)
        except SeatrialError:
            raise
        except (Exception, SystemExit) as error:  # a component may not end the process
            raise ModelFault(f"{self._who} raised {type(error).__name__} in `{name}`: {error}") from error
        if said := problem(answer):
            raise ModelFault(f"{self._who} {said}")
        return answer


def _likelihoods(answer: Sequence[Any], prompts: Sequence[object], options: Sequence[Sequence[str]]) -> str:
    """What is wrong with the answer; "" where nothing is."""
    if said := _not_each(answer, len(prompts), "prompts", "a list of a Continuation for each option"):
        return said
    for place, (given, offered) in enumerate(zip(answer, options, strict=True), 1):
        of = f"options of prompt {place}"
        if said := _not_each(given, len(offered), of, "a Continuation"):
            return said
        for one in given:
            if not isinstance(one, Continuation):
                return f"gave {_said(one)} for one of the {of}, not a Continuation"
            if not _number(one.logprob):  # one that is not finite makes its row an error
                return f"gave {one.logprob!r:.40} for the log probability of one of the {of}, not a number"
            if one.logprob > _ROUNDING:
                return f"gave {one.logprob!r:.40} for the log probability of one of the {of}; none is above 0"
            if not _whole(one.tokens) or one.tokens < 1:
                return f"gave {one.tokens!r:.40} for the tokens of one of the {of}, not a whole number from 1 up"
    asked: dict[int, tuple[object, ...]] = {}
    for given, *question in zip(answer, prompts, options, strict=True):
        # A list that is kept for equal questions says the same of each, rightly.
        if isinstance(given, list) and given and asked.setdefault(id(given), (*question,)) != (*question,):
            return "gave one and the same list for several prompts: what it says of the last, it says of all; make one for each"
    return ""


def _wholes(answer: Sequence[Any], texts: Sequence[object]) -> str:
    if said := _not_each(answer, len(texts), "texts", "a Continuation"):
        return said
    return _likelihoods([[one] for one in answer], texts, [("",)] * len(texts))


def _generations(answer: Sequence[Any], count: int) -> str:
    if said := _not_each(answer, count, "prompts", "a Generation"):
        return said
    for place, one in enumerate(answer, 1):
        if not isinstance(one, Generation):
            return f"gave {_said(one)} for prompt {place}, not a Generation"
        text: Any = one.text
        if not isinstance(text, str):
            return f"gave {_said(text)} for the text of prompt {place}, not text"
        if one.tokens is not None and not (_whole(one.tokens) and one.tokens >= 0):
            return (
                f"gave {one.tokens!r:.40} for the tokens of prompt {place}, neither a whole number from 0 up nor None"
            )
        finished: Any = one.finished
        if finished is not None and not isinstance(finished, bool):
            return f"gave {_said(finished)} for whether it finished prompt {place}, neither True, False nor None"
    return ""


def _sampled(answer: Sequence[Any], prompts: int, answers: int) -> str:
    if said := _not_each(answer, prompts, "prompts", f"a list of {answers} Generations"):
        return said
    return next((said for given in answer if (said := _generations(given, answers))), "")


def _labels(answer: Sequence[Any], count: int) -> str:
    if said := _not_each(answer, count, "rows", "a label"):
        return said
    wrong = [one for one in answer if not isinstance(one, str)]
    return f"gave {_said(wrong[0])} for a label, not text" if wrong else ""


def _differences(answer: Sequence[Any], count: int) -> str:
    if said := _not_each(answer, count, "prompts", "a MergeDifference"):
        return said
    for place, one in enumerate(answer, 1):
        if not isinstance(one, MergeDifference):
            return f"gave {_said(one)} for prompt {place}, not a MergeDifference"
        if not all(map(_number, (one.logprob, one.kl, one.agreement))):  # one that is not finite makes its row an error
            return f"gave a MergeDifference for prompt {place} in which something is no number"
    return ""


def _timing(answer: object, new_tokens: int) -> str:
    if not isinstance(answer, Timing):
        return f"gave {_said(answer)} for a timed request, not a Timing"
    times = (answer.ttft_ms, *answer.gaps_ms, answer.peak_bytes)
    wrong = [time for time in times if not (_number(time) and math.isfinite(time) and time >= 0)]
    if wrong:
        return f"gave a Timing with {wrong[0]!r:.40} in it; times and bytes are finite numbers from 0 up"
    if len(answer.gaps_ms) != new_tokens - 1:
        return (
            f"gave a Timing with {len(answer.gaps_ms)} gaps for {new_tokens} new tokens; there is one between each two"
        )
    return "" if answer.ttft_ms + sum(answer.gaps_ms) > 0 else "gave a Timing in which no time goes by"


_UNHELD = (
    "serving",
    *(
        name
        for protocol in (ChecksRows, CountsTokens, KeepsAnswers, SeesImages, Streams)
        for name in vars(protocol)
        if not name.startswith("_")
    ),
)
"""What else a protocol of models asks for."""


def _not_each(answer: object, count: int, of: str, wanted: str) -> str:
    if isinstance(answer, str) or not isinstance(answer, Sequence):
        return f"gave {_said(answer)} for {count} {of}; it must give a list of {wanted}"
    return (
        "" if len(answer) == count else f"gave {len(answer)} answers for {count} {of}; it must give {wanted} for each"
    )


def _number(value: object) -> bool:
    return isinstance(value, Real | float) and not isinstance(value, bool)


def _whole(value: object) -> bool:
    return isinstance(value, Integral | int) and not isinstance(value, bool)


def _said(value: object) -> str:
    name = type(value).__name__
    return "None" if value is None else f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"
