"""The Markdown report: tables that stay tables, and data that stays text."""

import re

import pytest
from markdown_it import MarkdownIt

from seatrial.terminal.legible import legible
from seatrial_reports.markdown_report import MarkdownReport, render_markdown
from seatrial_reports.view import build_view


def columns(line):
    return len(re.findall(r"(?<!\\)\|", line))


def test_it_says_the_same_in_brief(plain_result, tmp_path):
    paths = MarkdownReport().write(plain_result, tmp_path)
    assert [path.name for path in paths] == ["report.md"]
    text = paths[0].read_text(encoding="utf-8")
    assert text.startswith("# ✓ PASS: message-router\n")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    assert ["choice/accuracy", "tuned", "0.895", "0.822 to 0.940", "105", ""] in rows
    assert ["agreement/rate", "base", "0.200", "0.118 to 0.318", "60", "better by 0.650 (0.527 to 0.758)"] in rows
    assert ["choice/calibration_error", "tuned", "missing: no probabilities", "", "0", ""] in rows
    assert ["Row by row", "398", "3", "395", "yes"] in rows
    assert ["support/billing.jsonl:50", "beef", "tulu3", "n-gram"] in rows
    assert "- Safety: no scorer looked for harmful, private or made-up answers." in text
    assert "The stages together: 3 min 10 s. From the first start to the end of the last stage:" in text
    assert "- ⚠ toxicity: its detector is weak" in text
    assert ["held-out", "129", "4 (3.1%)", "tulu3 4 (3.1%)"] in rows
    assert ["sikh", "50.0%", "36.0% to 64.0%", "50", "25 of 50", "+0.470", "16.7", "more often"] in rows
    assert next(row for row in rows if row[0] == "parcel, late, 0")[:4] == [
        "parcel, late, 0",
        "0.0%",
        "7.7%",
        "train 0, test 40",
    ]
    assert "⎹▂█▅ ▄⎸ 44 from 60 to 65 ms, median 61.3 ms, slowest 64.9 ms" in text
    assert "10 more: see index.html." in text
    assert "11 of 104 answers are wrong." in text
    assert "```sh\nseatrial run message-router --set train.r=16\n" in text


@pytest.fixture(scope="module")
def hostile_texts(build_result, payloads):
    """Payload → the report of a run in which it stands before and after every text."""
    return {
        payload: render_markdown(build_view(build_result(lambda t, p=payload: f"{p} {t} {p}"))) for payload in payloads
    }


def test_tables_stay_tables_whatever_stands_in_them(hostile_texts):
    for text in hostile_texts.values():
        widths = None
        for line in text.splitlines():
            if line.startswith("|"):
                widths = widths or columns(line)
                assert columns(line) == widths, line
            else:
                widths = None


def test_nothing_can_close_the_fence(build_result):
    text = render_markdown(build_view(build_result(lambda t: f"{t}````")))
    fences = [line for line in text.splitlines() if re.fullmatch(r"`{3,}(sh)?", line)]
    assert fences == ["`````sh", "`````"]


def test_hostile_data_becomes_no_html(build_result, payloads):
    text = render_markdown(build_view(build_result(lambda t: f"{t} {' '.join(payloads)}")))
    body, _, commands = text.rpartition("\n```")[0].rpartition("sh\n")
    assert commands
    assert re.findall(r"<(?!!-- -->|[ \d=])", body) == []
    assert not re.search(r"(?<!\\)\]\(", body)


def inline(tokens):
    for token in tokens:
        yield token
        yield from inline(token.children or ())


def test_a_renderer_finds_no_markup_in_hostile_data(hostile_texts):
    renderer = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    for payload, text in hostile_texts.items():
        tokens = list(inline(renderer.parse(text)))
        kinds = {token.type for token in tokens}
        assert not kinds & {"link_open", "image", "em_open", "s_open", "code_inline", "html_block", "code_block"}, (
            payload
        )
        assert not kinds & {"blockquote_open", "ordered_list_open", "hr"}, payload
        assert {token.content for token in tokens if token.type == "html_inline"} <= {"<!-- -->"}, payload
        assert {token.tag for token in tokens if token.type == "heading_open"} == {"h1", "h2", "h3"}, payload
        assert sum(token.type == "fence" for token in tokens) == 1, payload
        shown = " ".join(legible(payload).split())
        said = "".join(token.content for token in tokens if token.type in {"text", "text_special"})
        assert f"{shown} Energy" in " ".join(said.split()), payload
