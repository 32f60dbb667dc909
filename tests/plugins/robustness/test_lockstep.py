import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.errors import StageError
from seatrial_plugins.robustness.lockstep import lockstep


def counting(upwards):
    """A job that asks `upwards` numbers and gives what it heard."""
    return lambda ask: [ask(number) for number in range(upwards)]


def squares(calls=None):
    def answer(questions):
        if calls is not None:
            calls.append(list(questions))
        return [question**2 for question in questions]

    return answer


@given(st.lists(st.integers(0, 5), max_size=8), st.integers(1, 10))
def test_every_job_hears_what_it_would_hear_alone_and_they_end_in_order(lengths, together):
    calls = []
    outcomes = list(lockstep([counting(length) for length in lengths], squares(calls), together=together))
    assert [outcome.result for outcome in outcomes] == [[n**2 for n in range(length)] for length in lengths]
    assert sum(map(len, calls)) == sum(lengths)
    assert all(len(call) <= together for call in calls)


def test_questions_are_pooled_and_a_job_that_ends_makes_room():
    calls = []
    outcomes = list(lockstep([counting(length) for length in (3, 1, 2)], squares(calls), together=2))
    assert calls == [[0, 0], [1, 0], [2, 1]]
    assert len(outcomes) == 3


def test_one_job_at_a_time_is_awake():
    awake = []

    def job(ask):
        for number in range(4):
            awake.append(threading.current_thread())
            assert len(awake) == 1
            awake.clear()
            ask(number)

    assert all(outcome.error is None for outcome in lockstep([job] * 20, squares(), together=8))


def test_what_a_job_raises_is_its_own_outcome():
    def failing(ask):
        raise ValueError(f"after {ask(3)}")

    good, bad, other = lockstep([counting(2), failing, counting(1)], squares(), together=3)
    assert (good.result, other.result) == ([0, 1], [0])
    assert isinstance(bad.error, ValueError)
    assert str(bad.error) == "after 9"


def test_an_answer_that_fails_fails_only_the_job_that_asked():
    def answer(questions):
        if 13 in questions:
            raise RuntimeError("no such luck")
        return questions

    def unlucky(ask):
        return ask(13)

    outcomes = list(lockstep([counting(2), unlucky, counting(1)], answer, together=3))
    assert [outcome.result for outcome in outcomes] == [[0, 1], None, [0]]
    assert str(outcomes[1].error) == "no such luck"


def test_jobs_that_nobody_waits_for_end_and_clean_up():
    cleaned, before = [], threading.active_count()

    def job(ask):
        try:
            while True:
                ask(0)
        finally:
            cleaned.append(1)

    def answer(questions):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(lockstep([job] * 5, answer, together=3))
    assert len(cleaned) == 3
    assert threading.active_count() == before


def test_a_job_that_wants_to_end_the_process_does_not_hang_it():
    before = threading.active_count()

    def leaving(ask):
        raise SystemExit(ask(2))

    with pytest.raises(SystemExit, match="4"):
        list(lockstep([counting(9), leaving, counting(9)], squares(), together=3))
    assert threading.active_count() == before


def threads_up_to(monkeypatch, most):
    """Lets so many threads be alive beside those that are there."""
    start, before = threading.Thread.start, threading.active_count()

    def refusing(thread):
        if threading.active_count() - before >= most:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refusing)


def test_where_the_machine_starts_no_more_threads_fewer_jobs_are_under_way(monkeypatch):
    calls, before = [], threading.active_count()
    threads_up_to(monkeypatch, 2)
    ends = list(lockstep([counting(length) for length in (3, 1, 2, 2)], squares(calls), together=4))
    assert [end.result for end in ends] == [[0, 1, 4], [0], [0, 1], [0, 1]]
    assert max(map(len, calls)) == 2
    assert threading.active_count() == before


def test_not_one_thread_is_an_error_that_says_what_to_raise(monkeypatch):
    threads_up_to(monkeypatch, 0)
    with pytest.raises(StageError, match=r"no thread can be started \(can't start new thread\).*ulimit"):
        list(lockstep([counting(2)], squares(), together=3))
