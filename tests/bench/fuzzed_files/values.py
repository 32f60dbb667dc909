"""Values: records of every layout, and what may stand in them instead."""

from __future__ import annotations

import json
import string
from collections.abc import Callable

from fuzzed_files.chance import Chance

__all__ = ["LAYOUTS", "odd", "plain", "record", "words"]

_FLAT = [
    *(None, True, -1, 0, 10**400, 1e308, 2.5, "", " "),
    *("\u202e", "\ud83d", "a\0b", "é", "x" * 300, "user@example.org"),
]


def words(draw: Chance) -> str:
    """Some made-up words."""
    return " ".join("".join(draw.choices(string.ascii_lowercase, k=4)) for _ in range(draw.randrange(1, 12)))


def odd(draw: Chance, depth: int) -> object:
    """Any value."""
    if depth == 0 or draw.happens(0.5):
        return draw.choice(_FLAT)
    if draw.happens(0.5):
        return [odd(draw, depth - 1) for _ in range(draw.randrange(4))]
    keys = ["role", "text", "", "\ud800", "label"]
    return {draw.choice(keys): odd(draw, depth - 1) for _ in range(draw.randrange(4))}


def plain(draw: Chance) -> object:
    """A text, mostly."""
    return odd(draw, 0) if draw.happens(0.2) else f"{draw.choice(['where', 'when', 'why'])} {draw.randrange(50)}?"


def record(draw: Chance, layout: str = "") -> object:
    """A record in that layout, or in any; now and then with a wrong type in it."""
    made = LAYOUTS[layout or draw.choice(list(LAYOUTS))](draw)
    if draw.happens(0.1):
        made |= {draw.choice(["slice", "group", "x"]): draw.choice(["a", 5, True, None, ["a"]])}
    if draw.happens(0.3):
        draw.kinds.add("wrong types")
        made[draw.choice(list(made))] = odd(draw, draw.randrange(3))
    return odd(draw, 2) if draw.happens(0.05) else made


def _labelled(draw: Chance) -> dict[str, object]:
    key = draw.choice(["label", "label", "category", "class", "intent", "topic"])
    return {"text": words(draw), key: draw.choice([*"aaaabbb", 1, True, None, "", 1.5, -1, "A", 2**70])}


def _chat(draw: Chance) -> dict[str, object]:
    messages: list[object] = [{"role": "system", "content": words(draw)}] if draw.happens(0.2) else []
    for _ in range(draw.choice([1, 1, 2, 3])):
        messages += [{"role": "user", "content": words(draw)}, {"role": "assistant", "content": words(draw)}]
    if draw.happens(0.3):
        messages.insert(draw.randrange(len(messages) + 1), _message(draw))
    return {"messages": messages}


def _message(draw: Chance) -> dict[str, object]:
    """What is less usual in a conversation."""
    call = {"name": "look", "arguments": draw.choice(['{"at": 1}', "{", {"at": 1}, None])}
    parts = [{"type": "text", "text": words(draw)}, {"type": draw.choice(["text", "image_url"]), "text": "x"}]
    return draw.choice(
        [
            {"role": "assistant"},
            {"role": draw.choice(["user", "tool", "Ann", "function"]), "content": words(draw)},
            {"role": "user", "content": parts},
            {"role": "assistant", "tool_calls": [{"id": "1", "type": "function", "function": call}]},
            {"role": "assistant", "content": None, "function_call": call},
            {"role": "tool", "tool_call_id": draw.choice(["1", "2", 3]), "content": words(draw)},
        ]
    )


def _shared(draw: Chance) -> dict[str, object]:
    """ShareGPT's."""
    call = json.dumps({"name": "look", "arguments": {}})
    turns = [
        {"from": "human", "value": words(draw)},
        {
            "from": draw.choice(["gpt", "gpt", "gpt", "user", "bot"]),
            "value": draw.choice([words(draw), words(draw), None]),
        },
    ]
    if draw.happens(0.3):
        turns += [
            {"from": "function_call", "value": draw.choice([call, call, f"[{call}]", "{", None])},
            {"from": "observation", "value": words(draw)},
            {"from": "gpt", "value": words(draw)},
        ]
    return {"conversations": turns} | ({"system": draw.choice([words(draw), None, 5])} if draw.happens(0.2) else {})


def _choice(draw: Chance) -> dict[str, object]:
    texts = [words(draw), words(draw), "z"]
    choices = draw.choice(
        [
            texts,
            {"A": "x", "B": "y"},
            {"text": texts, "label": ["A", "B", "C"]},
            [{"label": "A", "text": "x"}, {"label": "B", "text": "y"}],
            *("x", [], ["x", "x"], {"text": texts, "label": ["A"]}),
        ]
    )
    answer = draw.choice(["A", "A", "B", 0, 1, 1, "z", "1", 7, -1, None, 0.5, True])
    return {"question": words(draw), "choices": choices, draw.choice(["answer", "answer", "answerKey"]): answer}


def _instructed(draw: Chance) -> dict[str, object]:
    return {"instruction": words(draw), "input": draw.choice([None, "", words(draw)]), "output": words(draw)}


def _asked(draw: Chance) -> dict[str, object]:
    text = words(draw)
    asked: object = [{"role": "user", "content": text}] if draw.happens(0.1) else text
    pair = draw.choice(
        [("prompt", "completion"), ("prompt", "completion"), ("prompt", "response"), ("question", "answer")]
    )
    return {pair[0]: asked, pair[1]: text[::-1]}


LAYOUTS: dict[str, Callable[[Chance], dict[str, object]]] = {
    "text-label": _labelled,
    "chat": _chat,
    "sharegpt": _shared,
    "choice": _choice,
    "alpaca": _instructed,
    "prompt-completion": _asked,
}
"""A layout's name → draws a record in it."""
