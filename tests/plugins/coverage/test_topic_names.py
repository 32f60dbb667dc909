"""Names of topics."""

from collections import Counter

from seatrial_plugins.coverage.topic_names import name_topics, terms


def count(*texts):
    found = Counter()
    for text in texts:
        found.update(terms(text))
    return found


def test_a_topic_is_named_by_what_sets_it_apart():
    cards = count(*["what is my card limit"] * 9, "what is my visa card")
    loans = count(*["what is my loan rate"] * 9, "what is a mortgage")
    first, second = name_topics([cards, loans])
    assert set(first.split(", ")) >= {"card", "limit"}
    assert set(second.split(", ")) >= {"loan", "rate"}
    assert not {"what", "is"} & {*first.split(", "), *second.split(", ")}


def test_a_word_of_one_row_does_not_name_a_topic():
    cards = count(*["my card"] * 30, "my card zebra")
    loans = count(*["my loan"] * 30)
    assert name_topics([cards, loans])[0].startswith("card")


def test_one_topic_alone_goes_by_its_most_frequent_words():
    assert name_topics([count("card fee", "card limit", "card fee now")]) == ["card, fee, limit"]


def test_topics_without_words_and_equal_ones_have_names_of_their_own():
    same = count("card")
    assert name_topics([Counter(), same, Counter(), same]) == ["(no words)", "card", "(no words) (2)", "card (2)"]
    assert name_topics([]) == []


def test_numbers_placeholders_and_single_letters_name_nothing():
    assert terms("I paid 12.50 on 2024-01-02 to <EMAIL_1>, <BANK_ACCOUNT_12> , x") == {"paid", "on", "to"}


def test_scripts_without_spaces_are_cut_into_pairs_of_characters():
    assert terms("银行卡丢了 help") == {"银行", "行卡", "卡丢", "丢了", "help"}
    assert terms("卡") == {"卡"}
    assert "ธน" in terms("ธนาคาร")
    assert terms("банковская карта") == {"банковская", "карта"}


def test_only_the_beginning_of_a_huge_text_is_read():
    assert len(terms(" ".join(f"w{at}x" for at in range(200_000)))) < 600


def test_pairs_of_characters_that_overlap_are_joined():
    cards = count(*["银行卡"] * 9, "丢了")
    rates = count(*["exchange rate 汇率"] * 9)
    first, second = name_topics([cards, rates])
    assert first.split(", ")[0] == "银行卡"
    assert set(second.split(", ")) == {"exchange", "rate", "汇率"}
