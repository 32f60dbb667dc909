"""Pictures for tests: PNGs of given pixels, and rows that show them."""

from __future__ import annotations

import io
from pathlib import Path

from seatrial import Row, Turn
from seatrial.rows import Image, Label, Text
from seatrial.rows.images import Images

__all__ = ["digits", "kept", "painted", "shown"]


def painted(*colour: int, size: tuple[int, int] = (8, 8), kind: str = "PNG", **options: object) -> bytes:
    """A file of one colour."""
    import PIL.Image

    file = io.BytesIO()
    PIL.Image.new("RGB", size, (*colour, 0, 0, 0)[:3]).save(file, kind, **options)
    return file.getvalue()


def digits(count: int, labels: str = "0123456789") -> list[tuple[bytes, str]]:
    """The first of scikit-learn's digits that have such labels, each as a PNG, and its label."""
    import numpy as np
    import PIL.Image
    from sklearn.datasets import load_digits

    found, given = [], load_digits()
    for pixels, label in zip(given.images, given.target, strict=True):
        if str(label) in labels and len(found) < count:
            file = io.BytesIO()
            PIL.Image.fromarray((pixels * 255 / 16).astype(np.uint8)).save(file, "PNG")
            found.append((file.getvalue(), str(label)))
    return found


def kept(folder: Path, data: bytes) -> Image:
    """The picture, in a folder as a run keeps them."""
    return Images(folder).keep(data, "picture")


def shown(image: Image, label: str = "0", *, text: str = "Which digit is this?", name: str = "row") -> Row:
    """A row that shows a picture and asks for its label."""
    turns = (Turn("user", [image, Text(text)]), Turn("assistant", label))
    return Row(name, turns, "text-label", "path:rows", "rows.jsonl", 1, Label(label))
