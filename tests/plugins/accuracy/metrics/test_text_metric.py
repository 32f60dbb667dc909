"""Every metric of the package is an `evaluate` module, usable alone and offline."""

from __future__ import annotations

import inspect
from pathlib import Path

import evaluate
import pytest

from seatrial_plugins.accuracy import metrics

OPTIONS = {"Meteor": {"synonyms": False}}
"""WordNet is not installed with the package."""

CLASSES = [getattr(metrics, name) for name in metrics.__all__ if name != "TextMetric"]


@pytest.mark.parametrize(
    "kind", [one for one in CLASSES if one.__name__ != "CorpusBleu"], ids=lambda kind: kind.__name__
)
def test_compute_takes_one_reference_or_several_and_gives_means_or_columns(kind):
    metric = kind()
    said, several = ["the red ship", "no"], [["a blue ship", "the red ship"], ["yes", "never"]]
    options = OPTIONS.get(kind.__name__, {})
    columns = metric.compute(predictions=said, references=several, use_aggregator=False, **options)
    means = metric.compute(predictions=said, references=several, **options)
    assert isinstance(metric, evaluate.Metric)
    assert columns.keys() == means.keys()
    for name, column in columns.items():
        assert len(column) == 2
        assert means[name] == pytest.approx(sum(column) / 2)
        assert column[0] > column[1]
    single = metric.compute(
        predictions=said, references=[texts[-1] for texts in several], use_aggregator=False, **options
    )
    assert single == columns


def test_nothing_is_written_where_they_compute(tmp_path, monkeypatch):
    monkeypatch.setattr(evaluate.config, "HF_METRICS_CACHE", tmp_path / "metrics")
    monkeypatch.chdir(tmp_path)
    metrics.TokenF1().compute(predictions=["a"], references=["a"])
    evaluate.load(inspect.getfile(metrics.TokenF1)).compute(predictions=["a"], references=["a"])
    assert not list(tmp_path.iterdir())


def test_evaluate_loads_each_by_its_path():
    for kind in CLASSES:
        loaded = evaluate.load(inspect.getfile(kind))
        assert type(loaded).__name__ == kind.__name__
        assert Path(inspect.getfile(type(loaded))).is_relative_to(evaluate.config.HF_MODULES_CACHE)
        options = OPTIONS.get(kind.__name__, {})
        found = loaded.compute(predictions=["red ship"], references=["red ship"], use_aggregator=False, **options)
        assert found.keys() == kind().judge(**options)("", [""]).keys()
