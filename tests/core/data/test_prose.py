"""What a language can be told from."""

from seatrial.data.prose import prose, sample


def test_prose_leaves_code_and_addresses_out():
    assert (
        prose("Run `ls`,\nthen:\n```sh\nrm -rf\n``` and see https://x.org or write a@b.c")
        == "Run , then: and see or write"
    )
    assert prose("an ``` open fence") == "an"
    assert prose("`" * 100_001) == ""


def test_a_long_text_is_sampled_from_three_places():
    assert sample("abc", 3) == "abc"
    assert sample("aaaa" + "x" * 50 + "bb" + "x" * 50 + "cccc", 6) == "aa bb cc"
    assert len(sample("x" * 10_000_000, 2_000)) <= 2_002
