"""Vectors that were computed before are not computed again."""

import numpy as np

from seatrial_plugins.encoders.vector_memory import VectorMemory


class Encoding:
    def __init__(self):
        self.asked = []

    def __call__(self, texts):
        self.asked.append(list(texts))
        return np.array([[len(text), ord(text[0]) if text else 0] for text in texts], dtype=np.float32)


def test_a_text_is_encoded_once_and_order_kept():
    memory, encode = VectorMemory(2), Encoding()
    first = memory.recall(["b", "aa", "b"], encode)
    second = memory.recall(["aa", "", "b"], encode)
    assert encode.asked == [["b", "aa"], [""]]
    assert first.tolist() == [[1, 98], [2, 97], [1, 98]]
    assert second.tolist() == [[2, 97], [0, 0], [1, 98]]
    assert memory.recall([], encode).shape == (0, 2)


def test_what_was_asked_for_longest_ago_is_forgotten():
    memory, encode = VectorMemory(2, most_bytes=16), Encoding()  # two vectors
    memory.recall(["a", "b"], encode)
    memory.recall(["a"], encode)
    memory.recall(["c"], encode)
    memory.recall(["a"], encode)
    memory.recall(["b"], encode)
    assert encode.asked == [["a", "b"], ["c"], ["b"]]
    assert memory.recall(["d", "e", "f", "g"], encode)[:, 1].tolist() == [100, 101, 102, 103]
    assert len(memory) == 2


def test_what_it_gives_can_be_changed_without_harm():
    memory, encode = VectorMemory(2), Encoding()
    memory.recall(["a"], encode)[:] = 0
    assert memory.recall(["a"], encode).tolist() == [[1, 97]]
    assert memory.recall(["\ud800"], encode)[0, 1] == 0xD800
