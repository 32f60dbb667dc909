"""The ledger of the router's run."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa

from seatrial.data.findings import Span
from seatrial.data.ledger import Entry, entries_to_table


def findings_of_all(say: Callable[[str], str]) -> pa.Table:
    def entry(row: int, stage: str, name: str, rule: str, action: str, **more: object) -> Entry:
        fields: dict[str, object] = {
            "decisive": action == "drop",
            "detail": say("what was found"),
            "excerpt": say(f"Where is parcel {row}?"),
            "split": "",
            "spans": (Span(0, 1, 2, say("x")),),
            "matched_text": None,
            "matched_row": None,
            "score": 0.97,
        }
        return Entry(
            row=say(f"{row:016x}"), source=say("package:corpus"), file=say("support/billing.jsonl"), line=row,
            stage=stage, filter=say(name), plugin=say("cleaning"), rule=rule, rule_version=say("1"), action=action,
            **(fields | more),
        )  # type: ignore[arg-type]  # fmt: skip

    entries = [entry(i, "read", "jsonl", say("json"), "drop", detail=say("broken JSON")) for i in range(2)]
    entries.append(entry(10, "clean", "unicode", "mojibake", "repair"))
    entries += [entry(20 + i, "clean", "length", say("long"), "drop", score=None) for i in range(3)]
    entries += [
        entry(
            30 + i, "deduplicate", "duplicates", "exact", "drop", matched_row=say("feed"), matched_text=say("Where is")
        )
        for i in range(6)
    ]
    entries += [
        entry(40 + i, "deduplicate", "duplicates", "conflict", "flag", detail=say("billing, returns")) for i in range(2)
    ]
    entries += [
        entry(
            50 + i,
            "decontaminate",
            "leakage",
            "tulu3",
            "drop",
            split="train",
            matched_row=say("beef"),
            matched_text=say("n-gram"),
        )
        for i in range(4)
    ]
    return entries_to_table(entries)
