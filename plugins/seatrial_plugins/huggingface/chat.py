"""Chat: conversations as token ids, and which of those tokens are the assistant's."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from seatrial.errors import SourceError, StageError
from seatrial.model import Tools
from seatrial.rows import Image, Row, Turn
from seatrial.terminal.legible import one_line
from seatrial_plugins.huggingface.architecture import reads_images
from seatrial_plugins.huggingface.config_file import read_config
from seatrial_plugins.huggingface.control_tokens import NOTATION, ControlTokens, control_tokens_of
from seatrial_plugins.huggingface.conversation import Conversation, Tool, arguments_as_text, conversation_of, is_trained
from seatrial_plugins.huggingface.image_input import ImageInput
from seatrial_plugins.huggingface.row_problems import row_problems, unwritten
from seatrial_plugins.huggingface.template import ChatTemplate
from seatrial_plugins.huggingface.tokenizer_files import read_tokenizer
from seatrial_plugins.huggingface.written import left_out

__all__ = ["ChatTokenizer", "Rendered"]

_LOG = logging.getLogger("seatrial.models")

_LONGEST_OPENING = 64
"""At most so many characters stand between the last added token and the assistant's first word, such as `assistant\\n`."""

_SENTINEL = "Answer"
"""A short word that no chat template treats specially."""

_PART_AS_CODE = re.compile(r"""["']type["']: ?["']text["']""")
"""What a template prints that takes a list of parts for a text, in Python or JSON."""

_QUESTION = Turn("user", "Question")

_ANOTHER = "give the tokenizer one that does (chat_template.jinja)"


@dataclass(frozen=True, slots=True)
class Rendered:
    """A conversation as the model reads it."""

    ids: tuple[int, ...]
    supervised: tuple[bool, ...]
    """True on the words of the assistant's turns that are trained, and on the end of each."""
    text: str
    """What the chat template wrote."""
    images: tuple[Image, ...] = ()
    """The pictures that it shows, in the order of their places."""


class ChatTokenizer:
    """The model's tokenizer and chat template (`seatrial.model.CountsTokens`, `ChecksRows`).

    A rendered text is a string in which control tokens are the template's own; those that a turn's text holds stand in it as
    marks (`control_tokens`).
    """

    def __init__(self, folder: Path, *, chat: bool, system: str | None, date: str = "") -> None:
        self.tokenizer = read_tokenizer(folder)
        self.tokenizer.model_max_length = 1 << 60  # it would warn of long texts; the context is held against here
        self.folder = folder
        self.chat = chat
        self.system = system
        self.date = date
        """What the chat template is told that asks for today's."""
        self.images = ImageInput(folder, self.tokenizer) if reads_images(folder) else None
        """How pictures are shown; None of a model that reads text alone."""
        self._control = ControlTokens(self.tokenizer, ())
        self._has_warned = False
        if not self.tokenizer.is_fast:
            raise SourceError(
                f"{folder}: its tokenizer has no tokenizer.json, which gives the place of each token; add one"
            )
        if self.images is not None and not self.tokenizer.chat_template:
            self.tokenizer.chat_template = getattr(self.images.processor, "chat_template", None)
        if chat and not self.tokenizer.chat_template:
            raise SourceError(f"{folder}: its tokenizer has no chat template; give it one, or say `chat: false`")
        self.closing = ""
        """What ends the assistant's turn, such as `<|im_end|>`."""
        try:
            asked = self._try(in_parts=self.images is not None)
        except (StageError, ValueError) as error:
            raise SourceError(
                f"{folder}: its chat template cannot write a question and its answer; mend chat_template.jinja, or say "
                f"`chat: false` ({one_line(str(error.__cause__ or error), 160)})"
            ) from error
        structure = (asked, self.closing, *(self.images.places if self.images else ()))
        self._control = ControlTokens(self.tokenizer, control_tokens_of(self.tokenizer, structure))
        self.end_ids = self._end_ids()
        """Any of these tokens ends a generation."""

    def _try(self, *, in_parts: bool) -> str:
        """A question as the template writes it; a turn is given to it in parts, or, where it doesn't write those, as one text.

        A template that prints what it is given writes the names and brackets of parts, too: where it writes one text
        otherwise, but for white space, that is what it is for.
        """
        if not in_parts:
            return self._tried(in_parts=False)[0]
        try:
            asked, answered = self._tried(in_parts=True)
        except (StageError, ValueError):
            return self._try(in_parts=False)
        closing = self.closing
        try:
            asked_as_text, answered_as_text = self._tried(in_parts=False)
        except (StageError, ValueError):
            answered_as_text = answered
        if "".join(answered.split()) != "".join(answered_as_text.split()):
            return asked_as_text
        self._in_parts, self.closing = True, closing
        return asked

    def _tried(self, *, in_parts: bool) -> tuple[str, str]:
        """A question, and one with its answer.

        Raises:
            StageError: the template does not write them, or writes the parts of a turn as code.
        """
        self._in_parts = in_parts
        self.closing = self._closing()
        asked, answered = self._question(), self.render((_QUESTION, Turn("assistant", _SENTINEL)))
        if in_parts and _PART_AS_CODE.search(asked + answered):
            raise StageError("it prints a turn's parts as code, where it is to write the text of each")
        return asked, answered

    # ---- text -----------------------------------------------------------------------------------------------------

    def render(self, turns: Sequence[Turn], tools: Sequence[Tool] = (), *, ask: bool = False) -> str:
        """The conversation as text; with `ask`, up to where the assistant is about to speak.

        Raises:
            StageError: the chat template refuses the conversation.
        """
        if self.system is not None and (not turns or turns[0].role != "system"):
            turns = (Turn("system", self.system), *turns)
        if not self.chat:
            return self._line_by_line(turns)
        text = self._by_template(conversation_of(turns, tools, in_parts=self._in_parts), ask=ask)
        return text if self.images is None else self.images.placed(text, _images_of(turns))

    def _by_template(self, said: Conversation, *, ask: bool) -> str:
        mark = self._control.mark
        messages = [{key: mark(value) for key, value in message.items()} for message in said.messages]
        tools = mark(said.tools)
        try:
            try:
                template = self._template(tools=bool(tools))
                text = template.render(messages, tools or None, ask=ask)
            except TypeError:  # some join a call's arguments to their text, and want them as OpenAI writes them
                text = template.render(arguments_as_text(messages), tools or None, ask=ask)
        except Exception as error:  # a template's code may stumble over anything
            roles = ", ".join(message["role"] for message in said.messages) or "no turns"
            raise StageError(
                f"the model's chat template refuses a conversation of {roles}: {error}; mend its turns, or let the filter "
                "`length` with `max_tokens` drop such rows"
            ) from error
        if NOTATION in text and (messages != [*said.messages] or tools != [*said.tools]):
            raise StageError(
                "the model's chat template writes control tokens that a turn holds in a notation of its own, in which they "
                "cannot be kept apart from the model's; take them out of the row"
            )
        return text

    def _line_by_line(self, turns: Sequence[Turn]) -> str:
        end = self.tokenizer.eos_token or ""
        said = ((self._control.mark(turn.content), end if turn.role == "assistant" else "") for turn in turns)
        text = "".join(f"{content}{closing}\n" for content, closing in said)
        if ControlTokens.are_marked(text) and not self._has_warned:
            self._has_warned = True
            _LOG.warning(
                "texts hold control tokens (%s), which are read as plain text; where they are meant to open and end turns, let "
                "the chat template write them (`chat: true`)",
                ", ".join(self._control.held(" ".join(turn.content for turn in turns))),
            )
        return text

    def _template(self, *, tools: bool) -> ChatTemplate:
        """The template, or the one of several that is for conversations with tools."""
        return _compiled(self.tokenizer.get_chat_template(None, [{}] if tools else None), self._variables, self.date)

    @cached_property
    def _variables(self) -> tuple[tuple[str, Any], ...]:
        """What every template is given, such as `bos_token`."""
        return tuple((name, _flat(value)) for name, value in self.tokenizer.special_tokens_map.items())

    def _question(self) -> str:
        """A question, behind the system turn of all conversations.

        Raises:
            StageError: the template does not write it, or not the system turn.
        """
        text = self.render((_QUESTION,))
        said = (_QUESTION,) if self.system is None else (Turn("system", self.system), _QUESTION)
        if missing := self.left_out(text, said):
            raise StageError(missing)
        return text

    def _closing(self) -> str:
        """The text between the assistant's last word and the end of its turn, up to the first special token."""
        text = self.render((_QUESTION, Turn("assistant", _SENTINEL)))
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
        if not texts:
            return []
        if any(map(ControlTokens.are_marked, texts)):
            return [
                self._control.encode(text)[0] if ControlTokens.are_marked(text) else self.encode([text])[0]
                for text in texts
            ]
        return [list(ids) for ids in self._cut(list(texts))["input_ids"]]

    def _cut(self, texts: str | list[str], **options: Any) -> Any:
        """What the tokenizer makes of texts, without tokens of its own around them.

        Raises:
            StageError: it gives up on one, as its regular expressions do on what takes them too long.
        """
        try:
            return self.tokenizer(texts, add_special_tokens=False, **options)
        except BaseException as error:
            if type(error).__name__ != "PanicException":  # of Rust, which is no Exception, and cannot be imported
                raise
            raise StageError(
                f"the model's tokenizer gives up on a text ({one_line(str(error), 120)}); get the model's own tokenizer.json"
            ) from error

    @cached_property
    def opening(self) -> tuple[int, ...]:
        """What the tokenizer puts before a text by itself, such as <s>: of a chat template's text, nothing.

        A model that was trained with it makes no sense without; a template that wants it writes it.
        """
        if self.chat:
            return ()
        bare = self._cut(_SENTINEL)["input_ids"]
        whole = self.tokenizer(_SENTINEL)["input_ids"]
        starts = (place for place in range(len(whole)) if whole[place : place + len(bare)] == bare)
        return tuple(whole[: next(starts, 0)])

    def prompts(self, conversations: Sequence[Sequence[Turn]], tools: Tools = ()) -> list[list[int]]:
        """The ids that the model reads before it answers.

        Raises:
            StageError: the chat template refuses a conversation, or leaves out words of it.
        """
        texts = [self.render(turns, may, ask=True) for turns, may in _each(conversations, tools)]
        for text, turns in zip(texts, conversations, strict=True):
            if missing := self.left_out(text, turns):
                raise StageError(missing)
        return [[*self.opening, *ids] for ids in self.encode(texts)]

    def answered(
        self, turns: Sequence[Turn], answers: Sequence[str], tools: Sequence[Tool] = ()
    ) -> tuple[tuple[int, ...], tuple[tuple[int, ...], ...]]:
        """The conversation with each answer and the end of its turn behind it: ids that all begin with, and each one's rest.

        The first part may be empty; questions with equal answers mostly have equal rests.
        """
        joined = self._joined(turns, answers, tools) if len(answers) > 1 and self.chat and self.closing else None
        whole = () if joined else self.encode([self._answer(turns, answer, tools) for answer in answers])
        return joined or (self.opening, tuple(map(tuple, whole)))

    def _joined(
        self, turns: Sequence[Turn], answers: Sequence[str], tools: Sequence[Tool]
    ) -> tuple[tuple[int, ...], tuple[tuple[int, ...], ...]] | None:
        """The same, with each answer's ids computed once for all questions.

        Rendering and cutting 77 labels anew for each of 3,000 questions takes minutes. A tokenizer never joins what
        stands before and behind an added token, so the ids up to the last one and those behind it can be put together.
        None where the template does not write answers as they are, or the first answer shows another result.
        """
        head = self.render(turns, tools, ask=True)
        cut = max((match.end() for match in self._added.finditer(head)), default=0)
        # A template that marks turns with plain words leaves the question there: nothing to remember, and much of it.
        behind = self._rests if len(head) - cut <= _LONGEST_OPENING else self._cut_rests
        rests = behind(head[cut:], tuple(answers)) if cut else ()
        if not rests:
            return None
        question = tuple(self.encode([head[:cut]])[0])
        first = self.encode([self._answer(turns, answers[0], tools)])[0]
        return (question, rests) if [*question, *rests[0]] == first else None

    @lru_cache(maxsize=64)  # noqa: B019 - a tokenizer lives as long as its model
    def _rests(self, opening: str, answers: tuple[str, ...]) -> tuple[tuple[int, ...], ...]:
        return self._cut_rests(opening, answers)

    def _cut_rests(self, opening: str, answers: tuple[str, ...]) -> tuple[tuple[int, ...], ...]:
        """The ids of each answer and the end of its turn behind an opening; none where one is not written as it is."""
        if not all(map(self._written_as_it_is, answers)):
            return ()
        texts = [opening + self._control.mark(answer) + self.closing for answer in answers]
        return tuple(map(tuple, self.encode(texts)))

    @cached_property
    def _added(self) -> re.Pattern[str]:
        """The tokens that text is split at before anything else."""
        added = {*self.tokenizer.all_special_tokens, *self.tokenizer.get_added_vocab()}
        return re.compile("|".join(re.escape(token) for token in sorted(added, key=len, reverse=True)) or "(?!)")

    @lru_cache(maxsize=4096)  # noqa: B019 - a tokenizer lives as long as its model
    def _written_as_it_is(self, answer: str) -> bool:
        written = self.render((_QUESTION,), ask=True) + self._control.mark(answer) + self.closing
        return self._answer((_QUESTION,), answer) == written

    def _answer(self, turns: Sequence[Turn], answer: str, tools: Sequence[Tool] = ()) -> str:
        said = (*turns, Turn("assistant", answer))
        text = self.render(said, tools)
        if missing := self.left_out(text, said):
            raise StageError(missing)
        if not self.closing:
            return text
        end = text.rfind(self.closing)
        return text[: end + len(self.closing)]

    def rendered(self, turns: Sequence[Turn], tools: Sequence[Tool] = ()) -> Rendered:
        """The whole conversation, with the tokens marked of the assistant's turns that are trained.

        Raises:
            StageError: the template writes earlier turns differently once later ones follow, so that no place can be named.
        """
        text = self.render(turns, tools)
        spans = [self._span(turns, tools, index, text) for index, turn in enumerate(turns) if is_trained(turn)]
        if ControlTokens.are_marked(text):
            ids, offsets, _ = self._control.encode(text)
            spans = [
                (len(self._control.swapped(text[:start])), len(self._control.swapped(text[:end])))
                for start, end in spans
            ]
        else:
            encoded = self._cut(text, return_offsets_mapping=True)
            ids, offsets = encoded["input_ids"], encoded["offset_mapping"]
        supervised = (any(begin < stop and end > start for start, stop in spans) for begin, end in offsets)
        opening = self.opening
        images = _images_of(turns) if self.images is not None else ()
        return Rendered((*opening, *ids), (*[False] * len(opening), *supervised), text, images)

    def _span(self, turns: Sequence[Turn], tools: Sequence[Tool], index: int, text: str) -> tuple[int, int]:
        """Where the assistant's turn stands in the text, its end of turn included."""
        before = self.render(turns[:index], tools, ask=True)
        after = self.render(turns[: index + 1], tools) if index + 1 < len(turns) else text
        if not (after.startswith(before) and text.startswith(after.rstrip())):
            raise StageError(
                "the model's chat template writes earlier turns differently once later ones follow, so the assistant's "
                "words cannot be marked; train on single exchanges, or give the tokenizer a template that only appends"
            )
        end = after.rfind(self.closing) + len(self.closing) if self.closing else len(after)
        return len(before), max(end, len(before))

    # ---- CountsTokens ---------------------------------------------------------------------------------------------

    def count_tokens(self, conversations: Sequence[Sequence[Turn]], tools: Tools = ()) -> list[int]:
        """The length in tokens of each conversation, rendered with the model's chat template; 0 where there are no turns.

        Raises:
            StageError: the chat template refuses a conversation.
        """
        said = [(turns, may) for turns, may in _each(conversations, tools) if turns]
        lengths = iter([len(ids) for ids in self.encode([self.render(turns, may) for turns, may in said])])
        return [len(self.opening) + next(lengths) if turns else 0 for turns in conversations]

    def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        """The token ids of plain texts, without special tokens."""
        return self.encode([self._control.mark(text) for text in texts])

    def token_spans(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        """Where each token of `tokenize` stands in its text: first character, one past the last."""
        marked = [self._control.mark(text) for text in texts]
        plain = [text for text in marked if not ControlTokens.are_marked(text)]
        spans = iter(self._cut(plain, return_offsets_mapping=True)["offset_mapping"] if plain else ())
        return [
            self._control.encode(text)[1]
            if ControlTokens.are_marked(text)
            else [(start, end) for start, end in next(spans)]
            for text in marked
        ]

    # ---- what cannot be read --------------------------------------------------------------------------------------

    @cached_property
    def context(self) -> int | None:
        """The longest sequence that the model was made for, in tokens; None where its config tells none."""
        if not (self.folder / "config.json").is_file():
            return None
        return getattr(read_config(self.folder).get_text_config(), "max_position_embeddings", None)

    def left_out(self, text: str, turns: Sequence[Turn], *, taught: bool = False) -> str:
        """Why a rendered text is not what was said, in a clause; "" where all words stand in it.

        Args:
            text: what `render` made of the turns.
            turns: what was said.
            taught: whether the model is taught it, and not only asked.
        """
        missing = left_out(text, turns, self._control.mark, taught=taught) if self.chat else ""
        return missing and f"the chat template does not write {missing}; {_ANOTHER}"

    def unwritten(self, turns: Sequence[Turn], tools: Sequence[Tool] = ()) -> list[str]:
        """What a conversation has and the template writes nothing of (calls, reasoning, tools), each in a clause."""
        return list(unwritten(self, turns, tools))

    def problems(self, rows: Iterable[Row]) -> Iterator[tuple[str, str]]:
        """What keeps the model from reading rows as they are meant: the row's id, and the reason, for each.

        The template refuses the conversation, leaves out words of it, or writes nothing of its tool calls, its tools or its
        reasoning; or the prompt is beyond the context.
        """
        for row in rows:
            for reason in row_problems(self, row):
                yield row.id, reason


def _each(conversations: Sequence[Sequence[Turn]], tools: Tools) -> Iterable[tuple[Sequence[Turn], Sequence[Tool]]]:
    """Each conversation with its tools."""
    return zip(conversations, tools or [()] * len(conversations), strict=True)


def _images_of(turns: Sequence[Turn]) -> tuple[Image, ...]:
    return tuple(image for turn in turns for image in turn.images)


def _flat(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else str(value)


@lru_cache(maxsize=8)
def _compiled(source: str, variables: tuple[tuple[str, Any], ...], date: str) -> ChatTemplate:
    return ChatTemplate(source, dict(variables), date)
