"""Real files: every record of them becomes a row, or a finding that says why not."""

from collections import Counter
from pathlib import Path

import pytest

from seatrial.rows.format_error import FormatError
from seatrial.rows.formats import parse
from seatrial_plugins import readers

DATA = Path(__file__).parents[4] / "shared" / "data"
pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not DATA.is_dir(), reason="the third-party data beside the checkout is absent"),
]


def read(reader, name, **options):
    """The rows of a file, its last line, and how often which rule refused a record."""
    rows, refused, line = [], Counter(), 0
    for record in reader.read(DATA / name):
        assert not record.problem
        line = record.line
        try:
            rows.append(parse(record.value, **options))
        except FormatError as error:
            refused[error.rule] += 1
    return rows, line, refused


@pytest.mark.parametrize(("split", "count", "last"), [("train", 10003, 10017), ("test", 3080, 3085)])
def test_banking77(split, count, last):
    rows, line, refused = read(readers.csv(), f"banking77/{split}.csv")
    assert (len(rows), line, refused) == (count, last, {})
    assert {row.format for row in rows} == {"text-label"}
    assert len({row.label for row in rows}) == 77


def test_davidson():
    rows, line, refused = read(
        readers.csv(),
        "davidson/labeled_data.csv",
        columns={"text": "tweet", "label": "class"},
        labels={"0": "hate", "1": "offensive", "2": "neither"},
    )
    assert (len(rows), line, refused) == (24783, 26954, {})
    assert Counter(row.label for row in rows) == {"offensive": 19190, "neither": 4163, "hate": 1430}


@pytest.mark.parametrize(("split", "count"), [("train", 7473), ("test", 1319)])
def test_gsm8k(split, count):
    rows, line, refused = read(readers.jsonl(), f"gsm8k/{split}.jsonl.gz")
    assert (len(rows), line, refused) == (count, count, {})
    assert {row.format for row in rows} == {"prompt-completion"}
    assert all("####" in row.turns[-1].content for row in rows)


def test_identity_templates():
    columns = {"text": "phrase", "label": "toxicity", "group": "template"}
    rows, line, refused = read(readers.csv(), "identity-templates/en_sample12000.csv", columns=columns)
    assert (len(rows), line, refused) == (12000, 12001, {})
    assert {row.label for row in rows} == {"toxic", "nontoxic"}
    assert len({row.group for row in rows}) > 1


@pytest.mark.parametrize(
    ("name", "count"), [("sgd/dev_dialogues_80.json", 80), ("presidio/synth_dataset_v2_first750.json", 750)]
)
def test_layouts_that_are_not_known_are_refused_row_by_row(name, count):
    rows, _, refused = read(readers.json(), name)
    assert (rows, refused) == ([], {"unrecognised": count})
