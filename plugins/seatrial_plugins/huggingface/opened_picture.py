"""Opened picture: a file as the network is to see it, upright, opaque and with 8 bits a channel."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.errors import StageError
from seatrial.rows import Image
from seatrial.terminal.legible import one_line

if TYPE_CHECKING:
    import PIL.Image

__all__ = ["opened_picture"]

_SIXTEEN_BITS_IN_EIGHT = 1 / 257
"""(2^16 - 1) / (2^8 - 1), as the PNG specification (section 12.4) scales samples."""


def opened_picture(path: Path, image: Image) -> PIL.Image.Image:
    """The picture, in RGB, of the size that its row says.

    Raises:
        StageError: it cannot be opened, or is of another size than its place in a text was written for.
    """
    import PIL.Image
    import PIL.ImageOps

    try:
        with PIL.Image.open(path) as stored:
            shown = _in_rgb(PIL.ImageOps.exif_transpose(stored))
    except Exception as error:  # Pillow's readers have no error in common
        raise StageError(
            f"{path}: the picture cannot be opened ({type(error).__name__}: {one_line(str(error), 120)}); it was whole when its "
            "row was read: leave the run folder's files as they are, and run the same command again"
        ) from error
    if shown.size != (image.width, image.height):
        raise StageError(
            f"{path}: the picture is of {shown.width} × {shown.height} pixels, and its row says {image.width} × {image.height}, "
            "for which its text was written; read the rows anew, in a fresh run folder"
        )
    return shown


def _in_rgb(picture: PIL.Image.Image) -> PIL.Image.Image:
    """On white where it lets the ground through: `convert` alone keeps the colour of what cannot be seen, mostly black."""
    import numpy as np
    import PIL.Image

    if picture.mode.startswith("I"):  # 16-bit grey, which `convert` cuts off at 255
        grey = np.asarray(picture).astype(np.float32) * _SIXTEEN_BITS_IN_EIGHT
        return PIL.Image.fromarray(grey.round().clip(0, 255).astype(np.uint8)).convert("RGB")
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    seen = picture.convert("RGBA")
    return PIL.Image.alpha_composite(PIL.Image.new("RGBA", seen.size, "white"), seen).convert("RGB")
