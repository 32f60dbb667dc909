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
from seatrial_plugins.lm_eval.task_metrics import Measured, exact_match, sentence_score
from seatrial_plugins.lm_eval.task_set import TaskSet

__all__ = ["TaskScorer"]

_SPACES = re.compile(r"\s+")


class TaskScorer:
    """Brings the rows of the tasks, and judges what is answered to them."""

    def __init__(self, tasks: TaskSet) -> None:
        self._tasks = tasks
        self.reads = tasks.reads
        """Digests of task files, rows and code."""
        self._filters: dict[str, dict[str, Filtered]] = {
            name: pipelines(task, tasks.settings.functions) for name, task in tasks.tasks.items()
        }
        if any(task.functions for task in tasks.tasks.values()):
            self.not_known = "what functions of task files load, read and reach"
        self._totals: dict[str, tuple[int, int, int]] | None = None

    def draw(self, tables: Mapping[str, Rows], labels: Sequence[str], seed: int) -> Sequence[Row]:
        """Every item as a row: the text before it, and the right answer."""
        del tables, labels, seed
        return [_row(item) for item in self._tasks.items.values()]

    def score(self, transcripts: Iterable[Transcript], task: Task) -> Iterator[Sample]:
        """One sample a transcript, in order."""
        del task
        for transcript in transcripts:
            yield self._sample(self._tasks.items[transcript.row], transcript)

    def _sample(self, item: Item, transcript: Transcript) -> Sample:
        detail: dict[str, Any] = {"task": item.task, "doc_id": item.number, "gold": _golds(item), **item.hashes}
        about: dict[str, Any] = {"prompt_hash": transcript.prompt_hash, "slice": item.task, "target": _target(item)}
        own = self._tasks.tasks[item.task].get("process_results") is not None
        problem = transcript.error or _problem(item, self._tasks.tasks[item.task].output_type, own=own)
        if problem:
            return Sample(item.id, {}, detail=detail, error=problem, **about)
        kind = self._tasks.tasks[item.task].output_type
        try:
            if own:
                values, prediction = self._own(item, transcript, detail)
            elif kind == "generate_until":
                values, prediction = self._generated(item, transcript, detail)
            elif kind == "multiple_choice":
                values, prediction = self._chosen(item, transcript, detail)
            else:
                values, prediction = self._likely(item, transcript, detail)
        except StageError as error:
            return Sample(item.id, {}, detail=detail, error=str(error), **about)
        return Sample(item.id, self._complete(item, values), prediction=prediction, detail=detail, **about)

    def _complete(self, item: Item, values: dict[str, float]) -> dict[str, float | None]:
        """All columns: None where a metric is another task's; weighted where each task of a group counts the same."""
        found: dict[str, float | None] = dict.fromkeys((metric.name for metric in self._tasks.metrics), None)
        for one in self._tasks.measured[item.task]:
            if one.column in values:
                found[one.column] = values[one.column] * self._tasks.weight(item.task, one)
        return found

    # ---- log-likelihoods ------------------------------------------------------------------------------------------

    def _chosen(
        self, item: Item, transcript: Transcript, detail: dict[str, Any]
    ) -> tuple[dict[str, float], str | None]:
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
        found: dict[str, float] = {}
        for one in self._tasks.measured[item.task]:
            if one.of_row in by:
                found[one.column] = float(_first_largest(by[one.of_row]) in right)
            elif one.name == "brier_score":
                found[one.column] = _brier(logprobs, right[0])
            elif one.name == "exact_match":
                found[one.column] = float(any(_greedy(greedy, place) for place in right))
        return found, item.choices[detail["chosen"]]

    def _likely(
        self, item: Item, transcript: Transcript, detail: dict[str, Any]
    ) -> tuple[dict[str, float], str | None]:
        logprob = _logprob(transcript.responses[0])
        greedy = transcript.detail.get("greedy")
        detail |= {"logprobs": [logprob], "greedy": greedy}
        text = item.requests[0][1]
        found: dict[str, float] = {}
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

    def _generated(
        self, item: Item, transcript: Transcript, detail: dict[str, Any]
    ) -> tuple[dict[str, float], str | None]:
        filtered = self._filtered(item, transcript, detail)
        detail["right"] = right = _texts(item)
        found: dict[str, float] = {}
        for one in self._tasks.measured[item.task]:
            said = _single(filtered[one.filter])
            if said is None:
                raise StageError(f"the filter {one.filter} leaves nothing of the answer: give `map` a default_value")
            if isinstance(said, list):
                raise StageError(
                    f"the filter {one.filter} leaves {len(said)} answers, where one is judged; end it with take_first"
                )
            found[one.column] = _judged(one, str(said), right)
        return found, str(_single(next(iter(filtered.values()))))

    def _own(self, item: Item, transcript: Transcript, detail: dict[str, Any]) -> tuple[dict[str, float], str | None]:
        """What the task's own `process_results` makes of it."""
        task = self._tasks.tasks[item.task]
        code = Prompting(task, list(item.document), self._tasks.settings.functions)
        found: dict[str, float] = {}
        said: dict[str, Any] = {}
        if task.output_type == "generate_until":
            said = self._filtered(item, transcript, detail)
        for name in dict.fromkeys(one.filter for one in self._tasks.measured[item.task]):
            if task.output_type == "generate_until":
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
                if not isinstance(value, int | float) or not math.isfinite(value):
                    raise StageError(f"process_results gives {value!r:.60} for {one.name}, not a finite number")
                found[one.column] = float(value)
        first = _single(next(iter(said.values()), None))
        return found, None if first is None else str(first)

    def _filtered(self, item: Item, transcript: Transcript, detail: dict[str, Any]) -> dict[str, Any]:
        repeats = int(self._tasks.tasks[item.task].get("repeats", 1))
        answers = [transcript.responses[0].text] * repeats  # greedily decoded, each is the same
        filtered = {name: filter_(list(answers), item.document) for name, filter_ in self._filters[item.task].items()}
        detail |= {"resps": answers[:1], "filtered": {name: _single(one) for name, one in filtered.items()}}
        return filtered


def _single(said: Any) -> Any:
    """A list of one as its element: so lm-eval compares it, and hands it to a task's own function as it is."""
    return said[0] if isinstance(said, list) and len(said) == 1 else said


def _row(item: Item) -> Row:
    text, target = item.requests[0][0], _target(item)
    turns = (Turn("user", text), *((Turn("assistant", target),) if target is not None else ()))
    options = item.choices if target in item.choices else ()
    return Row(
        item.id,
        turns,
        "choice" if item.choices else "prompt-completion",
        item.file.name,
        item.file.name,
        item.number + 1,
        Choice(options, options.index(str(target))) if options else None,
        slice=item.task,
        group=item.question,
    )


def _target(item: Item) -> str | None:
    """The right answer's words."""
    if item.choices:
        right = item.right[0] if item.right else -1
        return item.choices[right] if right >= 0 else None
    gold = item.gold[0] if isinstance(item.gold, list) and item.gold else item.gold
    return None if gold is None else str(gold)


def _golds(item: Item) -> list[Any]:
    if item.choices:
        return list(item.right)
    return list(item.gold) if isinstance(item.gold, list) else [item.gold]


def _texts(item: Item) -> list[str]:
    """All right answers' words."""
    return [item.choices[place] for place in item.right] if item.choices else [str(one) for one in _golds(item)]


def _problem(item: Item, kind: str, *, own: bool) -> str:
    """Why an item cannot be judged, whatever is answered; "" where it can. A task's own function may judge without a right answer."""
    golds = item.gold if isinstance(item.gold, list) else [item.gold]
    if not own and (not golds or None in golds or not any(str(one).strip() for one in golds)):
        return "the document has no right answer"
    if kind.startswith("loglikelihood") and isinstance(item.gold, list):
        return f"the right answer is a list of {len(golds)}, where one text is scored"
    if kind != "multiple_choice" and not (kind == "generate_until" and item.choices):
        return ""
    if -1 in item.right:
        return f"the right answer {item.gold!r:.60} is none of its {len(item.choices)} choices"
    if kind == "multiple_choice" and len(item.choices) < 2:
        return "it has one choice alone, so there is nothing to choose"
    if kind == "multiple_choice" and set(item.right) >= set(range(len(item.choices))):
        return "all of its choices are right"
    if kind == "multiple_choice" and not all(item.choices):
        return "one of its choices is empty"
    if kind == "multiple_choice" and len({(before, said.strip()) for before, said in item.requests}) < len(
        item.requests
    ):
        return "two of its choices are the same"
    return ""


def _judged(one: Measured, said: str, right: Sequence[str]) -> float:
    if one.name == "exact_match":
        return float(any(exact_match(said, text, one.options) for text in right))
    return sentence_score(one.name, said, right)


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
