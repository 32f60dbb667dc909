"""Converse: a scripted conversation, with the system's own answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from seatrial import Response, Row, System, Task, Transcript
from seatrial.evaluation.probe import Progress
from seatrial_plugins.dialogue.script import script_of
from seatrial_plugins.dialogue.talking import Talk

__all__ = ["Converse"]


@dataclass(frozen=True, slots=True)
class Converse:
    """Puts each user turn of a row's script, after what the system answered to those before."""

    max_new_tokens: int
    stop: tuple[str, ...] = ()

    def run(self, system: System, task: Task, rows: Sequence[Row], progress: Progress) -> Iterable[Transcript]:
        """One transcript a row, with a response for each turn of its script."""
        talk = Talk(system, self.max_new_tokens, self.stop)
        scripts = [script_of(row) for row in rows]
        able = [at for at, script in enumerate(scripts) if not isinstance(script, str)]
        later = [tuple(turn.user for turn in scripts[at][1:] if not isinstance(turn, str)) for at in able]
        answers = talk.answers([rows[at] for at in able], [system.prompt(rows[at], task) for at in able], later)
        told = dict(zip(able, zip(answers, later, strict=True), strict=True))
        for at, row in enumerate(rows):
            said, then = told.get(at, (str(scripts[at]), ()))
            prompt_hash = system.prompt_hash(row, task, then)
            if isinstance(said, str):
                yield Transcript(row.id, prompt_hash=prompt_hash, error=said)
                continue
            responses = tuple(Response(one.text, tokens=one.tokens, finished=one.finished) for one in said)
            yield Transcript(row.id, responses, prompt_hash)
        progress(len(rows), len(rows))

    def problems(self, rows: Iterable[Row]) -> Iterator[tuple[str, str]]:
        """Which rows have no script that could be followed (`seatrial.model.ChecksRows`)."""
        for row in rows:
            if isinstance(script := script_of(row), str):
                yield row.id, script
