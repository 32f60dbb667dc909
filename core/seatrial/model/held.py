"""Encoders and detectors, held to what they promise: an answer that breaks it is refused in the name of the plugin that gave it.

Who asks them, a filter or a baseline, could not tell: of a vector with NaN no text is near, one that is no unit vector makes
copies of unlike texts, and a probability above 1 passes every threshold. So every encoder and detector that a suite names is
wrapped where it is built.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

from seatrial.errors import ContractError, SeatrialError, StageError
from seatrial.model.reading import Detector, Encoder, EncodesWords, WordVectors
from seatrial.plugin.raised import let_pass

if TYPE_CHECKING:
    import numpy as np

__all__ = ["held"]

_ROUNDING = 0.01
"""How far a unit vector's length may be off 1: that of half-precision numbers is by less."""


def held(kind: object, component: Any, who: str) -> Any:
    """An encoder or detector that is held to its protocol; any other component as it is.

    Args:
        kind: the kind of component: `encoders`, `detectors`, …
        component: as its plugin built it.
        who: component and plugin, for errors.
    """
    if kind == "encoders":
        return _WordEncoder(component, who) if isinstance(component, EncodesWords) else _Encoder(component, who)
    return _Detector(component, who) if kind == "detectors" else component


class _Held:
    """Stands for a component; what it does not hold is the component's own."""

    def __init__(self, component: Any, who: str) -> None:
        self._component = component
        self._who = who

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in {"_component", "_who"}:  # asked for before there is one, by pickle or copy
            raise AttributeError(name)
        return getattr(self._component, name)

    def _ask(self, what: str, texts: Sequence[str]) -> Any:
        try:
            return getattr(self._component, what)(texts)
        except SeatrialError:
            raise
        except BaseException as error:  # a component may not end the process
            let_pass(error)
            raise StageError(f"{self._who} raised {type(error).__name__} in `{what}`: {error}") from error

    def _refuse(self, problem: str) -> ContractError:
        return ContractError(f"{self._who} {problem}")


class _Encoder(_Held):
    """An encoder whose vectors are unit vectors, or zero."""

    _component: Encoder

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """What the encoder gives.

        Raises:
            ContractError: it is no float32 array of one vector a text, or one of them is neither of length 1 nor zero.
        """
        return self._vectors(self._ask("encode", texts), len(texts), "texts")

    def _vectors(self, answer: object, count: int, of: str) -> np.ndarray:
        import numpy as np

        if not isinstance(answer, np.ndarray) or answer.ndim != 2 or len(answer) != count:
            shape = (
                f"an array of shape {answer.shape}" if isinstance(answer, np.ndarray) else f"a {type(answer).__name__}"
            )
            raise self._refuse(
                f"gave {shape} for {count} {of}; it must give a vector for each, shape [{of}, dimensions]"
            )
        if answer.dtype != np.float32:
            raise self._refuse(f"gave an array of {answer.dtype}; it must be float32")
        lengths = np.sqrt(np.einsum("ij,ij->i", answer, answer, dtype=np.float64))
        odd = np.flatnonzero(~((lengths == 0) | (np.abs(lengths - 1) <= _ROUNDING)))  # NaN is neither
        if len(odd):
            raise self._refuse(
                f"gave a vector that is {lengths[odd[0]]:g} long, for number {odd[0] + 1} of {count} {of}; it must be a unit "
                "vector, or zero for a text of which it knows nothing"
            )
        return answer


class _WordEncoder(_Encoder):
    """One that tells words apart, too."""

    _component: EncodesWords

    def encode_words(self, texts: Sequence[str]) -> list[WordVectors]:
        """What the encoder gives.

        Raises:
            ContractError: it is no list of one `WordVectors` a text, or the vectors of one break what `encode` promises.
        """
        answer = self._ask("encode_words", texts)
        if not isinstance(answer, list) or len(answer) != len(texts):
            size = f"{len(answer)} answers" if isinstance(answer, list) else f"a {type(answer).__name__}"
            raise self._refuse(f"gave {size} for {len(texts)} texts; it must give a list of a WordVectors for each")
        for words in answer:
            if not isinstance(words, WordVectors):
                raise self._refuse(f"gave a {type(words).__name__} where it must give a WordVectors")
            self._vectors(words.vectors, len(words.spans), "words")
        return answer


class _Detector(_Held):
    """A detector whose probabilities are some."""

    _component: Detector

    def detect(self, texts: Sequence[str]) -> list[Mapping[str, float]]:
        """What the detector gives.

        Raises:
            ContractError: it is no list of one mapping a text, a value is no probability, or all texts got one and the same
                mapping: what it says of the last one, it says of all.
        """
        answer = self._ask("detect", texts)
        if not isinstance(answer, list) or len(answer) != len(texts):
            size = f"{len(answer)} answers" if isinstance(answer, list) else f"a {type(answer).__name__}"
            raise self._refuse(f"gave {size} for {len(texts)} texts; it must give a list of a mapping for each")
        for place, said in enumerate(answer, 1):
            if not isinstance(said, Mapping):
                raise self._refuse(
                    f"gave a {type(said).__name__} for text {place}; it must give labels and probabilities"
                )
            for label, value in said.items():
                if not isinstance(label, str):
                    raise self._refuse(f"gave a {type(label).__name__} for a label")
                if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= float(value) <= 1:  # NaN is not
                    raise self._refuse(
                        f"gave {value!r} for {label!r}, for text {place}; it must be a probability, from 0 to 1"
                    )
        self._refuse_one_for_all(answer, texts)
        return answer

    def _refuse_one_for_all(self, answer: Sequence[Mapping[str, float]], texts: Sequence[str]) -> None:
        """Refuse one mapping for all texts that is written anew for each; a constant, of texts in which nothing was found, is one
        that the first text gets by itself, too.
        """
        if len({id(said) for said in answer}) == 1 and len({*texts}) > 1 and answer[0]:
            said = dict(answer[0])
            alone = self._ask("detect", texts[:1])
            if not isinstance(alone, list) or [dict(one) for one in alone] != [said]:
                raise self._refuse(
                    f"gave one and the same {type(answer[0]).__name__} for {len(texts)} texts, and for the first of them alone "
                    "other values; it must make one for each"
                )
