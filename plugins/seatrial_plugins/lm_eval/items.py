"""Items: each document of a task with the requests that are made of it, word for word as lm-eval makes them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from seatrial.errors import SeatrialError, SourceError, UsageError
from seatrial_plugins.lm_eval.documents import Document, files_of, read_documents
from seatrial_plugins.lm_eval.fewshot import Sampler
from seatrial_plugins.lm_eval.prompting import Prompting
from seatrial_plugins.lm_eval.task_config import TaskConfig

__all__ = ["Item", "Settings", "items_of"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What a suite says beside the task."""

    rows: Mapping[str, Any]
    num_fewshot: int | None = None
    fewshot_seed: int = 1234
    limit: int | None = None
    functions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """One document, asked."""

    task: str
    number: int
    """The document's place among those of its split, from 0."""
    of: int
    """How many documents the split has."""
    document: Document
    file: Path
    requests: tuple[tuple[str, str], ...]
    """Text before, and text that is scored behind it; of a generation, the text before and nothing."""
    question: str = ""
    """What the document alone asks, without description and examples; its options, or its answer, where it has no words of its own."""
    choices: tuple[str, ...] = ()
    gold: Any = None
    """The right option's place or several, the right text or several."""
    target: Any = None
    """What `doc_to_target` makes of the document: the same, but where the options are different questions."""
    problem: str = ""
    """Why it cannot be asked; "" where it can."""
    rolling: bool = False
    """Whether a whole text is scored, with nothing before it."""

    @property
    def id(self) -> str:
        """The task and the document's place."""
        return f"{self.task}/{self.number}"

    @property
    def right(self) -> tuple[int, ...]:
        """The places of the right options; -1 stands for one that is none of them."""
        golds = self.gold if isinstance(self.gold, list) else [self.gold]
        return tuple(self._place(gold) for gold in golds)

    def _place(self, gold: Any) -> int:
        if isinstance(gold, str):
            return self.choices.index(gold) if gold in self.choices else -1
        return gold if isinstance(gold, int) and 0 <= gold < len(self.choices) else -1

    @property
    def hashes(self) -> dict[str, str]:
        """lm-eval's three hashes."""
        said = json.dumps(self.document, indent=2, default=str, ensure_ascii=False)
        return {
            "doc_hash": _hash(said),
            "prompt_hash": _hash(self.requests[0][1 if self.rolling else 0]),
            "target_hash": _hash(str(self.target)),
        }


_NO_VALUE = "doc_to_text prints a field that has no value in this document"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def items_of(task: TaskConfig, settings: Settings) -> Iterator[Item]:
    """Every document of the split that is asked, in order.

    Raises:
        UsageError: the rows are nowhere, or there are too few examples.
        SourceError: a document cannot be read as the file says.
    """
    return _Asking(task, settings).items()


class _Asking:
    def __init__(self, task: TaskConfig, settings: Settings) -> None:
        self._task = task
        self._settings = settings
        self._files = files_of(task, settings.rows)
        split = task.splits.get("test_split") or task.splits.get("validation_split")
        if split is None:
            raise UsageError(f"{task.keys.path}: {task.name} names neither a test_split nor a validation_split")
        self._split = split
        self._file = self._files.get(split, [task.keys.path])[0]
        raw = self._raw(split)
        self._prompting = Prompting(task, list(raw[0]), settings.functions)
        self._documents = self._prompting.processed(raw, task.get("process_docs"))
        if not self._documents:
            raise SourceError(f"{task.keys.path}: process_docs of {task.name} leaves no document")
        self._prompting = Prompting(task, list(self._documents[0]), settings.functions)
        own = task.get("num_fewshot")
        # As lm-eval has it, a task that says 0 takes no examples whatever the command says.
        shots = settings.num_fewshot if settings.num_fewshot is not None and own != 0 else own
        self._shots = int(shots or 0)
        self._made: dict[int, tuple[str | int, list[str], Any]] = {}
        self._examples_shown: dict[int, str] = {}
        kind = task.fewshot.get("sampler", "default")
        self._sampler = Sampler(self._examples(), kind, settings.fewshot_seed, self._same)
        first = self._documents[0]
        self._inputs = isinstance(self._prompting.text(first), int) and task.get("doc_to_choice") is not None

    @property
    def _example_split(self) -> str | None:
        """The split that the file says examples come from."""
        split = self._task.fewshot.get("split") or self._task.splits.get("fewshot_split")
        return None if split is None else str(split)

    def items(self) -> Iterator[Item]:
        for number, document in enumerate(islice(self._documents, self._settings.limit)):
            try:
                yield self._item(number, document)
            except (SourceError, UsageError) as error:
                raise type(error)(f"{self._task.name}: document {number} of {self._file}: {error}") from error

    def _raw(self, split: str) -> list[Document]:
        if split not in self._files:
            known = ", ".join(sorted(self._files)) or "none"
            raise UsageError(
                f"{self._task.keys.path}: {self._task.name}: no file holds the split {split!r}; splits: {known}"
            )
        kwargs = self._task.get("dataset_kwargs", {})
        documents = read_documents(self._files[split], kwargs)
        if not documents:
            raise SourceError(f"{self._files[split][0]}: holds no record")
        return documents

    def _examples(self) -> list[Document]:
        if not self._shots:
            return []
        task, fewshot = self._task, self._task.fewshot
        if self._example_split is not None:
            return self._prompting.processed(
                self._raw(self._example_split), fewshot.get("process_docs", task.get("process_docs"))
            )
        if (samples := fewshot.get("samples")) is not None:
            return list(samples if isinstance(samples, list) else self._prompting.call(samples))
        splits = task.splits
        other = splits.get("training_split") or splits.get("validation_split") or splits["test_split"]
        return self._prompting.processed(self._raw(other), task.get("process_docs"))

    # ---- the text before ------------------------------------------------------------------------------------------

    def _item(self, number: int, document: Document) -> Item:
        task, prompting = self._task, self._prompting
        before = self._before(document)
        prefix = prompting.field("gen_prefix", task.get("gen_prefix"), document)
        text, choices, target = self._parts(document)
        gold: Any = target
        if self._inputs:
            requests = [(before + _ask(choice, prefix, ""), f"{task.delimiter}{target}") for choice in choices]
            gold, question = text, ""
        else:
            question = self._question(text)
            context = before + _ask(question, prefix, task.delimiter)
            requests = {
                "multiple_choice": [(context, f"{task.delimiter}{choice}") for choice in choices],
                "loglikelihood": [(context, str(target))],
                "loglikelihood_rolling": [("", str(target))],
                "generate_until": [(context, "")],
            }[task.output_type]
        if task.output_type == "loglikelihood_rolling":
            question = str(target)
        elif task.output_type == "multiple_choice" and any(one.metric == "acc_mutual_info" for one in task.metrics):
            requests += [("", f"{task.delimiter}{choice}") for choice in choices]
        return Item(
            task=task.name,
            number=number,
            of=len(self._documents),
            document=document,
            file=self._file,
            requests=tuple(requests),
            question=question if question.strip() else "\n".join(choices) or str(target),
            choices=tuple(choices),
            gold=gold,
            target=target,
            problem=_NO_VALUE if id(document) in self._prompting.lacking else "",
            rolling=task.output_type == "loglikelihood_rolling",
        )

    def _parts(self, document: Document) -> tuple[str | int, list[str], Any]:
        """A document's question, options and answer, each made once: most documents are examples of many others."""
        prompting = self._prompting
        if id(document) not in self._made:
            choices = prompting.choices(document) if self._task.get("doc_to_choice") is not None else []
            self._made[id(document)] = (prompting.text(document), choices, prompting.target(document))
        return self._made[id(document)]

    def _same(self, one: Document, other: Document) -> bool:
        """Whether both ask the same and have the same answer, whatever else they hold, such as a number of their own."""
        if one == other:
            return True
        try:
            parts = self._parts(one)
            asks = bool(parts[0].strip()) if isinstance(parts[0], str) else True
            return asks and parts == self._parts(other)
        except SeatrialError:  # an example that `fewshot_config` reads in a way of its own
            return False

    def _before(self, document: Document) -> str:
        before = self._prompting.field("description", self._task.get("description"), document)
        if not self._shots:
            return before
        among = self._example_split == self._task.splits.get("test_split")
        drawn = self._sampler.draw(self._shots, document, among=among)
        return before + "".join(self._shown(example) for example in drawn)

    def _shown(self, example: Document) -> str:
        """An example with its answer, as it stands before a question; made once."""
        if id(example) in self._examples_shown:
            return self._examples_shown[id(example)]
        task, prompting, fewshot = self._task, self._prompting, self._task.fewshot
        target_delimiter = str(fewshot.get("target_delimiter", task.delimiter))
        delimiter = str(fewshot.get("fewshot_delimiter", task.keys.values.get("fewshot_delimiter", "\n\n")))
        prefix = prompting.field("gen_prefix", fewshot.get("gen_prefix", task.get("gen_prefix")), example)
        question = prompting.text(example, fewshot.get("doc_to_text"))
        answer = prompting.target(example, fewshot.get("doc_to_target"))
        has_choices = fewshot.get("doc_to_choice", task.get("doc_to_choice")) is not None
        choices = prompting.choices(example, fewshot.get("doc_to_choice")) if has_choices else []
        if self._inputs:
            question, choices = choices[int(question)], []
        said = self._answer(answer, choices)
        shown = self._question(question)
        if (prefix and _needs_space(shown, prefix)) or (said is not None and not prefix):
            shown += target_delimiter
        shown += prefix if said is None else f"{_joined(prefix, said)}{delimiter}"
        self._examples_shown[id(example)] = shown
        return shown

    def _answer(self, answer: Any, choices: list[str]) -> str | None:
        if answer is None or answer == "":
            return None
        if choices and isinstance(answer, int) and not -len(choices) <= answer < len(choices):
            raise SourceError(f"the answer of an example is {answer}, none of its {len(choices)} choices")
        said = choices[answer] if choices and isinstance(answer, int) else answer
        said = next(iter(said), None) if isinstance(said, list) else said
        if not isinstance(said, str):
            raise SourceError(f"the answer of an example is {said!r:.60}, not text; let doc_to_target write it as text")
        return said

    def _question(self, question: Any) -> str:
        if not isinstance(question, str):
            raise SourceError(f"doc_to_text makes {question!r:.60} of a document, not text")
        return question


def _ask(question: str, prefix: str, delimiter: str) -> str:
    """The question, and what the answer begins with."""
    if not prefix:
        return question
    return f"{question}{delimiter if _needs_space(question, prefix) else ''}{prefix}"


def _needs_space(before: str, behind: str) -> bool:
    return bool(before) and not (before[-1].isspace() or behind[0].isspace())


def _joined(prefix: str, text: str) -> str:
    if not prefix or not text:
        return prefix or text
    return f"{prefix} {text}" if _needs_space(prefix, text) else prefix + text
