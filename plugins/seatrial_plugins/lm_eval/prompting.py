"""What a task makes of a document: its question, its options, its answer, by field name, Jinja, list or function."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template
from jinja2.exceptions import TemplateError

from seatrial.errors import SourceError, StageError
from seatrial.templates import MOST_SOURCE, BoundedEnvironment, TemplateLimitError, size_of
from seatrial_plugins.lm_eval.documents import Document
from seatrial_plugins.lm_eval.functions import load
from seatrial_plugins.lm_eval.task_config import TaskConfig
from seatrial_plugins.lm_eval.task_yaml import Function

__all__ = ["Prompting"]

_CHARACTERS, _PER_CHARACTER = 4_000_000, 64
"""Characters that a rendering may make on its way, of its own and for each one of the document."""

_REGEX_SECONDS = 5.0


def _regex_replace(text: str, pattern: str, replacement: str, count: int = 0) -> str:
    import regex

    return regex.sub(pattern, replacement, text, count=count, timeout=_REGEX_SECONDS)


class _NoValueError(Exception):
    """A template prints a field that has no value."""


class _Complete(BoundedEnvironment):
    """Templates that print no field without a value; in lm-eval it is the word "None"."""

    def _printed(self, value: Any) -> Any:
        if value is None:
            raise _NoValueError
        return super()._printed(value)


_ENVIRONMENT, _COMPLETE = (
    of(undefined=StrictUndefined, keep_trailing_newline=True) for of in (BoundedEnvironment, _Complete)
)
for _each in (_ENVIRONMENT, _COMPLETE):
    _each.add_filter("regex_replace", _regex_replace)


@lru_cache(maxsize=256)
def _compiled(environment: BoundedEnvironment, source: str) -> Template:
    if len(source) > MOST_SOURCE:
        raise TemplateLimitError(f"it has {len(source):,} characters; {MOST_SOURCE:,} are the most")
    return environment.from_string(source)


class Prompting:
    """Reads documents as one task's file says.

    Args:
        task: the file.
        fields: the keys of its documents: a `doc_to_text` of that name is the field, any other one a template.
        functions: the files whose functions may run.
    """

    def __init__(self, task: TaskConfig, fields: Sequence[str], functions: Sequence[str]) -> None:
        self._task = task
        self._fields = frozenset(fields)
        self._functions = functions
        self.lacking: set[int] = set()
        """The documents, by `id`, whose question prints the word "None" where a field has no value."""
        self._codes: dict[str, Callable[..., Any]] = {}
        self._has_choices = task.get("doc_to_choice") is not None

    def text(self, document: Document, said: Any = None) -> str | int:
        """The question; a number where the options are different questions (Winogrande)."""
        said = self._task.get("doc_to_text") if said is None else said
        if isinstance(said, str) and said not in self._fields:
            try:
                text = self._render("doc_to_text", said, document, _COMPLETE)
            except _NoValueError:
                self.lacking.add(id(document))
                text = self._render("doc_to_text", said, document)
            return int(text) if text.isdecimal() and self._has_choices else text
        return self._plain("doc_to_text", said, document)

    def target(self, document: Document, said: Any = None) -> Any:
        """The answer: text, an option's place, or several of either; None where a template prints a field without a value."""
        said = self._task.get("doc_to_target") if said is None else said
        if isinstance(said, list):
            return said
        if isinstance(said, str) and said not in self._fields:
            try:
                text = self._render("doc_to_target", said, document, _COMPLETE)
            except _NoValueError:
                return None
            if text.isdecimal() and self._has_choices:
                return int(text)
            if text[:1] == "[" and text[-1:] == "]":
                return _literal(text, text)
            return text
        return self._plain("doc_to_target", said, document)

    def choices(self, document: Document, said: Any = None) -> list[str]:
        """The options.

        Raises:
            SourceError: what the file says makes no list of texts of this document.
        """
        said = self._task.get("doc_to_choice") if said is None else said
        if isinstance(said, str) and said not in self._fields:
            found = _literal(self._render("doc_to_choice", said, document), None)
        elif isinstance(said, Mapping):
            found = list(said.values())
        else:
            found = said if isinstance(said, list) else self._plain("doc_to_choice", said, document)
        if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
            raise SourceError(f"{self._place('doc_to_choice')}: makes {found!r:.80} of a document, not a list of texts")
        return found

    def field(self, key: str, said: str | None, document: Document) -> str:
        """A description or a prefix of the answer: a field's name, or a template."""
        if not said:
            return ""
        return str(document[said]) if said in document else self._render(key, said, document)

    def processed(self, documents: list[Document], function: Function | None) -> list[Document]:
        """The documents as `process_docs` leaves them."""
        if function is None:
            return documents
        from seatrial_plugins.lm_eval.functions import as_dataset

        made = self.call(function, as_dataset(documents))
        try:
            return [dict(one) for one in made]
        except (TypeError, ValueError) as error:
            raise SourceError(
                f"{function.place}: {function.name} gives {made!r:.60}, not documents: {error}; {function.file}"
            ) from error

    def call(self, function: Function, *given: Any) -> Any:
        """What a function of the task's own gives.

        Raises:
            StageError: it raised something.
        """
        if function.name not in self._codes:
            self._codes[function.name] = load(function, self._functions)
        code = self._codes[function.name]
        try:
            return code(*given)
        except Exception as error:  # code of the task's own may stumble over anything
            raise StageError(
                f"{function.place}: {function.name} raised {type(error).__name__}: {error}; {function.file}"
            ) from error

    def _plain(self, key: str, said: Any, document: Document) -> Any:
        if isinstance(said, Function):
            return self.call(said, document)
        if isinstance(said, int):
            return said
        if isinstance(said, str):
            if said not in document:
                raise SourceError(
                    f"{self._place(key)}: {key}: the document has no {said!r}, only {', '.join(document)}"
                )
            return document[said]
        raise SourceError(f"{self._place(key)}: {key} is {said!r:.60}; write a field's name, a template or a list")

    def _render(self, key: str, source: str, document: Document, environment: BoundedEnvironment = _ENVIRONMENT) -> str:
        try:
            with environment.allowing(_CHARACTERS + _PER_CHARACTER * size_of(document)):
                return _compiled(environment, source).render(**document)
        except (
            TemplateError,
            TemplateLimitError,
            TimeoutError,
            TypeError,
            ValueError,
            LookupError,
            AttributeError,
            ArithmeticError,
            RecursionError,
        ) as error:
            fields = ", ".join(map(repr, document))
            raise SourceError(
                f"{self._place(key)}: {key} makes nothing of a document: {error} (its fields: {fields})"
            ) from error

    def _place(self, key: str) -> str:
        return self._task.keys.place(key)


def _literal(text: str, otherwise: Any) -> Any:
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return otherwise
