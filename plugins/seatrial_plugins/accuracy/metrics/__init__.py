"""Metrics of generated text, each an `evaluate.Metric`: usable alone, with `compute(predictions=…, references=…)`.

    from seatrial_plugins.accuracy.metrics import Rouge
    Rouge().compute(predictions=["a red ship"], references=[["the red ship", "a ship"]])

They come with the package, so nothing is fetched; `evaluate.load` takes each by its file's path as well.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seatrial_plugins.accuracy.metrics.bleu import Bleu
    from seatrial_plugins.accuracy.metrics.chrf import ChrF
    from seatrial_plugins.accuracy.metrics.corpus_bleu import CorpusBleu
    from seatrial_plugins.accuracy.metrics.exact_match import ExactMatch
    from seatrial_plugins.accuracy.metrics.meteor import Meteor
    from seatrial_plugins.accuracy.metrics.rouge import Rouge
    from seatrial_plugins.accuracy.metrics.squad_exact_match import SquadExactMatch
    from seatrial_plugins.accuracy.metrics.squad_f1 import SquadF1
    from seatrial_plugins.accuracy.metrics.text_metric import TextMetric
    from seatrial_plugins.accuracy.metrics.token_f1 import TokenF1

__all__ = [
    "Bleu",
    "ChrF",
    "CorpusBleu",
    "ExactMatch",
    "Meteor",
    "Rouge",
    "SquadExactMatch",
    "SquadF1",
    "TextMetric",
    "TokenF1",
]

_MODULES = {
    "Bleu": "bleu",
    "ChrF": "chrf",
    "CorpusBleu": "corpus_bleu",
    "ExactMatch": "exact_match",
    "Meteor": "meteor",
    "Rouge": "rouge",
    "SquadExactMatch": "squad_exact_match",
    "SquadF1": "squad_f1",
    "TextMetric": "text_metric",
    "TokenF1": "token_f1",
}


def __getattr__(name: str) -> Any:
    """Each from its module when it is asked for: one needs sacrebleu, another rouge_score, and most need neither."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
