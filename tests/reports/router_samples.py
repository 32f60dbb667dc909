"""The samples of the router's run, scorer by scorer."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
from tests.reports.router_stages import LABELS

from seatrial.evaluation.samples import samples_to_table
from seatrial.evaluation.scores import Sample


def choice(say: Callable[[str], str]) -> pa.Table:
    def sample(i: int, wrong: bool) -> Sample:
        target = LABELS[i % len(LABELS)]
        prediction = LABELS[(i + 1) % len(LABELS)] if wrong else target
        return Sample(
            say(f"{i:016x}"),
            {"correct": float(not wrong)},
            say(prediction),
            say(target),
            "hash",
            say(target),
            {
                "input": say(f"Message {i}: I was charged twice, and the parcel never came."),
                "confidence": 0.5 + i / 300,
            },
        )

    tuned = [sample(i, wrong=i % 10 == 0) for i in range(104)]
    broken = Sample(say("feedface"), {}, target="billing", error=say("ValueError: the prompt is too long"))
    base = [sample(i, wrong=i % 5 != 0) for i in range(105)]
    return pa.concat_tables(
        [samples_to_table("tuned", [*tuned, broken], ["correct"]), samples_to_table("base", base, ["correct"])]
    )


def attack(say: Callable[[str], str]) -> pa.Table:
    outcomes = ("skipped", "succeeded", "failed", "budget exhausted")
    columns = ["clean_correct", "robust_correct", "flipped", "queries"]
    samples = [
        Sample(
            say(f"{i:016x}"),
            {"clean_correct": 1.0, "robust_correct": 0.0, "flipped": 1.0, "queries": 31.0 + i},
            say("returns"),
            say("billing"),
            "hash",
            "",
            {
                "outcome": outcomes[i % 4] if i else say(outcomes[1]),
                "original": say("Why was my card charged twice for one order?"),
                "attacked": say("Why was my crad charged twcie for one odrer?"),
                "clean_prediction": say("billing"),
                "clean_probabilities": {say("billing"): 0.93, say("returns"): 0.02},
                "attacked_probabilities": {say("billing"): 0.21, say("returns"): 0.62},
            },
        )
        for i in range(50)
    ]
    return samples_to_table("tuned", samples, columns)


def agreement(say: Callable[[str], str]) -> pa.Table:
    """Systems that were scored on the very same rows: tuned agrees on 51 of 60, base on 12 of those, rules on 54."""

    def of(system: str, agrees: int, distance: float) -> pa.Table:
        samples = [
            Sample(say(f"{i:016x}"), {"agrees": float(i < agrees), "distance": distance * (1 + i % 3)})
            for i in range(60)
        ]
        return samples_to_table(system, samples, ["agrees", "distance"])

    return pa.concat_tables([of("tuned", 51, 1.0), of("base", 12, 3.0), of(say("rules"), 54, 1.0)])


def latency() -> pa.Table:
    samples = [Sample(f"request-{i:03d}", {"ttft_ms": 60 + i / 10}, detail={"batch": 1}) for i in range(44)]
    return samples_to_table("tuned", samples, ["ttft_ms"])
