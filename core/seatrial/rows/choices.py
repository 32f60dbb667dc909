"""Choices: what a multiple-choice question offers, in the layouts that data sets use, and which of it is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seatrial.rows.format_error import FormatError
from seatrial.rows.record_values import list_of, name_of, need, type_in_words

__all__ = ["choices_of", "right_choice"]


def choices_of(value: object) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The choices' own labels, where they have any, and their texts."""
    if isinstance(value, Mapping) and "text" in value and isinstance(value["text"], list):
        texts = _choice_texts(value["text"], "choices.text")
        if value.get("label") is None:
            return (), texts
        names = _choice_texts(list_of(value["label"], "choices.label"), "choices.label")
        if len(names) != len(texts):
            raise FormatError(f"`choices` has {len(names)} labels for {len(texts)} texts", rule="wrong-type")
        return names, texts
    if isinstance(value, Mapping):
        return _choice_texts(list(value), "the keys of choices"), _choice_texts(list(value.values()), "choices")
    items = list_of(value, "choices")
    if items and all(isinstance(item, Mapping) for item in items):
        said = {
            key: _choice_texts([need(item, key, f"choices[{at}]") for at, item in enumerate(items)], f"choices.{key}")
            for key in ("label", "text")
        }
        return said["label"], said["text"]
    return (), _choice_texts(items, "choices")


def _choice_texts(values: Sequence[object], where: str) -> tuple[str, ...]:
    return tuple(name_of(value, f"{where}[{number}]", numbers=True) for number, value in enumerate(values))


def right_choice(value: object, key: str, names: Sequence[str], choices: Sequence[str]) -> int:
    """The index of the right choice.

    A number is a 0-based index. A text is one of the choices' own labels; else the letter or the text of a choice,
    which must not be two different ones; else a 0-based index in digits. 1.0 is the index 1, as in `name_of`.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise FormatError(
            f"`{key}` is {type_in_words(value)}, not an index, a letter or a choice's text", rule="wrong-type"
        )
    if isinstance(value, str):
        if not value.strip():
            raise FormatError(f"`{key}` is empty, so the row has no answer", rule="empty")
        found = {number for number, name in enumerate(names) if name == value}
        if not found:
            letter = ord(value) - ord("A") if len(value) == 1 and not names else -1
            found = {number for number, text in enumerate(choices) if text == value or number == letter}
        if not found and value.isdecimal() and not names:
            found = {int(value[:9])} & set(range(len(choices)))
        if len(found) > 1:
            raise FormatError(f"`{key}` means several of the {len(choices)} choices", rule="wrong-answer")
        if found:
            return found.pop()
    elif 0 <= value < len(choices):
        return value
    raise FormatError(f"`{key}` names none of the {len(choices)} choices", rule="wrong-answer")
