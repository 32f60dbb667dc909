"""Options beside a question that have columns of their own, and answers that name an option which nobody reads."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import lru_cache

from seatrial.rows.choices import offered
from seatrial.rows.format_error import FormatError
from seatrial.rows.record_values import quoted_key

__all__ = ["is_bare_label", "option_columns", "refuse_bare_label"]

_COLUMN = re.compile(
    r"(?i:(?P<stem>option|choice|opt|op|answer|ending|sol(?:ution)?|candidate|alternative)s?[ _-]?)?"
    r"(?P<label>[A-J]|[a-j]|[0-9]{1,2})"
)
"""`A`, `a`, `option_a`, `choice 1`, `opa` (MedMCQA), `answer0` (Cosmos QA), `ending0` (SWAG), `sol1` (PIQA)."""
_READ = frozenset({"", "option", "choice", "opt", "op"})
"""Of their stems, those that name an option wherever they stand: `answer1` may be another right answer."""
_LISTS = re.compile(
    r"(?i:(?:(?:all|possible|answer|mc)[ _-]?)?(?:opt|option|choice|candidate|alternative|ending|answer)s?(?:[ _-]?(?:list|text)s?)?)"
)
"""`choices`, `answer_choices`, `possible_answers`, `option_list`, `opts`, …"""
_FIRST = ({"A", "B"}, {"0", "1"}, {"1", "2"})

_LONGEST = 10
"""Characters of a label, and some white space."""
_BARE_LABEL = re.compile(r"[(\[]?(?:[A-Ja-j]|[0-9]{1,2})[)\].:]?")


@lru_cache(maxsize=1024)
def option_columns(keys: frozenset[str], *, stems: frozenset[str] | None = _READ) -> Mapping[str, str]:
    """Label → column of the options that stand in columns of their own; of several such rows of columns one. {} for none.

    Args:
        keys: the keys of a record.
        stems: what may stand before the label; None for all that are known.
    """
    families: dict[tuple[str, str], dict[str, str]] = {}
    for key in sorted(keys):
        match = _COLUMN.fullmatch(key)
        stem = (match["stem"] or "").lower() if match else ""
        if match and (stems is None or stem in stems):
            kind = "digit" if match["label"].isdigit() else "lower" if match["label"].islower() else "upper"
            families.setdefault((stem, kind), {})[match["label"].upper()] = key
    return next((found for found in families.values() if any(first <= found.keys() for first in _FIRST)), {})


def is_bare_label(answer: str) -> bool:
    """Whether an answer may be nothing but an option's label: `B`, `(b)`, `2.`."""
    return len(answer) < _LONGEST and bool(_BARE_LABEL.fullmatch(answer.strip()))


def refuse_bare_label(record: Mapping[str, object], unread: Collection[str], asked: str, answer: str) -> None:
    """Raises FormatError where no turn says what the options are that an answer names.

    Args:
        record: the record.
        unread: its keys that become no part of the row.
        asked: all that is said before the answer.
        answer: what the assistant says, a bare label.
    """
    for keys, texts in _left_options(record, unread):
        if len(texts) > 1 and answer.strip() not in texts and not all(text in asked for text in texts):
            named = ", ".join(map(quoted_key, keys[:4])) + (", …" if len(keys) > 4 else "")
            raise FormatError(
                f"the answer is only the label of a choice, and the choices, under {named}, are no part of the question: name "
                "the keys of a multiple-choice question (`columns: {question: …, choices: …, answer: …}`), or write the choices "
                "into the question",
                rule="wrong-answer",
            )


def _left_options(
    record: Mapping[str, object], unread: Collection[str]
) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """The keys and the texts of what may be options."""
    found = []
    for key in sorted(unread):
        if _LISTS.fullmatch(key) and record[key]:
            try:
                found.append(((key,), offered(record[key], key).texts))
            except FormatError:
                continue
    columns = option_columns(frozenset(unread), stems=None)
    texts = tuple(str(record[key]) for key in columns.values() if record[key] not in (None, ""))
    return [*found, (tuple(columns.values()), texts)]
