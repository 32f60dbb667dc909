"""Choices: what a multiple-choice question offers, in the layouts that data sets use, and which of it is right."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from seatrial.rows.format_error import FormatError
from seatrial.rows.given import listed
from seatrial.rows.notes import Notes
from seatrial.rows.record_values import list_of, name_of, need, type_in_words

__all__ = ["LETTERS", "Offered", "lettered", "offered", "right_choice"]

LETTERS = "ABCDEFGHIJ"
"""Columns of their own, in tables such as MMLU's."""

_BRACKETED = re.compile(r"[(\[]?([A-Za-z]|[0-9]{1,2})[)\].:]")
_LETTERED = re.compile(r"([A-J])[.)] *(.*)", re.DOTALL)
"""A line of options in one text, `B. a red ship`, and an answer that repeats it."""


@dataclass(frozen=True, slots=True)
class Offered:
    """What a question offers. Options that are null only pad a table, and are none."""

    texts: tuple[str, ...]
    names: tuple[str, ...] = ()
    """The options' own labels; () where they have none."""
    places: tuple[int, ...] = ()
    """Where each stands among the options as they were written, from 0."""


def offered(value: object, key: str) -> Offered:
    """The options under a key: a list of texts or of `{label, text}`, a mapping of two such lists, or of labels to texts,
    or one text whose lines are lettered from A on.

    Raises:
        FormatError: they are none of these.
    """
    if isinstance(value, Mapping) and isinstance(value.get("text"), list):
        texts = value["text"]
        if value.get("label") is None:
            return _offered(texts, (), f"{key}.text")
        names = list_of(value["label"], f"{key}.label")
        if len(names) != len(texts):
            raise FormatError(f"`{key}` has {len(names)} labels for {len(texts)} texts", rule="wrong-type")
        return _offered(texts, names, f"{key}.text")
    if isinstance(value, Mapping):
        return _offered([*value.values()], [*value], key)
    if isinstance(value, str) and (lines := _lines(value)):
        return _offered([*lines.values()], [*lines], key)
    items = listed(value, key)
    if items and all(isinstance(item, Mapping) for item in items):
        texts = [need(item, "text", f"{key}[{at}]") for at, item in enumerate(items)]
        return _offered(texts, [need(item, "label", f"{key}[{at}]") for at, item in enumerate(items)], f"{key}.text")
    return _offered(items, (), key)


def _lines(text: str) -> dict[str, str]:
    """Letter → option of a text whose lines begin with A, B, …; a line that does not goes on with the one before. {} where it is
    none.
    """
    found: dict[str, str] = {}
    for line in text.strip().splitlines():
        told = _LETTERED.fullmatch(line.strip())
        if told and LETTERS[len(found) : len(found) + 1] == told[1]:
            found[told[1]] = told[2].strip()
        elif not found:
            return {}
        else:
            found[[*found][-1]] += f"\n{line.rstrip()}"
    return found if len(found) > 1 else {}


def lettered(columns: Mapping[str, object]) -> Offered:
    """The options of columns, by their labels; an empty cell is no option."""
    texts = [None if isinstance(text, str) and not text.strip() else text for text in columns.values()]
    return _offered(texts, [*columns], ", ".join(columns))


def _offered(texts: Sequence[object], names: Sequence[object], where: str) -> Offered:
    # pandas writes what is missing as NaN, which Python's JSON reads.
    there = [place for place, text in enumerate(texts) if text is not None and text == text]  # noqa: PLR0124
    return Offered(
        tuple(name_of(texts[place], f"{where}[{place}]", numbers=True) for place in there),
        tuple(name_of(names[place], f"{where}[{place}]", numbers=True) for place in there) if names else (),
        tuple(there),
    )


def right_choice(value: object, key: str, options: Offered, notes: Notes) -> int:
    """Which of the options is right.

    A number or a text is one of the options' own labels. Where it is none, a number is an index from 0 of the options as
    written; a text is the letter (of either case, and as `(B)` or `B.` too) or the text of an option, else an index in
    digits. What means two different options is refused: a number, or digits beside options that are columns, that is the text
    of another option than its index is. 1.0 is 1, as in `name_of`.

    Raises:
        FormatError: it is none of the options, or several.
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
        found = _told(value, options, notes)
    else:
        found = _numbered(value, options, notes)
    if len(found) > 1:
        raise FormatError(f"`{key}` means several of the {len(options.texts)} choices", rule="wrong-answer")
    if not found:
        beyond = str(value).strip()[:9] == str(len(options.texts)) and not _are_numbered(options)
        hint = ", which are counted from 0" if beyond else ""
        raise FormatError(f"`{key}` names none of the {len(options.texts)} choices{hint}", rule="wrong-answer")
    return found.pop()


def _told(value: str, options: Offered, notes: Notes) -> set[int]:
    """The options that a text means."""
    label = value.strip()
    found = {at for at, name in enumerate(options.names) if name == label}
    if not found and options.names and (line := _LETTERED.fullmatch(label)):
        named = zip(options.names, options.texts, strict=True)
        found = {at for at, option in enumerate(named) if option == (line[1], line[2].strip())}
    if not found:
        found = {at for at, text in enumerate(options.texts) if text == value}
        found |= _lettered_by(label, options) if label.isupper() and not options.names else set()
        if options.names and label.isdecimal() and not _are_numbered(options):  # in a table, numbers are texts, too
            found |= _at(int(label[:9]), options)
    if not found:
        bare = _BRACKETED.fullmatch(label)
        label = bare[1] if bare else label
        found = {at for at, name in enumerate(options.names) if name == label} or _lettered_by(label, options)
    if not found and label.isdecimal() and not _are_numbered(options):
        notes.index(int(label[:9]), len(options.texts))
        found = _at(int(label[:9]), options)
    return found


def _lettered_by(label: str, options: Offered) -> set[int]:
    """The option that a letter stands for."""
    if len(label) != 1 or not ("A" <= label <= "Z" or "a" <= label <= "z"):
        return set()
    if options.names:
        return {at for at, name in enumerate(options.names) if name.upper() == label.upper()}
    return _at(ord(label.upper()) - ord("A"), options)


def _are_numbered(options: Offered) -> bool:
    return bool(options.names) and all(name.isdecimal() for name in options.names)


def _numbered(value: int, options: Offered, notes: Notes) -> set[int]:
    """The options that a number means."""
    try:
        digits = str(value)
    except ValueError:  # Python converts no more than 4,300 digits
        return set()
    found = {at for at, name in enumerate(options.names) if name == digits}
    if found:
        return found
    if _are_numbered(options):
        return set()
    notes.index(value, len(options.texts))
    same = {at for at, text in enumerate(options.texts) if text == digits} if not options.names else set()
    return _at(value, options) | same


def _at(place: int, options: Offered) -> set[int]:
    return {options.places.index(place)} if place in options.places else set()
