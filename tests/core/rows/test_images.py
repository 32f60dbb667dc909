"""Images: bytes become files under their digest, and what is no image, or not there, is a reason."""

import base64
import hashlib
import struct
import sys

import pytest

from seatrial.errors import UsageError
from seatrial.rows import Image, Text, Turn
from seatrial.rows.format_error import FormatError
from seatrial.rows.formats import parse
from seatrial.rows.images import MOST_BYTES, Images
from seatrial.rows.notes import Notes
from seatrial.runs.keys import node_key
from seatrial.runs.stages.read import Read


def address(data):
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


@pytest.fixture
def look(tmp_path):
    """What is said of an image that a user shows."""

    def looked(value, **beside):
        record = {"messages": [{"role": "user", "content": [{"type": "image", "image": value}]}], **beside}
        return parse(record, images=Images(tmp_path / "kept", tmp_path, tmp_path)).turns[0]

    return looked


@pytest.fixture
def refusal(look):
    def refused(value):
        with pytest.raises(FormatError) as caught:
            look(value)
        assert caught.value.rule == "wrong-image"
        return str(caught.value)

    return refused


def test_bytes_addresses_paths_and_mappings_are_one_image(look, png, tmp_path):
    (tmp_path / "a.png").write_bytes(png)
    digest = hashlib.sha256(png).hexdigest()
    text = base64.b64encode(png).decode()
    for value in (
        png,
        address(png),
        "a.png",
        "./a.png",
        {"bytes": png, "path": "somewhere.png"},
        {"bytes": None, "path": "a.png"},
        {"bytes": text},
        {"url": address(png)},
        {"type": "base64", "media_type": "image/png", "data": text},
    ):
        assert look(value) == Turn("user", [Image(digest, "image/png", 2, 1)])
    assert [path.name for path in (tmp_path / "kept").iterdir()] == [f"{digest}.png"]
    assert (tmp_path / "kept" / f"{digest}.png").read_bytes() == png


def test_a_look_keeps_nothing(tmp_path, png):
    assert Images().keep(png, "x") == Image(hashlib.sha256(png).hexdigest(), "image/png", 2, 1)
    assert not list(tmp_path.iterdir())


def test_what_is_not_there_or_no_image_is_said(refusal, tmp_path, png):
    (tmp_path / "inner").mkdir()
    (tmp_path.parent / "outside.png").write_bytes(png)
    (tmp_path / "link.png").symlink_to(tmp_path.parent / "outside.png")
    (tmp_path / "big.png").write_bytes(b"")
    with (tmp_path / "big.png").open("r+b") as big:
        big.truncate(MOST_BYTES + 1)
    assert "no file" in refusal("missing.png")
    assert "no file" in refusal("inner")
    assert "outside the source's folder" in refusal("../outside.png")
    assert "outside the source's folder" in refusal(str(tmp_path.parent / "outside.png"))
    assert "outside the source's folder" in refusal("link.png")
    assert "20,000,001 bytes" in refusal("big.png")
    assert "nothing is fetched" in refusal("https://example.org/a.png")
    assert "cannot be followed" in refusal("a\0b")
    assert "not in base64" in refusal("data:image/png,abc")
    assert "not in base64" in refusal("data:image/png;base64,%%%")
    assert "neither bytes nor a path" in refusal({"caption": "a dot"})
    assert "is a number, not an image" in refusal(7)
    assert "no format that is read" in refusal(b"<svg/>")
    assert "does not say how large" in refusal(png[:20])
    assert "pixels" in refusal(png[:16] + struct.pack(">II", 50_000, 50_000) + png[24:])


def test_a_damaged_image_is_seen(refusal, png):
    assert "is damaged" in refusal(png[:-20] + b"\0" * 20)


def test_without_pillow_no_picture_is_taken_for_whole(refusal, png, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    assert "no format that is read" in refusal(b"<svg/>")
    with pytest.raises(UsageError, match=r"Pillow.*pip install 'seatrial\[images\]'"):
        Images().keep(png, "x")


def test_another_pillow_reads_anew(monkeypatch):
    def key(version):
        monkeypatch.setattr("seatrial.runs.stages.read.package_versions", lambda names: dict.fromkeys(names, version))
        return node_key(Read((), {}, excerpts=True), ())

    assert key("10.3") != key("12.0")


def test_a_path_beside_a_single_file_is_refused_with_what_to_do(tmp_path, png):
    (tmp_path / "a.png").write_bytes(png)
    with pytest.raises(FormatError, match="name the folder that holds both as the source"):
        Images(None, tmp_path, None).keep("a.png", "x")


@pytest.mark.parametrize(
    ("data", "media_type", "size"),
    [
        (b"GIF89a" + struct.pack("<HH", 7, 5) + b"\0" * 9, "image/gif", (7, 5)),
        (b"BM" + b"\0" * 16 + struct.pack("<ii", 7, -5), "image/bmp", (7, 5)),
        (b"\xff\xd8\xff\xe0\0\4ab\xff\xff\xc4\0\2\xff\xc0\0\x0b\x08" + struct.pack(">HH", 5, 7), "image/jpeg", (7, 5)),
        (b"RIFF\0\0\0\0WEBPVP8 " + b"\0" * 10 + struct.pack("<HH", 7, 5), "image/webp", (7, 5)),
        (b"RIFF\0\0\0\0WEBPVP8L" + b"\0" * 5 + struct.pack("<I", 6 | 4 << 14), "image/webp", (7, 5)),
        (b"RIFF\0\0\0\0WEBPVP8X" + b"\0" * 8 + b"\6\0\0\4\0\0", "image/webp", (7, 5)),
    ],
)
def test_the_size_stands_in_the_first_bytes(monkeypatch, data, media_type, size):
    monkeypatch.setattr("seatrial.rows.images.MOST_PIXELS", 34)
    with pytest.raises(FormatError, match=f"has {size[0]} × {size[1]} pixels"):
        Images().keep(data, "x")
    monkeypatch.setattr("seatrial.rows.images.MOST_PIXELS", 35)
    monkeypatch.setattr("seatrial.rows.images._opened_size", lambda data, where: size)
    assert Images().keep(data, "x").media_type == media_type


def test_a_file_that_breaks_off_in_the_middle_is_seen(refusal):
    for kind in ("JPEG", "PNG", "WEBP", "BMP"):
        whole = noise(kind)
        assert "is damaged" in refusal(whole[: len(whole) * 3 // 4])


def test_a_photograph_that_lies_on_its_side_has_the_size_that_it_is_shown_in(look):
    import PIL.Image

    for orientation, size in ((1, (40, 24)), (3, (40, 24)), (6, (24, 40)), (8, (24, 40))):
        for order in ("II", "MM"):
            notes = PIL.Image.Exif()
            notes.endian = "<" if order == "II" else ">"
            notes[0x0112] = orientation
            (image,) = look(noise("JPEG", exif=notes.tobytes())).images
            assert (image.width, image.height) == size


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_what_else_lies_on_its_side_is_of_the_size_that_it_is_shown_in(look, kind):
    import PIL.Image

    notes = PIL.Image.Exif()
    notes[0x0112] = 6
    (image,) = look(noise(kind, exif=notes.tobytes())).images
    assert (image.width, image.height) == (24, 40)


def test_a_frame_that_reaches_over_its_screen_is_of_its_own_size_and_held_against_the_bound(look, refusal, monkeypatch):
    whole = noise("GIF")
    small = whole[:6] + struct.pack("<HH", 1, 1) + whole[10:]
    (image,) = look(small).images
    assert (image.width, image.height) == (40, 24)
    monkeypatch.setattr("seatrial.rows.images.MOST_PIXELS", 900)
    assert "40 × 24 pixels" in refusal(small)


def test_base64_beside_its_type_is_an_image(tmp_path, png):
    for value in (base64.b64encode(png).decode(), address(png)):
        record = {"messages": [{"role": "user", "content": [{"type": "image", "base64": value}]}]}
        (image,) = parse(record, images=Images(tmp_path)).turns[0].images
        assert image.digest == hashlib.sha256(png).hexdigest()


def noise(kind, **options):
    """A picture of 40 × 24 pixels that no format makes small."""
    import io
    import random

    import PIL.Image

    file = io.BytesIO()
    PIL.Image.frombytes("RGB", (40, 24), random.Random(7).randbytes(40 * 24 * 3)).save(file, kind, **options)
    return file.getvalue()


# ---- where an image stands -------------------------------------------------------------------------------------------


def test_parts_of_the_usual_apis_are_images_and_texts(png):
    (image,) = parse({"messages": [{"role": "user", "content": [{"type": "image", "image": png}]}]}).turns[0].images
    for part in (
        {"type": "image_url", "image_url": {"url": address(png), "detail": "low"}},
        {"type": "image_url", "image_url": address(png)},
        {"type": "input_image", "image_url": address(png)},
        {"type": "image", "source": {"type": "base64", "data": base64.b64encode(png).decode()}},
    ):
        content = [{"type": "text", "text": "What "}, {"type": "input_text", "text": "is it?"}, part, "Say."]
        (turn,) = parse({"messages": [{"role": "user", "content": content}]}).turns
        assert turn.parts == (Text("What is it?"), image, Text("Say."))


def test_the_images_of_a_record_stand_where_its_texts_say(png):
    shown = parse({"instruction": "Compare <image> with <image>.", "output": "Alike.", "images": [png, png]}).turns[0]
    assert [type(part) for part in shown.parts] == [Text, Image, Text, Image, Text]
    assert shown.content == "Compare  with ."
    said = [{"from": "human", "value": "<image>What?"}, {"from": "gpt", "value": "A dot."}]
    assert len(parse({"conversations": said, "images": [png]}).turns[0].images) == 1
    content = [{"type": "image"}, {"type": "text", "text": "What?"}]
    asked = {"messages": [{"role": "user", "content": content}], "images": [{"bytes": png, "path": None}]}
    assert [type(part) for part in parse(asked).turns[0].parts] == [Image, Text]


def test_images_without_a_place_stand_before_the_users_words(png):
    turns = parse({"image": {"bytes": png}, "question": "What?", "answer": "A dot.", "system": "Look."}).turns
    assert [type(part) for part in turns[1].parts] == [Image, Text]
    assert not turns[0].images
    labelled = parse({"image": png, "label": "dot"})
    assert (labelled.format, labelled.label, labelled.turns[0].content) == ("text-label", "dot", "")
    assert len(labelled.turns[0].images) == 1


def test_a_text_that_talks_of_images_is_a_text():
    assert parse({"prompt": "What does <image> mean?", "completion": "A tag."}).turns[0] == Turn(
        "user", "What does <image> mean?"
    )


@pytest.mark.parametrize("none", [[], None])
def test_a_picture_that_is_spoken_of_and_not_there_is_refused_or_told(none):
    record = {"prompt": "<image> What is it?", "completion": "x"}
    with pytest.raises(FormatError) as caught:
        parse({**record, "images": none})
    assert caught.value.rule == "wrong-image"
    notes = Notes()
    parse(record, notes=notes)
    (said,) = notes.warnings()
    assert "1 texts say `<image>`" in said


@pytest.mark.parametrize("text", ["<image>", "<image><image><image>"])
def test_as_many_places_as_images_are_needed(png, text):
    with pytest.raises(FormatError) as caught:
        parse({"prompt": text, "completion": "x", "images": [png, png]})
    assert caught.value.rule == "wrong-image"
