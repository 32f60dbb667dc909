from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial import System, Task, Timing
from seatrial.errors import StageError, UsageError
from seatrial.evaluation.samples import samples_to_table
from seatrial.evaluation.summary import summarise
from seatrial_plugins.efficiency import latency, latency_metrics, minimum_requests, seatrial_scorers
from seatrial_plugins.efficiency.latency_scorer import MOST_WARM_UPS, settled


class Clockwork:
    """A model whose request number i takes `times[i]` milliseconds: half for the first token, the rest evenly."""

    def __init__(self, times=(), steady=100.0, fails=lambda request: False):
        self.times = list(times)
        self.steady = steady
        self.fails = fails
        self.requests = []
        self.served = []

    @contextmanager
    def serving(self):
        first = len(self.requests)
        yield "merged"
        self.served += self.requests[first:]

    def time_request(self, *, batch, prompt_tokens, new_tokens, seed):
        request = (batch, prompt_tokens, new_tokens, seed)
        self.requests.append(request)
        if self.fails(request):
            raise RuntimeError("out of memory")
        total = self.times.pop(0) if self.times else self.steady
        gaps = (total / 2 / (new_tokens - 1),) * (new_tokens - 1)
        return Timing(ttft_ms=total / 2, gaps_ms=gaps, peak_bytes=1000 * batch + len(self.requests))


def _score(model, **options):
    steps = []
    task = Task(labels=(), raw=[], train=[], seed=3, progress=lambda *step: steps.append(step))
    samples = list(latency(**options).score(System("tuned", "tuned", model=model), [], task))
    return samples, steps


def _scores(samples, **options):
    metrics = latency_metrics(**options)
    table = samples_to_table("tuned", samples, list(dict.fromkeys(metric.column for metric in metrics)))
    return {metric.name: summarise(metric, "latency", "tuned", table) for metric in metrics}


def test_each_request_gives_its_times_by_their_definitions():
    samples, steps = _score(Clockwork(), requests=2, new=5)
    assert [sample.row for sample in samples] == ["request-001@b1", "request-002@b1"]
    values = samples[0].values
    assert values["ttft_ms"] == 50.0
    assert values["e2e_ms"] == 100.0
    assert values["tpot_ms"] == pytest.approx((100.0 - 50.0) / 4)
    assert values["tokens_per_second"] == pytest.approx(5 / 0.1)
    assert values["peak_bytes"] == 1005.0
    assert steps == [(1, 2), (2, 2)]


@pytest.mark.parametrize("adapter", ["merged", "separate"])
def test_the_adapter_is_merged_unless_the_suite_says_otherwise(adapter):
    model = Clockwork()
    samples, _ = _score(model, requests=2, adapter=adapter)
    assert model.served == (model.requests if adapter == "merged" else [])
    assert {sample.detail["adapter"] for sample in samples} == {adapter}


def test_warm_up_requests_are_counted_and_not_timed():
    model = Clockwork(times=[900.0, 300.0, 100.0, 100.0, 100.0])
    samples, _ = _score(model, requests=3)
    detail = samples[0].detail
    assert detail["warm_up_requests"] == 5
    assert detail["warm_up_stable"] is True
    assert detail["first_request_ms"] == pytest.approx(900.0)
    assert len(model.requests) == 5 + 3
    assert all(sample.values["e2e_ms"] == pytest.approx(100.0) for sample in samples)


def test_a_warm_up_that_never_settles_ends_and_says_so():
    samples, _ = _score(Clockwork(times=[100.0 * 2**power for power in range(10)]), requests=1)
    assert samples[0].detail["warm_up_requests"] == MOST_WARM_UPS
    assert samples[0].detail["warm_up_stable"] is False


def test_prompts_differ_between_requests_and_not_between_runs():
    first, second = Clockwork(), Clockwork()
    _score(first, requests=5, batch=[1, 2])
    _score(second, requests=5, batch=[1, 2])
    assert first.requests == second.requests
    for size in (1, 2):
        seeds = [request[3] for request in first.requests if request[0] == size]
        assert len(seeds) == len(set(seeds)) == 4 + 5


def test_batch_sizes_have_columns_and_metrics_of_their_own():
    samples, _ = _score(Clockwork(), requests=44, batch=[1, 8], new=5)
    assert len(samples) == 88
    assert samples[44].row == "request-001@b8"
    assert samples[44].values["tokens_per_second@b8"] == pytest.approx(8 * 5 / 0.1)
    scores = _scores(samples, batch=[1, 8], requests=44, new=5)
    assert scores["ttft_p50_ms"].value == scores["ttft_p90_ms@b8"].value == 50.0
    assert scores["ttft_p90_ms"].n == 44
    assert scores["peak_bytes"].value == 1000 + 4 + 44
    assert scores["peak_bytes@b8"].value == 8000 + 2 * 48
    assert scores["tokens_per_second@b8"].value == pytest.approx(400)


def test_a_failed_request_is_an_error_and_makes_the_scores_missing():
    samples, _ = _score(Clockwork(fails=lambda request: request[3] == 3 + 2), requests=44)
    assert [sample.row for sample in samples if sample.error] == ["request-002@b1"]
    assert samples[1].error == "RuntimeError: out of memory"
    score = _scores(samples)["tpot_p50_ms"]
    assert score.value is None
    assert "out of memory" in score.missing


def test_a_batch_that_does_not_fit_fails_without_being_tried_again():
    model = Clockwork(fails=lambda request: request[0] == 64)
    samples, steps = _score(model, requests=3, batch=[64, 1])
    assert [sample.error for sample in samples[:3]] == ["the warm-up failed: RuntimeError: out of memory"] * 3
    assert [sample.error for sample in samples[3:]] == [None] * 3
    assert sum(request[0] == 64 for request in model.requests) == 1
    assert steps[-1] == (6, 6)


def test_a_batch_that_does_not_fit_leaves_the_scores_of_the_others():
    samples, _ = _score(Clockwork(fails=lambda request: request[0] == 64), requests=44, batch=[64, 1])
    scores = _scores(samples, batch=[64, 1], requests=44)
    assert scores["tpot_p50_ms"].value is not None
    assert scores["peak_bytes"].value is not None
    assert "out of memory" in scores["tpot_p50_ms@b64"].missing
    assert "out of memory" in scores["peak_bytes@b64"].missing


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


def test_the_columns_of_every_metric_are_in_the_samples():
    (component,) = seatrial_scorers()
    options = {"batch": [1, 4], "requests": 459, "new": 3}
    samples, _ = _score(Clockwork(), **options)
    columns = {metric.column for metric in component.metrics_for(options)}
    assert columns == set().union(*(sample.values for sample in samples))
    assert len({metric.name for metric in component.metrics_for(options)}) == 2 * 11
    assert [metric.name for metric in component.metrics_for({})] == [metric.name for metric in latency_metrics()]
    assert (component.needs, component.comparable) == (("times",), False)


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([100.0] * 3, False),
        ([500.0, 100.0, 100.0, 100.0], True),
        ([400.0, 300.0, 200.0, 100.0], False),
        ([100.0, 104.0, 108.0, 500.0], True),
    ],
)
def test_the_warm_up_settles_when_the_median_of_three_does(times, expected):
    assert settled(times) is expected


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


def test_a_system_that_cannot_be_timed_is_refused():
    task = Task(labels=(), raw=[], train=[], seed=0, progress=lambda *_: None)
    with pytest.raises(StageError, match="majority cannot be timed"):
        list(latency().score(System("majority", "baseline"), [], task))
