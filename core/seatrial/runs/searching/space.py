"""The space of a search: whether the method can be built with what it holds, before anything is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from seatrial.errors import UsageError
from seatrial.model import Trainable
from seatrial.runs.recipe import Recipe
from seatrial.suite.complaints import shown
from seatrial.suite.search_parts import Search, Searched
from seatrial.training import ChecksModel, TellsCost

__all__ = ["refuse_impossible", "refuse_unfitting"]


def refuse_impossible(search: Search, method: Recipe, make: Callable[[Recipe], Any]) -> None:
    """Build the method with the bounds and the values of each searched option.

    What only some values refuse together cannot be seen so: such a trial fails by itself, and the search goes on.

    Raises:
        UsageError: the method takes a value with none of the suite's settings and of the values of another searched option, or
            memory is limited and it tells no cost.
    """
    if search.memory is not None and not isinstance(make(method), TellsCost):
        raise UsageError(
            f"search.memory: {method.who} does not tell what its training costs, so nothing can be held against it; leave it out"
        )
    for one in search.over:
        for value in _extremes(one):
            _first(search, one, value, lambda options: make(replace(method, options={**method.options, **options})))


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

            def fit(options: Mapping[str, Any]) -> None:
                built = make(replace(method, options={**method.options, **options}))
                if isinstance(built, ChecksModel):
                    built.check(model())

            _first(search, one, value, fit)


def _first(search: Search, one: Searched, value: Any, takes: Callable[[Mapping[str, Any]], Any]) -> None:
    """Try a value with the suite's settings, then with each value of the other searched options, until it is taken.

    Raises:
        UsageError: it never is; the first reason.
    """
    refusal: UsageError | None = None
    for others in _others(search, one):
        try:
            takes({**others, one.name: value})
        except UsageError as error:
            refusal = refusal or error
        else:
            return
    raise UsageError(f"search.over.{one.name}: {shown(value)} cannot be tried: {refusal}") from refusal


def _extremes(one: Searched) -> tuple[Any, ...]:
    if one.kind == "choice":
        return one.choices
    whole = int if one.kind == "integer" else float
    return whole(one.low), whole(one.high)


def _others(search: Search, one: Searched) -> Iterator[dict[str, Any]]:
    """Values of other options with which it is tried: the first that each condition names, then each value of one more."""
    first = {name: values[0] for name, values in one.when.items() if values}
    yield first
    for other in search.over:
        if other is not one:
            yield from ({**first, other.name: value} for value in one.when.get(other.name, _extremes(other)))
