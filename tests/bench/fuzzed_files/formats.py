"""Formats: records as the bytes of a file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence

from fuzzed_files.chance import Chance
from fuzzed_files.tables import as_parquet
from fuzzed_files.values import odd, plain

__all__ = ["FORMS"]


def encoded(text: str, draw: Chance) -> bytes:
    """Mostly UTF-8."""
    encoding = draw.choice(["utf-8"] * 45 + ["utf-8-sig", "utf-16", "latin-1", "utf-32"])
    if not encoding.startswith("utf-8"):
        draw.kinds.add("another encoding")
    return text.encode(encoding, "surrogatepass" if encoding.startswith("utf-8") else "replace")


def as_json_lines(records: Sequence[object], draw: Chance) -> bytes:
    """JSON Lines."""
    escaped = draw.happens(0.5)
    return encoded("".join(json.dumps(one, ensure_ascii=escaped) + "\n" for one in records), draw)


def as_json(records: Sequence[object], draw: Chance) -> bytes:
    """One list, mostly."""
    whole: object = records
    if draw.happens(0.05):
        draw.kinds.add("JSON that is no list")
        whole = {"data": records}
    return encoded(json.dumps(whole, ensure_ascii=draw.happens(0.5), indent=draw.choice([None, 1])), draw)


def as_table(delimiter: str) -> Callable[[Sequence[object], Chance], bytes]:
    """A table in text: the records' own keys and values, or columns with cells too many or too few."""

    def made(records: Sequence[object], draw: Chance) -> bytes:
        ends = draw.choice(["\n"] * 4 + ["\r\n"] * 3 + ["\r"])
        flat = [one for one in records if isinstance(one, Mapping)]
        if flat and draw.happens(0.4):
            return encoded(_written(flat, delimiter, ends), draw)
        draw.kinds.add("ragged tables, open quotes")
        return encoded(ends.join(_ragged(len(records), delimiter, draw)), draw)

    return made


def _written(records: Sequence[Mapping[str, object]], delimiter: str, ends: str) -> str:
    """As a program writes it: each value that is no text as JSON, quoted where that is needed."""
    stream = io.StringIO()
    table = csv.DictWriter(
        stream, list(records[0]), delimiter=delimiter, lineterminator=ends, extrasaction="ignore", escapechar="\\"
    )
    table.writeheader()
    table.writerows(
        {key: value if isinstance(value, str) else json.dumps(value) for key, value in one.items()} for one in records
    )
    return stream.getvalue()


def _ragged(count: int, delimiter: str, draw: Chance) -> list[str]:
    usual = [
        *(["text", "label"], ["prompt", "completion"], ["x", "text", "label"]),
        *(["question", "choices", "answer"], ["messages"], ["instruction", "input", "output"]),
    ]
    header = draw.choice([*usual * 5, ["text", "label", "text"], [""], []])
    lines = [delimiter.join(header)]
    for _ in range(count):
        cells = [str(plain(draw)) for _ in range(max(0, len(header) + draw.choice([0] * 8 + [-1, 1])))]
        lines.append(delimiter.join(f'"{cell}"' if draw.happens(0.3) else cell for cell in cells))
    return lines


def as_yaml(records: Sequence[object], draw: Chance) -> bytes:
    """A list, and now and then something that YAML alone can say."""
    text = "".join(f"- {json.dumps(one)}\n" for one in records)
    extra = [
        *("", "", "", ""),
        *("- &a [*a]\n", "- !!python/object:os.system {}\n", "- <<: {a: 1}\n", "\t- x\n"),
        *("- {text: no, label: 0o7}\n", "- ? [a]\n  : b\n", "---\n- {text: x, label: a}\n", "- {a: 1, a: 2}\n"),
    ]
    bomb = "".join(f"{chr(97 + n)}: &{chr(97 + n)} [{', '.join([f'*{chr(96 + n)}'] * 9)}]\n" for n in range(1, 9))
    ending = draw.choice([*extra, f"a: &a [x]\n{bomb}"])
    if ending:
        draw.kinds.add("odd YAML, bombs")
    return encoded(text + ending, draw)


def as_chatterbot(records: Sequence[object], draw: Chance) -> bytes:
    """Dialogues in YAML."""
    said = "".join(f"- - {json.dumps(plain(draw))}\n  - {json.dumps(odd(draw, 1))}\n" for _ in records)
    return encoded(f"categories:\n- {draw.choice(['AI'] * 9 + ['[]', '5', ''])}\nconversations:\n{said}", draw)


def as_langchain(records: Sequence[object], draw: Chance) -> bytes:
    """Message dumps."""

    def message(usual: str) -> dict[str, object]:
        kind = draw.choice([usual] * 20 + ["system", "tool", "chat", 5])
        said = {"content": plain(draw)}
        return {"type": kind, "data": draw.choice([said] * 20 + [{"content": odd(draw, 1)}, odd(draw, 1)])}

    dialogues = [[message(("human", "ai")[turn % 2]) for turn in range(draw.choice([0, 2, 2, 2, 3]))] for _ in records]
    return as_json(dialogues, draw) if draw.happens(0.5) else as_json_lines(dialogues, draw)


FORMS: dict[str, Callable[[Sequence[object], Chance], bytes]] = {
    "jsonl": as_json_lines,
    "json": as_json,
    "csv": as_table(","),
    "tsv": as_table("\t"),
    "yaml": as_yaml,
    "parquet": as_parquet,
    "chatterbot": as_chatterbot,
    "langchain": as_langchain,
}
"""A reader's name → writes what it reads."""
