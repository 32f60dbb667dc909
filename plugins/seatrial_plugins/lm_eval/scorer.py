"""Judges answers as an lm-eval task file says: its filters, its metrics."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from seatrial import Response, Row, Rows, Sample, Task, Transcript, Turn
from seatrial.errors import StageError
from seatrial.rows import Choice
from seatrial_plugins.lm_eval.answer_filters import Filtered, pipelines
from seatrial_plugins.lm_eval.items import Item
from seatrial_plugins.lm_eval.prompting import Prompting
from seatrial_plugins.lm_eval.right_answers import golds, is_said, problem, target, texts
from seatrial_plugins.lm_eval.task_metrics import Measured, exact_match, sentence_score, without_ignored
from seatrial_plugins.lm_eval.task_set import TaskSet

__all__ = ["TaskScorer"]

_Values = dict[str, float | StageError | None]
"""Column → its number; None where it does not apply, an error where there should be one."""

_SPACES = re.compile(r"\s+")


class TaskScorer:
    """Brings the rows of the tasks, and judges what is answered to them."""

    def __init__(self, tasks: TaskSet) -> None:
        self._tasks = tasks
        self.reads = tasks.reads
        """Digests of task files, rows and code."""
        if tasks.not_known:
            self.not_known = tasks.not_known
        self._filters: dict[str, dict[str, Filtered]] = {
            name: pipelines(task, tasks.settings.functions) for name, task in tasks.tasks.items()
        }
        self._code = {name: Prompting(task, (), tasks.settings.functions) for name, task in tasks.tasks.items()}
        self._totals: dict[str, tuple[int, int, int]] | None = None

    def draw(self, tables: Mapping[str, Rows], labels: Sequence[str], seed: int) -> Sequence[Row]:
        """Every item as a row: what its document asks, without the examples before it, and the right answer."""
        del tables, labels, seed
        return [_row(item) for item in self._tasks.items.values()]

    @property
    def of(self) -> int:
        """How many documents there are, without `limit`."""
        return sum({item.task: item.of for item in self._tasks.items.values()}.values())

    def score(self, transcripts: Iterable[Transcript], task: Task) -> Iterator[Sample]:
        """One sample a transcript, in order."""
        del task
        for transcript in transcripts:
            yield self._sample(self._tasks.items[transcript.row], transcript)

    def _sample(self, item: Item, transcript: Transcript) -> Sample:
        task = self._tasks.tasks[item.task]
        own = task.get("process_results") is not None
        detail: dict[str, Any] = {
            "task": item.task,
            "doc_id": item.number,
            "of": item.of,
            "gold": golds(item),
            **item.hashes,
        }
        about: dict[str, Any] = {"prompt_hash": transcript.prompt_hash, "slice": item.task, "target": target(item)}
        why = transcript.error or item.problem or problem(item, task.output_type, own=own)
        if why:
            return Sample(item.id, {}, detail=detail, error=why, **about)
        try:
            if own:
                values, prediction = self._own(item, transcript, detail)
            elif task.output_type == "generate_until":
                values, prediction = self._generated(item, transcript, detail)
            elif task.output_type == "multiple_choice":
                values, prediction = self._chosen(item, transcript, detail)
            else:
                values, prediction = self._likely(item, transcript, detail)
        except StageError as error:
            return Sample(item.id, {}, detail=detail, error=str(error), **about)
        lacks = {column: str(why) for column, why in values.items() if isinstance(why, StageError)}
        if lacks.keys() == values.keys() and lacks:
            return Sample(item.id, {}, detail=detail, error=next(iter(lacks.values())), **about)
        return Sample(
            item.id,
            self._complete(
                item, {name: value for name, value in values.items() if not isinstance(value, StageError)}, lacks
            ),
            prediction=prediction,
            detail=detail,
            lacks=tuple(lacks),
            error=next(iter(lacks.values()), None),
            **about,
        )

    def _complete(
        self, item: Item, values: Mapping[str, float | None], lacks: Mapping[str, str]
    ) -> dict[str, float | None]:
        """All columns: None where a metric is another task's; weighted where each task of a group counts the same."""
        found: dict[str, float | None] = {one.name: None for one in self._tasks.metrics if one.name not in lacks}
        for column, value in values.items():
            found[column] = None if value is None else value * self._tasks.weight(item.task, column)
        return found

    # ---- log-likelihoods ------------------------------------------------------------------------------------------

    def _chosen(self, item: Item, transcript: Transcript, detail: dict[str, Any]) -> tuple[_Values, str | None]:
        count = len(item.choices)
        every = [_logprob(one) for one in transcript.responses]
        logprobs, alone = every[:count], every[count:]
        right = item.right
        by = {
            "acc": logprobs,
            "acc_norm": [one / len(text) for one, text in zip(logprobs, item.choices, strict=True)],
            "acc_bytes": [one / len(text.encode()) for one, text in zip(logprobs, item.choices, strict=True)],
        }
        if alone:
            by["acc_mutual_info"] = [one - without for one, without in zip(logprobs, alone, strict=True)]
        greedy = transcript.detail.get("greedy")
        detail |= {"logprobs": logprobs, "greedy": greedy, "chosen": _first_largest(logprobs)}
        found: _Values = {}
        for one in self._tasks.measured[item.task]:
            if one.of_row in by:
                found[one.column] = float(_first_largest(by[one.of_row]) in right)
            elif one.name == "brier_score":
                found[one.column] = _brier(logprobs, right[0])
            elif one.name == "exact_match":
                found[one.column] = float(any(_greedy(greedy, place) for place in right))
        return found, item.choices[detail["chosen"]]

    def _likely(self, item: Item, transcript: Transcript, detail: dict[str, Any]) -> tuple[_Values, str | None]:
        logprob = _logprob(transcript.responses[0])
        greedy = transcript.detail.get("greedy")
        detail |= {"logprobs": [logprob], "greedy": greedy}
        text = item.requests[0][1]
        found: _Values = {}
        for one in self._tasks.measured[item.task]:
            if one.of_row == "acc":
                found[one.column] = float(_greedy(greedy, 0))
            elif one.of_row == "nll":
                found[one.column] = -logprob
            else:
                rows, words, characters = self._sizes(item.task)
                detail |= {"words": _words(text), "bytes": len(text.encode())}
                whole = words if one.of_row == "nll_per_word" else characters
                bits = math.log(2) if one.of_row == "bits_per_byte" else 1.0
                # Over all rows, the mean is the sum of log-likelihoods over the sum of words or bytes.
                found[one.column] = -logprob * rows / whole / bits
        return found, None

    def _sizes(self, task: str) -> tuple[int, int, int]:
        """A task's rows, words and bytes."""
        if self._totals is None:
            self._totals = {}
            for item in self._tasks.items.values():
                rows, words, characters = self._totals.get(item.task, (0, 0, 0))
                text = item.requests[0][1]
                self._totals[item.task] = (rows + 1, words + _words(text), characters + len(text.encode()))
        return self._totals[task]

    # ---- texts ----------------------------------------------------------------------------------------------------

    def _generated(self, item: Item, transcript: Transcript, detail: dict[str, Any]) -> tuple[_Values, str | None]:
        filtered = {name: _one(name, said) for name, said in self._filtered(item, transcript, detail).items()}
        right = detail["right"] = texts(item)
        found: _Values = {}
        for one in self._tasks.measured[item.task]:
            said = filtered[one.filter]
            try:
                found[one.column] = said if isinstance(said, StageError) else _judged(one, said, right)
            except StageError as error:
                found[one.column] = error
        first = next((said for said in filtered.values() if isinstance(said, str)), None)
        return found, first

    def _own(self, item: Item, transcript: Transcript, detail: dict[str, Any]) -> tuple[_Values, str | None]:
        """What the task's own `process_results` makes of it."""
        task = self._tasks.tasks[item.task]
        code = self._code[item.task]
        found: _Values = {}
        said: dict[str, Any] = {}
        if task.output_type == "generate_until":
            said = self._filtered(item, transcript, detail)
        for name in dict.fromkeys(one.filter for one in self._tasks.measured[item.task]):
            if task.output_type == "generate_until":
                if isinstance(said[name], StageError):
                    found |= {one.column: said[name] for one in self._tasks.measured[item.task] if one.filter == name}
                    continue
                given: list[Any] = [said[name]]
            elif task.output_type == "loglikelihood_rolling":
                given = [_logprob(transcript.responses[0])]
            else:
                greedy = transcript.detail.get("greedy")
                given = [(_logprob(one), _greedy(greedy, place)) for place, one in enumerate(transcript.responses)]
            values = code.call(task.get("process_results"), item.document, given)
            for one in self._tasks.measured[item.task]:
                if one.filter != name:
                    continue
                value: Any = values.get(one.name) if isinstance(values, Mapping) else None
                value = value.item() if hasattr(value, "item") else value  # numpy's numbers
                if one.passes_nan and isinstance(value, float) and math.isnan(value):
                    found[one.column] = None
                    continue
                if not isinstance(value, int | float) or not math.isfinite(value):
                    raise StageError(f"process_results gives {value!r:.60} for {one.name}, not a finite number")
                found[one.column] = float(value)
        first = next((one for one in said.values() if one is not None and not isinstance(one, StageError)), None)
        return found, None if first is None else str(first)

    def _filtered(self, item: Item, transcript: Transcript, detail: dict[str, Any]) -> dict[str, Any]:
        """Each filter's name → what it leaves, or why it leaves nothing."""
        repeats = int(self._tasks.tasks[item.task].get("repeats", 1))
        answers = [transcript.responses[0].text] * repeats  # greedily decoded, each is the same
        filtered: dict[str, Any] = {}
        for name, filter_ in self._filters[item.task].items():
            try:
                filtered[name] = filter_(list(answers), item.document)
            except StageError as error:
                filtered[name] = error
        kept = {name: None if isinstance(said, StageError) else said for name, said in filtered.items()}
        detail |= {"resps": answers[:1], "filtered": kept}
        return filtered


def _row(item: Item) -> Row:
    said = target(item)
    turns = (Turn("user", item.question), *((Turn("assistant", said),) if said is not None else ()))
    options = item.choices if said in item.choices else ()
    return Row(
        item.id,
        turns,
        "choice" if item.choices else "prompt-completion",
        item.file.name,
        item.file.name,
        item.number + 1,
        Choice(options, options.index(str(said))) if options else None,
        slice=item.task,
    )


def _one(name: str, said: Any) -> str | StageError:
    """The one answer that a filter leaves, as lm-eval takes a list of one for its element; or why there is none."""
    if isinstance(said, list) and len(said) == 1:
        said = said[0]
    if isinstance(said, list):
        return StageError(f"the filter {name} leaves {len(said)} answers, where one is judged; end it with take_first")
    if said is None:
        return StageError(f"the filter {name} leaves no answer; give it a fallback (map: `default_value`)")
    return said if isinstance(said, StageError) else str(said)


def _judged(one: Measured, said: str, right: Sequence[str]) -> float:
    if one.name != "exact_match":
        return sentence_score(one.name, said, right)
    left = [text for text in right if is_said(without_ignored(text, one.options))]
    if not left:
        raise StageError(f"what exact_match ignores leaves nothing of the right answer {right[0]!r:.60}")
    return float(any(exact_match(said, text, one.options) for text in left))


def _logprob(response: Response) -> float:
    if response.logprob is None or not math.isfinite(response.logprob):
        raise StageError(f"the log-likelihood of {response.text!r:.60} is no finite number")
    return response.logprob


def _first_largest(values: Sequence[float]) -> int:
    return max(range(len(values)), key=values.__getitem__)


def _greedy(greedy: object, place: int) -> bool:
    said = greedy[place] if isinstance(greedy, list) else None
    if said is None:
        raise StageError("the model does not tell whether a text is the likeliest one")
    return bool(said)


def _brier(logprobs: Sequence[float], right: int) -> float:
    most = max(logprobs)
    weights = [math.exp(one - most) for one in logprobs]
    total = sum(weights)
    return sum((weight / total - (place == right)) ** 2 for place, weight in enumerate(weights))


def _words(text: str) -> int:
    """As lm-eval counts them: pieces between white space, an empty one at an end included."""
    return len(_SPACES.split(text))
