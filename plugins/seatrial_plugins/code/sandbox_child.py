"""The inside of a sandbox: takes away what a program could do harm with, and runs it. Run by `sandbox.py`, never imported."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import math
import os
import resource
import signal
import struct
import sys
import traceback
import types
from collections.abc import Callable
from typing import Any

Call = Callable[..., None]

_NEWNS, _NEWUTS, _NEWIPC, _NEWUSER, _NEWPID, _NEWNET = 0x20000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000
_MS_NOSUID, _MS_NODEV, _MS_REC, _MS_PRIVATE = 2, 4, 16384, 1 << 18
_SYS_MOUNT_SETATTR = 442  # the same on every architecture
_AT_FDCWD, _AT_RECURSIVE, _MOUNT_ATTR_RDONLY = -100, 0x8000, 1
_PR_SET_PDEATHSIG, _PR_SET_KEEPCAPS, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS = 1, 8, 24, 38
_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 22, 2
_SECCOMP_ALLOW, _SECCOMP_DENY = 0x7FFF0000, 0x00050000 | errno.EACCES
_BPF_LOAD, _BPF_EQUAL, _BPF_AT_LEAST, _BPF_RETURN = 0x20, 0x15, 0x35, 0x06
_SOCKET = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
"""Machine → how the kernel's audit calls it, and the number of its system call `socket`."""
_IO_URING_SETUP, _X32 = 425, 0x40000000
_AF_INET, _AF_INET6, _AF_NETLINK = 2, 10, 16
_CAP_DAC_READ_SEARCH = 2
_CAPABILITIES_3 = 0x20080522
_NOBODY = 65534


def main() -> None:
    """Read the job, make the sandbox, run the program."""
    tell = int(sys.argv[1])
    job: dict[str, Any] = json.loads(sys.stdin.buffer.read())
    silent = os.open(os.devnull, os.O_RDWR)
    os.dup2(silent, 0)
    os.close(silent)
    with contextlib.suppress(OSError):  # where memory runs out, these end before whoever runs them
        _write("/proc/self/oom_score_adj", "1000")
    if job["kind"] == "namespaces":
        _enter(job)
    os.chdir(job["folder"])
    _limit(job)
    os.write(tell, b"ready\n")
    program, token, own = job["program"], job["token"], os.getpid()
    job.clear()
    try:
        # As Python runs a file: without what this one imports from __future__, in a module that dataclasses and pickle find.
        module = sys.modules["__program__"] = types.ModuleType("__program__")
        exec(compile(program, "<program>", "exec", dont_inherit=True), module.__dict__)  # noqa: S102 - what all of this is for
    except SystemExit as left:
        os._exit(left.code if isinstance(left.code, int) else 1 if left.code else 0)
    except BaseException:  # noqa: BLE001 - whatever it is, it is the program's
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    if os.getpid() == own:  # one that it forked is not the program
        os.write(tell, f"{token}\n".encode())
    os._exit(0)


def _enter(job: dict[str, Any]) -> None:
    libc = ctypes.CDLL(None, use_errno=True)

    def call(name: str, *arguments: Any) -> None:
        if getattr(libc, name)(*arguments) != 0:
            number = ctypes.get_errno()
            raise SystemExit(f"{name}: {os.strerror(number)}")

    root = os.geteuid() == 0
    ids = (os.geteuid(), os.getegid())
    mapped = _mapping(root=root)
    call("unshare", _NEWUSER | _NEWNS | _NEWPID | _NEWNET | _NEWIPC | _NEWUTS)
    if root:
        mapped()
    else:
        _write("/proc/self/setgroups", "deny")
        for kind, own in zip(("uid", "gid"), ids, strict=True):
            _write(f"/proc/self/{kind}_map", f"{own} {own} 1")
    # The first process of the PID namespace waits for the program, and all others end with it.
    if first := os.fork():
        _leave_as(first)
    call("prctl", _PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    _close(call, libc, job)
    _give_up(call, libc, root=root)
    if program := os.fork():
        _leave_as(program)


def _mapping(*, root: bool) -> Callable[[], None]:
    """What maps root and nobody into the user namespace that this process is about to enter: only one outside of it may."""
    if not root:
        return lambda: None
    asked, ask = os.pipe()
    me = os.getpid()
    helper = os.fork()
    if helper == 0:
        os.close(ask)
        os.read(asked, 1)
        for kind in ("uid", "gid"):
            _write(f"/proc/{me}/{kind}_map", f"0 0 1\n{_NOBODY} {_NOBODY} 1\n")
        os._exit(0)

    def mapped() -> None:
        os.write(ask, b"!")
        if os.waitpid(helper, 0)[1]:
            raise SystemExit("root and nobody could not be mapped into a user namespace")
        os.close(ask)
        os.close(asked)

    return mapped


def _close(call: Call, libc: ctypes.CDLL, job: dict[str, Any]) -> None:
    """Make every file system read-only but the program's folder, which becomes memory."""
    call("mount", b"none", b"/", None, ctypes.c_ulong(_MS_REC | _MS_PRIVATE), None)
    # Not where a container hides parts of it: the old one stays then, and its processes cannot be touched.
    libc.mount(b"proc", b"/proc", b"proc", ctypes.c_ulong(_MS_NOSUID | _MS_NODEV), None)
    with contextlib.suppress(
        OSError
    ):  # another namespace inside gives no way out: what is read-only here is locked there
        _write("/proc/sys/user/max_user_namespaces", "0")
    attributes = struct.pack("QQQQ", _MOUNT_ATTR_RDONLY, 0, 0, 0)
    call("syscall", _SYS_MOUNT_SETATTR, _AT_FDCWD, b"/", _AT_RECURSIVE, attributes, ctypes.c_size_t(len(attributes)))
    size = f"size={job['size']},nr_inodes=4096,mode=0777".encode()
    call("mount", b"none", job["folder"].encode(), b"tmpfs", ctypes.c_ulong(_MS_NOSUID | _MS_NODEV), size)


def _give_up(call: Call, libc: ctypes.CDLL, *, root: bool) -> None:
    """Be nobody where it was root, whose processes the kernel does not count; keep no capability, but that of reading what the
    user's own files are: Python may be among them.
    """
    for capability in range(64):
        libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)
    if root:
        call("prctl", _PR_SET_KEEPCAPS, 1, 0, 0, 0)
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)
    kept = 1 << _CAP_DAC_READ_SEARCH if root else 0
    call("capset", struct.pack("Ii", _CAPABILITIES_3, 0), struct.pack("6I", kept, kept, 0, 0, 0, 0))
    call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _deny_sockets(call)


def _deny_sockets(call: Call) -> None:
    """Allow sockets of the network alone, which is empty here: one that lies as a file leads out of every namespace.

    Neither by another ABI of the machine, nor by io_uring, which makes sockets too. Pairs of sockets stay.
    """
    machine = os.uname().machine
    if machine not in _SOCKET:
        raise SystemExit(f"seccomp: sockets cannot be contained on {machine}")
    audit, number = _SOCKET[machine]
    code = [
        (_BPF_LOAD, 0, 0, 4),  # the ABI
        (_BPF_EQUAL, 0, 8, audit),
        (_BPF_LOAD, 0, 0, 0),  # the call
        (_BPF_AT_LEAST, 6, 0, _X32),
        (_BPF_EQUAL, 5, 0, _IO_URING_SETUP),
        (_BPF_EQUAL, 0, 5, number),
        (_BPF_LOAD, 0, 0, 16),  # its first argument, the family
        (_BPF_EQUAL, 3, 0, _AF_INET),
        (_BPF_EQUAL, 2, 0, _AF_INET6),
        (_BPF_EQUAL, 1, 0, _AF_NETLINK),
        (_BPF_RETURN, 0, 0, _SECCOMP_DENY),
        (_BPF_RETURN, 0, 0, _SECCOMP_ALLOW),
    ]
    filled = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *one) for one in code))
    call("prctl", _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, struct.pack("H6xQ", len(code), ctypes.addressof(filled)), 0, 0)


def _leave_as(child: int) -> None:
    """Wait for a child, and end as it ended."""
    while True:
        ended, status = os.wait()
        if ended == child:
            os._exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))


def _limit(job: dict[str, Any]) -> None:
    seconds = max(1, math.ceil(job["cpu"]))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))  # a signal that tells why, then one that ends it
    for name, most in (
        ("RLIMIT_AS", job["memory"]),
        ("RLIMIT_FSIZE", job["file"]),
        ("RLIMIT_NPROC", job["processes"]),
        ("RLIMIT_NOFILE", 64),
        ("RLIMIT_CORE", 0),
    ):
        if hasattr(resource, name):
            resource.setrlimit(getattr(resource, name), (most, most))


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:  # noqa: PTH123 - nothing is imported that is not needed
        file.write(text)


if __name__ == "__main__":
    main()
