"""A catalogue that stands still for suites to be checked against, and a process that uses no GPU, whatever ran before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import pytest

from seatrial.data.findings import Rule
from seatrial.evaluation.scores import Metric
from seatrial.plugin.component import (
    Component,
    FilterComponent,
    GateComponent,
    LoaderComponent,
    MethodComponent,
    ProbeComponent,
    ScorerComponent,
    Use,
)
from seatrial.plugin.host import Host, hookimpl


def transformers(
    *, chat: bool = True, system: str | None = None, dtype: Literal["auto", "float32"] = "auto"
) -> Any: ...


def endpoint(*, url: str, timeout: float = 30.0) -> Any: ...


def jsonl(*, max_line_bytes: int = 1_000_000) -> Any: ...


def length(*, tokenizer: Any, max_characters: int = 20_000, max_tokens: int | None = None) -> Any:
    """Drop what is too long.

    Args:
        tokenizer: the model's own.
        max_characters: the longest row kept,
            in characters.
        max_tokens: the same in tokens.

    Returns:
        A filter.
    """


def duplicates(
    *, on: Literal["input", "text"] = "input", method: Literal["exact", "minhash"] = "exact", threshold: float = 0.8
) -> Any: ...


def toxicity(*, detector: Any, threshold: float = 0.5, labels: list[str] | None = None) -> Any: ...


def privacy(*, regions: list[str] | Literal["all"] = "all") -> Any: ...


def weak(*, encoder: Any = None, copy: bool = True) -> Any: ...


def minilm(*, batch_size: int = 64) -> Any: ...


def lora(
    *, r: int = 16, alpha: float = 32, lr: float = 2e-4, target_modules: list[str] | str = "all-linear"
) -> Any: ...


def choice(*, length_normalised: bool = False) -> Any: ...


def attack(*, recipe: str = "deepwordbug", budget: int = 200) -> Any: ...


def latency(*, batch: tuple[int, ...] = (1,), new: int = 32) -> Any: ...


def latency_metrics(*, batch: list[int], new: int) -> tuple[Metric, ...]:
    if new < 2:
        raise ValueError("the time between tokens needs new ≥ 2")
    return tuple(metric(f"tpot_p50_ms_b{size}", "lower") for size in batch)


def threshold(
    *,
    metric: str,
    severity: str = "block",
    min: float | None = None,  # noqa: A002 - the suite's word
    max: float | None = None,  # noqa: A002 - the suite's word
    on: Literal["bound", "point"] = "bound",
    system: str | None = None,
) -> Any: ...


def difference(*, metric: str, baseline: str, margin: float = 0.0, severity: str = "block") -> Any: ...


def plain(*, title: str = "") -> Any: ...


def nothing() -> Any: ...


def metric(name: str, better: Literal["higher", "lower"] = "higher") -> Metric:
    return Metric(name, name, "mean", better, f"The {name}.")


COMPONENTS: Mapping[str, list[Component[Any]]] = {
    "sources": [Component(name, nothing, "A source.") for name in ("hf", "package", "path")],
    "readers": [Component("jsonl", jsonl, "JSON Lines."), Component("csv", nothing, "CSV.")],
    "filters": [
        FilterComponent(
            "length", length, "Too long.", uses={"tokenizer": Use("tokenizer")}, rules=(Rule("long", "Long."),)
        ),
        FilterComponent("duplicates", duplicates, "Copies.", rules=(Rule("copy", "A copy."),), place="corpus"),
        FilterComponent(
            "toxicity",
            toxicity,
            "Toxic.",
            uses={"detector": Use("detector", "weak")},
            rules=(Rule("toxic", "Toxic."),),
        ),
        FilterComponent(
            "privacy",
            privacy,
            "Personal data.",
            rules=(Rule("email", "An address.", "redact"), Rule("iban", "An account.", "redact")),
        ),
    ],
    "encoders": [Component("minilm", minilm, "MiniLM.")],
    "detectors": [
        Component("weak", weak, "A weak one.", uses={"encoder": Use("encoder", "minilm")}),
        Component("detoxify", nothing, "A strong one."),
    ],
    "models": [
        LoaderComponent(
            "transformers",
            transformers,
            "transformers.",
            provides=frozenset({"scores", "generates", "times", "trains"}),
            schemes=frozenset({"hf", "package", "path"}),
        ),
        LoaderComponent("endpoint", endpoint, "An endpoint.", provides=frozenset({"generates"})),
    ],
    "methods": [MethodComponent("lora", lora, "LoRA.")],
    "baselines": [Component("majority", nothing, "The most frequent label.")],
    "probes": [
        ProbeComponent("choose", nothing, "Options.", needs=frozenset({"scores", "classifies"})),
        ProbeComponent("attack", nothing, "An attack.", needs=frozenset({"scores"})),
        ProbeComponent("time", nothing, "Times.", needs=frozenset({"times"}), asks_rows=False),
    ],
    "scorers": [
        ScorerComponent(
            "choice",
            choice,
            "Choice.",
            probe="choose",
            dimension="accuracy",
            metrics=(metric("accuracy"), metric("macro_f1")),
        ),
        ScorerComponent(
            "attack",
            attack,
            "Attack.",
            probe="attack",
            dimension="robustness",
            metrics=(metric("robust_accuracy"),),
            comparable=False,
        ),
        ScorerComponent(
            "latency",
            latency,
            "Latency.",
            probe="time",
            dimension="efficiency",
            metrics=latency_metrics,
            comparable=False,
        ),
    ],
    "gates": [
        GateComponent("threshold", threshold, "A bound.", implied_by=frozenset({"min", "max"})),
        GateComponent("difference", difference, "No worse.", implied_by=frozenset({"baseline"})),
    ],
    "reports": [
        Component("html", plain, "HTML."),
        Component("markdown", plain, "Markdown."),
        Component("json", nothing, "JSON."),
    ],
}


class Plugin:
    """Brings all of them."""


def _brings(kind: str) -> Callable[..., Any]:
    def bring(self: Plugin) -> list[Component[Any]]:
        return list(COMPONENTS[kind])

    bring.__name__ = f"seatrial_{kind}"
    return hookimpl(bring)


for _kind in COMPONENTS:
    setattr(Plugin, f"seatrial_{_kind}", _brings(_kind))


@pytest.fixture
def suite_catalogue() -> Host:
    host = Host()
    host.register(Plugin(), name="still")
    host.check()
    return host


@pytest.fixture
def extra_metrics() -> dict[str, Metric]:
    return {f"data/{name}": metric(name) for name in ("test_rows", "train_rows")}


@pytest.fixture(autouse=True)
def no_gpu_in_use(monkeypatch):
    """Work that uses a GPU stays in its process; an earlier test may have used one in this."""
    monkeypatch.setattr("seatrial.runs.engines.local.on_gpu", lambda: False)
