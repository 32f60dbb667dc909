"""Packing: compressed files, whole and broken, and compressions that no reader takes."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable

import pyarrow as pa

from fuzzed_files.chance import Chance

__all__ = ["FOREIGN", "gzipped"]


def gzipped(data: bytes, draw: Chance) -> bytes:
    """With gzip, and mostly not whole."""
    packed = gzip.compress(data)
    kinds = ["whole", "truncated", "truncated", "damaged", "in gzip", "in two members", "with bytes behind it"]
    kind = draw.choice(kinds)
    draw.kinds.add(f"gzip, {kind}" if kind != "in gzip" else "gzip in gzip")
    at = draw.randrange(2, len(packed))
    match kind:
        case "truncated":
            return packed[:at]
        case "damaged":
            return packed[:at] + bytes([packed[at] ^ draw.randrange(1, 256)]) + packed[at + 1 :]
        case "in gzip":
            return gzip.compress(packed)
        case "in two members":
            cut = draw.randrange(len(data) + 1)
            return gzip.compress(data[:cut]) + gzip.compress(data[cut:])
        case "with bytes behind it":
            return packed + draw.choice([b"\0" * 512, b"\n", draw.randbytes(20)])
    return packed


def _zip(data: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("file", data)
    return stream.getvalue()


def _zstandard(data: bytes) -> bytes:
    return bytes(pa.compress(data, codec="zstd", asbytes=True))


FOREIGN: dict[str, Callable[[bytes], bytes]] = {
    "zst": _zstandard,
    "zip": _zip,
    "bz2": bz2.compress,
    "xz": lzma.compress,
}
"""The ending of a compression that no reader takes → compresses."""
