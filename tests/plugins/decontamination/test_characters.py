"""Letters, marks and digits, without spaces and symbols."""

from __future__ import annotations

from seatrial_plugins.decontamination.characters import Characters


def kept(*texts: str) -> list[str]:
    codes = Characters().read(texts)
    return ["".join(map(chr, codes[text].tolist())) for text in range(len(codes))]


def test_spaces_and_symbols_go_and_digits_stay():
    assert kept("It's 3.5 €, OK?\n", "", "!?", "你好，世界 2²", "हिन्दी é 👍") == [
        "Its35OK",
        "",
        "",
        "你好世界2²",
        "हिन्दीé",
    ]
    assert kept() == []


def test_places_are_those_of_the_text():
    text = "a, 你 7"
    assert [text[start:end] for start, end in Characters().spans(text)] == ["a", "你", "7"]
    assert Characters().spans("") == []
