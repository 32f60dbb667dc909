"""Choose: how likely a system finds each option of a row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from unicodedata import category, name, normalize

from seatrial import Classifies, Response, Row, Scores, SeatrialError, System, Task, Transcript, Turn
from seatrial.errors import StageError
from seatrial.evaluation.probe import Progress
from seatrial.model import offered
from seatrial.rows import Preference

__all__ = ["Choose", "options_of"]


def options_of(row: Row, task: Task) -> tuple[str, ...]:
    """What the row may be answered with: its own choices, its preferred answer and the rejected one, else the task's labels."""
    return _named(row, task) or preferred(row)


def _named(row: Row, task: Task) -> tuple[str, ...]:
    """What a classifier may name."""
    return tuple(row.choices) or (task.labels if row.label is not None else ())


def preferred(row: Row) -> tuple[str, ...]:
    """A preferred answer and the rejected one, where each is one turn of words; nothing where they are not."""
    expected = row.expected
    if not isinstance(expected, Preference):
        return ()
    turns = (*expected.chosen, *expected.rejected)
    alone = len(expected.chosen) == len(expected.rejected) == 1 and not any(turn.calls or turn.images for turn in turns)
    return tuple(turn.content for turn in turns) if alone else ()


class Choose:
    """Asks rows with a label about the task's labels, multiple-choice rows about their own choices, preferences about both answers."""

    def run(self, system: System, task: Task, rows: Sequence[Row], progress: Progress) -> Iterable[Transcript]:
        """One transcript a row, with a response for each option, in the options' order; equal prompts are asked once."""
        model: object = system.model
        if isinstance(model, Scores):
            return self._scored(system, model, task, rows, progress)
        if isinstance(model, Classifies):
            return self._classified(system, model, task, rows)
        raise StageError(f"choose: {system.name} neither scores options nor classifies")

    def problems(self, rows: Iterable[Row]) -> Iterator[tuple[str, str]]:
        """Which rows cannot be asked, whatever the task's labels are, and why (`seatrial.model.ChecksRows`)."""
        for row in rows:
            if reason := _unable(
                row, row.choices or preferred(row) or ((row.label, "") if row.label is not None else ())
            ):
                yield row.id, reason

    def _scored(
        self, system: System, model: Scores, task: Task, rows: Sequence[Row], progress: Progress
    ) -> Iterable[Transcript]:
        unable = [_unable(row, options_of(row, task)) for row in rows]
        hashes = [system.prompt_hash(row, task, options_of(row, task)) for row in rows]
        asked: dict[str, _Question] = {}
        for row, prompt_hash, reason in zip(rows, hashes, unable, strict=True):
            if not reason and prompt_hash not in asked:
                asked[prompt_hash] = _Question(system.prompt(row, task), options_of(row, task), row.tools)
        answers = dict(zip(asked, _ask(model, list(asked.values())), strict=True))
        progress(len(rows), len(rows))
        for row, prompt_hash, reason in zip(rows, hashes, unable, strict=True):
            answer = reason or answers[prompt_hash]
            told = {"error": answer} if isinstance(answer, str) else {"responses": answer}
            yield Transcript(row.id, prompt_hash=prompt_hash, **told)

    def _classified(self, system: System, model: Classifies, task: Task, rows: Sequence[Row]) -> Iterable[Transcript]:
        able = [row for row in rows if not _unable(row, _named(row, task))]
        named = iter(model.classify(able))
        for row in rows:
            options = _named(row, task)
            reason, prompt_hash = _unable(row, options), system.prompt_hash(row, task, options)
            responses = () if reason else (Response(next(named)),)
            yield Transcript(row.id, responses, prompt_hash, error=reason or None)


@dataclass(frozen=True, slots=True)
class _Question:
    prompt: tuple[Turn, ...]
    options: tuple[str, ...]
    tools: tuple[Mapping[str, Any], ...]


def _ask(model: Scores, questions: Sequence[_Question]) -> list[tuple[Response, ...] | str]:
    """What the model answers to each question, or why it does not: one that it refuses is asked alone."""
    try:
        answered = model.loglikelihoods(
            [question.prompt for question in questions],
            [question.options for question in questions],
            **offered([question.tools for question in questions]),
        )
    except SeatrialError as error:
        if len(questions) == 1:
            return [str(error)]
        return [answer for question in questions for answer in _ask(model, [question])]
    return [
        tuple(
            Response(option, found.logprob, found.tokens) for option, found in zip(question.options, given, strict=True)
        )
        for question, given in zip(questions, answered, strict=True)
    ]


def _unable(row: Row, options: Sequence[str]) -> str:
    """Why the row cannot be asked about these options, or ""."""
    if row.target is None:
        return "the row has no expected answer"
    if not options:
        return "the row has neither a label nor choices, and no preference between two single answers"
    where = f"the {len(options)} labels" if row.label is not None else "its choices"
    if row.target not in options:
        return f"the expected answer {row.target!r} is not among {where}"
    if _different(tuple(options)) < 2:
        return f"there is nothing to choose: the only option is {row.target!r}"
    if alike := _alike(tuple(options)):
        return f"its options {alike[0]!a} and {alike[1]!a} look the same"
    return ""


@lru_cache(maxsize=64)
def _different(options: tuple[str, ...]) -> int:
    """How many options there are to a reader: white space and what cannot be seen make none."""
    return len({"".join(normalize("NFKC", _shown(option)).split()) for option in options})


@lru_cache(maxsize=64)
def _alike(options: tuple[str, ...]) -> tuple[str, str] | None:
    """Two options that are written in other signs and shown as the same ones: composed otherwise, or with some unseen."""
    shown: dict[str, str] = {}
    for option in dict.fromkeys(options):
        first = shown.setdefault(_shown(option), option)
        if first != option:
            return first, option
    return None


_JOINERS = "\u200c\u200d"
"""Zero-width (non-)joiners: Persian and Indic scripts, and emoji, are shown otherwise with them than without."""


def _shown(option: str) -> str:
    """What a reader sees: composed, without white space at the ends, and without signs that change nothing seen."""
    signs = (" " if category(sign) == "Zs" else sign for sign in option)
    seen = normalize("NFC", "".join(sign for sign in signs if sign in _JOINERS or sign.isspace() or _is_seen(sign)))
    kept = (
        sign
        for before, sign, after in zip(f" {seen}", seen, f"{seen[1:]} ", strict=False)
        if sign not in _JOINERS or (_is_shaped(before) and _is_shaped(after))
    )
    return normalize("NFC", "".join(kept)).strip()


def _is_seen(sign: str) -> bool:
    return category(sign) not in {"Cc", "Cf"}


def _is_shaped(sign: str) -> bool:
    """Whether a joiner beside it may change how it is shown: letters and their marks but Latin ones, and emoji."""
    kind = category(sign)
    return (kind[0] in "LM" or kind in {"So", "Sk"}) and not name(sign, "").startswith("LATIN ")
