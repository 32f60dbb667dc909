"""ChatterBot's corpus: dialogues in YAML, a category a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from seatrial import RawRecord
from seatrial_plugins.readers.opening import LIMIT
from seatrial_plugins.readers.yaml_tree import Node, YamlEnd, read_root

__all__ = ["ChatterbotCorpus"]

_KINDS = {"scalar": "one text", "list": "a list", "mapping": "a mapping"}


class ChatterbotCorpus:
    """Reads `categories: [name, …]` and `conversations: [[utterance, …], …]`.

    An utterance is its text as written, so `- Yes` and `- 42` are texts. The first category is the file's.
    """

    suffixes = (".yml", ".yaml")
    by_suffix = False

    def __init__(self, task: Literal["topic", "dialogue"] = "topic", limit: int = LIMIT) -> None:
        self._task = task
        self._limit = limit

    def read(self, file: Path) -> Iterator[RawRecord]:
        """One record a conversation: `{text, label}`, or `{messages, slice}`."""
        document = read_root(file, keep=2, limit=self._limit)
        category, problem = _category(document)
        conversations = (
            document.root.get("conversations") if document.root and document.root.kind == "mapping" else None
        )
        if not problem and (conversations is None or conversations.kind != "list"):
            problem = "there is no list `conversations:`"
        if problem or conversations is None:
            lost = document.root is not None or bool(document.problem)
            yield RawRecord(document.line or 1, problem=document.problem or problem, lost=lost)
            return
        for conversation in conversations.items:
            problem = conversation.problem or _problem(conversation)
            value = None if problem else self._record(conversation, category)
            yield RawRecord(conversation.line, value, problem, conversation.excerpt)
        if document.problem:
            yield RawRecord(document.line, problem=document.problem, lost=True)
        elif not conversations.items:
            yield RawRecord(conversations.line, problem="`conversations:` is empty")

    def _record(self, conversation: Node, category: str) -> dict[str, Any]:
        if self._task == "topic":
            return {"text": conversation.items[0].text, "label": category}
        speakers = ("user", "assistant")
        messages = [
            {"role": speakers[number % 2], "content": utterance.text}
            for number, utterance in enumerate(conversation.items)
        ]
        return {"messages": messages, "slice": category}


def _category(document: YamlEnd) -> tuple[str, str]:
    """The file's category, or why it has none."""
    root = document.root
    if root is None:
        return "", "the file is empty"
    if root.kind != "mapping":
        return "", f"the top level is {_KINDS[root.kind]}, not a mapping with `categories:` and `conversations:`"
    categories = root.get("categories")
    first = categories.items[0] if categories is not None and categories.items else None
    if first is None or first.kind != "scalar" or first.problem or not first.text.strip():
        return "", "`categories:` names no category, so its conversations have none"
    return first.text, ""


def _problem(conversation: Node) -> str:
    if conversation.kind != "list":
        return f"the conversation is {_KINDS[conversation.kind]}, not a list of utterances"
    if not conversation.items:
        return "the conversation has no utterance"
    other = next((item.kind for item in conversation.items if item.kind != "scalar"), None)
    return f"an utterance is {_KINDS[other]}, not a text" if other else ""
