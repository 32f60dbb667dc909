"""Pictures of rows: embedded in the page, copied beside the document, and nothing else than pictures."""

import base64
import re
from dataclasses import replace

import pytest

from seatrial.blocks import Example, Examples
from seatrial_reports.html_report import HtmlReport
from seatrial_reports.markdown_report import MarkdownReport
from seatrial_reports.pictures import EACH, TOGETHER, embedded, find_pictures

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
ONE, TWO, SVG, LINK = ("0badc0de" * 8, "1badc0de" * 8, "2badc0de" * 8, "3badc0de" * 8)


@pytest.fixture
def pictured(run, tmp_path):
    images = tmp_path / "data/images"
    images.mkdir(parents=True)
    (images / f"{ONE}.png").write_bytes(PNG)
    (images / f"{TWO}.jpg").write_bytes(b"\xff\xd8\xff" + b"x" * EACH)
    (images / f"{SVG}.png").write_bytes(b"<svg onload=alert(1)>")
    (tmp_path / "secret.png").write_bytes(PNG)
    (images / f"{LINK}.png").symlink_to(tmp_path / "secret.png")
    digests = (ONE, TWO, SVG, LINK, "4badc0de" * 8)
    block = Examples("Seen", [Example("r1", [("asked", "What is it?")], pictures=digests)])
    return run(folder=tmp_path, blocks={"look": [block]})


def test_only_images_of_the_run_folder_are_found(pictured):
    found = find_pictures(pictured)
    assert {digest: picture.kind for digest, picture in found.items()} == {ONE: "png", TWO: "jpeg"}


def test_the_page_embeds_what_is_small_and_says_what_is_not(pictured, tmp_path):
    (path,) = HtmlReport().write(pictured, tmp_path)
    html = path.read_text(encoding="utf-8")
    (source,) = re.findall(r'<img src="([^"]*)"', html)
    assert base64.b64decode(source.removeprefix("data:image/png;base64,")) == PNG
    assert f'alt="Picture {ONE}"' in html
    for digest in (TWO, SVG, LINK):
        assert f'Picture <span class="id data">{digest}</span> is not shown here' in html


def test_all_pictures_of_a_page_have_a_bound(pictured):
    found = find_pictures(pictured)
    many = {f"{at:08x}": replace(found[ONE], size=EACH) for at in range(40)}
    assert len(embedded(many)) == TOGETHER // EACH


def test_the_document_has_copies_beside_it(pictured, tmp_path):
    folder = tmp_path / "report"
    folder.mkdir()
    path, *images = MarkdownReport().write(pictured, folder)
    assert [image.relative_to(folder).as_posix() for image in images] == [f"images/{ONE}.png", f"images/{TWO}.jpeg"]
    assert images[0].read_bytes() == PNG
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"!\[[^]]*\]\(([^)]*)\)", text) == [f"images/{ONE}.png", f"images/{TWO}.jpeg"]
