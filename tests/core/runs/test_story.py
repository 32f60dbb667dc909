"""A row's story, from the files of a run: found by id, prefix or place; told in order; never the raw text."""

import json
from dataclasses import replace

import pytest

from seatrial import Row, Span, Turn
from seatrial.data.ledger import Entry, merge_ledgers, write_ledger
from seatrial.errors import UsageError
from seatrial.plugin.host import Host
from seatrial.rows import Check, Image, Label, Preference, References, Text, ToolCall
from seatrial.rows.table import write_rows
from seatrial.runs.run import run as execute
from seatrial.runs.story import tell
from seatrial.suite.file import load_suite
from seatrial.terminal.story import story_document, story_lines

IDS = ("aa11", "aa11.2", "ab22", "cc33")


def row(name, line, text, file="rows.jsonl"):
    return Row(
        name,
        (Turn("user", text), Turn("assistant", "billing")),
        "text-label",
        "path:data",
        file,
        line,
        Label("billing"),
    )


RAW = [
    row("aa11", 1, "mail me: ann@example.org"),
    row("aa11.2", 2, "mail me: ann@example.org"),
    row("ab22", 7, "where is my\x1b[31m card", "more/rows.jsonl"),
    row("cc33", 3, "a lost row"),
]


def entry(name, stage, rule, action, **more):
    of = next(row for row in RAW if row.id == name)
    known = {"filter": rule, "plugin": "seatrial", "rule_version": "3", "decisive": action == "drop", "split": ""}
    return Entry(
        **{
            "row": name,
            "source": of.source,
            "file": of.file,
            "line": of.line,
            "stage": stage,
            "rule": rule,
            "action": action,
        }
        | known
        | more
    )


@pytest.fixture
def run(tmp_path):
    """A run of four rows and a broken record: one redacted, one dropped as a copy, one dropped for leakage, one plain."""
    (tmp_path / "manifest.json").write_text("{}")
    redacted = row("aa11", 1, "mail me: <EMAIL_1>")
    write_rows(tmp_path / "data/raw.parquet", RAW)
    write_rows(tmp_path / "data/clean.parquet", [redacted, replace(redacted, id="aa11.2"), RAW[2], RAW[3]])
    write_rows(tmp_path / "data/train.parquet", [replace(redacted, split="train")])
    write_rows(tmp_path / "data/validation.parquet", [])
    write_rows(tmp_path / "data/test.parquet", [replace(RAW[2], split="test")])
    broken = Entry(
        "rows.jsonl:4", "path:data", "rows.jsonl", 4, "", "read", "jsonl", "seatrial", "undecodable", "1", "drop",
        decisive=True, detail="broken JSON: expecting value at column 3",
    )  # fmt: skip
    email = {"spans": (Span(0, 9, 24, "<EMAIL_1>"),), "score": 1.0, "detail": "an e-mail address"}
    clean = [
        entry("aa11", "clean", "email", "redact", excerpt="mail me: <EMAIL_1>\nbilling", **email),
        entry("aa11.2", "clean", "email", "redact", excerpt="mail me: <EMAIL_1>\nbilling", **email),
    ]
    copy = {"matched_row": "aa11", "matched_text": "mail me: <EMAIL_1>", "excerpt": "mail me: <EMAIL_1>\nbilling"}
    parts = {
        "read": [broken],
        "clean": clean,
        "deduplicate": [
            entry("aa11.2", "deduplicate", "copy", "drop", score=2.0, **copy),
            entry("aa11.2", "deduplicate", "late", "drop", decisive=False),
        ],
        "decontaminate": [
            entry("cc33", "decontaminate", "exact", "drop", split="train", matched_row="ab22", excerpt="a lost row")
        ],
    }
    for stage, entries in parts.items():
        with write_ledger(tmp_path / f"ledger/{stage}.parquet") as ledger:
            for one in entries:
                ledger.add(one)
    merge_ledgers(tmp_path / "ledger.parquet", [tmp_path / f"ledger/{stage}.parquet" for stage in parts])
    return tmp_path


@pytest.mark.parametrize("named", ["aa11.2", "rows.jsonl:2", "./rows.jsonl:2"])
def test_a_dropped_rows_findings_stand_in_order_and_the_decisive_one_is_named(run, named):
    story = tell(run, named)
    assert (story.row, str(story.place), story.place.source) == ("aa11.2", "rows.jsonl:2", "path:data")
    assert [(one.stage, one.rule, one.action, one.decisive) for one in story.entries] == [
        ("clean", "email", "redact", False),
        ("deduplicate", "copy", "drop", True),
        ("deduplicate", "late", "drop", False),
    ]
    assert story.decisive is story.entries[1]
    assert story.ending == "dropped in deduplicate by copy/copy"
    assert str(story.matched["aa11"]) == "rows.jsonl:1"


def test_a_kept_row_shows_as_it_is_kept_and_never_what_was_redacted(run):
    story = tell(run, "rows.jsonl:1")
    assert story.ending == "kept in train"
    lines = "\n".join(story_lines(story))
    assert "Text   user: “mail me: <EMAIL_1>”" in lines
    assert "       assistant: “billing”" in lines
    assert "turn 0, characters 9 to 24 → “<EMAIL_1>”" in lines
    assert "ann@example.org" not in lines + json.dumps(story_document(story))


def test_the_text_of_the_matched_row_and_the_versions_are_told(run):
    told = list(story_lines(tell(run, "aa11.2")))
    assert "    2  deduplicate: copy/copy, version 3, of seatrial, score 2: drop, and this took the row out" in told
    assert "       matched row aa11 (rows.jsonl:1): “mail me: <EMAIL_1>”" in told
    assert told[-1] == "Ended  dropped in deduplicate by copy/copy"


def test_a_whole_id_is_meant_before_those_that_it_begins(run):
    assert tell(run, "aa11").row == "aa11"


def test_a_prefix_of_one_id_is_enough(run):
    story = tell(run, "ab")
    assert (story.row, story.entries, story.ending) == ("ab22", (), "kept in test")
    assert "Found  nothing" in list(story_lines(story))


def test_what_a_row_holds_beside_its_words_is_told(run):
    image, call = Image("ab", "image/png", 4, 3), ToolCall("look_up", {"city": "Rome"}, "c1")
    tool = {"type": "function", "function": {"name": "look_up", "parameters": {}}}
    turns = (
        Turn("user", [Text("where?"), image]),
        Turn("assistant", [call], trained=False),
        Turn("assistant", "there"),
    )
    told = replace(RAW[2], turns=turns, expected=References(("there", "over there")), tools=(tool,), split="test")
    write_rows(run / "data/test.parquet", [told])
    story = tell(run, "ab22")
    lines = list(story_lines(story))
    for line in (
        "Image  image/png, 4 × 3 pixels, data/images/ab.png",
        "Tools  look_up",
        'Call   look_up({"city": "Rome"}), in turn 1',
        "Turn   1 is context only: no model is taught to say it",
        "Or     “over there”",
    ):
        assert line in lines
    document = json.loads(json.dumps(story_document(story)))
    assert document["images"][0]["file"] == "data/images/ab.png"
    assert document["expected"] == {"kind": "references", "answers": ["there", "over there"]}
    assert document["tools"] == [tool]
    for expected, line in (
        (Preference(turns[2:], (Turn("assistant", "nowhere"),)), "Worse  “nowhere”"),
        (Check("python", "assert there"), "Check  python: “assert there”"),
    ):
        write_rows(run / "data/test.parquet", [replace(told, expected=expected)])
        assert line in list(story_lines(tell(run, "ab22")))


def test_several_rows_are_listed_with_their_places(run):
    with pytest.raises(UsageError, match=r"'a' can mean 3 rows: aa11 \(rows.jsonl:1\), aa11.2 \(rows.jsonl:2\), ab22"):
        tell(run, "a")


def test_a_record_that_never_became_a_row_has_a_story_too(run):
    story = tell(run, "rows.jsonl:4")
    assert story.row == "rows.jsonl:4"
    assert story.ending == "dropped in read by jsonl/undecodable"
    assert "broken JSON: expecting value at column 3" in "\n".join(story_lines(story))


def test_a_file_may_be_named_by_the_end_of_its_path_only(run):
    assert tell(run, "more/rows.jsonl:7").row == "ab22"
    assert tell(run, "rows.jsonl:7").row == "ab22"
    with pytest.raises(
        UsageError, match=r"no row was read from a file 'ows.jsonl'; there are: more/rows.jsonl, rows.jsonl"
    ):
        tell(run, "ows.jsonl:7")


def test_a_line_without_a_row_names_the_nearest(run):
    with pytest.raises(UsageError, match=r"starts in line 6; the nearest start in 4 and 7 \(of 5, from 1 to 7\)"):
        tell(run, "rows.jsonl:6")


@pytest.mark.parametrize("named", ["", "zz", "not:here", "aa11'", "99999999999999999999:1"])
def test_what_names_no_row_says_what_would(run, named):
    with pytest.raises(UsageError, match=r"ids look like aa11, aa11.2|there are: more/rows\.jsonl, rows\.jsonl"):
        tell(run, named)


def test_what_the_data_says_cannot_colour_the_terminal(run):
    assert "\x1b" not in "\n".join(story_lines(tell(run, "ab22")))


def test_an_unfinished_run_tells_what_is_known_so_far(run):
    (run / "ledger.parquet").unlink()
    (run / "data/train.parquet").unlink()
    story = tell(run, "aa11")
    assert story.ending == "still in; the run's data stages are not finished"
    assert story.text.startswith("mail me: <EMAIL_1>")
    (run / "data/clean.parquet").unlink()
    (run / "ledger/clean.parquet").unlink()
    story = tell(run, "aa11")
    assert story.ending == "unknown: the run did not get past reading it"
    assert story.text == ""


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(UsageError, match="not a run folder"):
        tell(tmp_path, "aa")


def test_a_run_that_has_read_nothing_yet_says_so(tmp_path):
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(UsageError, match="no rows have been read in this run yet"):
        tell(tmp_path, "aa")


@pytest.fixture
def alike(tmp_path):
    """A run over two files of one name, both with a second line that is no row."""
    data = {}
    for split in ("train", "test"):
        folder = tmp_path / f"deep/{split}"
        folder.mkdir(parents=True)
        (folder / "rows.jsonl").write_text(f'{{"text": "{split}", "label": "x"}}\n{{"a": 1}}\n')
        data[split] = {"source": f"path:{folder}/rows.jsonl" if split == "train" else f"path:{folder}"}
    (tmp_path / "suite.yaml").write_text(json.dumps({"name": "alike", "data": data}))
    host = Host.load()
    return execute(
        load_suite(tmp_path / "suite.yaml", host, only_data=True), host, runs=tmp_path, only_data=True
    ).folder


def test_a_file_may_be_named_with_its_sources_path(alike):
    for named in ("deep/train/rows.jsonl:1", "train/rows.jsonl:1", f"{alike.parent}/deep/train/rows.jsonl:1"):
        assert tell(alike, named).final.turns[0].content == "train"
    for named in ("test/rows.jsonl:1", "deep/test/rows.jsonl:1", f"path:{alike.parent}/deep/test/rows.jsonl:1"):
        assert tell(alike, named).final.turns[0].content == "test"
    with pytest.raises(UsageError, match=r"no row was read from a file 'ain/rows\.jsonl'"):
        tell(alike, "ain/rows.jsonl:1")


def test_records_that_are_no_rows_have_a_story_each_though_their_files_have_one_name(alike):
    said = r"can mean 2 rows: rows.jsonl:2.1 \(rows.jsonl:2\), rows.jsonl:2.2 \(rows.jsonl:2\); name one by its whole id, or"
    with pytest.raises(UsageError, match=said):
        tell(alike, "rows.jsonl:2")
    for named, source in (("rows.jsonl:2.1", "train"), ("rows.jsonl:2.2", "test"), ("test/rows.jsonl:2", "test")):
        story = tell(alike, named)
        assert [entry.split for entry in story.entries] == [source]
        assert source in story.place.source


def test_one_line_may_hold_several_records_that_are_no_rows(tmp_path):
    (tmp_path / "rows.json").write_text('[{"a": 1}, {"text": "x", "label": "y"}, {"b": 1}, {"c": 1}]')
    data = {"train": {"source": f"path:{tmp_path}/rows.json"}}
    (tmp_path / "suite.yaml").write_text(json.dumps({"name": "one-line", "data": data}))
    host = Host.load()
    suite = load_suite(tmp_path / "suite.yaml", host, only_data=True)
    folder = execute(suite, host, runs=tmp_path / "runs", only_data=True).folder
    told = [tell(folder, f"rows.json:1.{number}").entries for number in (1, 2, 3)]
    assert [
        [f"its keys are '{key}'" in entry.detail for entry in entries] for key, entries in zip("abc", told, strict=True)
    ] == [[True]] * 3
