"""Warm: processes forked from a server that has imported the heavy libraries, where starting one anew is not what is tested.

Importing torch, transformers and PEFT takes a new process some six seconds of CPU time, and a test that watches two of them
share a training looks at no import. The server has one thread, has imported and done nothing else, and starts with the first
test of a process that asks for it; its own children ask it too.
"""

from __future__ import annotations

import gc
import os
import runpy
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import NamedTuple

from seatrial.runs.engines import processes

__all__ = ["PoolContext", "Process", "run_seatrial", "start"]

ROOT = Path(__file__).parent.parent
IMPORTED = (
    "torch.distributed.elastic.multiprocessing", "torch._dynamo", "transformers.models.llama.modeling_llama", "peft",
    "scipy.optimize", "seatrial.cli", "seatrial.commands.trials", "seatrial.runs.plan", "seatrial.runs.shared_training",
    "seatrial_plugins.accuracy.choice", "seatrial_plugins.encoders.sentence_encoder", "seatrial_plugins.huggingface.runtime",
    "seatrial_plugins.training.engine", "seatrial_plugins.training.low_rank",
)  # fmt: skip
ENVIRONMENT = dict(os.environ) | dict.fromkeys(processes.THREADS, "1")
"""As it was before any test set a variable for itself."""

forkserver.set_forkserver_preload(list(IMPORTED))


class Process(ForkServerProcess):
    """Such a process."""

    def start(self) -> None:
        with _as_it_was():
            super().start()


class PoolContext(ForkServerContext):
    """In the place of `seatrial.runs.engines.processes._Context`, for a pool whose processes are warm."""

    def __init__(self) -> None:
        super().__init__()
        self.started: list[Process] = []

    def Process(self, *given, **named) -> Process:  # noqa: N802 - multiprocessing's name, a class there
        process = Process(*given, **named)
        self.started.append(process)
        return process


class Done(NamedTuple):
    """How a process ended, and what it said."""

    returncode: int | None
    stdout: str
    stderr: str


def start(
    target: Callable[..., object], *given: object, said: Path, environment: Mapping[str, str] = os.environ
) -> Process:
    """Call the target in a warm process.

    Args:
        target: what can be imported, from this package too.
        given: its arguments.
        said: what the process says is written to the files `said.out` and `said.err`.
        environment: its variables.
    """
    process = Process(target=enter, args=(target, given, str(said), dict(environment), str(Path.cwd())))
    process.start()
    return process


def run_seatrial(arguments: Sequence[object], folder: Path, timeout: float = 400) -> Done:
    """What `python -m seatrial` does with these arguments, in the current folder and environment.

    Args:
        arguments: of the command line.
        folder: where what it says is kept.
        timeout: the seconds that it may take.
    """
    process = start(seatrial, [str(argument) for argument in arguments], said=folder / "seatrial")
    try:
        process.join(timeout)
        code = process.exitcode
    finally:
        process.kill()
        process.join()
    return Done(code, *((folder / f"seatrial.{name}").read_text() for name in ("out", "err")))


@contextmanager
def _as_it_was():
    """Within the block the server may start, with the environment that it needs, and what is imported here is there too."""
    variables, paths = dict(os.environ), list(sys.path)
    os.environ.clear()
    os.environ.update(ENVIRONMENT)
    sys.path.insert(0, str(ROOT))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(variables)
        sys.path[:] = paths


# ---- in such a process -----------------------------------------------------------------------------------------------


def enter(
    target: Callable[..., object], given: Sequence[object], said: str, variables: Mapping[str, str], folder: str
) -> None:
    gc.freeze()  # what the server imported is no garbage
    for number, name in ((1, "out"), (2, "err")):
        with Path(f"{said}.{name}").open("ab") as stream:
            os.dup2(stream.fileno(), number)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(folder)
    # The server of this process is that of the process which started it.
    forkserver._forkserver.ensure_running = lambda: None
    processes._Context = PoolContext
    target(*given)


def seatrial(arguments: Sequence[str]) -> None:
    sys.argv = ["seatrial", *arguments]
    runpy.run_module("seatrial", run_name="__main__", alter_sys=True)
