"""Talking: user turns put one after the other, with the system's own answers between them."""

from __future__ import annotations

from collections.abc import Sequence

from seatrial import Generates, Generation, Row, SeatrialError, StageError, System, Turn
from seatrial.model import offered

__all__ = ["Talk"]


class Talk:
    """Conversations of several rows with one system; each step asks them all at once.

    A row that the system refuses at some step has the reason in place of its answers.
    """

    def __init__(self, system: System, max_new_tokens: int, stop: Sequence[str]) -> None:
        """`system` must write text.

        Raises:
            StageError: it does not.
        """
        model: object = system.model
        if not isinstance(model, Generates):
            raise StageError(f"{system.name} cannot generate; take another loader or scorer")
        self._model = model
        self._max_new_tokens, self._stop = max_new_tokens, tuple(stop)

    def answers(
        self, rows: Sequence[Row], prompts: Sequence[Sequence[Turn]], then: Sequence[Sequence[str]]
    ) -> list[list[Generation] | str]:
        """For each row, the answer to its prompt and to each user turn after it; or why there is one missing."""
        said: list[list[Generation] | str] = [[] for _ in rows]
        history = [list(prompt) for prompt in prompts]
        for step in range(1 + max(map(len, then), default=0)):
            going = [at for at, turns in enumerate(then) if isinstance(said[at], list) and step <= len(turns)]
            for at in going:
                if step:
                    history[at].append(Turn("user", then[at][step - 1]))
            for at, answer in zip(going, self._ask([(rows[at], history[at]) for at in going]), strict=True):
                before = said[at]
                if isinstance(answer, str) or isinstance(before, str):
                    said[at] = f"turn {step + 1}: {answer}" if isinstance(answer, str) else before
                    continue
                before.append(answer)
                history[at].append(Turn("assistant", answer.text))
        return said

    def _ask(self, asked: Sequence[tuple[Row, Sequence[Turn]]]) -> list[Generation | str]:
        if not asked:
            return []
        try:
            return list(
                self._model.generate(
                    [list(turns) for _, turns in asked],
                    max_new_tokens=self._max_new_tokens,
                    stop=self._stop,
                    **offered([row.tools for row, _ in asked]),
                )
            )
        except SeatrialError as error:
            if len(asked) == 1:
                return [str(error)]
            return [answer for one in asked for answer in self._ask([one])]
