"""The workbench: what a component can do without, and what it cannot."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from seatrial import Absent, Component, FilterComponent, LoaderComponent, Use, hookimpl
from seatrial.errors import ContractError, SourceError, StageError
from seatrial.plugin.host import Host
from seatrial.runs.workbench import Workbench
from seatrial.suite.options import read_options
from seatrial.suite.parts import Chosen, ModelChoice


class Counter:
    def __init__(self, encoder: Any, tokenizer: Any) -> None:
        self.encoder, self.tokenizer = encoder, tokenizer


def counter(*, encoder: Any, tokenizer: Any) -> Any:
    return Counter(encoder, tokenizer)


def broken(*, size: int = 3) -> Any:
    raise SourceError(f"its {size} weights are missing")


class Plugin:
    def __init__(self, default: str) -> None:
        self.default = default

    @hookimpl
    def seatrial_filters(self):
        uses = {"encoder": Use("encoder", self.default, optional=True), "tokenizer": Use("tokenizer", optional=True)}
        yield FilterComponent("counter", counter, "Counts.", uses=uses, place="splits")

    @hookimpl
    def seatrial_encoders(self):
        yield Component("broken", broken, "Cannot be built.")


def bench_of(tmp_path, default="broken"):
    host = Host.load()
    host.register(Plugin(default), name="counter")
    host.check()
    return host, Workbench(host, cache=tmp_path, offline=True)


def options(host, **given):
    return read_options(host.find("filters", "counter").component, given, host)[0]


def test_what_a_component_can_do_without_is_absent_and_says_why(tmp_path):
    host, bench = bench_of(tmp_path)
    built = bench.build("filters", "counter", options(host))
    assert built.encoder == Absent("its 3 weights are missing")
    assert built.tokenizer == Absent("the suite names no model")
    recipe = bench.recipe("filters", "counter", options(host))
    assert pickle.loads(pickle.dumps(recipe)).make({}).encoder == built.encoder


def test_what_a_suite_names_must_be_there(tmp_path):
    host, bench = bench_of(tmp_path)
    with pytest.raises(SourceError, match="its 7 weights are missing"):
        bench.build("filters", "counter", options(host, encoder={"broken": {"size": 7}}))


def test_a_default_that_no_plugin_brings_is_absent(tmp_path):
    host, bench = bench_of(tmp_path, default="gone")
    found = bench.build("filters", "counter", options(host)).encoder
    assert isinstance(found, Absent)
    assert "'gone'" in found.reason


class Faulty:
    """A source and a loader that don't keep their contracts."""

    @hookimpl
    def seatrial_sources(self):
        yield Component("none", lambda: self, "Gives nothing.")
        yield Component("raises", lambda: self, "Raises.")

    @hookimpl
    def seatrial_models(self):
        yield LoaderComponent("faulty", lambda: self, "Raises.")

    def resolve(self, address, find=None, cache=None, **_):
        if address.startswith("raises:"):
            raise KeyError("bucket")
        if address.startswith("path:"):
            raise TypeError("no weights")


def faulty(tmp_path):
    host = Host.load()
    host.register(Faulty(), name="faulty", distribution="faulty-parts")
    return host, Workbench(host, cache=tmp_path, offline=True)


def test_a_source_that_raises_or_gives_nothing_is_named(tmp_path):
    _, bench = faulty(tmp_path)
    with pytest.raises(StageError, match=r"raises:x: source raises \(plugin faulty-parts\) raised KeyError: 'bucket'"):
        bench.resolve("raises:x", "data")
    with pytest.raises(ContractError, match=r"source none \(plugin faulty-parts\) gave a NoneType, not a Resolved"):
        bench.resolve("none:x", "data")


def test_a_loader_that_raises_is_named(tmp_path):
    _, bench = faulty(tmp_path)
    loader = Chosen(kind="models", name="faulty", alias="faulty")
    bench.set_model(ModelChoice("path:.", loader))
    with pytest.raises(
        StageError, match=r"model path:\.: loader faulty \(plugin faulty-parts\) raised TypeError: no weights"
    ):
        print(bench.on_trial().target)
