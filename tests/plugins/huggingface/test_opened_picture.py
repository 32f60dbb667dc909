"""Opened pictures: what is transparent is white, 16 bits become 8, and the size is the row's."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import PIL.Image
import pytest
from tests.pictures import kept, painted

from seatrial.errors import StageError
from seatrial_plugins.huggingface.opened_picture import opened_picture

STROKE = np.eye(6, dtype=bool)


def seen(folder, pixels, **options):
    """The pixels that a network sees of a PNG."""
    file = io.BytesIO()
    pixels.save(file, "PNG", **options)
    image = kept(folder, file.getvalue())
    shown = opened_picture(folder / image.file_name, image)
    assert shown.mode == "RGB"
    return np.asarray(shown)


def test_black_strokes_on_a_transparent_ground_are_seen(tmp_path):
    expected = np.where(STROKE, 0, 255)[..., None].repeat(3, -1)
    inked = np.zeros((6, 6, 4), dtype=np.uint8)
    inked[..., 3] = STROKE * 255
    assert (seen(tmp_path, PIL.Image.fromarray(inked)) == expected).all()
    grey = PIL.Image.fromarray(np.where(STROKE, 0, 7).astype(np.uint8))
    assert (seen(tmp_path, grey, transparency=7) == expected).all()
    assert (seen(tmp_path, grey.convert("P"), transparency=7) == expected).all()


def test_shades_of_sixteen_bits_are_told_apart(tmp_path):
    shades = np.array([[0, 257, 1000, 32896, 65535]], dtype=np.uint16)
    assert seen(tmp_path, PIL.Image.fromarray(shades))[0, :, 0].tolist() == [0, 1, 4, 128, 255]


def test_a_picture_lies_as_its_notes_say_and_another_size_than_its_rows_is_refused(tmp_path):
    notes = PIL.Image.Exif()
    notes[0x0112] = 6
    image = kept(tmp_path, painted(1, 2, 3, size=(8, 4), exif=notes.tobytes()))
    assert opened_picture(tmp_path / image.file_name, image).size == (4, 8)
    with pytest.raises(StageError, match=r"4 × 8 pixels.*its row says 8 × 4"):
        opened_picture(tmp_path / image.file_name, replace(image, width=8, height=4))
