"""Timed requests: warm-up first, then one transcript a request; what fails is an error of that request, or of its batch size."""

from contextlib import contextmanager
from types import MappingProxyType

import pytest

from seatrial import System, Task, Timing
from seatrial.errors import StageError, UsageError
from seatrial.rows.table import RowList
from seatrial_plugins.efficiency import seatrial_probes, time_probe
from seatrial_plugins.efficiency.timed_requests import MOST_WARM_UPS, end_to_end_ms, settled


class Clockwork:
    """A model whose request number i takes `times[i]` milliseconds: half for the first token, the rest evenly."""

    facts = MappingProxyType({})

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


@pytest.fixture
def ask(transcribed):
    def asked(model, *, name="tuned", steps=None, **options):
        task = Task("test", RowList([]), seed=3)
        return transcribed(time_probe(**options), System(name, "tuned", model), task, steps)

    return asked


def took(transcript):
    return transcript.detail["ttft_ms"] + sum(transcript.detail["gaps_ms"])


def test_each_request_tells_its_times(ask):
    steps = []
    first, second = ask(Clockwork(), requests=2, new=5, steps=steps)
    assert [first.row, second.row] == ["request-001@b1", "request-002@b1"]
    assert first.detail["ttft_ms"] == 50.0
    assert first.detail["gaps_ms"] == [12.5] * 4
    assert first.detail["peak_bytes"] == 1005
    assert (first.detail["batch"], first.detail["prompt_tokens"], first.detail["new_tokens"]) == (1, 128, 5)
    assert first.prompt_hash != second.prompt_hash
    assert steps == [(1, 2), (2, 2)]


@pytest.mark.parametrize("adapter", ["merged", "separate"])
def test_the_adapter_is_merged_unless_the_suite_says_otherwise(ask, adapter):
    model = Clockwork()
    transcripts = ask(model, requests=2, adapter=adapter)
    assert model.served == (model.requests if adapter == "merged" else [])
    assert {one.detail["adapter"] for one in transcripts} == {adapter}


def test_warm_up_requests_are_counted_and_not_timed(ask):
    model = Clockwork(times=[900.0, 300.0, 100.0, 100.0, 100.0])
    transcripts = ask(model, requests=3)
    detail = transcripts[0].detail
    assert detail["warm_up_requests"] == 5
    assert detail["warm_up_stable"] is True
    assert detail["first_request_ms"] == pytest.approx(900.0)
    assert len(model.requests) == 5 + 3
    assert all(took(one) == pytest.approx(100.0) for one in transcripts)


def test_a_warm_up_that_never_settles_ends_and_says_so(ask):
    (transcript,) = ask(Clockwork(times=[100.0 * 2**power for power in range(10)]), requests=1)
    assert transcript.detail["warm_up_requests"] == MOST_WARM_UPS
    assert transcript.detail["warm_up_stable"] is False


def test_prompts_differ_between_requests_and_not_between_runs(ask):
    first, second = Clockwork(), Clockwork()
    ask(first, requests=5, batch=[1, 2])
    ask(second, requests=5, batch=[1, 2])
    assert first.requests == second.requests
    for size in (1, 2):
        seeds = [request[3] for request in first.requests if request[0] == size]
        assert len(seeds) == len(set(seeds)) == 4 + 5


def test_batch_sizes_are_timed_one_after_the_other(ask):
    model = Clockwork()
    transcripts = ask(model, requests=44, batch=[1, 8])
    assert len(transcripts) == 88
    assert (transcripts[43].row, transcripts[44].row) == ("request-044@b1", "request-001@b8")
    assert [request[0] for request in model.requests] == [1] * 48 + [8] * 48


def test_a_request_that_fails_is_an_error_and_the_others_are_timed(ask):
    transcripts = ask(Clockwork(fails=lambda request: request[3] == 3 + 2), requests=4)
    assert [one.error for one in transcripts] == [None, "RuntimeError: out of memory", None, None]
    assert transcripts[1].detail == {"batch": 1}


def test_a_batch_that_does_not_fit_fails_without_being_tried_again(ask):
    model, steps = Clockwork(fails=lambda request: request[0] == 64), []
    transcripts = ask(model, requests=3, batch=[64, 1], steps=steps)
    assert [one.error for one in transcripts[:3]] == ["the warm-up failed: RuntimeError: out of memory"] * 3
    assert [one.error for one in transcripts[3:]] == [None] * 3
    assert sum(request[0] == 64 for request in model.requests) == 1
    assert steps[-1] == (6, 6)


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


def test_a_request_lasts_from_its_prompt_to_its_last_token():
    assert end_to_end_ms(Timing(ttft_ms=5.0, gaps_ms=(1.0, 2.5), peak_bytes=0)) == 8.5


def test_a_system_that_cannot_be_timed_is_refused_by_name(ask):
    with pytest.raises(StageError, match="majority cannot be timed"):
        ask(object(), name="majority")


def test_options_out_of_range_are_refused_by_name():
    with pytest.raises(UsageError, match="new is 1; give at least 2"):
        time_probe(new=1)


def test_the_component_asks_no_rows():
    (component,) = seatrial_probes()
    assert (component.name, component.needs, component.asks_rows) == ("time", {"times"}, False)


def test_the_tiny_model_is_timed_through_the_same_door(ask, tiny_model):
    transcripts = ask(tiny_model, requests=2, prompt=4, new=3)
    assert all(one.error is None and took(one) > 0 for one in transcripts)
    assert {one.detail["adapter"] for one in transcripts} == {"none"}
