"""Warm: Python in a process forked from one that has imported the libraries already; it is a process in all other ways.

`python -m seatrial run` of toys takes 3.3 s of CPU, 2.5 of them to import pandas, scipy, pyarrow and the plugins; forked
from here it takes 0.7. Where something else is to be read as Python starts (its own
settings, the locale, threads), it is started; a test of what is imported, or of the start itself, starts it too.

It is a script too, which is that process: `warm.py` with a socket as its standard input.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import os
import pickle
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

READY = (
    *("seatrial.cli", "seatrial.commands", "seatrial.runs.run", "seatrial.runs.plan", "seatrial.runs.manifest"),
    *("numpy", "pandas", "pyarrow.compute", "pyarrow.parquet", "pyarrow.dataset", "scipy.special", "rich.progress"),
)
"""Nothing that reads the environment as it is imported."""

_AT_START = ("PYTHON", "LANG", "LC_", "OMP_", "OPENBLAS_", "MKL_", "ARROW_", "TZ")
"""How the variables begin that are read once."""


class Warm:
    """The process that others are forked from."""

    def __init__(self) -> None:
        self._line, other = socket.socketpair()
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=other, env=environment, start_new_session=True
        )
        other.close()
        self._owner, self._environment = os.getpid(), environment

    def fits(self, environment: Mapping[str, str]) -> bool:
        """Whether all that is read once is there as it is here."""
        names = [name for name in {*environment, *self._environment} if name.startswith(_AT_START)]
        return all(environment.get(name) == self._environment.get(name) for name in names if name != "PYTHONPATH")

    def run(
        self, arguments: Sequence[str], cwd: Path | None, environment: Mapping[str, str], timeout: float
    ) -> subprocess.CompletedProcess[str]:
        """Fork a process, and wait until it has ended and nobody writes to its output any longer."""
        until = time.monotonic() + timeout
        (out, out_end), (err, err_end) = os.pipe(), os.pipe()
        null = os.open(os.devnull, os.O_RDONLY)
        request = pickle.dumps((list(arguments), str(cwd or Path.cwd()), dict(environment)))
        socket.send_fds(self._line, [len(request).to_bytes(8, "big")], [null, out_end, err_end])
        self._line.sendall(request)
        for file in (null, out_end, err_end):
            os.close(file)
        child = self._number()
        try:
            said = _read_both(out, err, until)
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            self._number()
            raise
        finally:
            os.close(out)
            os.close(err)
        return subprocess.CompletedProcess(list(arguments), self._number(), *said)

    def _number(self) -> int:
        told = self._line.recv(8, socket.MSG_WAITALL)
        assert len(told) == 8, "the warm process has ended"
        return int.from_bytes(told, "big", signed=True)

    def end(self) -> None:
        """Close the line, which ends it."""
        if os.getpid() == self._owner:
            self._line.close()
            self._process.wait()


def _read_both(out: int, err: int, until: float) -> tuple[str, str]:
    parts: dict[int, list[bytes]] = {out: [], err: []}
    with selectors.DefaultSelector() as waiting:
        for file in parts:
            waiting.register(file, selectors.EVENT_READ)
        while waiting.get_map():
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError("the process has not ended in its time")
            for key, _ in waiting.select(left):
                part = os.read(key.fd, 1 << 16)
                parts[key.fd].append(part)
                if not part:
                    waiting.unregister(key.fd)
    return b"".join(parts[out]).decode(), b"".join(parts[err]).decode()


_WARM: list[Warm] = []


def run(
    *arguments: object, cwd: Path | None = None, env: Mapping[str, str] | None = None, timeout: float = 300
) -> subprocess.CompletedProcess[str]:
    """`python -m MODULE …` or `python -c CODE …`, with nothing on its standard input.

    Where the environment says otherwise what is read once, Python is started.

    Args:
        arguments: those of Python, from `-m` or `-c` on.
        cwd: the folder that it works in; None for this one.
        env: its environment; None for this process's.
        timeout: seconds.
    """
    if not _WARM:
        _WARM.append(Warm())
        atexit.register(_WARM[0].end)
    environment, said = os.environ if env is None else env, list(map(str, arguments))
    if _WARM[0].fits(environment):
        return _WARM[0].run(said, cwd, environment, timeout)
    return subprocess.run(
        [sys.executable, *said], cwd=cwd, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, check=False
    )  # fmt: skip


# ---- the process -------------------------------------------------------------------------------------------------------


def _listen(line: socket.socket) -> Callable[[], Any] | None:
    """Fork for each request; gives the forks what they have to do, and None at the end."""
    while True:
        head, files, _, _ = socket.recv_fds(line, 8, 3)
        if not head:
            return None
        request = line.recv(int.from_bytes(head, "big"), socket.MSG_WAITALL)
        child = os.fork()
        if child == 0:
            line.close()
            return lambda: _become(*pickle.loads(request), files)
        for file in files:
            os.close(file)
        line.sendall(child.to_bytes(8, "big", signed=True))
        _, status = os.waitpid(child, 0)
        line.sendall(os.waitstatus_to_exitcode(status).to_bytes(8, "big", signed=True))


def _become(arguments: list[str], cwd: str, environment: dict[str, str], files: list[int]) -> None:
    """Be a Python that was started with these arguments, there, with that environment and these files."""
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    _open_streams()
    how, what, *rest = arguments
    path = [entry for entry in environment.get("PYTHONPATH", "").split(os.pathsep) if entry]
    sys.path[:] = [cwd if how == "-m" else "", *path, *sys.path[1:]]
    importlib.invalidate_caches()
    sys.argv[:] = [how, *rest]
    if how == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        assert how == "-c"
        main = sys.modules["__main__"] = ModuleType("__main__")
        exec(compile(what, "<string>", "exec"), vars(main))


def _open_streams() -> None:
    """As Python does when it starts."""
    write = bool(os.environ.get("PYTHONUNBUFFERED"))
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        old = getattr(sys, name)
        new = open(number, "r" if number == 0 else "w", encoding=old.encoding, errors=old.errors, closefd=False)  # noqa: SIM115
        if number:
            new.reconfigure(write_through=write, line_buffering=number == 2 or os.isatty(number))
        setattr(sys, name, new)
        setattr(sys, f"__{name}__", new)


def _know_plugins() -> None:
    """Import the installed plugins, and take the digest of their code, as each run does."""
    from seatrial.plugin.host import Host
    from seatrial.runs.recipe import module_code

    for plugin in Host.load().plugins():
        module_code(plugin.module)


def _end(stop: SystemExit) -> None:
    """As Python does it, but for taking the libraries apart, object by object, which takes longer than most commands."""
    if isinstance(stop.code, int | None):
        threading._shutdown()
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit((stop.code or 0) & 0xFF)


if __name__ == "__main__":
    for name in READY:
        importlib.import_module(name)
    _know_plugins()
    os.fsync = os.fstat  # as for the tests themselves
    gc.collect()
    gc.freeze()  # what is here stays: forks need not look through it
    if work := _listen(socket.socket(fileno=os.dup(0))):
        try:
            work()
        except SystemExit as stop:
            _end(stop)
            raise
