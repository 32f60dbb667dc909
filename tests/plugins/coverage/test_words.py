"""One reading of the rows."""

import numpy as np

from seatrial_plugins.coverage.topics import Topics
from seatrial_plugins.coverage.words import EXCERPT, Words


def test_examples_and_names_are_of_the_topics_rows(say):
    rows = [say("a", "my card " * 60), say("b", "my loan rate"), say("c", "card fee"), say("d", "")]
    topics = Topics(np.array([0, 1, 0, -1]), central=(0, 1), fitted=3)
    draw = np.arange(4, dtype=np.uint64)
    words = Words.read(iter(rows), topics, np.array([0, 0, 2, 2]), draw)
    assert words.names[0].startswith("card")
    assert words.examples == {0: ("my card " * 60)[:EXCERPT], 1: "my loan rate"}
    assert words.pairs == 1
    assert words.distinct == {"train": 1.0, "test": 1.0}


def test_without_topics_there_are_pairs_alone(say):
    words = Words.read(iter([say("a", "one two one two")]), None, np.array([0]), np.zeros(1, dtype=np.uint64))
    assert (words.names, words.examples, words.pairs) == ([], {}, 3)
    assert words.distinct == {"train": 2 / 3, "test": None}
