"""What the stages of the router's run noted down."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from tests.reports import router_blocks
from tests.reports.payloads import storable

from seatrial.blocks.codec import to_json
from seatrial.runs.events import Record

LABELS = ("billing", "card payment", "delivery", "returns", "technical help", "smalltalk")
STARTED = datetime(2026, 11, 3, 9, 41, 12, tzinfo=UTC)


def stage_records(say: Callable[[str], str]) -> list[Record]:
    shown = {
        "toxicity": router_blocks.of_toxicity,
        "leakage": router_blocks.of_leaks,
        "coverage": router_blocks.of_gaps,
    }

    def filters(*entries: tuple[str, str, int, int]) -> list[dict[str, object]]:
        return [
            {
                "filter": say(name),
                "plugin": say(plugin),
                "summary": say(f"Looks for what {name} is about."),
                "rules": {rule: say(f"What {rule} means.") for rule in ("exact", "conflict", "tulu3", "long")},
                "findings": found,
                "dropped": dropped,
                "weak": name == "toxicity",
                "unseen": say(
                    {"toxicity": "names of people", "coverage": "tokens (the suite names no model)"}.get(name, "")
                )
                if name in {"toxicity", "coverage"}
                else "",
                "measures": {"held_out_contaminated": 4} if name == "leakage" else {},
                "missing": {"rare_share": say("too few rows")} if name == "coverage" else {},
                "blocks": [to_json(block) for block in shown[name](lambda text: storable(say(text)))]
                if name in shown
                else [],
            }
            for name, plugin, found, dropped in entries
        ]

    composition = {
        "labels": {
            say(label): {"train": 40 - 5 * i, "validation": 4, "test": 18 - i} for i, label in enumerate(LABELS)
        },
        "rows": {"train": 256, "validation": 24, "test": 105},
        "slices": {say("en"): {"train": 200, "test": 60}, say("de"): {"train": 56, "test": 45}},
        "labels_not_in_test": [say("complaints")],
    }
    facts: dict[str, dict[str, object]] = {
        "read": {
            "read": 400,
            "rows": 398,
            "problems": 2,
            "files": [
                {"file": say("support/billing.jsonl"), "source": say("package:corpus/english"), "records": 390},
                {"file": say("more.csv"), "source": say("path:data/more.csv"), "records": 10},
            ],
            "warnings": [say("one line was longer than the limit.")],
        },
        "clean": {
            "rows_in": 398,
            "dropped": 3,
            "rows_out": 395,
            "filters": filters(
                ("unicode", "cleaning", 1, 0), ("length", "cleaning", 3, 3), ("toxicity", "toxicity", 0, 0)
            ),
        },
        "deduplicate": {
            "rows_in": 395,
            "dropped": 6,
            "rows_out": 389,
            "filters": filters(("duplicates", "cleaning", 8, 6)),
        },
        "split": {
            "train": 260,
            "validation": 24,
            "test": 105,
            "notes": [say("smalltalk has too few rows to stratify.")],
        },
        "decontaminate": {
            "rows_in": 389,
            "dropped": 4,
            "rows_out": 385,
            "filters": filters(("leakage", "leakage", 4, 4), ("coverage", "coverage", 0, 0)),
            "splits": {"train": 256, "validation": 24, "test": 105},
            "composition": composition,
        },
        "train": {
            "method": say("lora"),
            "rows": 256,
            "validation_rows": 24,
            "device": say("cuda:0"),
            "dtype": "bfloat16",
            "trainable_parameters": 921600,
            "parameters": 135436608,
            "tokens": 51234,
            "supervised_tokens": 2345,
            "truncated_rows": 3,
            "lost_tokens": 77,
            "steps": 120,
            "best_step": 100,
            "tokens_per_second": 1234.5,
            "peak_bytes": 2 * 2**30,
            "seconds": 106.0,
            "masked_examples": [
                {
                    "row": "r1",
                    "pieces": [
                        {"text": say("<|im_start|>user\nWhere is my parcel?<|im_end|>\n"), "supervised": False},
                        {"text": say("<|im_start|>assistant\n"), "supervised": False},
                        {"text": say("delivery<|im_end|>"), "supervised": True},
                    ],
                },
                {"row": "r2", "pieces": [{"text": say("billing<|im_end|>"), "supervised": True}]},
            ],
            "product": "adapter",
            "product_sha256": "cd" * 32,
        },
        "verify_training": {
            "rows": 8,
            "largest_difference": 3.25,
            "tolerance": 0.001,
            "model": {"architecture": say("LlamaForCausalLM"), "attention": say("sdpa")},
        },
        "score[choice]": {"seconds": {"tuned": 12.5, "base": 11.0}, "systems": ["tuned", "base"]},
        "score[attack]": {"seconds": {"tuned": 50.0}, "systems": ["tuned"], "rows": 50, "of": 105},
        "gate": {},
    }
    seconds = [1.2, 3.4, 2.0, 0.4, 1.1, 106.0, 2.5, 23.5, 50.0, 0.2]
    return [
        Record(stage, "k" * 64, STARTED + timedelta(minutes=i), seconds[i], i < 2, (i + 1) * 200 * 2**20, {}, fact)
        for i, (stage, fact) in enumerate(facts.items())
    ]
