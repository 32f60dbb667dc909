import pytest

from seatrial import Row, Turn
from seatrial_plugins.privacy import privacy
from seatrial_plugins.privacy.spelt_out_address import SpeltOutAddressRecogniser

RECOGNISER = SpeltOutAddressRecogniser()


@pytest.mark.parametrize(
    ("text", "written", "value"),
    [
        ("write to ana at harbour dot com please", "ana at harbour dot com", "ana@harbour.com"),
        (
            "ana dot li at mail dot harbour dot co dot uk.",
            "ana dot li at mail dot harbour dot co dot uk",
            "ana.li@mail.harbour.co.uk",
        ),
        ("ANA [at] Harbour (dot) com", "ANA [at] Harbour (dot) com", "ana@harbour.com"),
        ("<ana{at}harbour.org>", "ana{at}harbour.org", "ana@harbour.org"),
        ("ana&#64;harbour.org", "ana&#64;harbour.org", "ana@harbour.org"),
        ("mailto:ana%40harbour.org", "ana%40harbour.org", "ana@harbour.org"),
        ("ana@harbour dot org", "ana@harbour dot org", "ana@harbour.org"),
        ("ana ät harbour punkt de", "ana ät harbour punkt de", "ana@harbour.de"),
        ("ana arroba harbour punto es", "ana arroba harbour punto es", "ana@harbour.es"),
        ("ana at libero dot it", "ana at libero dot it", "ana@libero.it"),
    ],
)
def test_disguises_are_read(text, written, value):
    (datum,) = RECOGNISER.find(text)
    assert (text[datum.start : datum.end], datum.value) == (written, value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "meet me at harbour.com",
        "look at the dot in the middle",
        "ends at this point in time",
        "a [at] b, noon (dot) yes",
        "at dot com",
        "@ana at work",
    ],
)
def test_sentences_are_not(text):
    assert list(RECOGNISER.find(text)) == []


def test_it_is_an_option_and_shares_placeholders_with_the_plain_notation():
    row = Row("r", (Turn("user", "ana@harbour.com, that is ana at harbour dot com"),), "chat", "s", "f", 1)
    (plain,) = privacy(kinds=["email"]).inspect([row])
    assert len(plain.spans) == 1
    found = list(privacy(kinds=["email"], obfuscated=True).inspect([row]))
    assert {span.replacement for finding in found for span in finding.spans} == {"<EMAIL_1>"}
    assert [finding.rule for finding in found] == ["email", "email"]
    assert list(privacy(kinds=["ip"], obfuscated=True).inspect([row])) == []


def test_a_long_text_takes_linear_time():
    assert list(RECOGNISER.find("a" * 300_000 + " at " + "b dot " * 50_000)) == []
