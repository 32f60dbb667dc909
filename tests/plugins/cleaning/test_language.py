"""The language filter: who is asked, what is decided, with both verdicts as evidence; and the real identifiers."""

from __future__ import annotations

import pickle

import pytest

from seatrial import Row, Turn
from seatrial.errors import UsageError
from seatrial_plugins.cleaning import build_language
from seatrial_plugins.cleaning.language import Language

LONG = "a text of more than twenty letters"


def row(name: str, *said: str, format_: str = "chat") -> Row:
    return Row(
        name, tuple(Turn(("user", "assistant")[n % 2], text) for n, text in enumerate(said)), format_, "s", "f", 1
    )


class Oracle:
    """An identifier that says what it was told to say, and remembers what it was asked."""

    def __init__(self, **said: float) -> None:
        self.said, self.asked = said, []

    def __call__(self, texts):
        self.asked += texts
        return [self.said for _ in texts]


def judged(first, second=None, *, text=LONG, keep=("en",), **options) -> list[tuple]:
    component = Language(
        keep, first=first, second=second, known={"en", "de", "nl", "la"}, known_to_second={"en", "de", "nl"}, **options
    )
    return [(f.rule, f.score and round(f.score, 3), f.detail) for f in component.inspect([row("r", text)])]


def test_a_sure_verdict_stands_alone():
    second = Oracle(nl=1.0)
    assert judged(Oracle(en=0.98, de=0.02), second) == []
    assert judged(Oracle(en=0.02, de=0.98), second) == [("other-language", 0.98, "py3langid says 'de' (0.98)")]
    assert second.asked == []


def test_the_second_is_asked_where_the_first_leaves_it_in_dispute():
    second = Oracle(en=0.9, de=0.1)
    assert judged(Oracle(en=0.03, de=0.97), second) == [
        ("undecided", 0.535, "py3langid says 'de' (0.97), lingua 'en' (0.90)")
    ]
    assert judged(Oracle(en=0.2, de=0.8), second) == [], "the mean is on English's side"
    assert second.asked == [LONG, LONG]


def test_both_verdicts_are_told():
    assert judged(Oracle(de=0.6, en=0.4), Oracle(nl=0.8, de=0.2)) == [
        ("undecided", 0.667, "py3langid says 'de' (0.60), lingua 'nl' (0.80)")
    ]
    assert judged(Oracle(de=0.9, en=0.1), Oracle(de=0.94, en=0.06)) == [
        ("other-language", 0.92, "py3langid says 'de' (0.90), lingua too (0.94)")
    ]


def test_only_the_likeliest_other_language_stands_against_those_to_keep():
    # Of three improbable languages the kept one is the likeliest: that the others together are likelier is no reason.
    assert judged(Oracle(en=0.4, de=0.3, nl=0.3)) == []
    assert judged(Oracle(nl=0.4, de=0.35, en=0.25), keep=("en", "de")) == []
    assert judged(Oracle(en=0.1, de=0.3, nl=0.6)) == [("undecided", 0.857, "py3langid says 'nl' (0.60)")]


def test_the_threshold_is_reached_by_what_equals_it():
    assert judged(Oracle(de=0.75, en=0.25), threshold=0.75)[0][:2] == ("other-language", 0.75)
    assert judged(Oracle(de=0.74, en=0.26), threshold=0.75)[0][:2] == ("undecided", 0.74)
    assert judged(Oracle(de=0.5, en=0.5)) == [], "a kept language that is as likely as any other"


def test_a_kept_language_that_the_second_does_not_know_is_the_firsts_to_say():
    second = Oracle(nl=1.0)
    assert judged(Oracle(la=0.65, en=0.35), second, keep=("la",)) == []
    assert second.asked == []


def test_where_the_second_sees_nothing_the_first_stands():
    assert judged(Oracle(de=0.65, en=0.35), Oracle(en=0.0, de=0.0)) == [
        ("undecided", 0.65, "py3langid says 'de' (0.65)")
    ]


@pytest.mark.parametrize(
    "text", ["", "   ", "12 + 30 = 42", "👍🏽 🚢", "```\ndef f(): pass\n```", "`x` https://en.org a@b.org"]
)
def test_what_has_no_letters_has_no_language(text):
    second = Oracle(de=1.0)
    assert judged(Oracle(de=1.0), second, text=text) == [
        ("no-language", None, "there is no letter outside of code and addresses")
    ]
    assert second.asked == []


def test_a_verdict_of_no_language_is_told():
    assert judged(Oracle(zxx=0.9, de=0.1)) == [("no-language", 0.9, "py3langid says 'zxx' (0.90)")]


def test_what_is_read_is_an_option():
    first = Oracle(en=1.0)
    rows = [
        row("r", "question", "answer"),
        row("l", "text", "label", format_="text-label"),
        Row("n", (), "chat", "s", "f", 1),
    ]
    for read in ("all", "input", "answer"):
        component = Language(["en"], first=first, second=None, known={"en"}, known_to_second=(), read=read)
        assert list(component.inspect(rows)) == []
    assert first.asked == ["question answer", "text", "question", "text", "answer"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"keep": []}, "keep is empty"),
        (
            {"keep": ["en", "english"]},
            "'english' is no language that the identifiers know; they go by ISO 639-1 codes: af, ",
        ),
        ({"keep": ["en"], "threshold": 1.5}, "threshold is 1.5"),
        ({"keep": ["en"], "sure": 0.4}, "sure is 0.4"),
        ({"keep": ["en"], "characters": 0}, "characters is 0"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(UsageError, match=message):
        build_language(**options)


def test_py3langid_alone_on_real_texts():
    component = build_language(keep=["en", "no", "zh"], lingua=False)
    texts = {
        "english": "Where can I find the card that I ordered last week?",
        "german": "Wo finde ich die Karte, die ich letzte Woche bestellt habe?",
        "bokmål": "Hvor finner jeg kortet som jeg bestilte forrige uke? Jeg har ikke fått det ennå.",
        "chinese": "我上周订的卡在哪里可以找到？",
        "hebrew": "איפה אני יכול למצוא את הכרטיס שהזמנתי בשבוע שעבר?",
        "arabic": "أين يمكنني العثور على البطاقة التي طلبتها الأسبوع الماضي؟",
        "half": "Where can I find the \ud800 card that I ordered last week?",
        "emoji": "👍👍👍",
        "huge": "the quick brown fox jumps over the lazy dog " * 230_000,
    }
    found = {f.row: f.rule for f in component.inspect([row(name, text) for name, text in texts.items()])}
    assert found == {
        "german": "other-language",
        "hebrew": "other-language",
        "arabic": "other-language",
        "emoji": "no-language",
    }


def test_it_can_be_sent_to_another_process():
    component = pickle.loads(pickle.dumps(build_language(keep=["en"], lingua=False)))
    assert [f.rule for f in component.inspect([row("r", "Wo finde ich die Karte von letzter Woche?")])] == [
        "other-language"
    ]


@pytest.mark.slow
def test_both_on_real_short_texts():
    component = build_language(keep=["en"])
    said = {
        "Good morning!": "",
        "Guten Morgen!": "de",
        "Buongiorno a tutti": "it",
        "おはよう": "ja",
        "\ud800 Где моя карта": "ru",
    }
    rows = [row(text, text) for text in said]
    findings = {f.row: f for f in component.inspect(rows)}
    assert {name: f.rule for name, f in findings.items()} == {
        name: "other-language" for name, code in said.items() if code
    }
    assert all(f"py3langid says {said[name]!r} (" in f.detail for name, f in findings.items())
    assert ", lingua too (0." in findings["Guten Morgen!"].detail
    assert list(build_language(keep=["de", "it", "ja", "ru"]).inspect(rows[1:])) == []
