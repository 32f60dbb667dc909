"""The workbench: what a component can do without, and what it cannot."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from seatrial import Absent, Component, FilterComponent, LoaderComponent, Rule, Use, hookimpl
from seatrial.errors import ContractError, SourceError, StageError, UsageError
from seatrial.plugin.host import Host
from seatrial.plugin.kinds import KINDS
from seatrial.runs.workbench import Workbench
from seatrial.suite.options import read_options
from seatrial.suite.parts import Chosen, ModelChoice


class Counter:
    def __init__(self, encoder: Any, tokenizer: Any) -> None:
        self.encoder, self.tokenizer = encoder, tokenizer

    def inspect(self, rows: Any) -> Any: ...

    def compare(self, train: Any, held_out: Any) -> Any: ...


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

    provides = open = None

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


class Parts:
    """An encoder whose library is missing, a baseline that takes it, and a filter without its method."""

    @hookimpl
    def seatrial_encoders(self):
        yield Component("far", Broken, "Vectors.", imports={"no_such_module.vectors": "vectors>=2", "json": "json"})

    @hookimpl
    def seatrial_baselines(self):
        uses = {"encoder": Use("encoder", default="far")}
        yield Component("near", near, "Neighbours.", uses=uses)
        imports = lambda *, fast: {"no_such_module": "turbo"} if fast else {}  # noqa: E731
        yield Component("quick", quick, "Quick.", imports=imports)

    @hookimpl
    def seatrial_filters(self):
        yield FilterComponent("idle", Broken, "Nothing.", rules=(Rule("odd", "Odd."),))


class Broken:
    pass


class Answering:
    def fit(self, rows: Any, *, seed: int) -> None: ...

    def classify(self, rows: Any) -> Any: ...


def near(*, encoder: Any) -> Any:
    return Answering()


def quick(*, fast: bool = False) -> Any:
    return Answering()


@pytest.fixture
def parts(tmp_path):
    host = Host.load()
    host.register(Parts(), name="parts", distribution="some-parts")
    return Workbench(host, cache=tmp_path, offline=True)


def test_a_component_whose_library_is_missing_is_refused_before_it_is_built(parts):
    said = r"encoder far \(plugin parts of some-parts\) needs no_such_module\.vectors, .*pip install 'vectors>=2'"
    with pytest.raises(UsageError, match=said):
        parts.recipe("baselines", "near", {"encoder": None})
    assert parts.build("baselines", "quick", {"fast": False})
    with pytest.raises(UsageError, match=r"baseline quick .*pip install 'turbo', or leave it out: `baselines:`"):
        parts.recipe("baselines", "quick", {"fast": True})


def test_a_component_that_lacks_its_protocols_methods_is_named_where_it_is_built(parts):
    with pytest.raises(
        ContractError, match=r"idle \(plugin parts of some-parts\) was built as a Broken, which has no 'inspect'"
    ):
        parts.build("filters", "idle", {})


def test_every_built_in_component_says_what_it_imports(parts):
    # Filters are built before anything runs, and say themselves what they lack.
    wanting = {
        (kind, name)
        for kind in KINDS
        if kind != "filters"
        for name, provided in parts.host.components(kind).items()
        if provided.distribution == "seatrial"
        and set(provided.component.libraries) & {"torch", "scikit-learn", "textattack"}
        and not provided.component.imports
    }
    assert not wanting
