"""When requests may be sent."""

import asyncio

from seatrial_plugins.endpoints.pace import Pace


class Time:
    """A clock that only waiting moves."""

    def __init__(self):
        self.now = 100.0

    def clock(self):
        return self.now

    async def sleep(self, seconds):
        self.now += seconds


def test_requests_are_spaced_evenly_and_unused_time_is_not_saved_up():
    time = Time()
    pace = Pace(30, time.clock, time.sleep)
    sent = []

    async def send():
        for wait in (0, 0, 0, 60, 0):
            time.now += wait
            await pace.turn()
            sent.append(time.now)

    asyncio.run(send())
    assert sent == [100, 102, 104, 164, 166]


def test_without_a_limit_nobody_waits_but_for_who_asked_to_be_left_alone():
    time = Time()
    pace = Pace(None, time.clock, time.sleep)

    async def send():
        await pace.turn()
        await pace.turn()
        assert time.now == 100
        pace.hold(7)
        pace.hold(3)
        await pace.turn()
        assert time.now == 107

    asyncio.run(send())
