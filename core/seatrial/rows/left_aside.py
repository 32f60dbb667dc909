"""Left aside: the keys of a record that become no part of its row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from seatrial.rows.column_names import COLUMNS
from seatrial.rows.given import Given
from seatrial.rows.turn import Turn

__all__ = ["note_left_aside"]

_TELLING = frozenset(
    {
        *("document", "documents", "paragraph", "story", "evidence", "contexts", "background", "premise", "ctx"),
        *("candidates", "alternatives", "endings", "answer_choices", "possible_answers", "distractors"),
        *(
            "label_text",
            "label_name",
            "rejected_response",
            "rejected_messages",
            "chat_template_kwargs",
            "tool_choice",
            "api_list",
        ),
        *("reasoning", "reasoning_content", "thinking", "videos", "video", "audios", "audio", "segments"),
    }
)
"""Keys that change what is asked, answered or taught in layouts that are not read here: leaving them aside is warned of."""
_KNOWN = frozenset(COLUMNS) | _TELLING


def note_left_aside(given: Given, columns: Mapping[str, str], turns: Sequence[Turn]) -> None:
    """Note the keys that nothing looked at, and whether leaving them aside may change what the row says.

    Args:
        given: the record, read.
        columns: what the suite maps.
        turns: what became of it.
    """
    meant = {name for key, name in columns.items() if key in given.used}
    for key, value in given.record.items():
        if key not in given.used and key not in meant and value is not None and value not in ("", []):
            known = key in _KNOWN and not (isinstance(value, str) and _say(turns, value))
            given.notes.leave(key, known=known)


def _say(turns: Sequence[Turn], text: str) -> bool:
    """Whether a text is said already: it is one of the turns', or has all of them in it, as Alpaca's `text` does."""
    said = [turn.content for turn in turns]
    return text in said or all(one in text for one in said)
