"""Chat: conversations as token ids, and which of those tokens are the assistant's."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from seatrial.errors import SourceError, StageError
from seatrial.rows import ToolCall, ToolResult, Turn
from seatrial.terminal.legible import one_line
from seatrial_plugins.huggingface.tokenizer_files import read_tokenizer

__all__ = ["ChatTokenizer", "Rendered"]

_LONGEST_OPENING = 64
"""At most so many characters stand between the last added token and the assistant's first word, such as `assistant\\n`."""

_SENTINEL = "Answer"
"""A short word that no chat template treats specially."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A conversation as the model reads it."""

    ids: tuple[int, ...]
    supervised: tuple[bool, ...]
    """True on the assistant's words and the end of each of its turns."""


class ChatTokenizer:
    """The model's tokenizer and chat template (`seatrial.model.CountsTokens`)."""

    def __init__(self, folder: Path, *, chat: bool, system: str | None) -> None:
        self.tokenizer = read_tokenizer(folder)
        self.chat = chat
        self.system = system
        if not self.tokenizer.is_fast:
            raise SourceError(
                f"{folder}: its tokenizer has no tokenizer.json, which gives the place of each token; add one"
            )
        if chat and not self.tokenizer.chat_template:
            raise SourceError(f"{folder}: its tokenizer has no chat template; give it one, or say `chat: false`")
        try:
            self.closing = self._closing()
        except (StageError, ValueError) as error:
            raise SourceError(
                f"{folder}: its chat template cannot write a question and its answer; mend chat_template.jinja, or say "
                f"`chat: false` ({one_line(str(error.__cause__ or error), 160)})"
            ) from error
        """What ends the assistant's turn, such as `<|im_end|>`."""
        self.end_ids = self._end_ids()
        """Any of these tokens ends a generation."""

    # ---- text -----------------------------------------------------------------------------------------------------

    def render(self, turns: Sequence[Turn], *, ask: bool = False) -> str:
        """The conversation as text; with `ask`, up to where the assistant is about to speak.

        Raises:
            StageError: the chat template refuses the conversation.
        """
        if self.system is not None and (not turns or turns[0].role != "system"):
            turns = (Turn("system", self.system), *turns)
        if not self.chat:
            end = self.tokenizer.eos_token or ""
            return "".join(turn.content + (end if turn.role == "assistant" else "") + "\n" for turn in turns)
        try:
            return str(
                self.tokenizer.apply_chat_template(
                    [_message(turn) for turn in turns], tokenize=False, add_generation_prompt=ask
                )
            )
        except Exception as error:
            roles = ", ".join(turn.role for turn in turns) or "no turns"
            raise StageError(
                f"the model's chat template refuses a conversation of {roles}: {error}; drop such rows with the filter "
                "`schema`, or mend their roles"
            ) from error

    def _closing(self) -> str:
        """The text between the assistant's last word and the end of its turn, up to the first special token."""
        text = self.render((Turn("user", "Question"), Turn("assistant", _SENTINEL)))
        tail = text[text.rindex(_SENTINEL) + len(_SENTINEL) :]
        ends = [
            place + len(token)
            for token in {*self.tokenizer.all_special_tokens, *self.tokenizer.get_added_vocab()}
            if (place := tail.find(token)) >= 0
        ]
        return tail[: min(ends)] if ends else ""

    def _end_ids(self) -> tuple[int, ...]:
        ids = self.encode([self.closing])[0][-1:] if self.closing else []
        if self.tokenizer.eos_token_id is not None:
            ids.append(self.tokenizer.eos_token_id)
        return tuple(dict.fromkeys(ids))

    # ---- tokens ---------------------------------------------------------------------------------------------------

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of rendered texts: special tokens stand in the text, none is added."""
        return (
            [list(ids) for ids in self.tokenizer(list(texts), add_special_tokens=False)["input_ids"]] if texts else []
        )

    def prompts(self, conversations: Sequence[Sequence[Turn]]) -> list[list[int]]:
        """The ids that the model reads before it answers."""
        return self.encode([self.render(turns, ask=True) for turns in conversations])

    def answered(
        self, turns: Sequence[Turn], answers: Sequence[str]
    ) -> tuple[tuple[int, ...], tuple[tuple[int, ...], ...]]:
        """The conversation with each answer and the end of its turn behind it: ids that all begin with, and each one's rest.

        The first part may be empty; questions with equal answers mostly have equal rests.
        """
        joined = self._joined(turns, answers) if len(answers) > 1 and self.chat and self.closing else None
        return joined or ((), tuple(map(tuple, self.encode([self._answer(turns, answer) for answer in answers]))))

    def _joined(
        self, turns: Sequence[Turn], answers: Sequence[str]
    ) -> tuple[tuple[int, ...], tuple[tuple[int, ...], ...]] | None:
        """The same, with each answer's ids computed once for all questions.

        Rendering and cutting 77 labels anew for each of 3,000 questions takes minutes. A tokenizer never joins what
        stands before and behind an added token, so the ids up to the last one and those behind it can be put together.
        None where the template does not write answers as they are, or the first answer shows another result.
        """
        head = self.render(turns, ask=True)
        cut = max((match.end() for match in self._added.finditer(head)), default=0)
        if not cut or not all(self._written_as_it_is(answer) for answer in answers):
            return None
        question = tuple(self.encode([head[:cut]])[0])
        texts = [head[cut:] + answer + self.closing for answer in answers]
        # A template that marks turns with plain words leaves the question there: nothing to remember, and much of it.
        once = len(head) - cut > _LONGEST_OPENING
        rests = tuple(map(tuple, self.encode(texts)) if once else map(self._behind, texts))
        return (
            (question, rests) if [*question, *rests[0]] == self.encode([self._answer(turns, answers[0])])[0] else None
        )

    @cached_property
    def _added(self) -> re.Pattern[str]:
        """The tokens that text is split at before anything else."""
        added = {*self.tokenizer.all_special_tokens, *self.tokenizer.get_added_vocab()}
        return re.compile("|".join(re.escape(token) for token in sorted(added, key=len, reverse=True)) or "(?!)")

    @lru_cache(maxsize=4096)  # noqa: B019 - a tokenizer lives as long as its model
    def _behind(self, text: str) -> tuple[int, ...]:
        return tuple(self.encode([text])[0])

    @lru_cache(maxsize=4096)  # noqa: B019 - a tokenizer lives as long as its model
    def _written_as_it_is(self, answer: str) -> bool:
        question = (Turn("user", "Question"),)
        return self._answer(question, answer) == self.render(question, ask=True) + answer + self.closing

    def _answer(self, turns: Sequence[Turn], answer: str) -> str:
        text = self.render((*turns, Turn("assistant", answer)))
        if not self.closing:
            return text
        end = text.rfind(self.closing)
        return text[: end + len(self.closing)]

    def rendered(self, turns: Sequence[Turn]) -> Rendered:
        """The whole conversation, with the assistant's tokens marked.

        Raises:
            StageError: the template writes earlier turns differently once later ones follow, so that no place can be named.
        """
        text = self.render(turns)
        spans = [
            self._span(turns, index, text)
            for index, turn in enumerate(turns)
            if turn.role == "assistant" and turn.trained
        ]
        encoded = self.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
        offsets: list[tuple[int, int]] = encoded["offset_mapping"]
        supervised = tuple(any(begin < stop and end > start for start, stop in spans) for begin, end in offsets)
        return Rendered(tuple(encoded["input_ids"]), supervised)

    def _span(self, turns: Sequence[Turn], index: int, text: str) -> tuple[int, int]:
        """Where the assistant's turn stands in the text, its end of turn included."""
        before = self.render(turns[:index], ask=True)
        after = self.render(turns[: index + 1])
        if not (after.startswith(before) and text.startswith(after.rstrip())):
            raise StageError(
                "the model's chat template writes earlier turns differently once later ones follow, so the assistant's "
                "words cannot be marked; train on single exchanges, or give the tokenizer a template that only appends"
            )
        end = after.rfind(self.closing) + len(self.closing) if self.closing else len(after)
        return len(before), max(end, len(before))

    # ---- CountsTokens ---------------------------------------------------------------------------------------------

    def count_tokens(self, conversations: Sequence[Sequence[Turn]]) -> list[int]:
        """The length in tokens of each conversation, rendered with the model's chat template; 0 where there are no turns.

        Raises:
            StageError: the chat template refuses a conversation.
        """
        return [len(ids) for ids in self.encode([self.render(turns) if turns else "" for turns in conversations])]

    def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        """The token ids of plain texts, without special tokens."""
        return self.encode(texts)

    def token_spans(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        """Where each token of `tokenize` stands in its text: first character, one past the last."""
        if not texts:
            return []
        encoded = self.tokenizer(list(texts), add_special_tokens=False, return_offsets_mapping=True)
        return [[(start, end) for start, end in spans] for spans in encoded["offset_mapping"]]


def _message(turn: Turn) -> Mapping[str, Any]:
    """The turn as chat templates take it."""
    said: dict[str, Any] = {"role": turn.role, "content": turn.content}
    result = next((part for part in turn.parts if isinstance(part, ToolResult)), ToolResult(""))
    more = {
        "name": turn.name or result.name,
        "tool_call_id": result.call,
        "reasoning_content": turn.reasoning,
        "tool_calls": [_call(call) for call in turn.calls],
    }
    return said | {key: value for key, value in more.items() if value}


def _call(call: ToolCall) -> Mapping[str, Any]:
    identity = {"id": call.id} if call.id else {}
    return {**identity, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
