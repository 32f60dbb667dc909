"""The keys of a suite file, as pydantic models: what may stand where, beside the options of components."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from seatrial.data.findings import Action
from seatrial.evaluation.system import SystemKind
from seatrial.plugin.kinds import Kind
from seatrial.rows import Format
from seatrial.suite.options import Reserved
from seatrial.suite.strict import ColumnNames, Date, Keys, Name
from seatrial.training import Parallel
from seatrial.verdict import Severity

__all__ = [
    "RESERVED",
    "DataFileKeys",
    "DataKeys",
    "DataSuiteKeys",
    "FilterKeys",
    "GateKeys",
    "LabelStyle",
    "ModelKeys",
    "ScorerKeys",
    "Split",
    "SuiteKeys",
    "TrainKeys",
]

LabelStyle = Literal["as-is", "words"]

Seed = Annotated[int, Field(ge=0, lt=2**32)]

_SOURCE = (
    "an address, such as hf:org/name, path:data/rows.jsonl (from the folder in which seatrial runs, unless it begins with /) or "
    "package:module/path"
)


class ModelKeys(Reserved):
    """`model:` the model under test, and how it is loaded."""

    handed: ClassVar[frozenset[str]] = frozenset({"chat", "system"})

    source: str = Field(description=_SOURCE)
    loader: Any = Field(
        default=None, description="the model loader, by name or as {name: {options}}; by the address's scheme if absent"
    )
    chat: bool = Field(default=True, description="whether prompts are rendered with the model's chat template")
    system: str | None = Field(default=None, description="a system message that opens every conversation that has none")
    adapter: str | None = Field(
        default=None, description="an existing adapter to put on trial, where the suite trains none"
    )


class DataFileKeys(Keys):
    """One source of rows, and how it is read."""

    source: str = Field(description=_SOURCE)
    reader: Any = Field(
        default=None, description="the reader, by name or as {name: {options}}; by the file's ending if absent"
    )
    format: Format | None = Field(default=None, description="the rows' format; recognised row by row if absent")
    columns: ColumnNames = Field(default_factory=dict, description="our name of a column → the file's name of it")
    labels: dict[str, str] = Field(default_factory=dict, description="a label as the file writes it → as we call it")
    label_style: LabelStyle = Field(
        default="as-is", description="words: underscores and hyphens in labels become spaces, as a model would say them"
    )
    choices: list[str] = Field(
        default_factory=list, description="the options of questions that bring none of their own, such as [yes, no]"
    )
    limit: int | None = Field(default=None, ge=1, description="at most that many records of each file, from its start")


class Split(Keys):
    """Which shares of the train source are held out."""

    test: float = Field(default=0.0, ge=0, lt=1, description="share of the rows that become the test split")
    validation: float = Field(default=0.0, ge=0, lt=1, description="share of the rows that become the validation split")
    by: Literal["cluster", "row"] = Field(
        default="cluster",
        description="cluster: rows that a filter puts into one cluster never straddle a split; without such a filter each row is its own",
    )
    stratify: bool = Field(
        default=True, description="hold each label's share alike in every split, where its count allows"
    )


class DataKeys(Keys):
    """`data:` the rows, and how they come apart."""

    train: DataFileKeys | None = Field(
        default=None, description="the rows to train on: {source: address}; absent where nothing is trained"
    )
    validation: DataFileKeys | None = Field(default=None, description="the rows that early stopping looks at")
    test: DataFileKeys | None = Field(default=None, description="the evaluation set `test`")
    tests: dict[Name, DataFileKeys] = Field(
        default_factory=dict, description="more evaluation sets, by name: {medqa: {source: address}}"
    )
    split: Split = Field(default_factory=Split, description="the shares to hold out of the train source")
    engine: Any = Field(
        default="local", description="where filters work: local or ray, or {name: {workers: 4}}; the rows are the same"
    )


class FilterKeys(Reserved):
    """What stands beside a filter's own options."""

    action: Action | dict[str, Action] | None = Field(
        default=None, description="what is done about its findings: one action, or an action for each rule"
    )
    alias: Name | None = Field(default=None, alias="as", description="another name, where a filter is used twice")


class TrainKeys(Reserved):
    """What stands beside a training method's own options."""

    method: str = Field(description="the training method's name")
    devices: int | None = Field(
        default=None,
        ge=1,
        description="how many GPUs share a training, a process each; those of a launcher (torchrun), or one, if absent",
    )
    parallel: Parallel = Field(
        default="data",
        description="how they share it: data (each holds the whole model), sharded (each a share of its frozen weights, by FSDP2)",
    )


class ScorerKeys(Reserved):
    """What stands beside a scorer's own options."""

    systems: tuple[SystemKind, ...] | None = Field(
        default=None, min_length=1, description="what is scored: tuned, base, fewshot (base with examples), baseline"
    )
    samples: int | None = Field(default=None, ge=1, description="at most that many rows, drawn with the suite's seed")
    on: Name = Field(
        default="test",
        description="the evaluation set that is asked: test, a name below `data.tests`, validation or train",
    )
    fewshot: int = Field(
        default=0,
        ge=0,
        description="how many train rows every system is shown before each row; one that asks what the row asks is left out",
    )
    alias: Name | None = Field(default=None, alias="as", description="another name, where a scorer is used twice")


class GateKeys(Reserved):
    """What stands beside a gate's own options."""

    handed: ClassVar[frozenset[str]] = frozenset({"metric", "severity"})

    metric: str = Field(description="the metric to hold, as scorer/metric, such as choice/accuracy")
    gate: str | None = Field(default=None, description="the gate's name; if absent, by the keys that stand beside it")
    severity: Severity = Field(
        default="block",
        description="block decides the verdict, warn warns (exit code 3 where it could not be decided), info only shows",
    )


RESERVED: Mapping[Kind, type[Reserved]] = {
    "filters": FilterKeys,
    "scorers": ScorerKeys,
    "gates": GateKeys,
    "methods": TrainKeys,
    "models": ModelKeys,
    "readers": Reserved,
    "baselines": Reserved,
    "probes": Reserved,
    "reports": Reserved,
    "trackers": Reserved,
    "encoders": Reserved,
    "detectors": Reserved,
}
"""Kind → what stands beside its components' own options."""


class SuiteKeys(Keys):
    """A suite: one trial of one fine-tuned model."""

    name: Name = Field(description="lower-case letters and digits, joined by - or _")
    description: str = Field(default="", description="what the suite is for, in a sentence")
    seed: int = Field(default=0, ge=0, lt=2**32, description="the seed of everything random")
    seeds: tuple[Seed, ...] = Field(
        default=(), description="seeds of training: it is repeated with each; `seed` alone if empty"
    )
    date: Date | None = Field(
        default=None,
        description="what a chat template that asks for today's date is told, such as 2026-01-31; the day on which the run began "
        "if absent",
    )
    model: dict[str, Any] = Field(description="the model under test: {source: address}")
    data: dict[str, Any] = Field(description="the rows: {train: {source: address}, split: {test: 0.3}}")
    filters: list[Any] = Field(default_factory=list, description="the rules about rows, in their order")
    train: dict[str, Any] | None = Field(
        default=None, description="how the adapter is trained; absent where nothing is"
    )
    search: dict[str, Any] | None = Field(
        default=None,
        description="options of training that are searched, on validation rows, before it is trained: {over: {lr: …}}",
    )
    score: list[Any] = Field(default_factory=list, description="the scorers, in their order")
    baselines: list[Any] | None = Field(
        default=None,
        description="cheap classifiers to beat, where the rows have labels; all that are installed if absent",
    )
    fewshot: int = Field(default=4, ge=0, description="how many examples the few-shot base is shown; 0 for none")
    gates: list[Any] = Field(default_factory=list, description="the conditions that decide the verdict")
    report: list[Any] = Field(
        default_factory=lambda: ["html", "markdown", "json"], description="the reports, by name or as {name: {options}}"
    )
    tracking: list[Any] = Field(
        default_factory=list, description="the trackers that are told of the run, by name or as {name: {options}}"
    )


class DataSuiteKeys(SuiteKeys):
    """A suite whose data stages alone are run: the model may be left out."""

    model: dict[str, Any] | None = Field(  # type: ignore[assignment]  # pydantic lets a subclass widen a field
        default=None, description="the model whose tokenizer filters may ask for"
    )
