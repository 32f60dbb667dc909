"""Recipes: what they make, what is made once, and what is said when it cannot be made."""

import pickle
from dataclasses import replace

import pytest

from seatrial import Rule
from seatrial.errors import StageError, UsageError
from seatrial.runs.recipe import MADE, Recipe


class Encoder:
    made = 0

    def __init__(self, *, size=1):
        Encoder.made += 1
        self.size = size


class Filter:
    def __init__(self, *, encoder=None, limit=3):
        self.encoder, self.limit = encoder, limit

    def inspect(self, rows):
        return []


def fails(*, error):
    raise error


def recipe(size=1, limit=3):
    return Recipe("filter", Filter, {"limit": limit}, {"encoder": Recipe("encoder", Encoder, {"size": size})})


def test_parts_are_made_once_for_all_that_use_them():
    made, before = {}, Encoder.made
    first, second, other = recipe().make(made), recipe(limit=4).make(made), recipe(size=2).make(made)
    assert Encoder.made == before + 2
    assert first.encoder is second.encoder is not other.encoder
    assert (first.limit, second.limit, other.encoder.size) == (3, 4, 2)
    assert first is not second


def test_keys_are_equal_where_the_same_thing_is_made():
    assert recipe().key == recipe().key
    assert len({recipe().key, recipe(size=2).key, recipe(limit=4).key}) == 3


def test_what_cannot_be_built_is_named():
    with pytest.raises(StageError, match="encoder e5 could not be built: ValueError: no weights"):
        Recipe("encoder e5", fails, {"error": ValueError("no weights")}).make({})
    with pytest.raises(UsageError, match=r"^name it$"):
        Recipe("encoder e5", fails, {"error": UsageError("name it")}).make({})


def test_a_filter_comes_out_of_a_pickle_built_again_with_its_parts_shared(suite_filter):
    filters = [suite_filter(Filter, [Rule("odd", "Odd.")], alias=name, limit=5) for name in ("one", "two")]
    filters = [replace(one, component=replace(one.component, metrics=lambda **_: ())) for one in filters]
    again = pickle.loads(pickle.dumps(filters))
    assert [one.alias for one in again] == ["one", "two"]
    assert [one.filter.limit for one in again] == [5, 5]
    assert again[0].filter is not filters[0].filter
    assert again[0].key == filters[0].key
    assert [rule.name for rule in again[0].component.rules] == ["odd"]
    assert recipe().make(MADE).encoder is recipe(limit=9).make(MADE).encoder
