"""The host: who brings what, what is refused, who is told."""

import importlib.metadata
import importlib.util
import pkgutil
import sys
from pathlib import Path

import pytest

import seatrial_plugins
import seatrial_reports
from seatrial import Artifact, Component, FilterComponent, Finding, Metric, Plan, Rule, Stage, Step, hookimpl
from seatrial.blocks import Table, Text
from seatrial.errors import ContractError, PluginError, StageError, UsageError
from seatrial.plugin.hooks import Hooks
from seatrial.plugin.host import GROUP, Host
from seatrial.plugin.kinds import KINDS


class Filter:
    def __init__(self, name="quiet"):
        self.name = name

    @hookimpl
    def seatrial_filters(self):
        return [FilterComponent(self.name, Filter, "A filter.", rules=(Rule("loud", "Loud."),))]


def host_with(*plugins):
    host = Host()
    for index, plugin in enumerate(plugins):
        host.register(plugin, name=f"plugin-{index}", distribution=f"dist-{index}", version="1.0")
    host.check()
    return host


def entry(name, value, distribution="seatrial-example"):
    point = importlib.metadata.EntryPoint(name=name, value=value, group=GROUP)

    class Distribution:
        pass

    Distribution.name, Distribution.version = distribution, "0.9"
    object.__setattr__(point, "dist", Distribution)
    return point


def test_a_component_is_found_with_its_provider():
    provided = host_with(Filter()).find("filters", "quiet")
    assert (provided.component.name, provided.plugin, provided.distribution) == ("quiet", "plugin-0", "dist-0")


def test_an_unknown_name_is_not_found():
    assert host_with(Filter()).find("filters", "loud") is None


def test_two_providers_of_one_name_are_an_error_that_names_both():
    with pytest.raises(PluginError, match=r"'quiet'.*'plugin-0' of dist-0 1\.0 and plugin 'plugin-1' of dist-1 1\.0"):
        host_with(Filter(), Filter())


def test_the_same_name_in_two_kinds_is_no_clash():
    class Encoder:
        @hookimpl
        def seatrial_encoders(self):
            return [Component("quiet", Filter, "An encoder.")]

    host = host_with(Filter(), Encoder())
    assert host.find("encoders", "quiet").plugin == "plugin-1"


def test_none_from_a_bringing_hook_means_nothing_from_me():
    class Nothing:
        @hookimpl
        def seatrial_filters(self):
            return None

    assert host_with(Nothing()).names("filters") == []


def test_what_is_no_component_is_refused_by_its_type():
    class Wrong:
        @hookimpl
        def seatrial_filters(self):
            return ["quiet"]

    with pytest.raises(PluginError, match=r"of dist-0 1\.0: seatrial_filters gave a str, not a FilterComponent"):
        host_with(Wrong())


def test_a_bringing_hook_that_raises_names_its_plugin():
    class Broken:
        @hookimpl
        def seatrial_filters(self):
            yield FilterComponent("fine", Filter, "Fine.")
            raise KeyError("weights")

    with pytest.raises(PluginError, match=r"'plugin-0' of dist-0 1\.0: seatrial_filters raised KeyError: 'weights'"):
        host_with(Broken())


def test_an_unknown_hook_is_refused_and_the_known_ones_are_named():
    class Typo:
        @hookimpl
        def seatrial_filter(self):
            return []

    with pytest.raises(PluginError, match=r"seatrial_filter, which is no hook of seatrial; there are: seatrial_suites"):
        host_with(Typo())


def test_a_plain_implementation_of_the_wrapping_hook_is_refused():
    class Plain:
        @hookimpl
        def seatrial_run_stage(self, stage, given):
            return given

    with pytest.raises(PluginError, match=r"must be @hookimpl\(wrapper=True\)"):
        host_with(Plain())


def test_a_wrong_argument_name_is_refused_with_the_plugin_named():
    class Wrong:
        @hookimpl
        def seatrial_step_logged(self, steps):
            return None

    with pytest.raises(PluginError, match=r"'plugin-0' of dist-0 1\.0 cannot be registered"):
        host_with(Wrong())


def test_a_hook_that_is_not_marked_is_refused():
    class Unmarked:
        def seatrial_filters(self):
            return []

    with pytest.raises(
        PluginError, match=r"dist-0 1\.0 has a function seatrial_filters that is not marked: write `@hookimpl`"
    ):
        host_with(Unmarked())


def described(**changes):
    class Plugin:
        @hookimpl
        def seatrial_filters(self):
            yield FilterComponent(**({"name": "odd", "build": Filter, "summary": "Odd."} | changes))

    return Plugin()


METRICS = (
    ({"kind": "average"}, "its metric 'm' has the kind 'average'; there are: proportion, mean"),
    ({"better": "larger"}, "its metric 'm' has the better 'larger'; there are: higher, lower"),
    ({"kind": "percentile"}, "its metric 'm' is a percentile and doesn't say which"),
    ({"kind": "ratio_of_means"}, "its metric 'm' is a ratio of means and doesn't say to which column"),
    ({"kind": "corpus"}, "its metric 'm' is of a corpus and has the `statistic` ''; there are: f1_macro"),
    ({"kind": "corpus", "statistic": "mcc"}, "its metric 'm' names 1 columns.*mcc reads 2"),
    ({"limits": (1, 0)}, r"its metric 'm' has the `limits` \(1, 0\)"),
    ({"limits": (0, float("nan"))}, r"its metric 'm' has the `limits` \(0, nan\)"),
    ({"column": None}, "its metric 'm' must have a name and a column"),
)
"""What is wrong with a metric → what is said of it."""


def metric_of(**wrong):
    return Metric(**{"name": "m", "column": "c", "kind": "mean", "better": "higher", "summary": "", **wrong})


@pytest.mark.parametrize(("wrong", "said"), METRICS)
def test_a_metric_that_is_told_by_a_function_is_held_to_the_same(wrong, said):
    component = FilterComponent("f", Filter, "F.", metrics=lambda **_: [metric_of(**wrong)])
    with pytest.raises(PluginError, match=said):
        component.metrics_for({})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"metrics": (metric_of(), metric_of())}, "two of its metrics are called 'm'"),
        ({"name": "Not A Name"}, "its name must be lower-case letters and digits, joined by - or _"),
        ({"name": 5}, "its name must be lower-case letters"),
        ({"build": None}, "its `build` is a NoneType, which cannot be called"),
        ({"summary": 5}, "its `summary` is a int, not text"),
        ({"rules": ("loud",)}, "its `rules` hold a str, not a Rule"),
        ({"rules": (Rule("a", "A."), Rule("a", "B."))}, "two of its rules are called 'a'"),
        (
            {"rules": (Rule("a", "A.", "delete"),)},
            "its rule 'a' has the action 'delete'; there are: drop, redact, repair, flag",
        ),
        ({"metrics": ("accuracy",)}, "its `metrics` hold a str, not a Metric"),
        ({"uses": {"encoder": "minilm"}}, "its `uses` says a str for 'encoder', not a Use"),
        ({"rules": None}, "its `rules` is a NoneType, not a tuple"),
        ({"rules": (Rule(5, "A."),)}, "the name and the summary of its rule 5 must be text"),
        *(({"metrics": (metric_of(**wrong),)}, said) for wrong, said in METRICS),
        ({"metrics": None}, "its `metrics` is a NoneType, not a tuple"),
        ({"uses": ["encoder"]}, "its `uses` is a list, not a mapping of options to Use"),
        ({"place": "nowhere"}, "its `place` is 'nowhere'; there are: rows, corpus, splits"),
    ],
)
def test_a_component_that_is_described_wrongly_is_refused(changes, said):
    with pytest.raises(PluginError, match=rf"plugin 'plugin-0' of dist-0 1\.0: seatrial_filters, component .*{said}"):
        host_with(described(**changes))


@pytest.mark.parametrize("answer", [5, Component("odd", Filter, "Odd.")])
def test_what_is_no_series_of_components_is_refused(answer):
    class Single:
        @hookimpl
        def seatrial_filters(self):
            return answer

    with pytest.raises(PluginError, match=r"not a series of components; yield each, or return a list"):
        host_with(Single())


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (5, "gave a int, not a series of folders"),
        ("suites", "gave a str, not a series of folders"),
        (Path("suites"), "gave a PosixPath, not a series of folders"),
        ([5], "gave a int, not a folder's path"),
        ((1 / 0 for _ in "x"), "raised ZeroDivisionError"),
    ],
)
def test_what_is_no_series_of_folders_is_refused(answer, said):
    class Suites:
        @hookimpl
        def seatrial_suites(self):
            return answer

    with pytest.raises(PluginError, match=rf"plugin 'plugin-0' of dist-0 1\.0: seatrial_suites {said}"):
        host_with(Suites()).suites()


def test_a_watcher_cannot_end_the_process():
    class Ending:
        @hookimpl
        def seatrial_step_logged(self, step):
            sys.exit(0)

    host = host_with(Ending())
    host.step_logged(Step("read", 1, 2))
    assert [str(failure) for failure in host.watch_failures] == [
        "plugin plugin-0: seatrial_step_logged raised SystemExit: 0"
    ]


def test_a_wrapper_that_raises_is_named_and_the_work_is_not():
    class Meter:
        @hookimpl(wrapper=True)
        def seatrial_run_stage(self, stage, given):
            result = yield
            raise KeyError("meter")
            return result

    with pytest.raises(
        StageError, match=r"read: plugin 'plugin-1' of dist-1 1\.0: its wrapper .* raised KeyError: 'meter'"
    ):
        host_with(Filter(), Meter()).run_stage(Stage("read", 0, "k"), Artifact(), lambda given: given)


def test_what_is_no_block_is_noted_and_what_others_add_stays():
    class Wrong:
        @hookimpl
        def seatrial_report_blocks(self, result):
            return [Text("fine", []), Table("Energy", ["Wh"], [[1.9]])]

    class Right:
        @hookimpl
        def seatrial_report_blocks(self, result):
            yield Text("Energy", ["The run used 12 Wh."])

    host = host_with(Wrong(), Right())
    assert host.report_blocks(None) == {"plugin-1": [Text("Energy", ("The run used 12 Wh.",))]}
    (failure,) = host.watch_failures
    assert (failure.plugin, failure.hook) == ("plugin-0", "seatrial_report_blocks")
    assert "rows[0][0]" in str(failure)


def test_wrappers_surround_the_work_and_may_replace_the_artifact():
    order = []

    class Wrapper:
        @hookimpl(wrapper=True)
        def seatrial_run_stage(self, stage, given):
            order.append(f"before {stage.name}")
            artifact = yield
            order.append("after")
            return Artifact(artifact.files, {**artifact.facts, "wrapped": True})

    def work(given):
        order.append("work")
        return Artifact(facts={"given": given.facts["n"]})

    artifact = host_with(Wrapper()).run_stage(Stage("read", 0, "k"), Artifact(facts={"n": 3}), work)
    assert order == ["before read", "work", "after"]
    assert artifact.facts == {"given": 3, "wrapped": True}


def test_a_wrapper_that_loses_the_artifact_is_named():
    class Forgetful:
        @hookimpl(wrapper=True)
        def seatrial_run_stage(self, stage, given):
            yield

    with pytest.raises(
        ContractError, match=r"returned NoneType, not an Artifact; wrappers are: plugin 'plugin-0' of dist-0"
    ):
        host_with(Forgetful()).run_stage(Stage("read", 0, "k"), Artifact(), lambda given: given)


def test_an_error_of_the_work_passes_through_the_wrappers():
    seen = []

    class Wrapper:
        @hookimpl(wrapper=True)
        def seatrial_run_stage(self, stage, given):
            try:
                return (yield)
            except ZeroDivisionError:
                seen.append(stage.name)
                raise

    with pytest.raises(ZeroDivisionError):
        host_with(Wrapper()).run_stage(Stage("train", 0, "k"), Artifact(), lambda given: 1 / 0)
    assert seen == ["train"]


def test_a_watcher_that_raises_is_noted_and_the_next_one_is_told():
    heard = []

    class Broken:
        @hookimpl
        def seatrial_step_logged(self, step):
            raise OSError("tracker is down")

    class Watcher:
        @hookimpl
        def seatrial_step_logged(self, step):
            heard.append(step.done)

    host = host_with(Broken(), Watcher())
    host.step_logged(Step("train", 1, 2))
    assert heard == [1]
    assert [str(failure) for failure in host.watch_failures] == [
        "plugin plugin-0: seatrial_step_logged raised OSError: tracker is down"
    ]


def test_a_hook_may_name_fewer_arguments():
    heard = []

    class Watcher:
        @hookimpl
        def seatrial_run_started(self):
            heard.append("started")

    host_with(Watcher()).run_started(Plan("s", Path(), (), (), 0, offline=False))
    assert heard == ["started"]


def test_what_plugins_add_comes_in_the_order_of_their_names_not_of_loading():
    class Author:
        def __init__(self, title):
            self.title = title

        @hookimpl
        def seatrial_report_blocks(self, result):
            yield Text(self.title, [])

    host = Host()
    host.register(Author("second"), name="b")
    host.register(Author("first"), name="a")
    assert list(host.report_blocks(None)) == ["a", "b"]


def test_a_blocked_plugin_is_not_imported(monkeypatch):
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [entry("mined", "no_such_module")])
    host = Host.load(blocked=["mined"])
    assert [(info.name, info.blocked) for info in host.plugins()] == [("mined", True)]


def test_a_plugin_that_cannot_be_imported_names_its_distribution_and_the_way_out(monkeypatch):
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [entry("mined", "no_such_module")])
    with pytest.raises(PluginError, match=r"'mined' of seatrial-example 0\.9.*No module.*--no-plugin mined"):
        Host.load()


def test_a_plugin_that_ends_the_process_when_it_is_imported_is_refused(monkeypatch, tmp_path):
    (tmp_path / "seatrial_ends.py").write_text("import sys; sys.exit(0)")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: [entry("ends", "seatrial_ends")])
    with pytest.raises(PluginError, match=r"'ends' of seatrial-example 0\.9 cannot be loaded: SystemExit: 0"):
        Host.load()


def test_two_entry_points_of_one_name_are_refused(monkeypatch):
    points = [entry("twin", "json"), entry("twin", "csv", "other-example")]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: points)
    with pytest.raises(
        PluginError, match="two plugins are called 'twin': one of seatrial-example, one of other-example"
    ):
        Host.load()


def test_blocking_what_is_not_installed_is_a_usage_error():
    with pytest.raises(UsageError, match="--no-plugin nowhere: no such plugin is installed; there are: accuracy"):
        Host.load(blocked=["nowhere"])


def test_every_bringing_hook_has_a_kind_and_every_hook_is_documented_with_an_example():
    hooks = {name: function for name, function in vars(Hooks).items() if name.startswith("seatrial_")}
    assert {f"seatrial_{kind}" for kind in KINDS} <= set(hooks)
    for name, function in hooks.items():
        assert "@hookimpl" in function.__doc__, name
        assert f"def {name}(" in function.__doc__, name
        assert "alled once" in function.__doc__ or "Called often" in function.__doc__, name


def test_built_in_components_come_through_the_entry_points_of_one_distribution():
    host = Host.load()
    for kind in KINDS:
        assert host.names(kind), kind
        assert {provided.distribution for provided in host.components(kind).values()} >= {"seatrial"}, kind


def test_no_submodule_takes_the_place_of_its_builder():
    """Importing `plugin.length` sets `plugin.length`: a builder of that name would be gone at the next loading."""
    for package in (seatrial_plugins, seatrial_reports):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            parent, _, name = module.name.rpartition(".")
            source = Path(importlib.util.find_spec(parent).origin).read_text(encoding="utf-8")
            assert f"\ndef {name}(" not in source, module.name


def test_the_finding_of_a_registered_filter_is_the_public_type():
    assert Finding("row", "loud").spans == ()
