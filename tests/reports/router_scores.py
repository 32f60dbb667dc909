"""The scores of the router's run."""

from __future__ import annotations

from collections.abc import Callable

from tests.reports.payloads import storable

from seatrial.evaluation.scores import Interval, Score
from seatrial.stats.proportions import wilson_interval


def scores_of_all(say: Callable[[str], str]) -> list[Score]:
    def share(metric: str, system: str, right: int, n: int, summary: str) -> Score:
        interval = Interval(*wilson_interval(right, n), 0.95, say("Wilson"))
        return Score(metric, system, right / n, n, "proportion", "higher", "", interval, None, say(summary))

    about = "Share of rows whose right label is the likeliest."
    scores = [
        share("choice/accuracy", "tuned", 94, 105, about),
        share("choice/accuracy", "majority", 18, 105, about),
        share("choice/accuracy", "tfidf-logistic-regression", 75, 105, about),
        share("choice/accuracy", "minilm-logistic-regression", 92, 105, about),
        share("choice/accuracy", "base", 21, 105, about),
        share("choice/accuracy", "base-4shot", 33, 105, about),
        Score("choice/macro_f1", "tuned", 0.8712, 105, "mean", "higher", "", None, say("no interval is known for it")),
        Score("choice/calibration_error", "tuned", None, 0, "mean", "lower", "", None, say("no probabilities")),
        share("attack/robust_accuracy", "tuned", 9, 50, "Share still right under attack."),
        share("naive_split/accuracy", "tuned", 113, 120, "On a naive split."),
        share("naive_split/accuracy_leaked", "tuned", 77, 78, "On its leaked rows."),
        share("naive_split/accuracy_clean", "tuned", 36, 42, "On its clean rows."),
        share("agreement/rate", "tuned", 51, 60, "Agrees with a second reader."),
        share("agreement/rate", "base", 12, 60, "Agrees with a second reader."),
        share("agreement/rate", storable(say("rules")), 54, 60, "Agrees with a second reader."),
        Score("agreement/distance", "tuned", 2.0, 60, "mean", "lower", say("points"), Interval(1.5, 2.5, 0.95, say("Student t"))),
        Score("agreement/distance", "base", 4.0, 60, "mean", "lower", say("points"), Interval(3.5, 4.5, 0.95, say("Student t"))),
        Score("latency/ttft_p50_ms", "tuned", 61.25, 44, "percentile", "lower", "ms", Interval(60.1, 63.4, 0.95, "order statistics"), None, say("Median time to the first token.")),
        Score("latency/peak_bytes", "tuned", 1.5 * 2**30, 44, "maximum", "lower", "bytes", None, None, say("Peak memory.")),
        Score("data/read", "data", 400, 1, "exact", "higher", "rows", None, None, say("Records found.")),
    ]  # fmt: skip
    return [*scores, Score(say("custom/metric"), say("house-system"), 0.5, 4, "mean", "higher", say(""), summary="")]
