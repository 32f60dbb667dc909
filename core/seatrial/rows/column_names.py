"""Column names: the keys of all layouts, which a suite may map onto a file's own."""

from __future__ import annotations

from seatrial.rows.choices import LETTERS

__all__ = ["COLUMNS", "OPTIONAL_COLUMNS"]

COLUMNS = (
    *("messages", "conversations", "system", "system_prompt", "system_message"),
    *("tools", "functions", "images", "image"),
    *("chosen", "rejected", "kto_tag"),
    *("question", "choices", "options", "answer", "answerKey", "answer_index", "answer_idx"),
    *("context", "passage", "article"),
    *("instruction", "input", "output", "history"),
    *("prompt", "completion", "response", "answers", "references"),
    *("test", "entry_point", "canonical_solution", "test_list", "code", "test_setup_code"),
    *("text", "label", "category", "class", "intent", "topic"),
    *("weight", "train", "loss_mask"),
    *("slice", "group"),
    *LETTERS,
)
"""The keys that `columns` may give another name."""

OPTIONAL_COLUMNS = frozenset(
    {
        *("system", "system_prompt", "system_message", "input", "context", "passage", "article", "history"),
        *("tools", "functions", "images", "image", "kto_tag"),
        *LETTERS[2:],
    }
)
"""Of them, those that a record may lack although a suite maps them."""
