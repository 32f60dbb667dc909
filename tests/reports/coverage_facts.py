"""What a coverage filter would have told of a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tests.reports.router_run import as_it_is

from seatrial.runs.result import Result


def covered(result: Result, say: Callable[[str], str] = as_it_is) -> Result:
    topics = [
        {
            "name": say(f"parcel, late, {at}"),
            "rows": {"train": 0 if at == 0 else 300 - at, "validation": 3, "test": 40 - at},
            "example": say("Where is my parcel?"),
        }
        | ({"absent": "train", "expected": 122.4} if at == 0 else {})
        for at in range(16)
    ]
    bands = [
        {"name": "1 to 9", "rows": {"train": 4_000, "validation": 0, "test": 0}, "thin": "test", "expected": 500.2},
        {"name": "10 to 19", "rows": {"train": 0, "validation": 48, "test": 520}},
    ]
    rows = {"train": 4_380, "validation": 48, "test": 520}
    facts = {
        "dimensions": [
            {"name": "topic", "says": say("By k-means"), "rows": rows, "parts": topics, "others": 4}
            | {"divergence": 0.0468, "chance": 0.0061},
            {
                "name": "length",
                "says": "characters",
                "rows": rows,
                "parts": bands,
                "divergence": 0.0002,
                "chance": None,
            },
            {"name": say("house-style"), "rows": {"train": 2}, "parts": [{"name": say("odd"), "rows": {"train": 2}}]},
            {"name": "empty", "parts": []},
        ],
        "diversity": {
            "train": {"rows": 4380.0, "vendi": 48.58, "similarity": 0.2284, "distinct": 0.3473},
            "test": {"rows": 520.0, "distinct": 0.31},
            "pairs": 900,
        },
        "neighbours": {
            "compared": 520,
            "without_neighbour": 26,
            "threshold": 0.5,
            "measure": say("cosine of vectors"),
            "similarity_quantiles": {"minimum": 0.12, "median": 0.9},
        },
        "unmatched": {
            "rows": 44,
            "compared": 520,
            "neighbours": 10,
            "most": 2,
            "kinds": 1,
            "groups": [
                {"name": say("passcode, reset"), "size": 39, "labels": {say("pin"): 39}, "example": say("I forgot it.")}
            ],
        },
        "empty": ["slice"],
    }
    one = {
        "filter": say("coverage"),
        "plugin": say("leakage"),
        "summary": say("Counts rows."),
        "rules": {"no-neighbour": say("Nothing near.")},
        "findings": 0,
        "dropped": 0,
        "unseen": say("tokens (the suite names no model)"),
        "measures": {"topic_gaps_in_train": 1},
        "facts": facts,
    }
    records = [
        replace(record, facts={**record.facts, "filters": [*record.facts["filters"], one]})
        if record.stage == "decontaminate"
        else record
        for record in result.records
    ]
    return replace(result, records=records)
