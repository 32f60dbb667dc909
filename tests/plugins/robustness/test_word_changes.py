from hypothesis import given
from hypothesis import strategies as st

from seatrial_plugins.robustness.word_changes import WordChange, changed_words, words


def _pairs(original, attacked):
    return [
        (original[change.start : change.end], attacked[change.attacked_start : change.attacked_end])
        for change in changed_words(original, attacked)
    ]


def test_each_changed_word_is_found_in_both_texts_without_its_punctuation():
    original, attacked = "The (invoice), please: it's wrong!", "The (invocie), please: ti's wrong!"
    assert _pairs(original, attacked) == [("invoice", "invocie"), ("it's", "ti's")]


def test_a_change_of_one_of_two_equal_words_is_found_where_it_stands():
    assert changed_words("pay pay pay", "pay apy pay") == [WordChange(4, 7, 4, 7, 1)]


def test_equal_texts_have_no_change():
    assert changed_words("nothing at all", "nothing at all") == []
    assert changed_words("", "") == []


def test_deleted_and_inserted_words_stand_at_their_places():
    assert _pairs("please pay now", "please now") == [("pay", "")]
    assert _pairs("pay now", "pay it now") == [("", "it")]
    assert changed_words("pay", "")[0] == WordChange(0, 3, 0, 0, 1)


def test_of_scripts_without_spaces_each_character_is_a_word():
    assert _pairs("账单有问题 invoice", "账单有错题 invocie") == [("问", "错"), ("invoice", "invocie")]
    assert _pairs("ฉันจ่ายค่าบัตร", "ฉันจ่ายค่าเบียร์") != [("ฉันจ่ายค่าบัตร", "ฉันจ่ายค่าเบียร์")]
    assert [word.group() for word in words("ที่นี่ 2567, ខ្មែរ it's")] == ["ที่", "นี่", "2567", "ខ្មែ", "រ", "it's"]


@given(st.text(max_size=60), st.text(max_size=60))
def test_changes_lie_in_order_inside_both_texts_and_count_the_originals_words(original, attacked):
    changes = changed_words(original, attacked)
    ends = [0, 0]
    for change in changes:
        assert ends[0] <= change.start <= change.end <= len(original)
        assert ends[1] <= change.attacked_start <= change.attacked_end <= len(attacked)
        assert len(words(original[change.start : change.end])) == change.words
        ends = [change.end, change.attacked_end]
    assert (not changes) == ([w.group() for w in words(original)] == [w.group() for w in words(attacked)])
