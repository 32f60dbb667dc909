"""Shards: one question with its facts, told at once or a fact a turn."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from seatrial import Response, Row, System, Task, Transcript, Turn
from seatrial.evaluation.probe import Progress
from seatrial_plugins.dialogue.talking import Talk

__all__ = ["Shard", "shards_of"]

_ENDS = re.compile(r"(?<=[.!?])[\"')\]]?\s+(?=[\"'(\[]?[A-Z0-9])|\n+")
_ABBREVIATED = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|St|No|vs|e\.g|i\.e|etc)\.|\b[A-Z]\.)$")


def shards_of(text: str) -> tuple[str, ...]:
    """What is asked, and behind it the facts, a sentence each; nothing where there is no fact beside the question.

    The question is the last sentence that ends with a question mark, else the last of all: what is wanted is said first, as
    in Laban et al., "LLMs get lost in multi-turn conversation" (2025), and facts come in the order of the text.
    """
    sentences: list[str] = []
    for piece in filter(None, (one.strip() for one in _ENDS.split(text))):
        if sentences and _ABBREVIATED.search(sentences[-1]):
            sentences[-1] = f"{sentences[-1]} {piece}"
        else:
            sentences.append(piece)
    if len(sentences) < 2:
        return ()
    asked = next((at for at in reversed(range(len(sentences))) if sentences[at].endswith("?")), len(sentences) - 1)
    return (sentences[asked], *sentences[:asked], *sentences[asked + 1 :])


@dataclass(frozen=True, slots=True)
class Shard:
    """Asks each row at once, and again with its facts over several turns."""

    max_new_tokens: int
    stop: tuple[str, ...] = ()

    def run(self, system: System, task: Task, rows: Sequence[Row], progress: Progress) -> Iterable[Transcript]:
        """One transcript a row: the answer to the whole, then one to each shard. The last is the one to judge.

        Of a row without facts, the answer to the whole alone.
        """
        talk = Talk(system, self.max_new_tokens, self.stop)
        shards = [shards_of(_asked(row)) for row in rows]
        whole = talk.answers(rows, [system.prompt(row, task) for row in rows], [()] * len(rows))
        apart = [at for at, found in enumerate(shards) if found]
        firsts = [replace(rows[at], turns=(*rows[at].prompt[:-1], Turn("user", shards[at][0]))) for at in apart]
        over = talk.answers(firsts, [system.prompt(row, task) for row in firsts], [shards[at][1:] for at in apart])
        told = dict(zip(apart, over, strict=True))
        for at, row in enumerate(rows):
            prompt_hash = system.prompt_hash(row, task, shards[at])
            each = (whole[at], told.get(at, []))
            if problem := next((one for one in each if isinstance(one, str)), ""):
                yield Transcript(row.id, prompt_hash=prompt_hash, error=problem)
                continue
            said = (one for answers in each if not isinstance(answers, str) for one in answers)
            responses = tuple(Response(one.text, tokens=one.tokens, finished=one.finished) for one in said)
            yield Transcript(row.id, responses, prompt_hash, {"shards": list(shards[at])})
        progress(len(rows), len(rows))


def _asked(row: Row) -> str:
    last = row.prompt[-1] if row.prompt else None
    return last.content if last is not None and last.role == "user" and last.plain else ""
