"""Languages of texts, by py3langid."""

import pytest

from seatrial_plugins.coverage.languages import languages

pytest.importorskip("py3langid")


def test_each_text_has_one_language_if_it_is_sure():
    said = [
        "Where is the card that I ordered last week, and when will it arrive?",
        "Wo ist die Karte, die ich letzte Woche bestellt habe?",
        "Où est la carte que j'ai commandée la semaine dernière ?",
        "ok",
        "1234 !?",
        "",
        "`rm -rf` https://x.example",
    ]
    assert languages(said) == ["en", "de", "fr", "unsure", "none", "none", "none"]
