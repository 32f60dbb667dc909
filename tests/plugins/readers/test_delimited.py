"""CSV and TSV: rows stand at the line where they start, and a malformed one is a problem."""

import pytest

from seatrial.errors import UsageError
from seatrial_plugins import readers
from seatrial_plugins.readers.delimited import Delimited


@pytest.fixture
def read(tmp_path):
    def reading(data, **options):
        path = tmp_path / "rows.csv"
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        options.setdefault("delimiter", ",")
        return [(r.line, r.value, r.problem) for r in Delimited((".csv",), **options).read(path)]

    return reading


def test_quoted_cells_run_over_lines_and_rows_keep_their_first(read):
    text = 'text,label\r\n"a ""b"",\nc",x\r\n\r\nd,y\n'
    assert read(text) == [(2, {"text": 'a "b",\nc', "label": "x"}, ""), (5, {"text": "d", "label": "y"}, "")]


def test_cells_are_text_and_may_be_empty(read):
    assert read("a,b\n1,\n") == [(2, {"a": "1", "b": ""}, "")]


def test_missing_and_extra_cells_are_problems_of_their_row(read):
    assert read("a,b\n1\n1,2\n1,2,3\n") == [
        (2, None, "1 cells where the header has 2"),
        (3, {"a": "1", "b": "2"}, ""),
        (4, None, "3 cells where the header has 2"),
    ]


def test_columns_without_a_name_are_left_out(read):
    assert read(",text,\n0,a,z\n") == [(2, {"text": "a"}, "")]


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("text,label,text", "columns 1 and 3 have the same name 'text'; give each column its own"),
        ("ann@example.org,b,ann@example.org", "columns 1 and 3 have the same name; give each column its own"),
        (",", "it names no column"),
        ("te\0xt,label", "a NUL byte at character 3 of the line"),
        ('"text,label', "a quote that opens in this row is never closed; lines 1 to 2 were read as one row"),
    ],
)
def test_a_header_that_cannot_be_used_is_one_problem(read, header, why):
    assert read(f"{header}\na,b\n") == [(1, None, f"the header cannot be used, so no row can be read: {why}")]


def test_a_header_of_very_many_columns_is_gone_through_once(read):
    # Each name counted in the whole list would take an hour.
    names = [f"n{place}" for place in range(300_000)]
    ((_, _, problem),) = read(",".join([*names, "n7"]) + "\n")
    assert problem.endswith(": columns 8 and 300001 have the same name 'n7'; give each column its own")
    assert read(",".join(names) + "\n1,2\n") == [(2, None, "2 cells where the header has 300000")]


@pytest.mark.parametrize(
    ("text", "delimiter", "said"),
    [
        ("text;label\na;x\n", ",", """it is a single column; its cells seem to be separated by ';': write `reader: {csv: {delimiter: ";"}}`"""),
        ("text\tlabel\na\tx\n", ",", "it is a single column; its cells seem to be separated by tabs: write `reader: tsv`"),
        ("text,label\na,x\n", "\t", "it is a single column; its cells seem to be separated by ',': write `reader: csv`"),
        ('"text";"label"\na;x\n', ",", "its cells seem to be separated by ';'"),
    ],
)  # fmt: skip
def test_another_delimiter_is_seen_in_the_header(read, text, delimiter, said):
    ((line, _, problem),) = read(text, delimiter=delimiter)
    assert line == 1
    assert said in problem


def test_another_delimiter_is_seen_in_a_row_where_the_suite_names_the_columns(read):
    ((_, _, problem),) = read("a;x\n", names=["text", "label"])
    assert problem.startswith("1 cells where the header has 2; its cells seem to be separated by ';'")


def test_one_column_without_another_delimiter_is_read(read):
    assert read("prompt\nhow; why\n") == [(2, {"prompt": "how; why"}, "")]


def test_a_short_row_of_a_file_with_the_right_delimiter_gets_no_hint(read):
    assert read("text,label\na;x\n") == [(2, None, "1 cells where the header has 2")]


def test_a_header_alone_is_a_problem(read):
    assert read("text,label\n") == [(1, None, "the table has a header and no row")]


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (b"\xff,x", "invalid UTF-8 at byte 1 of the line (0xff)"),
        (b"a\0,x", "a NUL byte at character 2 of the line"),
        (b'"a"b,x', "a quote closes before its cell ends; double the quotes that belong to the text"),
        (b"a\rb,x", "a carriage return stands in a cell without quotes"),
    ],
)
def test_a_bad_row_is_a_problem_and_its_neighbours_are_read(read, bad, problem):
    good = {"text": "a", "label": "x"}
    assert read(b"text,label\na,x\n" + bad + b"\na,x\n") == [(2, good, ""), (3, None, problem), (4, good, "")]


def test_invalid_utf_8_within_a_quoted_cell_leaves_the_rows_in_step(read):
    text = b'text,label\n"one\ntw\xff\nthree",x\nb,y\n'
    assert read(text) == [
        (2, None, "invalid UTF-8 at byte 3 of the line (0xff)"),
        (5, {"text": "b", "label": "y"}, ""),
    ]


def test_a_quote_that_is_never_closed_names_the_lines_that_it_took(read):
    problem = "a quote that opens in this row is never closed; lines 3 to 5 were read as one row"
    assert read('text,label\na,x\n"b,y\nc,z\nd,z\n') == [(2, {"text": "a", "label": "x"}, ""), (3, None, problem)]


def test_a_cell_longer_than_pythons_limit_is_read(read):
    assert read(f"text\n{'x' * 200_000}\n")[0][1] == {"text": "x" * 200_000}


def test_a_row_over_the_limit_is_a_problem_and_reading_goes_on(read):
    long = "the row is longer than 100 characters; a quote may be left open"
    after = {"text": "b", "label": "y"}
    assert read(f"text,label\n{'x' * 300},x\nb,y\n", limit=100)[0][2] == "the line is longer than 100 bytes"
    assert read(f"text,label\n{'x' * 300},x\nb,y\n", limit=100)[1] == (3, after, "")
    lines = "\n".join(["x" * 40] * 3)
    assert read(f'text,label\n"{lines}\nb,y\n', limit=100)[0] == (2, None, long)
    assert read(f'text,label\n"{lines}\nb,y\n', limit=100)[-1] == (5, after, "")


def test_names_stand_in_for_a_header(read):
    assert read("a,x\n", names=["text", "label"]) == [(1, {"text": "a", "label": "x"}, "")]
    with pytest.raises(UsageError, match=r"^names: columns 1 and 2 have the same name 'a'; give each column its own$"):
        Delimited((), delimiter=",", names=["a", "a"])


def test_delimiter_and_quote_are_options(tmp_path):
    path = tmp_path / "rows.txt"
    path.write_text("text;label\n'a;b';x\n")
    assert next(readers.csv(delimiter=";", quote="'").read(path)).value == {"text": "a;b", "label": "x"}
    path.write_text('text\tlabel\n5" disk\tx\n"open\ty\n')
    values = [record.value for record in readers.tsv(quote="").read(path)]
    assert values == [{"text": '5" disk', "label": "x"}, {"text": '"open', "label": "y"}]
    for options in ({"delimiter": ""}, {"delimiter": "::"}, {"delimiter": '"'}, {"quote": "''"}, {"delimiter": "\n"}):
        with pytest.raises(UsageError, match=r"each must be one character, and another$"):
            readers.csv(**options)


def test_blanks_behind_the_commas_of_a_header_belong_to_no_name(read):
    assert read('text, label , "the group"\n"a, b", x, "7"\n c,  y,\n') == [
        (2, {"text": "a, b", "label": "x", "the group": "7"}, ""),
        (3, {"text": "c", "label": "y", "the group": ""}, ""),
    ]
    assert read("text,label\n a, x\n") == [(2, {"text": " a", "label": " x"}, "")]


def test_joined_files_have_a_header_each_and_byte_order_marks(read):
    one = b"\xef\xbb\xbftext,label\na,x\n"
    again = "the header stands here again: were two files joined?"
    assert read(one * 2) == [
        (2, {"text": "a", "label": "x"}, ""),
        (3, None, again),
        (4, {"text": "a", "label": "x"}, ""),
    ]
    assert read("text,label\n", names=["text", "label"]) == [(1, {"text": "text", "label": "label"}, "")]


@pytest.fixture
def read_tsv(tmp_path):
    def reading(text, **options):
        path = tmp_path / "rows.tsv"
        path.write_text(text)
        return [(r.line, r.value, r.problem) for r in readers.tsv(**options).read(path)]

    return reading


def test_quotes_in_tabs_are_text_where_they_do_not_stand_around_cells(read_tsv):
    lines = ['"Well," he said.\tx', 'He said "so"\ty', '"Quite"\tx', 'and no more."\ty']
    assert [(line, value["text"]) for line, value, _ in read_tsv("\n".join(["text\tlabel", *lines]))] == [
        (2 + place, line.split("\t")[0]) for place, line in enumerate(lines)
    ]
    assert read_tsv('text\tlabel\n"Quite"\tx\n')[0][1] == {"text": '"Quite"', "label": "x"}


def test_quotes_in_tabs_stand_around_cells_where_a_program_wrote_them_so(read_tsv):
    assert read_tsv('text\tlabel\n"he said ""so"""\tx\n"a"\ty\nplain\tx\n') == [
        (2, {"text": 'he said "so"', "label": "x"}, ""),
        (3, {"text": "a", "label": "y"}, ""),
        (4, {"text": "plain", "label": "x"}, ""),
    ]


def test_a_quoted_cell_may_run_over_lines_in_tabs_too(read_tsv):
    text = 'text\tlabel\n"a\nb"\tx\nc\ty\n'
    assert read_tsv(text) == [(2, {"text": "a\nb", "label": "x"}, ""), (4, {"text": "c", "label": "y"}, "")]


def test_where_quotes_are_text_a_row_that_is_short_says_how_they_would_not_be(read_tsv):
    text = 'text\tlabel\n"a\nb"\tx\n"Well," he said.\ty\n'
    (_, _, problem), _, (line, value, _) = read_tsv(text)
    assert problem.startswith("1 cells where the header has 2; quotes are read as text here")
    assert """`reader: {tsv: {quote: '"'}}`""" in problem
    assert (line, value) == (4, {"text": '"Well," he said.', "label": "y"})
    assert read_tsv(text, quote='"')[0][1] == {"text": "a\nb", "label": "x"}


def test_the_excerpt_is_the_row_as_it_stands(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text('text,label\n"a\nb",x\n')
    assert next(readers.csv().read(path)).excerpt == '"a\nb",x'
