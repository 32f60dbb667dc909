"""Chat templates, rendered as transformers renders them and within bounds (`seatrial.templates`)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import nodes
from jinja2.exceptions import TemplateError
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser

from seatrial.templates import MOST_SOURCE, BoundedEnvironment, TemplateLimitError, size_of

__all__ = ["ChatTemplate", "TemplateLimitError", "asks_date"]

_CHARACTERS, _PER_CHARACTER = 4_000_000, 64
"""Characters that a rendering may make on its way, of its own and for each one of the conversation. (The templates of
twelve published families make 3 to 20 for each.)"""

_NOW = b"strftime_now"

_TEMPLATES = (
    "*.jinja",
    "additional_chat_templates/*.jinja",
    "tokenizer_config.json",
    "chat_template.json",
    "processor_config.json",
)
"""Where transformers looks for one. (Who hides the name in an escape of JSON's is told no date.)"""


class ChatTemplate:
    """A chat template, compiled once.

    Args:
        source: Jinja.
        variables: What every rendering is given, such as `bos_token`.
        date: What it is told by `strftime_now` on each day, at midnight, in ISO's form; where there is none, it has no such
            function, and writes what it has in store for that.

    Raises:
        jinja2.exceptions.TemplateError: it is no template.
        TemplateLimitError: it is longer than any.
    """

    def __init__(self, source: str, variables: Mapping[str, object], date: str = "") -> None:
        if len(source) > MOST_SOURCE:
            raise TemplateLimitError(f"it has {len(source):,} characters; {MOST_SOURCE:,} are the most")
        self._environment = _environment()
        if date:
            self._environment.globals["strftime_now"] = datetime.fromisoformat(date).strftime
        self._template = self._environment.from_string(source)
        self._variables = variables

    def render(
        self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]] | None, *, ask: bool
    ) -> str:
        """The conversation as text; with `ask`, up to where the assistant is about to speak.

        Raises:
            TemplateLimitError: it takes too long, or makes too much.
            Exception: whatever the template's own code stumbles over or raises.
        """
        given = {"messages": list(messages), "tools": tools, "documents": None, "add_generation_prompt": ask}
        with_all = {**self._variables, **given}
        characters = _CHARACTERS + _PER_CHARACTER * (size_of(messages) + size_of(tools or ()))
        with self._environment.allowing(characters):
            return self._template.render(with_all)


def _environment() -> BoundedEnvironment:
    """The environment in which transformers renders chat templates."""
    environment = BoundedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[_Generation, loopcontrols])
    environment.add_filter("tojson", _to_json)
    environment.globals |= {"raise_exception": _raise}
    return environment


def asks_date(folder: Path) -> bool:
    """Whether a chat template in a model's folder may ask for today's date."""
    return any(_NOW in file.read_bytes() for pattern in _TEMPLATES for file in folder.glob(pattern) if file.is_file())


class _Generation(Extension):
    """`{% generation %}…{% endgeneration %}`, with which templates mark the assistant's words: only its body is written."""

    tags = {"generation"}  # noqa: RUF012  # as Jinja has it

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """The body."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def _raise(message: object) -> None:
    raise TemplateError(str(message))


def _to_json(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)
