"""One reading of the rows."""

import numpy as np

from seatrial_plugins.coverage import words as words_module
from seatrial_plugins.coverage.words import EXCERPT, Groups, read_words


def test_examples_and_names_are_of_the_topics_rows(say):
    rows = [say("a", "my card " * 60), say("b", "my loan rate"), say("c", "card fee"), say("d", "")]
    topics, pairs = Groups(np.array([0, 1, 0, -1]), (0, 1)), Groups(np.array([-1, 1, 0, 0]), (2, -1))
    draw = np.arange(4, dtype=np.uint64)
    words = read_words(iter(rows), [topics, pairs], np.array([0, 0, 2, 2]), draw)
    first, second = words.named
    assert first.names[0].startswith("card")
    assert (second.names[0], second.examples) == ("card, fee", {0: "card fee"})
    assert first.examples == {0: ("my card " * 60)[:EXCERPT], 1: "my loan rate"}
    assert words.pairs == 121  # those of test, of which there is one, are too few
    assert words.distinct == {"train": 4 / 121, "test": None}


def test_without_groups_there_are_pairs_alone(say):
    words = read_words(iter([say("a", "one two " * 60)]), [], np.array([0]), np.zeros(1, dtype=np.uint64))
    assert (words.named, words.pairs) == ((), 119)
    assert words.distinct == {"train": 2 / 119, "test": None}


def test_the_rows_that_name_a_group_are_those_drawn_first(say, monkeypatch):
    monkeypatch.setattr(words_module, "NAMED_BY", 2)
    rows = [say(str(at), f"word{at}x") for at in range(6)]
    groups = Groups(np.array([1, 0, 1, 1, -1, 0]), (1, 0))
    words = read_words(iter(rows), [groups], np.zeros(6, dtype=int), np.array([5, 4, 3, 2, 1, 0], dtype=np.uint64))
    (named,) = words.named
    assert [set(name.split(", ")) for name in named.names] == [{"word1x", "word5x"}, {"word2x", "word3x"}]
