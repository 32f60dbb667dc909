"""PaLM's rule: what all train rows together hold of a text's 8-grams."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("train", "held_out", "score"),
    [
        # 17 words have ten 8-grams; 14 shared words hold seven of them
        (["abcdefghijklmn"], "abcdefghijklmnopq", 0.7),
        (["abcdefghijklm"], "abcdefghijklmnopq", None),
        # two rows hold seven together: the first five, and two more
        (["abcdefghijkl", "ijklmnopq"], "abcdefghijklmnopq", 0.7),
        # the same five twice are five
        (["abcdefghijkl", "abcdefghijkl"], "abcdefghijklmnopq", None),
        (["abcdefgh"], "abcdefgh", 1.0),
        (["abcdefg"], "abcdefg", None),
        (["12345678"], "12345678", 1.0),
        (["12345670"], "12345678", None),
        ([""], "", None),
    ],
)
def test_seven_of_ten_grams_must_be_held(hits, letters, train, held_out, score):
    found = hits("palm", [letters(text) for text in train], [letters(held_out)])
    expected = [] if score is None else [(f"train{row}", "test0", pytest.approx(score)) for row in range(len(train))]
    assert found == expected


def test_a_gram_that_the_text_has_twice_counts_twice(hits, letters):
    # abcdefgh stands twice among 17 - 7 = 10 grams: the row holds 2 of 10, not enough; short of the text's repetition
    assert hits("palm", [letters("abcdefgh")], [letters("abcdefghXabcdefgh")]) == []
    assert hits("palm", [letters("abcdefgh")], [letters("aaaaaaaaa")]) == []
    assert hits("palm", [letters("aaaaaaaa")], [letters("aaaaaaaaa")]) == [("train0", "test0", 1.0)]


def test_the_finding_tells_the_train_sets_share_and_the_rows(look, letters):
    first, second = look("palm", [letters("abcdefghijkl"), letters("ijklmnopq")], [letters("abcdefghijklmnopq")])
    assert first.detail == "test row test0: the train set holds 70% of its 8-grams, this row 50%"
    assert second.detail == "test row test0: the train set holds 70% of its 8-grams, this row 20%"
    assert second.matched_text == letters("ijklmnopq")


def test_chinese_and_short_texts(hits):
    assert hits("palm", ["请问我的银行卡现在到底在哪里"], ["我的银行卡现在到底在哪里？"]) == [("train0", "test0", 1.0)]
    assert hits("palm", ["so where is it now"], ["Where is it?"]) == []
    assert hits("palm", ["so where is it now"], ["Where is it?"], short=True) == [("train0", "test0", 1.0)]


def test_templates_are_left_out_of_the_share(hits):
    def question(what: str) -> str:
        return f"Which desk of our company should answer the following message then: {what}"

    own = "my blue card was eaten by the old machine in town"
    held_out = [question(f"number {index}") for index in range(30)] + [question(own)]
    train = [question("quite another one"), question(own)]
    assert hits("palm", train, held_out, template=0.01) == [("train1", "test30", 1.0)]
    # To the letter, the pattern alone is four of the text's fifteen 8-grams, and the row gives it away with the other.
    assert hits("palm", train, held_out) == [("train0", "test30", 1.0), ("train1", "test30", 1.0)]
