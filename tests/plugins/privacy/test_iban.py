import pytest
from stdnum import iban

from seatrial_plugins.privacy.iban import IbanNumberRecogniser

RECOGNISER = IbanNumberRecogniser()


def found(text):
    return [(text[datum.start : datum.end], datum.value) for datum in RECOGNISER.find(text)]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("DE89370400440532013000", "DE89370400440532013000"),
        ("IBAN: DE89 3704 0044 0532 0130 00.", "DE89 3704 0044 0532 0130 00"),
        ("gb33bukb20201555555555,", "gb33bukb20201555555555"),
        ("FR14-2004-1010-0505-0001-3M02-606", "FR14-2004-1010-0505-0001-3M02-606"),
        ("NO93\xa08601\xa01117\xa0947", "NO93\xa08601\xa01117\xa0947"),
        ("NL91 ABNA0417164300", "NL91 ABNA0417164300"),
        # The country's length says where one ends, whatever stands behind it.
        ("BE68 5390 0754 7034 BANK ABCD EFGH IJKL", "BE68 5390 0754 7034"),
        ("NO93 8601 1117 947 2 days from today", "NO93 8601 1117 947"),
        ("汇到DE89370400440532013000谢谢", "DE89370400440532013000"),
        # Of the registry of 2025, and in no list of presidio's.
        ("RU0304452522540817810538091310419", "RU0304452522540817810538091310419"),
    ],
)
def test_numbers_whose_check_digits_hold_are_found(text, written):
    assert found(text) == [(written, "".join(filter(str.isalnum, written)).upper())]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "DE",
        "DE89 3704 0044 0532 0130 01",
        "DE89 3704 0044 0532 0130",
        "DE893704004405320130001",
        "XDE89370400440532013000",
        "ZZ89370400440532013000",
        "GB33 1234 2020 1555 5555 55",
        "ME12 PLUS YOUR GOOD IDEA WILL WORK",
        "RF18 5390 0754 7034",
    ],
)
def test_others_are_not(text):
    assert found(text) == []


def test_a_number_whose_national_check_digits_are_wrong_counts_all_the_same():
    spanish = "ES" + iban.calc_check_digits("ES00" + "2100" * 5) + "2100" * 5
    assert not iban.is_valid(spanish)
    assert found(spanish) == [(spanish, spanish)]
