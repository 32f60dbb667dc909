"""Data stays text in Markdown."""

import pytest

from seatrial_reports.markdown_text import cell


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a | b", r"a \| b"),
        ("`code`", r"\`code\`"),
        ("<script>", "&lt;script>"),
        ("&lt;", "&amp;lt;"),
        ("[x](javascript:y)", r"\[x\](javascript:y)"),
        ("![x](//y)", r"!\[x\](//y)"),
        ("https://evil.example", "https&#58;//evil.example"),
        ("www.evil.example", "www&#46;evil.example"),
        ("@someone", "@<!-- -->someone"),
        ("me@mail.example", "me@<!-- -->mail.example"),
        ("tpot_ms@b8", "tpot_ms@b8"),
        ("#12", "#<!-- -->12"),
        ("n < 3 <= 4", "n < 3 <= 4"),
        ("a <!-- b", "a &lt;!-- b"),
        ("</td>", "&lt;/td>"),
        ("snake_case (a), {b}", "snake_case (a), {b}"),
        ("_emphasis_ __x__", r"\_emphasis\_ \_\_x\_\_"),
        ("{{ 7 }}{% x %}", r"{\{ 7 }}{\% x %}"),
        ("AT&T &amp &amp;", "AT&T &amp &amp;amp;"),
        ("> quoted", r"\> quoted"),
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
