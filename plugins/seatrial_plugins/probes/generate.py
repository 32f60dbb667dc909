"""Generate: what a system answers in its own words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from seatrial import Generates, Response, Row, SeatrialError, System, Task, Transcript
from seatrial.errors import StageError
from seatrial.evaluation.probe import Progress
from seatrial.model import Generation, offered

__all__ = ["Generate"]


@dataclass(frozen=True, slots=True)
class Generate:
    """Greedy answers to each row's prompt."""

    max_new_tokens: int
    stop: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.max_new_tokens < 1:
            raise StageError(f"generate: max_new_tokens is {self.max_new_tokens}; give 1 or more")

    def run(self, system: System, task: Task, rows: Sequence[Row], progress: Progress) -> Iterable[Transcript]:
        """One transcript a row, with one response."""
        model: object = system.model
        if not isinstance(model, Generates):
            raise StageError(f"generate: {system.name} cannot generate; take another loader or scorer")
        for row, answer in zip(rows, self._ask(model, system, task, rows), strict=True):
            prompt_hash = system.prompt_hash(row, task)
            if isinstance(answer, str):
                yield Transcript(row.id, prompt_hash=prompt_hash, error=answer)
            else:
                response = Response(answer.text, tokens=answer.tokens, finished=answer.finished)
                detail = {"request": dict(answer.took)} if answer.took else {}
                yield Transcript(row.id, (response,), prompt_hash, detail)
        progress(len(rows), len(rows))

    def _ask(self, model: Generates, system: System, task: Task, rows: Sequence[Row]) -> list[Generation | str]:
        """What the model answers, or why it does not: a row that it refuses is asked alone."""
        prompts = [system.prompt(row, task) for row in rows]
        try:
            return list(
                model.generate(
                    prompts, max_new_tokens=self.max_new_tokens, stop=self.stop, **offered([row.tools for row in rows])
                )
            )
        except SeatrialError as error:
            if len(rows) == 1:
                return [str(error)]
            return [answer for row in rows for answer in self._ask(model, system, task, [row])]
