import pytest

from seatrial_plugins.privacy.telephone import TelephoneRecogniser


@pytest.fixture(scope="module")
def recogniser():
    return TelephoneRecogniser(("US", "GB"))


def written(recogniser, text):
    return [text[datum.start : datum.end] for datum in recogniser.find(text)]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("+44 20 7946 0958", ["+44 20 7946 0958"]),
        ("(+44) 20 7946 0958", ["(+44) 20 7946 0958"]),
        ("(+442079460958)", ["+442079460958"]),
        ("+82 10-2075-8701", ["+82 10-2075-8701"]),
        ("1,+14155552671,2", ["+14155552671"]),
        ("17,415-555-2671,x", ["415-555-2671"]),
        ("(415) 555-2671 x123", ["(415) 555-2671 x123"]),
        ("(1 (214) 861-1144)", ["1 (214) 861-1144"]),
        ("020 7946 0958 is ours", ["020 7946 0958"]),
        # Directly after such a word a number is a telephone's, wherever it is from.
        ("Tel. 01 84 17 61 18", ["01 84 17 61 18"]),
        ("Handy: 0151-98946104", ["0151-98946104"]),
        ("WhatsApp 0176 3500 1279", ["0176 3500 1279"]),
        ("Teléfono: 612 345 678", ["612 345 678"]),
        ("电话：138 1234 5678", ["138 1234 5678"]),
        ("phone number is 98719 68297", ["98719 68297"]),
        ("You can reach Jo on 0043 1 7478971!", ["0043 1 7478971"]),
        ("(37) 788-063-Office", ["(37) 788-063"]),
        # Directly after a letter of a script that parts no words.
        ("电话+86 138 0013 8000", ["+86 138 0013 8000"]),
        ("手机号13812345678", ["13812345678"]),
        ("電話は03-1234-5678です", ["03-1234-5678"]),
        ("携帯090-1234-5678", ["090-1234-5678"]),
        ("전화010-1234-5678로", ["010-1234-5678"]),
        ("โทร081-234-5678นะ", ["081-234-5678"]),
        ("тел.8(495)123-45-67", ["8(495)123-45-67"]),
        # In HTML and Markdown.
        ("<td>415-555-2671</td>", ["415-555-2671"]),
        ("**Tel. 01 84 17 61 18**, *415-555-2671*", ["01 84 17 61 18", "415-555-2671"]),
        ("Tel.: <b>030 901820</b>", ["030 901820"]),
        ("| Tel. | 030 901820 |", ["030 901820"]),
        ("<415-555-2671>", ["415-555-2671"]),
        ("phone=415-555-2671&x=1 tel=415-555-2672=", ["415-555-2671", "415-555-2672"]),
    ],
)
def test_numbers_are_found(recogniser, text, numbers):
    assert written(recogniser, text) == numbers


@pytest.mark.parametrize(
    "text",
    [
        "",
        "order number is 415-555-2671, ticket 4155552671",
        "NHS 943 476 5919, account 4155552671, sort code 20-00-00",
        "call me on 2023-10-05, at 10.05.2023 or 20231005",
        "'+1980-02-29T01:02:03'",
        "text 0.14285714 and 14285714.285",
        "fax 1234567abc",
        "1,234,567,890 and 919-189-2426=-2909",
        "phone 12345678901234567",
        "(3037000500)",
        "1 2 3 4 5 6 7 8 9",
        "1800 - 1170 = <<1800-1170=630>>630, 2*415-555-2671, 415-555-2671 > 5, 415-555-2671 * 2",
        "cf. 100-200-3000, cf. 415-555-2671 and 100-200-3000",
        "тел8 495 123-45-67",
    ],
)
def test_other_numbers_are_not(recogniser, text):
    assert written(recogniser, text) == []


def test_notations_of_one_number_have_one_value(recogniser):
    values = [datum.value for datum in recogniser.find("+44 20 7946 0958, 020 7946 0958, +442079460958")]
    assert values == ["+442079460958"] * 3
    first, second = recogniser.find("Tel. 01 84 17 61 18 or Tel. 0184176118")
    assert first.value == second.value == "0184176118"


def test_the_region_that_reads_most_of_a_number_is_right():
    text = "(0043) 1 7478971 is abroad"
    (datum,) = TelephoneRecogniser(("US", "AT", "GB")).find(text)
    assert datum.value == "+4317478971"
