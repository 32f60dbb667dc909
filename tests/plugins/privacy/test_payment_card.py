import pytest

from seatrial_plugins.privacy.payment_card import PaymentCardRecogniser, issuer


@pytest.fixture(scope="module")
def recogniser():
    return PaymentCardRecogniser()


def written(recogniser, text):
    return [text[datum.start : datum.end] for datum in recogniser.find(text)]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("4111 1111 1111 1111", ["4111 1111 1111 1111"]),
        ("4111-1111-1111-1111 or 4111111111111111", ["4111-1111-1111-1111", "4111111111111111"]),
        ("3782 822463 10005 and 3056 930902 5904", ["3782 822463 10005", "3056 930902 5904"]),
        ("4111\xa01111\xa01111\xa01111, 4111.1111.1111.1111", ["4111\xa01111\xa01111\xa01111", "4111.1111.1111.1111"]),
        ("2223003122003222", ["2223003122003222"]),
        ("2200 1234 5678 9019", ["2200 1234 5678 9019"]),
        ("6200 0000 0000 0000 000", ["6200 0000 0000 0000 000"]),
        ("card #4111111111111111", ["4111111111111111"]),
        ("Karte:4111111111111111", ["4111111111111111"]),
        ('{"pan":"4111111111111111"}', ["4111111111111111"]),
        ("1,4111111111111111,2", ["4111111111111111"]),
        ("4111 1111 1111 1111 123", ["4111 1111 1111 1111"]),
        ("4111 1111 1111 1111 12/29", ["4111 1111 1111 1111"]),
        ("4222 2222 2222 2", ["4222 2222 2222 2"]),
        ("paid with 4222222222222", ["4222222222222"]),
        ("4222222222222 exp 12/29", ["4222222222222"]),
        ("卡号4111111111111111，谢谢", ["4111111111111111"]),
        ("charge order 5 to my card: 4111111111111111", ["4111111111111111"]),
    ],
)
def test_card_numbers_are_found_in_every_notation(recogniser, text, numbers):
    assert written(recogniser, text) == numbers


@pytest.mark.parametrize(
    "text",
    [
        "",
        "4111 1111 1111 1112",
        "1111 1111 1111 1117",
        "order 4111 1111 1111 1111",
        "my order number is 4111111111111111",
        "4222222222222",
        "4200000000000000000",
        "9999 4111 1111 1111 1111",
        "4111 1111 1111 1111 1111",
        "ZZ12 4111 1111 1111 1111",
        "0.4111111111111111",
        "1,411,111,111,111,111",
        "4111111111111111%",
        "sha 4111111111111111a",
        "1.4111111111111111",
        "411111111111111-1",
    ],
)
def test_other_numbers_are_not(recogniser, text):
    assert written(recogniser, text) == []


@pytest.mark.parametrize(
    ("digits", "network"),
    [
        ("4" * 16, "Visa"),
        ("4" * 15, None),
        ("2221" + "0" * 12, "Mastercard"),
        ("2720" + "9" * 12, "Mastercard"),
        ("2721" + "0" * 12, None),
        ("37" + "0" * 13, "American Express"),
        ("6759" + "0" * 8, "Maestro"),
        ("9792" + "0" * 12, "Troy"),
    ],
)
def test_the_issuer_is_that_of_the_range_and_the_length(digits, network):
    assert issuer(digits) == network
