"""The space of a search: whether the method can be built with what it holds, before anything is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from seatrial.errors import UsageError
from seatrial.model import Trainable
from seatrial.runs.recipe import Recipe
from seatrial.suite.complaints import shown
from seatrial.suite.search_parts import Search, Searched
from seatrial.training import ChecksModel

__all__ = ["refuse_impossible", "refuse_unfitting"]


def refuse_impossible(search: Search, method: Recipe, make: Callable[[Recipe], Any]) -> None:
    """Build the method with the bounds and the values of each searched option, one at a time.

    What only some values refuse together cannot be seen so: such a trial fails by itself, and the search goes on.

    Raises:
        UsageError: the method takes a value with none of the suite's other settings.
    """
    for one in search.over:
        for value in _extremes(one):
            refusals = []
            for condition in _conditions(one):
                try:
                    make(replace(method, options={**method.options, **condition, one.name: value}))
                except UsageError as error:
                    refusals.append(error)
                else:
                    break
            else:
                raise UsageError(f"search.over.{one.name}: {shown(value)} cannot be tried: {refusals[0]}")


def refuse_unfitting(
    search: Search, method: Recipe, make: Callable[[Recipe], Any], model: Callable[[], Trainable]
) -> None:
    """Hold the listed values that are no numbers against the model, as the suite's own settings are: names of layers, and such.

    Raises:
        UsageError: the method has something against the model with one of them.
    """
    for one in search.over:
        for value in one.choices:
            if isinstance(value, int | float):
                continue
            condition = next(_conditions(one))
            built = make(replace(method, options={**method.options, **condition, one.name: value}))
            if isinstance(built, ChecksModel):
                try:
                    built.check(model())
                except UsageError as error:
                    raise UsageError(f"search.over.{one.name}: {shown(value)} cannot be tried: {error}") from error


def _extremes(one: Searched) -> tuple[Any, ...]:
    if one.kind == "choice":
        return one.choices
    whole = int if one.kind == "integer" else float
    return whole(one.low), whole(one.high)


def _conditions(one: Searched) -> Iterator[dict[str, Any]]:
    """Values of other options with which it is tried: the first that each condition names, then the others of each."""
    first = {name: values[0] for name, values in one.when.items() if values}
    yield first
    for name, values in one.when.items():
        yield from ({**first, name: value} for value in values[1:])
