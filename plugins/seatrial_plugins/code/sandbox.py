"""A sandbox: a Python program in a process of its own, that may use little, reach nothing, and is ended in time."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from seatrial.errors import StageError

__all__ = ["Ended", "Limits", "Sandbox", "SandboxError", "processors"]

Kind = Literal["namespaces", "limits"]

_CHILD = Path(__file__).with_name("sandbox_child.py")
_GRACE = 2.0
"""Seconds on the clock that are given for starting Python and making the namespaces; measured: 0.06."""
_SAID = 2000
"""Characters of a program's last words that are read."""


class SandboxError(StageError):
    """The sandbox could not be made: nothing is known of the program."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a program may use."""

    seconds: float = 3.0
    """Of processor time for each of its processes; three times as many on the clock."""
    memory: int = 1 << 30
    """Bytes of addresses, for each process."""
    file: int = 16 << 20
    """Bytes of a file."""
    folder: int = 64 << 20
    """Bytes of its folder, all files together (namespaces alone)."""
    processes: int = 16
    """Processes and threads."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended."""

    whole: bool
    """Whether it ran to its end, without an exception and without leaving early."""
    said: str
    """In a few words: `ran to its end`, an exception's last line, what it was stopped for."""
    starved: bool = False
    """Whether it was stopped on the clock while it had processor time left and waited for a processor: of it nothing is known."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Runs programs, each in an empty folder of its own.

    `namespaces`: without network, in a user, mount, PID, IPC and UTS namespace of its own, with every file system read-only but
    its folder, which is memory and goes with it; without capabilities, and with no way to get any. Root becomes nobody first,
    since the kernel does not count root's processes. `limits`: processor time, memory, file size and processes alone.
    """

    kind: Kind = "namespaces"
    limits: Limits = Limits()

    def run(self, program: str) -> Ended:
        """Run a program to its end or to that of its time; nothing of it is left running.

        Raises:
            SandboxError: the sandbox could not be made.
        """
        token = secrets.token_hex(16)
        with _folder() as folder, tempfile.TemporaryFile() as words:
            job = json.dumps(
                {
                    "program": program,
                    "token": token,
                    "kind": self.kind,
                    "folder": folder,
                    "cpu": self.limits.seconds,
                    "memory": self.limits.memory,
                    "file": self.limits.file,
                    "size": self.limits.folder,
                    "processes": self.limits.processes,
                }
            )
            told, tell = os.pipe()
            try:
                process = subprocess.Popen(  # noqa: S603 - our own file, by this interpreter
                    [sys.executable, "-I", "-S", str(_CHILD), str(tell)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=words,
                    pass_fds=(tell,),
                    start_new_session=True,
                    cwd="/",
                    env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONHASHSEED": "0"},
                )
                os.close(tell)
                late, starved, heard = self._wait(process, job, told)
            finally:
                os.close(told)
            words.seek(max(0, words.seek(0, os.SEEK_END) - _SAID))
            last = words.read().decode("utf-8", "replace").strip()
        ended = self._ended(process.returncode, heard.split(), token, last, late=late)
        return replace(ended, starved=starved and not ended.whole)

    def _wait(self, process: subprocess.Popen[bytes], job: str, told: int) -> tuple[bool, bool, str]:
        """Whether it had to be stopped, whether it could have gone on, and what it wrote down of how far it came."""
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(job.encode())
            process.stdin.close()
        try:
            process.wait(3 * self.limits.seconds + _GRACE)
            late = starved = False
        except subprocess.TimeoutExpired:
            late, starved = True, _waits_for_a_processor(process.pid)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # what it left behind, too
            process.wait()
        return late, starved, _written(told)

    def _ended(self, code: int, heard: list[str], token: str, last: str, *, late: bool) -> Ended:
        if "ready" not in heard:
            raise SandboxError(
                f"the sandbox ({self.kind}) could not be made: {last or f'its process ended with {code}'}; programs are run "
                "where the machine offers user namespaces, or, without them, where the suite says `sandbox: limits`"
            )
        if token in heard:
            return Ended(True, "ran to its end")
        if late:
            return Ended(False, f"out of time: stopped after {3 * self.limits.seconds + _GRACE:g} s on the clock")
        if code == -signal.SIGXCPU or code == 128 + signal.SIGXCPU:
            return Ended(False, f"out of time: {self.limits.seconds:g} s of the processor")
        if code < 0 or code > 128:
            with contextlib.suppress(ValueError):  # an exit code beyond 128 that stands for no signal: exit(-1)
                return Ended(False, f"ended by signal {signal.Signals(-code if code < 0 else code - 128).name}")
        if code == 0:
            return Ended(False, "ended itself before its tests were done")
        # The exception's own line: those of a traceback's frames are indented, and forked processes write among them.
        said = [line for line in last.splitlines() if line.strip() and not line[0].isspace()]
        return Ended(False, said[-1][:300] if said else f"ended itself with exit code {code}")


@contextlib.contextmanager
def _folder() -> Iterator[str]:
    """An empty folder; the sandbox mounts memory over it."""
    folder = tempfile.mkdtemp(prefix="seatrial-code-")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _waits_for_a_processor(session: int) -> bool:
    """Whether processes of the session would run if they could, no more of them than there are processors: one that sleeps, or a
    crowd that hinders itself, is late of its own doing.
    """
    running = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, _, of, *_ = stat.read_text("utf-8", "replace").rpartition(")")[2].split()
            running += state == "R" and of == str(session)
    return 0 < running <= processors()


def processors() -> int:
    """Those that this process may use: a container has fewer than its machine."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _written(pipe: int) -> str:
    """What stands in the pipe; a process that escaped might hold it open, so its end is not waited for."""
    found, until = b"", time.monotonic() + 0.2
    while select.select([pipe], [], [], max(0.0, until - time.monotonic()))[0]:
        piece = os.read(pipe, 4096)
        found += piece
        if not piece or len(found) > 4096:
            break
    return found.decode("utf-8", "replace")
