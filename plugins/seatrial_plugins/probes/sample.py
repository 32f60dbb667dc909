"""Sample: several answers of a system to the same row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from seatrial import Generates, Generation, Response, Row, SeatrialError, System, Task, Transcript
from seatrial.errors import StageError
from seatrial.evaluation.probe import Progress
from seatrial.model import Samples, offered

__all__ = ["Sample"]


@dataclass(frozen=True, slots=True)
class Sample:
    """Answers to each row's prompt, drawn at a temperature; one greedy answer at temperature 0."""

    answers: int
    temperature: float
    top_p: float
    max_new_tokens: int
    stop: tuple[str, ...] = ()

    def run(self, system: System, task: Task, rows: Sequence[Row], progress: Progress) -> Iterable[Transcript]:
        """One transcript a row, with a response for each answer, in the order in which they were drawn."""
        for row, said in zip(rows, self._ask(system, task, rows), strict=True):
            prompt_hash = system.prompt_hash(row, task)
            if isinstance(said, str):
                yield Transcript(row.id, prompt_hash=prompt_hash, error=said)
            else:
                told = (Response(one.text, tokens=one.tokens, finished=one.finished) for one in said)
                took = [dict(one.took) for one in said]
                yield Transcript(row.id, tuple(told), prompt_hash, detail={"requests": took} if any(took) else {})
        progress(len(rows), len(rows))

    def _ask(self, system: System, task: Task, rows: Sequence[Row]) -> list[list[Generation] | str]:
        """The answers, or why there are none: a row that the model refuses is asked alone."""
        prompts = [system.prompt(row, task) for row in rows]
        asked: dict[str, Any] = {
            "max_new_tokens": self.max_new_tokens,
            "stop": self.stop,
            **offered([row.tools for row in rows]),
        }
        model: object = system.model
        try:
            if not self.temperature:
                if not isinstance(model, Generates):
                    raise StageError(f"sample: {system.name} cannot generate; take another loader or scorer")
                return [[one] for one in model.generate(prompts, **asked)]
            if not isinstance(model, Samples):
                raise StageError(
                    f"sample: {system.name} cannot draw answers at a temperature; say `temperature: 0`, or take another loader"
                )
            how: dict[str, Any] = {"temperature": self.temperature, "top_p": self.top_p, "seed": task.seed}
            return list(model.sample(prompts, answers=self.answers, **how, **asked))
        except SeatrialError as error:
            if len(rows) == 1:
                return [str(error)]
            return [said for row in rows for said in self._ask(system, task, [row])]
