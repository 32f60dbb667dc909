"""Metrics of generated text, each an `evaluate.Metric`: usable alone, with `compute(predictions=…, references=…)`."""

from seatrial_plugins.accuracy.metrics.exact_match import ExactMatch
from seatrial_plugins.accuracy.metrics.token_f1 import TokenF1

__all__ = ["ExactMatch", "TokenF1"]
