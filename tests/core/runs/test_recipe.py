"""Recipes: what they make, what is made once, and what is said when it cannot be made."""

import importlib
import pickle
from dataclasses import replace
from functools import partial

import pytest

from seatrial import Rule, ScorerComponent
from seatrial.errors import StageError, UsageError
from seatrial.plugin.host import Provided
from seatrial.runs.recipe import MADE, Recipe, identity_of


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


def test_two_scorers_measure_alike_only_with_the_same_code(tmp_path, monkeypatch):
    """Of another's package all code counts, wherever below it the scorer is built; of the host's own, its room."""
    monkeypatch.syspath_prepend(tmp_path)

    def measure(name, distribution, text):
        for file, said in {
            "__init__": "",
            "text": text,
            "scorers/__init__": "",
            "scorers/wer": "def wer(): ...",
        }.items():
            path = tmp_path / name / f"{file}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(said)
        importlib.invalidate_caches()
        build = importlib.import_module(f"{name}.scorers.wer").wer
        component = ScorerComponent("wer", partial(build), "W.", metrics=(), probe="ask", dimension="accuracy")
        provided = Provided(component, name, distribution, "1", f"{name}.scorers")
        return identity_of("scorers", provided)["measure"]

    assert list(measure("acme_one", "acme", "x = 1").values()) != list(measure("acme_two", "acme", "x = 2").values())
    assert measure("own_one", "seatrial", "x = 1") == measure("own_two", "seatrial", "x = 2")


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
