from pathlib import Path

import pytest

from seatrial import Row, Turn

SHARED = Path(__file__).parents[4] / "shared"


@pytest.fixture
def conversation():
    """Makes a row of alternating user and assistant turns."""

    def make(*texts, id="row"):  # noqa: A002 - the name of the field
        turns = tuple(Turn(("user", "assistant")[place % 2], text) for place, text in enumerate(texts))
        return Row(id, turns, "chat", "path:x", "x.jsonl", 1)

    return make


@pytest.fixture(scope="session")
def davidson():
    """Davidson's tweets and the first columns of the 2,000 that were held out."""
    tweets, held_out = SHARED / "data/davidson/labeled_data.csv", SHARED / "models/detoxify-minilm/held_out_rows.txt"
    if not tweets.is_file() or not held_out.is_file():
        pytest.skip(f"needs {tweets.name} and {held_out.name} beside the checkout, in ../shared")
    return tweets, frozenset(held_out.read_text().split())


@pytest.fixture(scope="session")
def banking_test():
    """BANKING77's test questions."""
    import csv

    file = SHARED / "data/banking77/test.csv"
    if not file.is_file():
        pytest.skip("needs ../shared/data/banking77 beside the checkout")
    with file.open(encoding="utf-8", newline="") as lines:
        return [record["text"] for record in csv.DictReader(lines)]


@pytest.fixture(scope="session")
def real_checkpoint():
    """A trained checkpoint in Detoxify's format."""
    file = SHARED / "models/detoxify-minilm/detoxify-minilm.ckpt"
    if not file.is_file():
        pytest.skip("needs ../shared/models/detoxify-minilm beside the checkout")
    return file
