"""Asks a system what an lm-eval task file asks, in plain text: no chat template, no end of turn."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from seatrial import Completes, Continuation, Generation, Response, Row, SeatrialError, System, Task, Transcript
from seatrial.errors import StageError
from seatrial.evaluation.probe import Progress
from seatrial_plugins.lm_eval.items import Item
from seatrial_plugins.lm_eval.task_set import TaskSet

__all__ = ["PlainTextProbe", "prompt_hash"]

T = TypeVar("T")


class PlainTextProbe:
    """Puts each item's requests to a model that goes on with plain text."""

    def __init__(self, tasks: TaskSet, digests: Mapping[str, str]) -> None:
        self._tasks = tasks
        if digests and dict(digests) != tasks.reads:
            raise StageError("lm_eval: a task file or its rows were changed since the run was planned; start again")

    def run(self, system: System, task: Task, rows: Sequence[Row], progress: Progress) -> Iterable[Transcript]:
        """One transcript a row, with a response for each request."""
        del task
        model: object = system.model
        if not isinstance(model, Completes):
            raise StageError(f"lm_eval: {system.name} cannot go on with plain text; take another loader or scorer")
        items = [self._tasks.items[row.id] for row in rows]
        kinds = {self._tasks.tasks[item.task].output_type for item in items}
        found: dict[str, Transcript] = {}
        for kind in sorted(kinds):
            these = [item for item in items if self._tasks.tasks[item.task].output_type == kind]
            if kind == "generate_until":
                found |= self._generated(model, these)
            else:
                found |= _scored(model, these, rolling=kind == "loglikelihood_rolling")
        progress(len(rows), len(rows))
        return [found[row.id] for row in rows]

    def _generated(self, model: Completes, items: Sequence[Item]) -> dict[str, Transcript]:
        found: dict[str, Transcript] = {}
        for name in dict.fromkeys(item.task for item in items):
            how = self._tasks.tasks[name].generation
            these = [item for item in items if item.task == name]
            answers = _one_by_one(these, partial(_completed, model, how))
            for item, answer in zip(these, answers, strict=True):
                if isinstance(answer, str):
                    found[item.id] = Transcript(item.id, prompt_hash=prompt_hash(item), error=answer)
                    continue
                said = Response(answer.text, tokens=answer.tokens, finished=answer.finished)
                found[item.id] = Transcript(item.id, (said,), prompt_hash(item))
        return found


def _completed(model: Completes, how: Mapping[str, Any], items: Sequence[Item]) -> list[Generation]:
    texts = [item.requests[0][0] for item in items]
    return model.complete(texts, max_new_tokens=how["max_gen_toks"], stop=how["until"])


def _scored(model: Completes, items: Sequence[Item], *, rolling: bool) -> dict[str, Transcript]:
    def asked(some: Sequence[Item]) -> list[list[Continuation]]:
        if rolling:
            return [[one] for one in model.whole_texts([item.requests[0][1] for item in some])]
        return _grouped(model, some)

    found = {}
    for item, answer in zip(items, _one_by_one(items, asked), strict=True):
        if isinstance(answer, str):
            found[item.id] = Transcript(item.id, prompt_hash=prompt_hash(item), error=answer)
            continue
        said = tuple(
            Response(text, one.logprob, one.tokens) for (_, text), one in zip(item.requests, answer, strict=True)
        )
        greedy = [one.greedy for one in answer]
        found[item.id] = Transcript(item.id, said, prompt_hash(item), {"greedy": greedy})
    return found


def _grouped(model: Completes, items: Sequence[Item]) -> list[list[Continuation]]:
    """Each item's requests, answered; those of all items with one text before are one question, and equal ones are asked once."""
    options: dict[str, dict[str, None]] = {}
    for item in items:
        for text, option in item.requests:
            options.setdefault(text, {})[option] = None
    answers = model.continuations(list(options), [list(of) for of in options.values()])
    known = {
        (text, option): one
        for (text, of), found in zip(options.items(), answers, strict=True)
        for option, one in zip(of, found, strict=True)
    }
    return [[known[request] for request in item.requests] for item in items]


def _one_by_one(items: Sequence[Item], ask: Callable[[Sequence[Item]], Sequence[T]]) -> list[T | str]:
    """What the model answers to each item, or why it does not: one that it refuses is asked alone."""
    try:
        return list(ask(items))
    except SeatrialError as error:
        if len(items) == 1:
            return [str(error)]
        half = len(items) // 2
        return [*_one_by_one(items[:half], ask), *_one_by_one(items[half:], ask)]


def prompt_hash(item: Item) -> str:
    """Digest of all that a system is given."""
    said = json.dumps(item.requests, ensure_ascii=True)
    return hashlib.blake2b(said.encode(), digest_size=8).hexdigest()
