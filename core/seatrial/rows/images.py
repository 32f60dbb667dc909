"""Images: the bytes that records carry or name become files of the run, each under the digest of its bytes.

Nothing is fetched, and nothing outside the source's folder is opened. Format and size are read from the first bytes and held
against bounds; what is within them is decoded once, by Pillow, since a file that breaks off in the middle looks whole from its
beginning, and its size is the one that Pillow finds.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import io
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from seatrial.errors import UsageError
from seatrial.rows.format_error import FormatError
from seatrial.rows.parts import EXTENSIONS, Image
from seatrial.rows.record_values import type_in_words
from seatrial.runs.store import atomic_file

__all__ = ["LIBRARY", "MOST_BYTES", "MOST_PIXELS", "Images"]

LIBRARY = "pillow"
"""The distribution whose version decides which pictures can be read, and how large they are."""

MOST_BYTES = 20_000_000
"""Bytes of one image's file at most."""

MOST_PIXELS = 100_000_000
"""Width by height at most: beyond it, decoding takes gigabytes. Pillow warns from 89 million on."""

_ORIENTATION = 0x0112
"""The tag of Exif 2.32 that says how a camera was held."""

_ON_ITS_SIDE = range(5, 9)
"""Of its values, those with which rows of pixels are columns of the picture."""


class Images:
    """Keeps the images of one source.

    Args:
        kept: the folder that the files go to; None where they are only looked at.
        beside: the folder that paths start from.
        within: the folder that they may not leave; None where none may be named.
    """

    def __init__(self, kept: Path | None = None, beside: Path = Path(), within: Path | None = None) -> None:
        self._kept = kept
        self._beside = beside
        self._within = within

    def keep(self, value: object, where: str) -> Image:
        """The image of a value: bytes, a `data:` address, a path, or a mapping that holds one of these.

        Raises:
            FormatError: it is none, too large, or in a format that is not read.
            UsageError: Pillow, without which nobody can tell whether it is whole, is not installed.
        """
        data = self._bytes_of(value, where)
        if len(data) > MOST_BYTES:
            raise _refused(where, f"has {len(data):,} bytes, more than {MOST_BYTES:,}")
        media_type, width, height = _look(data, where)
        _check_pixels(width, height, where)
        width, height = _opened_size(data, where)
        image = Image(hashlib.sha256(data).hexdigest(), media_type, width, height)
        if self._kept is not None and not (self._kept / image.file_name).is_file():
            with atomic_file(self._kept / image.file_name) as part:
                part.write_bytes(data)
        return image

    def _bytes_of(self, value: object, where: str) -> bytes:
        if isinstance(value, bytes):
            return value
        if isinstance(value, str):
            return _decoded(value, where) if value.startswith("data:") else self._read(value, where)
        if isinstance(value, Mapping):
            for key in ("bytes", "url", "path", "data"):
                inner = value.get(key)
                if inner is not None:
                    raw = key == "data" or (key == "bytes" and isinstance(inner, str))
                    return _base64(inner, where) if raw else self._bytes_of(inner, where)
            raise _refused(where, "holds neither bytes nor a path")
        raise FormatError(f"`{where}` is {type_in_words(value)}, not an image", rule="wrong-image")

    def _read(self, path: str, where: str) -> bytes:
        if "://" in path:
            raise _refused(
                where, "is named by an address on the network, and nothing is fetched: keep it with the data"
            )
        if self._within is None:
            raise _refused(
                where,
                "is named by a path, and the source is a single file, so nothing would tell when the image has changed: name "
                "the folder that holds both as the source",
            )
        try:
            file = (self._beside / path).resolve()
            there = file.is_file()
        except (OSError, ValueError, RuntimeError) as error:  # too long, a NUL, links in a circle
            raise _refused(where, "is named by a path that cannot be followed") from error
        if not file.is_relative_to(self._within.resolve()):
            raise _refused(where, "lies outside the source's folder")
        if not there:
            raise _refused(where, "is named by a path at which there is no file")
        if file.stat().st_size > MOST_BYTES:
            raise _refused(where, f"has {file.stat().st_size:,} bytes, more than {MOST_BYTES:,}")
        return file.read_bytes()


def _refused(where: str, why: str) -> FormatError:
    return FormatError(f"the image `{where}` {why}", rule="wrong-image")


def _decoded(address: str, where: str) -> bytes:
    """The bytes of a `data:` address."""
    head, comma, data = address.partition(",")
    if not comma or not head.endswith(";base64"):
        raise _refused(where, "is a `data:` address that is not in base64")
    return _base64(data, where)


def _base64(data: object, where: str) -> bytes:
    if not isinstance(data, str):
        raise _refused(where, f"is {type_in_words(data)} where base64 is due")
    if len(data) > 2 * MOST_BYTES:
        raise _refused(where, f"has more than {MOST_BYTES:,} bytes")
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _refused(where, "is not in base64") from error


# ---- what the first bytes tell ---------------------------------------------------------------------------------------


def _look(data: bytes, where: str) -> tuple[str, int, int]:
    """Media type, width and height."""
    for mark, media_type, size_of in _KINDS:
        if data.startswith(mark):
            with contextlib.suppress(struct.error, IndexError):
                if size := size_of(data):
                    return media_type, *size
            raise _refused(where, f"begins as {media_type}, and does not say how large it is: it may be cut off")
    raise _refused(where, f"is in no format that is read ({', '.join(EXTENSIONS)})")


def _check_pixels(width: int, height: int, where: str) -> None:
    if width * height > MOST_PIXELS:
        raise _refused(where, f"has {width} × {height} pixels, more than {MOST_PIXELS:,}")


def _opened_size(data: bytes, where: str) -> tuple[int, int]:
    """Width and height as the picture is to be shown, once all of it is decoded.

    A file may hold another size than its beginning says (a GIF's frames reach over its screen), and say at its end that it lies
    on its side.
    """
    try:
        import PIL.Image
    except ImportError as error:
        raise UsageError(
            f"the rows hold pictures (`{where}`), and Pillow, which opens each to see that it is whole, cannot be imported here: "
            "pip install 'seatrial[images]'"
        ) from error
    try:
        with PIL.Image.open(io.BytesIO(data)) as image:
            width, height = image.size
            _check_pixels(width, height, where)
            image.verify()
        with PIL.Image.open(io.BytesIO(data)) as image:
            image.draft(None, (1, 1))  # all of a JPEG is read so, and a 64th of its pixels computed
            image.load()
            on_its_side = image.getexif().get(_ORIENTATION) in _ON_ITS_SIDE
    except FormatError:
        raise
    except Exception as error:
        raise _refused(where, f"is damaged ({type(error).__name__})") from error
    return (height, width) if on_its_side else (width, height)


def _png(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _gif(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<HH", data, 6)
    return width, height


def _bmp(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<ii", data, 18)
    return width, abs(height)


def _jpeg(data: bytes) -> tuple[int, int] | None:
    """The size in the frame's header, the first segment of those kinds (ITU T.81, table B.1)."""
    for kind, start in _segments(data):
        if 0xC0 <= kind <= 0xCF and kind not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack_from(">HH", data, start + 5)
            return width, height
    return None


def _segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Kind and start of each segment, up to the first scan."""
    place = 2
    while place + 4 <= len(data) and data[place] == 0xFF:
        kind = data[place + 1]
        if kind == 0xFF:  # padding
            place += 1
            continue
        yield kind, place
        if kind == 0xDA:
            return
        place += 2 + int.from_bytes(data[place + 2 : place + 4])


def _webp(data: bytes) -> tuple[int, int] | None:
    """The size in the first chunk: lossy, lossless or extended (RFC 9649)."""
    kind = data[8:16]
    if kind == b"WEBPVP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"WEBPVP8L":
        (packed,) = struct.unpack_from("<I", data, 21)
        return (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1
    if kind == b"WEBPVP8X" and len(data) >= 30:
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    return None


_KINDS: Sequence[tuple[bytes, str, Callable[[bytes], tuple[int, int] | None]]] = (
    (b"\x89PNG\r\n\x1a\n", "image/png", _png),
    (b"\xff\xd8\xff", "image/jpeg", _jpeg),
    (b"GIF87a", "image/gif", _gif),
    (b"GIF89a", "image/gif", _gif),
    (b"RIFF", "image/webp", _webp),
    (b"BM", "image/bmp", _bmp),
)
