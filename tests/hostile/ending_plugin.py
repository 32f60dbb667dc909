"""A plugin, as one is installed: the toys of `tests/core/runs`, of which one part ends the process or raises what it likes.

`HOSTILE_AT` names the part, `HOSTILE_HOW` what it does; both come from the environment, as worker processes see it too.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import signal
import sys
import time
from functools import partial
from pathlib import Path

from seatrial import (
    Component,
    FilterComponent,
    GateComponent,
    LoaderComponent,
    MethodComponent,
    ProbeComponent,
    ScorerComponent,
    hookimpl,
)

TOYS = Path(os.environ["HOSTILE_TOYS"])
_spec = importlib.util.spec_from_file_location("hostile_toys", TOYS)
toys = importlib.util.module_from_spec(_spec)
sys.modules["hostile_toys"] = toys
_spec.loader.exec_module(toys)


class OddError(BaseException):
    """Of no class that anybody catches."""


def raises(error):
    raise error


HOWS = {
    "_exit": lambda: os._exit(0),
    "_exit1": lambda: os._exit(1),
    "libc": lambda: ctypes.CDLL(None).exit(0),
    "exec": lambda: os.execv("/bin/true", ["true"]),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "sleep": lambda: time.sleep(600),
    "exit": lambda: sys.exit(0),
    "exit1": lambda: sys.exit(1),
    "interrupt": lambda: raises(KeyboardInterrupt()),
    "base": lambda: raises(OddError("odd")),
}


def end_at(place):
    """Do what is to be done, where this is the place."""
    if os.environ.get("HOSTILE_AT") == place:
        HOWS[os.environ["HOSTILE_HOW"]]()


def ending(place, made, method):
    """What was made, but for a method that ends the process first."""

    def called(*given, **named):
        end_at(place)
        return getattr(made, method)(*given, **named)

    class Ending:
        def __getattr__(self, name):
            return called if name == method else getattr(made, name)

    return Ending()


class Plugin(toys.Toys):
    """Everything that a trial needs."""

    @hookimpl
    def seatrial_models(self):
        def toy(*, power: int = 1) -> object:
            end_at("build")
            return ending("loader", toys.Loader(self, power), "open")

        yield LoaderComponent("toy", toy, "Words.", provides=self.provides)

    @hookimpl
    def seatrial_methods(self):
        yield MethodComponent("learn", lambda: ending("method", toys.Learn(self), "train"), "Synonyms.")

    @hookimpl
    def seatrial_probes(self):
        yield ProbeComponent(
            "ask",
            lambda: ending("probe", toys.Choose(self), "run"),
            "Options.",
            needs=frozenset({"scores", "classifies"}),
            piece=4,
        )

    @hookimpl
    def seatrial_scorers(self):
        for component in super().seatrial_scorers():
            yield ScorerComponent(
                component.name,
                partial(_scorer, component.build),
                component.summary,
                probe="ask",
                dimension="accuracy",
                metrics=component.metrics,
            )

    @hookimpl
    def seatrial_baselines(self):
        yield Component("always", lambda: ending("baseline", toys.Always(self), "fit"), "Always the same.")

    @hookimpl
    def seatrial_filters(self):
        rules = tuple(next(iter(super().seatrial_filters())).rules)
        yield FilterComponent("lengthy", lambda: ending("filter", toys.Long(), "inspect"), "Long rows.", rules=rules)

    @hookimpl
    def seatrial_gates(self):
        from seatrial_plugins.gates import threshold

        def bar(*, metric: str, severity: str = "block", min: float) -> object:  # noqa: A002 - the suite's word
            return ending("gate", threshold(metric=metric, severity=severity, min=min), "decide")

        yield GateComponent("bar", bar, "A bar.")

    @hookimpl
    def seatrial_reports(self):
        yield Component("lines", Lines, "A line.")

    @hookimpl
    def seatrial_run_started(self, plan):
        end_at("hook")

    @hookimpl
    def seatrial_report_blocks(self, result):
        end_at("blocks")


def _scorer(build):
    return ending("scorer", build(), "score")


class Lines:
    def write(self, result, folder):
        end_at("report")
        (folder / "lines.txt").write_text("one\n")
        return [folder / "lines.txt"]


end_at("import")
plugin = Plugin()
