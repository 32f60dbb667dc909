"""Timed requests are shown as distributions, one a time and batch size."""

import math

from seatrial.blocks.codec import checked
from seatrial.evaluation.samples import samples_to_table
from seatrial.evaluation.scorer import Scored
from seatrial.evaluation.scores import Sample
from seatrial_plugins.efficiency.blocks import latency_blocks


def shown(values, columns):
    samples = [Sample(f"request-{place:03d}", one) for place, one in enumerate(values)]
    table = samples_to_table("tuned", samples, columns)
    return {block.title: checked(block) for block in latency_blocks(Scored("latency", "tuned", table, ()))}


def test_each_time_and_batch_size_has_its_own():
    values = [{"ttft_ms": 60.0 + i, "e2e_ms@b8": 200.0 - i, "peak_bytes": 1e9} for i in range(44)]
    blocks = shown(values, ["ttft_ms", "e2e_ms@b8", "peak_bytes"])
    assert list(blocks) == ["Time to the first token, batch 1", "Time from the prompt to the last token, batch 8"]
    first = blocks["Time to the first token, batch 1"]
    assert (first.edges[0], first.edges[-1], sum(first.counts), first.unit) == (60.0, 103.0, 44, "ms")
    assert first.marks == (("median", 81.5), ("slowest", 103.0))


def test_equal_times_and_failed_requests_break_nothing():
    assert sum(shown([{"ttft_ms": 5.0}] * 9, ["ttft_ms"]).popitem()[1].counts) == 9
    nearly = [{"ttft_ms": 1.0}, {"ttft_ms": math.nextafter(1.0, 2.0)}]
    assert shown(nearly, ["ttft_ms"])["Time to the first token, batch 1"].counts == (2,)
    assert shown([{"ttft_ms": math.nan}, {"ttft_ms": None}, {"ttft_ms": 3.0}], ["ttft_ms"]) == {}
