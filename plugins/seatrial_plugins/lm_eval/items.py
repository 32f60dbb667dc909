"""Items: each document of a task with the requests that are made of it, word for word as lm-eval makes them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from seatrial.data.normalise import normalise
from seatrial.errors import SourceError, StageError, UsageError
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
    document: Document
    file: Path
    requests: tuple[tuple[str, str], ...]
    """Text before, and text that is scored behind it; of a generation, the text before and nothing."""
    context: bool = True
    """Whether something is asked; not of a text that is scored by itself."""
    choices: tuple[str, ...] = ()
    gold: Any = None
    """The right option's place or several, the right text or several."""
    target: Any = None
    """What doc_to_target makes of the document."""
    question: str = ""
    """A digest of what is asked, whatever examples stand before: copies of one document are one observation."""

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
            "prompt_hash": _hash(self.requests[0][0] if self.context else self.requests[0][1]),
            "target_hash": _hash(str(self.target)),
        }


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
        self._sampler = Sampler(self._examples(), task.fewshot.get("sampler", "default"), settings.fewshot_seed)
        first = self._documents[0]
        self._inputs = isinstance(self._prompting.text(first), int) and task.get("doc_to_choice") is not None
        if self._inputs and any(entry.metric == "acc_mutual_info" for entry in task.metrics):
            raise UsageError(
                f"{task.keys.place('metric_list')}: acc_mutual_info is of options behind one question; those of {task.name} are questions"
            )
        self._asked: dict[int, str] = {}

    def items(self) -> Iterator[Item]:
        if self._settings.limit is not None and self._settings.limit < 1:
            raise UsageError(f"lm_eval: limit is {self._settings.limit}; at least one document is asked")
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
        split = fewshot.get("split") or task.splits.get("fewshot_split")
        if split is not None:
            return self._prompting.processed(
                self._raw(str(split)), fewshot.get("process_docs", task.get("process_docs"))
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
        choices = prompting.choices(document) if task.get("doc_to_choice") is not None else []
        gold = target = prompting.target(document, null=True)
        if self._inputs:
            continuation = f"{task.delimiter}{gold}"
            contexts = [before + _ask(choice, prefix, "") for choice in choices]
            requests = [(context, continuation) for context in contexts]
            gold = prompting.text(document)
            return self._made(number, document, requests, choices, gold, target)
        context = before + _ask(self._question(prompting.text(document)), prefix, task.delimiter)
        if task.output_type == "multiple_choice":
            requests = [(context, f"{task.delimiter}{choice}") for choice in choices]
            if any(entry.metric == "acc_mutual_info" for entry in task.metrics):
                requests += [("", f"{task.delimiter}{choice}") for choice in choices]
        elif task.output_type == "loglikelihood":
            requests = [(context, str(gold))]
        elif task.output_type == "loglikelihood_rolling":
            requests = [("", str(gold))]
        else:
            requests = [(context, "")]
        return self._made(number, document, requests, choices, gold, target)

    def _made(
        self,
        number: int,
        document: Document,
        requests: list[tuple[str, str]],
        choices: list[str],
        gold: Any,
        target: Any,
    ) -> Item:
        alone = self._task.output_type == "loglikelihood_rolling"
        question = _hash(normalise(str(gold))) if alone else self._question_of(document)
        return Item(
            self._task.name, number, document, self._file, tuple(requests), not alone, tuple(choices), gold, target, question
        )  # fmt: skip

    def _question_of(self, document: Document) -> str:
        """A digest of what a document asks and of its options: equal for documents that ask the same."""
        known = self._asked.get(id(document))
        if known is None:
            choices = self._prompting.choices(document) if self._task.get("doc_to_choice") is not None else []
            asked = "" if self._inputs else str(self._prompting.text(document))
            known = self._asked[id(document)] = _hash("\0".join(map(normalise, (asked, *choices))))
        return known

    def _examples_for(self, document: Document, *, among: bool) -> list[Document]:
        """Examples as lm-eval draws them; of one that asks what the document asks, answer and all, another one instead."""
        drawn = self._sampler.draw(self._shots, document if among else None)
        if self._task.output_type == "loglikelihood_rolling":
            return drawn
        try:
            asked = self._question_of(document)
            kept = [one for one in drawn if self._question_of(one) != asked]
            if len(kept) < len(drawn):
                kept += self._sampler.others(len(drawn) - len(kept), drawn, lambda one: self._question_of(one) != asked)
        except (
            SourceError,
            StageError,
            KeyError,
        ):  # examples of another layout than the documents, with templates of their own
            return drawn
        return kept

    def _before(self, document: Document) -> str:
        task, prompting, fewshot = self._task, self._prompting, self._task.fewshot
        before = prompting.field("description", task.get("description"), document)
        if not self._shots:
            return before
        split = fewshot.get("split") or task.splits.get("fewshot_split")
        among = split == task.splits.get("test_split")
        target_delimiter = str(fewshot.get("target_delimiter", task.delimiter))
        delimiter = str(fewshot.get("fewshot_delimiter", task.keys.values.get("fewshot_delimiter", "\n\n")))
        for example in self._examples_for(document, among=among):
            prefix = prompting.field("gen_prefix", fewshot.get("gen_prefix", task.get("gen_prefix")), example)
            question = prompting.text(example, fewshot.get("doc_to_text"))
            answer = prompting.target(example, fewshot.get("doc_to_target"))
            has_choices = fewshot.get("doc_to_choice", task.get("doc_to_choice")) is not None
            choices = prompting.choices(example, fewshot.get("doc_to_choice")) if has_choices else []
            if self._inputs:
                question, choices = choices[int(question)], []
            said = self._answer(answer, choices)
            before += f"{self._question(question)}{target_delimiter if said is not None and not prefix else ''}"
            if prefix and said is not None and _needs_space(str(question), prefix):
                before += target_delimiter
            if said is not None:
                before += f"{_joined(prefix, said)}{delimiter}"
        return before

    def _answer(self, answer: Any, choices: list[str]) -> str | None:
        if answer is None or answer == "":
            return None
        said = choices[answer] if choices and isinstance(answer, int) else answer
        said = said[0] if isinstance(said, list) else said
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
