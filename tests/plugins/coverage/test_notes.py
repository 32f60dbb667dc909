"""What is kept of each row."""

import numpy as np

from seatrial_plugins.coverage.notes import NoteTaker, installed


def test_a_row_is_counted_embedded_and_its_language_told(say, encoder, tokenizer):
    rows = [
        say("a", "Wie lange dauert es, bis meine neue Karte endlich ankommt?", "card", slice="de"),
        say("b", "How long does it take until my new card finally arrives?", "card", split="validation"),
        say("c", "12345"),
    ]
    table = NoteTaker(encoder, tokenizer, language=True).take(rows)
    assert table["split"].to_pylist() == ["test", "validation", "test"]
    assert table["label"].to_pylist() == ["card", "card", None]
    assert table["slice"].to_pylist() == ["de", None, None]
    assert table["language"].to_pylist() == ["de", "en", "none"]
    assert table["characters"].to_pylist() == [62, 60, 7]
    assert table["tokens"].to_pylist() == [11, 12, 2]
    assert len(set(table["draw"].to_pylist())) == 3
    assert NoteTaker(None, None, language=False).take(rows, "train")["split"].to_pylist() == ["train"] * 3


def test_equal_texts_are_embedded_once(say, encoder):
    table = NoteTaker(encoder, None, language=False).take([say(str(at), "my card") for at in range(5)])
    assert encoder.asked == ["my card"]
    assert len(table) == 5


def test_a_conversation_that_the_template_refuses_has_no_length(say, tokenizer):
    table = NoteTaker(None, tokenizer, language=False).take([say("a", "one two"), say("b", "boom"), say("c", "three")])
    assert table["tokens"].to_pylist() == [3, None, 2]


def test_no_rows_give_a_table_of_the_same_columns(say, encoder, tokenizer):
    notes = NoteTaker(encoder, tokenizer, language=True)
    assert notes.take([]).schema == notes.take([say("a", "card")]).schema


def test_a_package_that_is_not_there_is_not_installed():
    assert installed(["numpy"])
    assert not installed(["numpy", "no_such_package_at_all"])


class Odd:
    def __init__(self, vectors):
        self._vectors = np.array(vectors, dtype=np.float32)

    def encode(self, texts):
        return self._vectors


def test_unit_vectors_may_be_rounded_and_empty_ones_zero(say):
    table = NoteTaker(Odd([[0.995, 0], [0, 0]]), None, language=False).take([say("a", "card"), say("b", "")])
    assert len(table["vector"]) == 2
