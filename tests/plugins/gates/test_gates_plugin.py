import inspect
import subprocess
import sys

import pytest

import seatrial_plugins.gates as plugin
from seatrial.errors import UsageError
from seatrial.plugin.host import Host


def test_the_plugin_brings_two_gates():
    host = Host()
    host.register(plugin, name="gates")
    assert host.names("gates") == ["difference", "threshold"]


@pytest.mark.parametrize("builder", [plugin.threshold, plugin.difference])
def test_options_are_typed_keywords_and_documented(builder):
    for name, parameter in inspect.signature(builder).parameters.items():
        assert parameter.kind is inspect.Parameter.KEYWORD_ONLY
        assert parameter.annotation is not inspect.Parameter.empty
        assert f"        {name}: " in builder.__doc__


def test_a_built_gate_knows_its_metric():
    assert plugin.threshold(metric="choice/accuracy", min=0.75).metric == "choice/accuracy"
    assert plugin.difference(metric="choice/accuracy", baseline="base").metric == "choice/accuracy"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "gate on a/b: says neither `min` nor `max`; give one of them"),
        ({"min": float("nan")}, "gate on a/b: `min` and `max` must be numbers, not NaN or infinite"),
        ({"max": float("inf")}, "gate on a/b: `min` and `max` must be numbers, not NaN or infinite"),
        ({"min": 0.9, "max": 0.1}, "gate on a/b: `min` 0.9 is above `max` 0.1"),
        (
            {"min": 0.9, "on": "point"},
            "gate on a/b: `on: point` takes no account of chance, so it may not block; add `severity: info`, or leave `on` out",
        ),
        (
            {"min": 0.9, "on": "point", "severity": "warn"},
            "gate on a/b: `on: point` takes no account of chance, so it may not warn; add `severity: info`, or leave `on` out",
        ),
    ],
)
def test_thresholds_that_decide_nothing_are_refused(options, message):
    with pytest.raises(UsageError) as caught:
        plugin.threshold(metric="a/b", **options)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"baseline": "base", "margin": -0.02},
            "gate on a/b: `margin` -0.02 is how much worse is tolerated: a number from 0 up",
        ),
        (
            {"baseline": "base", "margin": float("nan")},
            "gate on a/b: `margin` nan is how much worse is tolerated: a number from 0 up",
        ),
        ({"baseline": ""}, "gate on a/b: `baseline` must name a system or run:PATH, not ''"),
        ({"baseline": "run: "}, "gate on a/b: `baseline` must name a system or run:PATH, not 'run: '"),
    ],
)
def test_differences_that_decide_nothing_are_refused(options, message):
    with pytest.raises(UsageError) as caught:
        plugin.difference(metric="a/b", **options)
    assert str(caught.value) == message


def test_importing_the_plugin_imports_nothing_heavy():
    code = "import seatrial_plugins.gates, sys; print(sorted({m.partition('.')[0] for m in sys.modules} & {'numpy', 'scipy', 'pyarrow', 'torch', 'datasets'}))"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )
