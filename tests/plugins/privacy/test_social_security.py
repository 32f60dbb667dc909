import pytest

from seatrial_plugins.privacy.social_security import SocialSecurityRecogniser


@pytest.fixture(scope="module")
def recogniser():
    return SocialSecurityRecogniser()


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("219-09-9999", "219-09-9999"),
        ("ID: 219-09-9999.", "219-09-9999"),
        ("SSN:219099999", "219099999"),
        ("ssn=219 09 9999&x", "219 09 9999"),
        ("Social Security #219.09.9999", "219.09.9999"),
        ("soc. sec. no. 219 09 9999", "219 09 9999"),
        ("219 09 9999 is my SSN", "219 09 9999"),
        ("219-09-9999 = ssn", "219-09-9999"),
    ],
)
def test_numbers_are_found(recogniser, text, written):
    assert [(text[d.start : d.end], d.value) for d in recogniser.find(text)] == [(written, "219099999")]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "219 09 9999",
        "219099999",
        "000-09-9999 666-09-9999 900-09-9999 219-00-9999 219-09-0000 078-05-1120",
        "219-09 9999",
        "1219-09-9999 and 219-09-99990",
        "A219-09-9999 219-09-9999B",
        "219-09-9999-1",
        "219-09-9999=-9889",
        "order 219-09-9999, part no. 219-09-9999",
        "https://x.example/219-09-9999/",
        "100-50-1000 litres",
    ],
)
def test_others_are_not(recogniser, text):
    assert list(recogniser.find(text)) == []
