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

from seatrial.runs.engines import processes

__all__ = ["PoolContext", "Process", "enter", "module", "start"]

ROOT = Path(__file__).parent.parent
IMPORTED = (
    "torch.distributed.elastic.multiprocessing", "torch._dynamo", "transformers.models.llama.modeling_llama", "peft",
    "scipy.optimize", "seatrial.cli", "seatrial.commands.trials", "seatrial.runs.plan", "seatrial.runs.shared_training",
    "seatrial_plugins.accuracy.choice", "seatrial_plugins.encoders.sentence_encoder", "seatrial_plugins.huggingface.runtime",
    "seatrial_plugins.training.engine", "seatrial_plugins.training.low_rank",
)  # fmt: skip
ENVIRONMENT = os.environ | dict.fromkeys(processes.THREADS, "1") | {"HF_HUB_OFFLINE": "1"}
"""The server's: as it was before any test set a variable for itself."""

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


def start(
    target: Callable[..., object],
    *given: object,
    said: Path,
    environment: Mapping[str, str] = os.environ,
    folder: Path | None = None,
) -> Process:
    """Call the target in a warm process.

    Args:
        target: what can be imported, from this package too.
        given: its arguments.
        said: what the process says is written to the files `said.out` and `said.err`.
        environment: its variables.
        folder: the current one of the process; None for that of this one.
    """
    process = Process(target=enter, args=(target, given, str(said), dict(environment), str(folder or Path.cwd())))
    process.start()
    return process


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
    """Call the target with what it is given, as a process of its own that is started in that folder."""
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


def module(name: str, arguments: Sequence[str]) -> None:
    """What `python -m NAME ARGUMENTS` does."""
    sys.argv = [name, *arguments]
    runpy.run_module(name, run_name="__main__", alter_sys=True)
