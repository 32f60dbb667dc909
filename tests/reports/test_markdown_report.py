"""The Markdown report: tables that stay tables, and data that stays text."""

import re

import pytest

from seatrial_reports.markdown_report import MarkdownReport, cell, render_markdown
from seatrial_reports.view import build_view


def columns(line):
    return len(re.findall(r"(?<!\\)\|", line))


def test_it_says_the_same_in_brief(plain_result, tmp_path):
    paths = MarkdownReport().write(plain_result, tmp_path)
    assert [path.name for path in paths] == ["report.md"]
    text = paths[0].read_text(encoding="utf-8")
    assert text.startswith("# ✓ PASS: message-router\n")
    assert "| choice/accuracy | tuned | 0.895 | 0.822 to 0.940 | 105 |" in text
    assert "| choice/calibration\\_error | tuned | missing: no probabilities |  | 0 |" in text
    assert "| Row filters | 398 | 3 | 395 | yes |" in text
    assert "- ⚠ toxicity: its detector is weak" in text
    assert "| gsm8k | leakage | 1,319 | tulu3 2 |" in text
    assert "11 of 104 answers are wrong." in text
    assert "```sh\nseatrial run message-router --set train.r=16\n" in text


def test_tables_stay_tables_whatever_stands_in_them(build_result, payloads):
    for payload in payloads:
        text = render_markdown(build_view(build_result(lambda t, p=payload: f"{p} {t} {p}")))
        widths = None
        for line in text.splitlines():
            if line.startswith("|"):
                widths = widths or columns(line)
                assert columns(line) == widths, line
            else:
                widths = None


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a | b", r"a \| b"),
        ("`code`", r"\`code\`"),
        ("<script>", "&lt;script&gt;"),
        ("&lt;", "&amp;lt;"),
        ("[x](javascript:y)", r"\[x\]\(javascript:y\)"),
        ("https://evil.example", "https&#58;//evil.example"),
        ("www.evil.example", "www&#46;evil.example"),
        ("@someone", "@<!-- -->someone"),
        ("two\nlines", "two lines"),
        ("\\|", r"\\\|"),
        ("- item", r"\- item"),
        ("1. item", r"1\. item"),
        ("# title", r"\# title"),
        ("---", r"\---"),
        ("-0.25", "-0.25"),
        ("$x$", r"\$x\$"),
        ("", ""),
    ],
)
def test_cells_are_escaped(text, written):
    assert cell(text) == written


def test_nothing_can_close_the_fence(build_result):
    text = render_markdown(build_view(build_result(lambda t: f"{t}````")))
    fences = [line for line in text.splitlines() if re.fullmatch(r"`{3,}(sh)?", line)]
    assert fences == ["`````sh", "`````"]


def test_hostile_data_becomes_no_html(build_result, payloads):
    text = render_markdown(build_view(build_result(lambda t: f"{t} {' '.join(payloads)}")))
    body, _, commands = text.rpartition("\n```")[0].rpartition("sh\n")
    assert commands
    assert re.findall(r"<(?!!-- -->)", body) == []
    assert not re.search(r"(?<!\\)\]\(", body)
