"""Filters of answers (`filter_list`): what of a generated text is held against the right answer."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from seatrial.errors import StageError, UsageError, did_you_mean
from seatrial_plugins.lm_eval.documents import Document
from seatrial_plugins.lm_eval.functions import load
from seatrial_plugins.lm_eval.task_config import TaskConfig
from seatrial_plugins.lm_eval.task_yaml import Function

__all__ = ["Filtered", "pipelines"]

Filtered = Callable[[list[Any], Document], Any]
"""From all answers to a document to what is judged."""


def _is_mark(letter: str) -> bool:
    """Whether it is punctuation as Unicode has it: no sign of money or arithmetic, and no vowel of Hindi, is any."""
    return unicodedata.category(letter)[0] == "P"


def pipelines(task: TaskConfig, functions: Sequence[str]) -> dict[str, Filtered]:
    """Name → the filters under that name, one after the other.

    Raises:
        UsageError: a filter is not known, or its options are none that it takes.
    """
    found: dict[str, Filtered] = {}
    for name, steps in task.filters:
        found[name] = _chain(name, [_step(task, dict(step), functions) for step in steps])
    return found


def _chain(name: str, steps: Sequence[Filtered]) -> Filtered:
    def filtered(answers: list[Any], document: Document) -> Any:
        said: Any = answers
        try:
            for step in steps:
                said = step(said, document)
        except StageError:
            raise
        except Exception as error:  # a filter may be code of the task's own, and a document lack what it reads
            raise StageError(f"the filter {name} raised {type(error).__name__}: {error}") from error
        return said

    return filtered


def _step(task: TaskConfig, step: dict[str, Any], functions: Sequence[str]) -> Filtered:
    kind = step.pop("function", None)
    place = task.keys.place("filter_list")
    if kind == "custom" and isinstance(step.get("filter_fn"), Function):
        code = load(step["filter_fn"], functions)
        return lambda answers, document: next(iter(code([answers], [document])))
    make = _FILTERS.get(str(kind))
    if make is None:
        raise UsageError(
            f"{place}: there is no filter {kind!r}{did_you_mean(str(kind), _FILTERS)}; filters: {', '.join(_FILTERS)}"
        )
    try:
        return make(**step)
    except (TypeError, re.error) as error:
        raise UsageError(f"{place}: the filter {kind} cannot be made of {step!r:.120}: {error}") from error


def _each(function: Callable[[Any], Any]) -> Filtered:
    return lambda answers, _: [function(one) for one in answers]


def _regex(
    regex_pattern: str = r"#### (\-?[0-9\.\,]+)", group_select: int = 0, fallback: str = "[invalid]"
) -> Filtered:
    pattern = re.compile(regex_pattern)

    def one(answer: Any) -> str:
        found = _matched(pattern, answer, group_select)
        return fallback if found is None else found

    return _each(one)


def _matched(pattern: re.Pattern[str], answer: Any, place: int) -> str | None:
    """The chosen match, or the first of its groups that matched anything; None where there is none."""
    found = pattern.findall(answer if isinstance(answer, str) else "")
    if not found:
        return None
    chosen = found[place]
    if isinstance(chosen, tuple):
        chosen = next((group for group in chosen if group), None)
    return None if chosen is None else str(chosen).strip()


def _multi_choice_regex(
    regex_pattern: str = r"#### (\-?[0-9\.\,]+)",
    group_select: int = 0,
    fallback: str = "[invalid]",
    ignore_case: bool = False,
    ignore_punctuation: bool = False,
    regexes_to_ignore: list[str] | None = None,
) -> Filtered:
    """The pattern's match, else the option whose words stand in the answer, else a letter behind a colon."""
    pattern = re.compile(regex_pattern)

    def plain(text: str) -> str:
        for ignored in regexes_to_ignore or ():
            text = re.sub(ignored, "", text)
        text = text.lower() if ignore_case else text
        return "".join(one for one in text if not _is_mark(one)) if ignore_punctuation else text

    def one(answer: Any, document: Document) -> str:
        answer = answer if isinstance(answer, str) else ""
        every = [chr(ord("A") + place) for place in range(len(document["choices"]))]
        letters = {plain(option.strip()): letter for option, letter in zip(document["choices"], every, strict=True)}
        if found := _matched(pattern, answer, group_select):
            return found
        options = re.compile("|".join(re.escape(text) for text in sorted(letters, key=len, reverse=True)))
        if found := _matched(options, plain(answer), group_select):
            return f"({letters[found]})" if found in letters else found
        letter = _matched(re.compile(rf":[\s]*({'|'.join(every)})"), answer, group_select)
        return f"({letter})" if letter else fallback

    return lambda answers, document: [one(answer, document) for answer in answers]


def _take_first() -> Filtered:
    return lambda answers, _: answers[0]


def _take_first_k(k: int) -> Filtered:
    def taken(answers: list[Any], _: Document) -> list[Any]:
        if len(answers) < k:
            raise StageError(f"take_first_k takes {k} answers of {len(answers)}; raise `repeats` in the task file")
        return answers[:k]

    return taken


def _majority_vote() -> Filtered:
    return lambda answers, _: [Counter(answers).most_common(1)[0][0]]


def _map(mapping_dict: Mapping[str, Any] | None = None, default_value: Any = None) -> Filtered:
    known = mapping_dict or {}
    return _each(lambda answer: known.get(answer, default_value))


_FILTERS: Mapping[str, Callable[..., Filtered]] = {
    "regex": _regex,
    "multi_choice_regex": _multi_choice_regex,
    "take_first": _take_first,
    "take_first_k": _take_first_k,
    "majority_vote": _majority_vote,
    "remove_whitespace": lambda: _each(lambda answer: answer.strip()),
    "lowercase": lambda: _each(lambda answer: answer.lower()),
    "uppercase": lambda: _each(lambda answer: answer.upper()),
    "map": _map,
}
