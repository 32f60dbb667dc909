"""Row length: seconds that each cleaning filter takes for one row of 1, 2, 4 and 8 MB, of several kinds of text.

    python tests/bench/row_length.py [--megabytes 1 2 4 8] [--only quality language]

`growth` is the time of the longest row over that of the shortest, over the same ratio of their lengths: about 1 where a
filter is linear, more where it is not. The texts: prose (words drawn from a vocabulary, in sentences and lines), one
word over and over, short lines, one line without white space, Chinese, and open braces, brackets and fences. `length`
counts characters and words as tokens; `label_errors` is measured to its vectors, with an encoder that does nothing.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from seatrial import Row, Turn
from seatrial.rows import Label
from seatrial_plugins.cleaning import (
    build_label_errors,
    build_labels,
    build_language,
    build_length,
    build_quality,
    build_schema,
    build_unicode,
)


class Words:
    """Counts words as tokens, and encodes every text alike."""

    def count_tokens(self, conversations: Sequence[Sequence[Turn]], tools: object = ()) -> list[int]:
        return [sum(len(turn.content.split()) for turn in turns) for turns in conversations]

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return np.ones((len(texts), 4), dtype=np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=float, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--only", nargs="*", choices=list(filters()))
    given = parser.parse_args()
    sizes = sorted(round(megabytes * 1e6) for megabytes in given.megabytes)
    print(f"{'':14}{'text':12}" + "".join(f"{size / 1e6:>8g} MB" for size in sizes) + f"{'growth':>8}")
    for name, look in filters().items():
        if given.only and name not in given.only:
            continue
        for kind, make in kinds().items():
            seconds = [timed(look, row(make(size))) for size in sizes]
            growth = seconds[-1] / seconds[0] / (sizes[-1] / sizes[0])
            print(
                f"{name:14}{kind:12}" + "".join(f"{value:>9.2f} s" for value in seconds) + f"{growth:>8.2f}", flush=True
            )


def filters() -> Mapping[str, Callable[[Sequence[Row]], object]]:
    """Name → what looks at rows."""
    words = Words()
    by_row = {
        "schema": build_schema(),
        "unicode": build_unicode(),
        "length": build_length(tokenizer=words, max_characters=None, max_tokens=100, cut_at=100),
        "quality": build_quality(),
        "language": build_language(keep=["en"], lingua=False),
    }
    looks: dict[str, Callable[[Sequence[Row]], object]] = {
        name: lambda rows, filter_=row_filter: exhaust(filter_.inspect(rows)) for name, row_filter in by_row.items()
    }
    looks["labels"] = build_labels(known=["fine"]).signatures
    looks["label_errors"] = build_label_errors(encoder=words).signatures
    return looks


def kinds() -> Mapping[str, Callable[[int], str]]:
    """Kind → a text of about so many bytes."""
    draw = random.Random(0)
    vocabulary = ["".join(draw.choices("etaoinshrdlu", k=draw.randint(2, 9))) for _ in range(20_000)]

    def prose(size: int) -> str:
        said: list[str] = []
        while size > 0:
            sentence = " ".join(draw.choices(vocabulary, k=12)).capitalize() + draw.choice((". ", "? ", ".\n", ".\n\n"))
            said.append(sentence)
            size -= len(sentence)
        return "".join(said)

    def repeated(piece: str) -> Callable[[int], str]:
        return lambda size: piece * (size // len(piece.encode()))

    return {
        "prose": prose,
        "one word": repeated("word "),
        "short lines": repeated("a.\n"),
        "no space": repeated("x"),
        "Chinese": repeated("我们今天去公园玩，天气很好。"),
        "brackets": repeated("[{`<tool_call>"),
        "blanks": repeated(" \t"),
        "emoji": repeated("👩‍👩‍👧 "),
    }


def row(text: str) -> Row:
    return Row("r", (Turn("user", text), Turn("assistant", "Yes.")), "chat", "s", "f", 1, expected=Label(text[:50]))


def timed(look: Callable[[Sequence[Row]], object], one: Row) -> float:
    started = time.process_time()
    look([one])
    return time.process_time() - started


def exhaust(findings: Iterable[object]) -> int:
    return sum(1 for _ in findings)


if __name__ == "__main__":
    main()
