"""Asking a judge: each question once, what it says noted as it comes, and why it did not answer."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from seatrial import Generates, SeatrialError, Turn
from seatrial.model import Asked, KeepsAnswers
from seatrial.runs.store import JsonLines

__all__ = ["Asking", "Said"]

_BATCH = 64
"""Questions that a judge is given at a time: enough for its own batches, or connections."""


@dataclass(frozen=True, slots=True)
class Said:
    """What a judge answered, or why it did not."""

    text: str = ""
    error: str | None = None


class Asking:
    """A judge, and what it was asked.

    What it says is kept in memory for the run, and in a file once `keep` names one: a scoring that was killed goes on with the
    next question. What it did not answer is not kept, and counted.
    """

    def __init__(self, judge: Asked, most_tokens: int) -> None:
        self._judge = judge
        self._most_tokens = most_tokens
        self._known: dict[str, Said] = {}
        self._file: Path | None = None
        self._noted: JsonLines | None = None
        self._keeps: object = None
        """The model that was told of it."""

    @property
    def address(self) -> str:
        """Of the judge, as the suite wrote it."""
        return self._judge.address

    def keep(self, file: Path) -> None:
        """Note answers there from now on, and take those that stand there."""
        self._file, self._noted, self._keeps = file, JsonLines(file), None
        self._known |= {
            one["question"]: Said(one["text"])
            for one in self._noted
            if isinstance(one.get("question"), str) and isinstance(one.get("text"), str)
        }

    def answers(self, questions: Sequence[str]) -> list[Said]:
        """What the judge says to each; equal questions are asked once."""
        found = {one: self._known[key] for one in questions if (key := self._key(one)) in self._known}
        unknown = [one for one in dict.fromkeys(questions) if one not in found]
        if unknown:
            model = self._judge.open()
            if isinstance(model, KeepsAnswers) and self._file is not None and self._keeps is not model:
                model.keep_answers(self._file.with_suffix(".calls"))  # which reads the whole file
                self._keeps = model
            for start in range(0, len(unknown), _BATCH):
                batch = unknown[start : start + _BATCH]
                for question, said in zip(batch, self._ask(model, batch), strict=True):
                    found[question] = said
                    self._note(question, said)
        return [found[one] for one in questions]

    def _ask(self, model: Generates, questions: Sequence[str]) -> list[Said]:
        """A question that is refused is asked alone, to learn whose error it is."""
        try:
            said = model.generate([(Turn("user", one),) for one in questions], max_new_tokens=self._most_tokens)
        except SeatrialError as error:
            if len(questions) == 1:
                return [Said(error=str(error))]
            return [answer for one in questions for answer in self._ask(model, [one])]
        return [
            Said(one.text + ("" if one.finished is not False else f"\n[cut off after {self._most_tokens} tokens]"))
            for one in said
        ]

    def _note(self, question: str, said: Said) -> None:
        if said.error is not None:
            return
        self._known[self._key(question)] = said
        if self._noted is not None:
            self._noted.note({"question": self._key(question), "text": said.text})

    def _key(self, question: str) -> str:
        asked = f"{self._judge.key}\0{self._most_tokens}\0{question}"
        return hashlib.blake2b(asked.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
