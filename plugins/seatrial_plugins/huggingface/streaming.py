"""Streaming: the text of a generation in pieces, while transformers decodes in a thread of its own."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from transformers.generation.streamers import BaseStreamer

__all__ = ["streamed"]

_UNFINISHED = "\ufffd"
"""What a decoder writes for the first bytes of a character whose last are yet to come."""


class _AbandonedError(Exception):
    """Nobody reads on."""


class _Tokens(BaseStreamer):
    """Hands each new token on; the first that transformers gives is the prompt."""

    def __init__(self) -> None:
        self.given: queue.Queue[list[int] | None] = queue.Queue()
        self.abandoned = threading.Event()
        self._after_prompt = False

    def put(self, value: Any) -> None:
        """Tokens of one sequence."""
        if self.abandoned.is_set():
            raise _AbandonedError
        if self._after_prompt:
            self.given.put(value.reshape(-1).tolist())
        self._after_prompt = True

    def end(self) -> None:
        """Whoever started the thread tells the end."""


def streamed(
    answer: Callable[[BaseStreamer], str], text_of: Callable[[list[int]], str], stop: Sequence[str]
) -> Iterator[str]:
    """Pieces that, joined, are what `answer` returns.

    The whole is decoded anew at each token, for a tokenizer may write two tokens otherwise than one after the other; what
    may yet become another character, or a stop string, is held back.

    Args:
        answer: generates with the streamer, and gives the text.
        text_of: the text of some tokens, cut at the first stop string.
        stop: the stop strings.
    """
    tokens = _Tokens()
    ended: list[str | BaseException] = []

    def work() -> None:
        try:
            ended.append(answer(tokens))
        except BaseException as error:  # noqa: BLE001 - raised again where the pieces are read
            ended.append(error)
        finally:
            tokens.given.put(None)

    thread = threading.Thread(target=work, name="seatrial-stream", daemon=True)
    thread.start()
    said, ids = "", []
    try:
        while (new := tokens.given.get()) is not None:
            ids += new
            text = text_of(ids).rstrip(_UNFINISHED)
            text = text[: len(text) - _held_back(text, stop)]
            if len(text) > len(said) and text.startswith(said):
                yield text[len(said) :]
                said = text
    finally:
        tokens.abandoned.set()
        thread.join()
    (whole,) = ended
    if isinstance(whole, BaseException):
        raise whole
    if len(whole) > len(said):
        yield whole[len(said) :]


def _held_back(text: str, stop: Sequence[str]) -> int:
    """How many characters at the end may be the beginning of a stop string."""
    most = max((len(word) - 1 for word in stop), default=0)
    return next(
        (
            length
            for length in range(min(most, len(text)), 0, -1)
            if any(word.startswith(text[-length:]) for word in stop)
        ),
        0,
    )
