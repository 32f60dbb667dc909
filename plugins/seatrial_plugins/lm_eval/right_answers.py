"""Right answers of a document, and why there is none that anything could be held against."""

from __future__ import annotations

from typing import Any

from seatrial_plugins.lm_eval.items import Item

__all__ = ["golds", "is_said", "problem", "target", "texts"]


def target(item: Item) -> str | None:
    """The right answer's words."""
    if item.choices:
        right = item.right[0] if item.right else -1
        return item.choices[right] if right >= 0 else None
    gold = item.gold[0] if isinstance(item.gold, list) and item.gold else item.gold
    return None if gold is None else str(gold)


def golds(item: Item) -> list[Any]:
    """The right options' places, or the right texts."""
    if item.choices:
        return list(item.right)
    return list(item.gold) if isinstance(item.gold, list) else [item.gold]


def texts(item: Item) -> list[str]:
    """All right answers' words."""
    return [item.choices[place] for place in item.right] if item.choices else [str(one) for one in golds(item)]


def problem(item: Item, kind: str, *, own: bool) -> str:
    """Why an item cannot be judged, whatever is answered; "" where it can. `own` where code of the task's own judges it."""
    if kind.startswith("loglikelihood"):
        return "" if is_said(item.gold) else f"the text to score is {item.gold!r:.60}; doc_to_target gives no text"
    if kind != "multiple_choice" and (own or not item.choices):
        missing = [one for one in golds(item) if one is None or not is_said(str(one))]
        return "" if own or (golds(item) and not missing) else f"the document has no right answer: {item.gold!r:.60}"
    found = [] if own else _of_right(item)
    if kind == "multiple_choice":
        found += [] if own else _of_choice(item)
        found += ["one of its choices is empty"] if not all(item.choices) else []
        found += ["two of its choices are the same"] if len(set(item.requests)) < len(item.requests) else []
    return found[0] if found else ""


def _of_right(item: Item) -> list[str]:
    if not item.right:
        return ["the document has no right answer: []"]
    return (
        [f"the right answer {item.gold!r:.60} is none of its {len(item.choices)} choices"] if -1 in item.right else []
    )


def _of_choice(item: Item) -> list[str]:
    if len(item.choices) < 2:
        return ["it has one choice: there is nothing to choose"]
    return ["each of its choices is right"] if len(set(item.right)) == len(item.choices) else []


def is_said(text: object) -> bool:
    """Whether it is text with something to read in it."""
    return isinstance(text, str) and bool(text.strip())
