"""What requests took, summed up."""

import json

import pytest

from seatrial.evaluation.requests import summed_up


def details(*told):
    return [json.dumps({"request": one}) for one in told]


def test_latency_is_by_nearest_rank_and_sums_are_of_all():
    told = [{"seconds": n / 10, "attempts": 1 + (n == 3), "prompt_tokens": 5, "cost": 0.25} for n in range(1, 11)]
    assert summed_up(details(*told)) == {
        "requests": 10,
        "attempts": 11,
        "seconds_p50": 0.5,
        "seconds_p90": 0.9,
        "seconds_p99": 1.0,
        "prompt_tokens": 50,
        "cost": pytest.approx(2.5),
    }


def test_the_cost_of_some_is_not_the_cost():
    found = summed_up(details({"seconds": 1.0, "cost": 1.0}, {"seconds": 2.0}))
    assert "cost" not in found
    assert found["requests"] == 2


@pytest.mark.parametrize("given", [[], ["{}"], [*details({"seconds": 1.0}), "{}"], ['{"request": 3}']])
def test_what_tells_nothing_sums_up_to_nothing(given):
    assert summed_up(given) == {}


def test_what_was_not_asked_is_not_counted_and_each_of_several_draws_is():
    one = {"seconds": 1.0, "cost": 2.0}
    told = [*details(one, {"shared": 1}), json.dumps({"requests": [one, one]})]
    assert summed_up(told) == summed_up(details(one, one, one))
