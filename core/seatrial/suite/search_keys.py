"""The keys of `search:`: which options of training are tried with which values, and how."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from seatrial.suite.strict import Keys

__all__ = ["ChoicesKeys", "Pruner", "RangeKeys", "Sampler", "SearchKeys"]

Sampler = Literal["auto", "gp", "tpe", "random"]
Pruner = Literal["median", "asha", "none"]

_WHEN = "only where other options have these values, each of which is searched with a list: {schedule: [cosine, wsd]}"


class RangeKeys(Keys):
    """An option that may be any number between two."""

    min: int | float = Field(description="the lowest value")
    max: int | float = Field(description="the highest value")
    log: bool = Field(default=False, description="whether each power of ten is as likely as the next")
    when: dict[str, Any] = Field(default_factory=dict, description=_WHEN)


class ChoicesKeys(Keys):
    """An option that is one of some values; a bare list says the same without a condition."""

    choices: list[Any] = Field(description="the values")
    when: dict[str, Any] = Field(default_factory=dict, description=_WHEN)


class SearchKeys(Keys):
    """`search:` the settings of training are found by Bayesian optimisation on the validation rows, before it is trained."""

    over: dict[str, Any] = Field(
        min_length=1,
        description="the method's options that are searched: a range {min: 1.0e-5, max: 1.0e-3, log: true} or a list of values",
    )
    trials: int = Field(default=30, ge=1, description="how many settings are tried")
    share: float = Field(
        default=0.1,
        gt=0,
        le=1,
        description="share of the train rows that they are tried on, drawn with the suite's seed",
    )
    finalists: int = Field(
        default=3,
        ge=1,
        description="how many of the best are then trained on all train rows, beside the suite's own settings",
    )
    at_once: int = Field(
        default=8,
        ge=1,
        description="how many settings are drawn, and where the method can, trained at a time, before the next are drawn in their light",
    )
    sampler: Sampler = Field(
        default="auto",
        description="how settings are drawn: gp (a Gaussian process), tpe (densities of good and bad ones; takes conditions), random; "
        "auto: gp where no option has a condition and no memory is given, else tpe",
    )
    pruner: Pruner = Field(
        default="median",
        description="which trials are given up after a quarter or half of their steps: median (worse than half of those before), "
        "asha (not among the better half at each stage), none",
    )
    memory: float | None = Field(
        default=None, gt=0, description="GiB that a training may take; settings that would take more are not trained"
    )
