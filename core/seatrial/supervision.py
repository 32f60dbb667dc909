"""Supervision: a parent that holds the exit code, so that a process which ends without a verdict never looks like a pass.

A component can end the process that it works in: `os._exit(0)`, a native library's `exit(0)`. Nothing within that process
can keep its code from being read as a verdict. So a command that comes to one works in a child, which is forked before
any library is loaded (a millisecond or two), and tells its parent the code when it is done; what was not told is not 0 and
not 1. The child stays in the terminal's foreground group, gets the terminal's own signals itself and all others from its
parent, and does not outlive it.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable

from seatrial.runs.engines.at_work import keep_note_in, noted_in

__all__ = ["supervised"]

_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGPIPE)
"""Signals by which others end a process: who waits for this one shall see that it was."""

_FROM_KERNEL = 128
"""SI_KERNEL: the terminal's driver sent it, to the whole foreground group."""

_DIE_WITH_PARENT = 1
"""PR_SET_PDEATHSIG."""

_NO_VERDICT = 3


def supervised(work: Callable[[], int], tell_end: Callable[[str, int], object]) -> int:
    """The exit code that `work` comes to in a child; 3 where the child ended without telling one.

    What became of such a child is handed to `tell_end`, with the code.

    Where processes cannot be forked safely (another thread is there already, a debugger looks on), it works here.
    """
    if not hasattr(signal, "sigtimedwait") or threading.active_count() > 1 or sys.gettrace() is not None:
        return work()
    note = os.memfd_create("seatrial-at-work") if hasattr(os, "memfd_create") else None
    told, tell = os.pipe()
    os.set_blocking(told, False)
    heard = {*_PASSED_ON, signal.SIGCHLD}
    parent = os.getpid()
    on_child = signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # where it is ignored, children vanish unseen
    before = signal.pthread_sigmask(signal.SIG_BLOCK, heard)
    child = os.fork()
    if child == 0:
        os.close(told)
        signal.signal(signal.SIGCHLD, on_child)
        _end_with(parent)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        if note is not None:
            keep_note_in(note)
        own, ends_with = os.getpid(), list[int]()
        atexit.register(_end_at_once, ends_with)  # registered first, so called last
        code = work()
        if os.getpid() == own:  # a component may fork, and its copy comes here too
            with contextlib.suppress(OSError):
                os.write(tell, str(code).encode())
            ends_with.append(code)
        return code
    os.close(tell)
    ended = _wait(child, heard)
    code = _code(told, ended, noted_in(note) if note is not None else "", tell_end)
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # one that waits would end this process, whose code is decided, with another
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return code


def _end_at_once(ends_with: list[int]) -> None:
    """Leave what is in memory to the kernel: taking the libraries apart, object by object, is two seconds of every run."""
    if ends_with:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(ends_with[0])


def _end_with(parent: int) -> None:
    """Have the kernel kill this process with its parent, which may be killed in a way that it cannot pass on."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(_NO_VERDICT)


def _wait(child: int, heard: set[signal.Signals]) -> int:
    """Wait for the child's end and pass signals on; returns its exit code, or the negative number of a signal."""
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        came = signal.sigtimedwait(heard, 1.0)
        if came is not None and came.si_signo != signal.SIGCHLD and came.si_code != _FROM_KERNEL:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, came.si_signo)


def _code(told: int, ended: int, at: str, tell_end: Callable[[str, int], object]) -> int:
    """The process's exit code: what was told, else what became of the child, which is said."""
    try:
        said = os.read(told, 16)
    except BlockingIOError:  # a process that the child started still holds the other end
        said = b""
    if said.isdigit():
        return int(said)
    if -ended in _ENDING:
        signal.signal(-ended, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [-ended])
        os.kill(os.getpid(), -ended)
    who = f"{at} was at work" if at else "no component was at work"
    how = f"was killed by {signal.Signals(-ended).name}" if ended < 0 else f"ended with exit code {ended}"
    hint = " (was it out of memory?)" if ended == -signal.SIGKILL else ""
    tell_end(
        f"the process {how}{hint} before it came to a verdict; {who}. What was done before is kept: the same command goes on "
        "from the last whole stage",
        _NO_VERDICT,
    )
    return _NO_VERDICT
