"""Damage: ways to break a file's bytes."""

from __future__ import annotations

from collections.abc import Callable

from fuzzed_files.chance import Chance

__all__ = ["BREAKS", "is_json"]

SPLICED = {
    "NUL bytes": [b"\0", b"\0" * 5_000, b"\x00\x01\x02"],
    "mixed encodings": [b"\xff\xfe", b"\xef\xbb\xbf", b"\xe9"],
    "broken JSON": [b'"', b"'", b"{", b"]", b",,", b"NaN", b"-Infinity", b"\\ud800", b"1e999", b'{"a":1,"a":2}'],
    "odd characters": [b"\r", b"\x1b[31m", "\u2028".encode(), b"\n\n\n", b"*a", b"\t"],
}


def place(data: bytes, draw: Chance) -> int:
    """Anywhere in the file."""
    return draw.randrange(len(data) + 1)


def is_json(data: bytes) -> bool:
    """Whether it begins as JSON does."""
    return data.lstrip()[:1] in {b"{", b"["}


def cut(data: bytes, draw: Chance) -> bytes:
    """Its end is lost."""
    draw.kinds.add("cut short")
    return data[: place(data, draw)]


def flip(data: bytes, draw: Chance) -> bytes:
    """Some bytes are others."""
    draw.kinds.add("bytes changed")
    changed = bytearray(data)
    for _ in range(draw.randrange(1, 6)):
        if changed:
            changed[draw.randrange(len(changed))] = draw.randrange(256)
    return bytes(changed)


def splice(data: bytes, draw: Chance) -> bytes:
    """Something stands between that doesn't belong there."""
    kind = draw.choice(list(SPLICED))
    draw.kinds.add("odd marks spliced in" if kind == "broken JSON" and not is_json(data) else kind)
    at = place(data, draw)
    return data[:at] + draw.choice(SPLICED[kind]) + data[at:]


def repeat(data: bytes, draw: Chance) -> bytes:
    """A part stands there twice."""
    draw.kinds.add("a part twice")
    return data + data[place(data, draw) :]


def recode(data: bytes, draw: Chance) -> bytes:
    """One half of it in another encoding."""
    draw.kinds.add("mixed encodings")
    at = place(data, draw)
    encoding = draw.choice(["utf-16-le", "latin-1", "cp1252", "utf-32-be"])
    return data[:at] + data[at:].decode("utf-8", "replace").encode(encoding, "replace")


def nest(data: bytes, draw: Chance) -> bytes:
    """Something deep stands before it or behind it, open or closed again."""
    draw.kinds.add("deep nesting")
    depth = draw.choice([50, 1_000, 100_000])
    if draw.happens(0.4):
        inner = draw.choice([(b"[", b"]"), (b'{"a":', b"}")])
        value = inner[0] * depth + b"1" * (inner[0] != b"[") + inner[1] * depth
        return data + b'\n{"text": ' + value + b', "label": "a", "messages": ' + value + b"}\n"
    opening = draw.choice([b"[", b'{"a":', b"- ", b"("]) * depth
    return data + b"\n" + opening + b"\n" if draw.happens(0.5) else opening + data


def lengthen(data: bytes, draw: Chance) -> bytes:
    """A line that may be longer than readers take; or one record, whole, that is very long."""
    draw.kinds.add("huge lines")
    if draw.happens(0.2):
        text = b"lorem " * draw.choice([20_000, 200_000, 1_600_000])
        return data + b'\n{"text": "' + text + b'", "label": "a"}\n'
    line = draw.choice([b"x", b'"', b"a,", b'{"text": "', b"  "]) * draw.choice([10_000, 2_000_000, 6_000_000])
    return data + line[:12_000_000] + draw.choice([b"", b"\n", b'", "label": "a"}\n'])


def nothing(data: bytes, draw: Chance) -> bytes:
    """Nothing of it is left."""
    del data
    draw.kinds.add("nothing in it")
    return draw.choice(
        [b"", b"\n", b" \n\t\n", b"\xef\xbb\xbf", b"null", b"[]", b"{}", b"PAR1", b"PK\x03\x04", draw.randbytes(200)]
    )


BREAKS: list[Callable[[bytes, Chance], bytes]] = [
    *(cut, cut, flip, flip, flip, repeat, repeat, recode, recode, nest, nest, lengthen, lengthen, nothing),
    *[splice] * 6,
]
"""Each as often as it is drawn."""
