"""Latency: what timed requests come to, each batch size in columns of its own, and which percentiles they can bear."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial import System, Task, Transcript
from seatrial.errors import UsageError
from seatrial.evaluation.samples import samples_to_table
from seatrial.evaluation.summary import summarise
from seatrial.rows.table import RowList
from seatrial_plugins.efficiency import latency, latency_metrics, minimum_requests, seatrial_scorers, time_probe


def _request(number, batch=1, *, new=5, total=100.0, peak=0, error=None):
    """One request as the probe `time` tells it: half of its time for the first token, the rest evenly."""
    name = f"request-{number:03d}@b{batch}"
    if error is not None:
        return Transcript(name, detail={"batch": batch}, error=error)
    detail = {"batch": batch, "ttft_ms": total / 2, "gaps_ms": [total / 2 / (new - 1)] * (new - 1), "peak_bytes": peak}
    return Transcript(name, prompt_hash=f"random:{number}", detail=detail)


def _score(transcripts, **options):
    return list(latency(**options).score(iter(transcripts), Task("test", RowList([]))))


def _scores(samples, **options):
    metrics = latency_metrics(**options)
    table = samples_to_table("tuned", samples, list(dict.fromkeys(metric.column for metric in metrics)))
    return {metric.name: summarise(metric, "latency", "tuned", table) for metric in metrics}


def test_each_request_gives_its_times_by_their_definitions():
    first, second = _score([_request(1, peak=1005), _request(2)], requests=7, new=5)
    assert [first.row, second.row] == ["request-001@b1", "request-002@b1"]
    assert first.values["ttft_ms"] == 50.0
    assert first.values["e2e_ms"] == 100.0
    assert first.values["tpot_ms"] == pytest.approx((100.0 - 50.0) / 4)
    assert first.values["tokens_per_second"] == pytest.approx(5 / 0.1)
    assert first.values["peak_bytes"] == 1005.0
    assert (first.slice, first.prompt_hash) == ("batch 1", "random:1")


def test_batch_sizes_have_columns_and_metrics_of_their_own():
    requests = [_request(n, size, peak=1000 * size + n) for size in (1, 8) for n in range(1, 45)]
    samples = _score(requests, batch=[1, 8], requests=44, new=5)
    assert samples[44].values["tokens_per_second@b8"] == pytest.approx(8 * 5 / 0.1)
    scores = _scores(samples, batch=[1, 8], requests=44, new=5)
    assert scores["ttft_p50_ms"].value == scores["ttft_p90_ms@b8"].value == 50.0
    assert scores["ttft_p90_ms"].n == 44
    assert scores["peak_bytes"].value == 1044
    assert scores["peak_bytes@b8"].value == 8044
    assert scores["tokens_per_second@b8"].value == pytest.approx(400)


def test_a_failed_request_is_an_error_and_makes_the_scores_missing():
    requests = [_request(n, error="RuntimeError: out of memory" if n == 2 else None) for n in range(1, 45)]
    samples = _score(requests, requests=44)
    assert [(sample.row, sample.error) for sample in samples if sample.error] == [
        ("request-002@b1", "RuntimeError: out of memory")
    ]
    score = _scores(samples)["tpot_p50_ms"]
    assert score.value is None
    assert "out of memory" in score.missing


def test_a_batch_that_does_not_fit_leaves_the_scores_of_the_others():
    failed = [_request(n, 64, error="the warm-up failed: RuntimeError: out of memory") for n in range(1, 45)]
    samples = _score([*failed, *(_request(n) for n in range(1, 45))], requests=44, batch=[64, 1])
    scores = _scores(samples, batch=[64, 1], requests=44)
    assert scores["tpot_p50_ms"].value is not None
    assert scores["peak_bytes"].value is not None
    assert "out of memory" in scores["tpot_p50_ms@b64"].missing
    assert "out of memory" in scores["peak_bytes@b64"].missing


@pytest.mark.parametrize("requests", [1, 6, 7, 43, 44, 459])
def test_the_columns_of_every_metric_and_no_others_are_in_the_samples(requests):
    (component,) = seatrial_scorers()
    options = {"batch": [1, 4], "requests": requests, "new": 3}
    samples = _score([_request(n, size) for size in (1, 4) for n in range(requests)], **options)
    columns = {metric.column for metric in component.metrics_for(options)}
    assert all(set(sample.values) == columns for sample in samples)
    failed = _score([_request(0, size, error="lost") for size in (1, 4)], **options)
    assert set().union(*(sample.lacks for sample in failed)) == columns


def test_what_the_component_promises_is_in_the_samples():
    (component,) = seatrial_scorers()
    options = {"batch": [1, 4], "requests": 459, "new": 3}
    assert len({metric.name for metric in component.metrics_for(options)}) == 2 * 11
    assert [metric.name for metric in component.metrics_for({})] == [metric.name for metric in latency_metrics()]
    assert (component.probe, component.dimension, component.comparable) == ("time", "efficiency", False)


def test_what_it_asks_for_is_what_the_probe_takes():
    (component,) = seatrial_scorers()
    options = {"batch": [1, 8], "prompt": 7, "new": 3, "requests": 9, "adapter": "separate"}
    assert time_probe(**component.asks(**options)) == time_probe(**options)


def test_the_tiny_model_is_timed_and_scored_through_the_same_door(judged, tiny_model):
    options = {"requests": 3, "prompt": 4, "new": 3}
    task = Task("test", RowList([]), seed=1)
    samples = judged(time_probe(**options), latency(**options), System("tuned", "tuned", tiny_model), task)
    assert [sample.error for sample in samples] == [None] * 3
    assert all(sample.detail["ttft_ms"] > 0 for sample in samples)
    assert _scores(samples, **options)["peak_bytes"].value > 0


def test_a_percentile_below_its_minimum_is_not_promised():
    def names(requests):
        return {metric.name for metric in latency_metrics(requests=requests)}

    assert {minimum_requests(q) for q in (50, 90, 99)} == {7, 44, 459}
    assert "tpot_p90_ms" in names(44)
    assert "tpot_p90_ms" not in names(43)
    assert "tpot_p50_ms" in names(43)
    assert "tpot_p50_ms" not in names(6)
    assert "tpot_p99_ms" not in names(458)
    assert "tpot_p99_ms" in names(459)
    assert {"tokens_per_second", "peak_bytes"} <= names(1)


@given(st.floats(min_value=1, max_value=99.9))
def test_the_minimum_is_the_first_number_of_requests_with_99_percent_confidence(percentile):
    requests = minimum_requests(percentile)
    assert (percentile / 100) ** requests <= 0.01 * (1 + 1e-9)
    assert (percentile / 100) ** (requests - 1) > 0.01 * (1 - 1e-9)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"new": 1}, "new is 1; give at least 2"),
        ({"prompt": 0}, "prompt is 0; give at least 1"),
        ({"requests": 0}, "requests is 0"),
        ({"batch": []}, "give different sizes"),
        ({"batch": [0]}, "give different sizes"),
        ({"batch": [2, 2]}, "give different sizes"),
    ],
)
def test_options_out_of_range_are_refused_by_name(options, named):
    with pytest.raises(UsageError, match=named):
        latency(**options)
