"""Metrics of generated text, each an `evaluate.Metric`: usable alone, with `compute(predictions=…, references=…)`.

    from seatrial_plugins.accuracy.metrics import Rouge
    Rouge().compute(predictions=["a red ship"], references=[["the red ship", "a ship"]])

They come with the package, so nothing is fetched; `evaluate.load` takes each by its file's path as well.
"""

from seatrial_plugins.accuracy.metrics.bleu import Bleu
from seatrial_plugins.accuracy.metrics.chrf import ChrF
from seatrial_plugins.accuracy.metrics.exact_match import ExactMatch
from seatrial_plugins.accuracy.metrics.rouge import Rouge
from seatrial_plugins.accuracy.metrics.squad_exact_match import SquadExactMatch
from seatrial_plugins.accuracy.metrics.squad_f1 import SquadF1
from seatrial_plugins.accuracy.metrics.text_metric import TextMetric
from seatrial_plugins.accuracy.metrics.token_f1 import TokenF1

__all__ = ["Bleu", "ChrF", "ExactMatch", "Rouge", "SquadExactMatch", "SquadF1", "TextMetric", "TokenF1"]
