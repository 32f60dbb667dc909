"""The embedded toxicity detector: a linear head over the embedded encoder. Weak, and says so."""

from __future__ import annotations

import functools
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from seatrial.model import Encoder
from seatrial_plugins.toxicity.linear_head import LinearHead
from seatrial_plugins.toxicity.windows import sentences, windows

__all__ = ["MiniLMDetector"]

WINDOW = 250
"""Characters of one piece: a word piece covers at least one, so none of the encoder's 256 tokens is cut off; and near
the length of the tweets that the head was trained on.

A courteous sentence on either side still averages an insult away, so sentences are judged by themselves, too. Of 400 toxic
held-out tweets of Davidson et al., each between two questions of GSM8K, 79% are found so, by pieces alone 15% (of the bare
tweets 81 and 78%); of 300 harmless ones 1.0 and 0.3% are flagged (bare 2.7 and 2.1%)."""

LEAST_WORDS = 3
"""Words of a sentence that is judged by itself: with shorter ones (`lol.`) the AUC on 2,000 held-out tweets falls from .973
to .964; by pieces alone it is .975."""

_LIKELY = 0.5
"""Above it a piece speaks for its text, however much of that cannot be read."""

OVERLAP = 50
"""Characters that neighbouring pieces share."""

_PIECES_AT_ONCE = 16_384
# 24 MiB of vectors: a text of any length is read in bounded memory.


class MiniLMDetector:
    """Gives one label, `toxicity`: the highest probability among a text's pieces and their sentences."""

    weak = True
    name = "minilm-toxicity"
    labels = ("toxicity",)

    def __init__(self, encoder: Encoder, head: LinearHead) -> None:
        head.check_encoder(encoder)
        self._encoder = encoder
        self._head = head
        self.reads = {"minilm_head": head.digest()}

    def detect(self, texts: Sequence[str]) -> list[Mapping[str, float]]:
        """One mapping a text: `toxicity` → probability. An empty text gives 0; one that the encoder cannot read, nothing."""
        highest = [0.0] * len(texts)
        pieces_of, read_of = Counter[int](), Counter[int]()
        pieces = [(index, *each) for index, text in enumerate(texts) if text.strip() for each in _pieces(text)]
        for start in range(0, len(pieces), _PIECES_AT_ONCE):
            part = pieces[start : start + _PIECES_AT_ONCE]
            vectors = self._encoder.encode([piece for _, piece, _ in part])
            read = [
                known and _is_latin(piece)
                for known, (_, piece, _) in zip(np.any(vectors, axis=1).tolist(), part, strict=True)
            ]
            probabilities: list[float] = self._head.probability(vectors).tolist()
            for (index, _, whole), is_read, probability in zip(part, read, probabilities, strict=True):
                pieces_of[index] += whole
                if is_read:
                    read_of[index] += whole
                    highest[index] = max(highest[index], probability)
        # Of what is not read, a zero vector, the head says what its bias is: that would be called harmless.
        return [
            {"toxicity": probability} if 2 * read_of[index] >= pieces_of[index] or probability > _LIKELY else {}
            for index, probability in enumerate(highest)
        ]


def _is_latin(text: str) -> bool:
    """Whether at least half of its letters are Latin: the head learned from English, and the encoder knows of other scripts'
    words no more than their letters.
    """
    latin = [found for character in text if (found := _is_latin_letter(character)) is not None]
    return 2 * sum(latin) >= len(latin)


@functools.lru_cache(maxsize=1 << 16)
def _is_latin_letter(character: str) -> bool | None:
    folded = unicodedata.normalize("NFKC", character)[:1]
    return unicodedata.name(folded, "").startswith("LATIN") if folded.isalpha() else None


def _pieces(text: str) -> Iterator[tuple[str, bool]]:
    """What covers the text, and the sentences, which do not count towards how much of it is read."""
    for piece in windows(text, WINDOW, OVERLAP):
        if piece.strip():
            yield piece, True
    said = sentences(text)
    if len(said) > 1:
        for sentence in (one for one in dict.fromkeys(said) if len(one.split()) >= LEAST_WORDS):
            yield from ((piece, False) for piece in windows(sentence, WINDOW, OVERLAP) if piece.strip())
