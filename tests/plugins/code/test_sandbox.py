"""The sandbox: what a program may not do does not happen, and how it ended is said."""

import contextlib
import re
import socket
import sys
import tempfile
from pathlib import Path

import pytest

from seatrial_plugins.code import sandbox as sandbox_module
from seatrial_plugins.code.sandbox import Ended, Limits, Sandbox, SandboxError

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")

SANDBOX = Sandbox(limits=Limits(seconds=1.0))


def test_a_program_that_ends_has_ended_and_one_that_leaves_early_has_not():
    assert SANDBOX.run("open('a', 'w').write('x')\nassert open('a').read() == 'x'") == Ended(True, "ran to its end")
    assert SANDBOX.run("assert 1 == 2, 'not so'") == Ended(False, "AssertionError: not so")
    for leaving in ("import sys; sys.exit(0)", "import os; os._exit(0)", "raise SystemExit"):
        assert SANDBOX.run(leaving) == Ended(False, "ended itself before its tests were done")


def test_a_program_that_others_leave_no_processor_is_told_from_one_that_waits(monkeypatch):
    monkeypatch.setattr(sandbox_module, "_GRACE", -2.2)  # the clock stops it long before its second of the processor
    busy, idle = (SANDBOX.run(program) for program in ("while True: pass", "import time\ntime.sleep(60)"))
    assert (busy.whole, busy.starved) == (False, True)
    assert (idle.whole, idle.starved) == (False, False)


def test_a_program_runs_as_a_file_of_its_own_does():
    """Nothing of the sandbox's own `from __future__`, and its classes are found by their module's name."""
    program = (
        "import dataclasses, pickle, typing\n"
        "@dataclasses.dataclass\nclass P:\n    x: int = 1\n    y: typing.ClassVar[int] = 2\n"
        "assert pickle.loads(pickle.dumps(P(3))) == P(3)\n"
        "assert P.__annotations__['x'] is int"
    )
    assert SANDBOX.run(program) == Ended(True, "ran to its end")


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("import os\nwhile True:\n    os.fork()", "BlockingIOError|out of time"),  # as busy as the machine is
        ("while True: pass", "out of time: 1 s of the processor"),
        ("x = bytearray(10 << 30)", "MemoryError"),
        ("import socket\nsocket.create_connection(('1.1.1.1', 80), timeout=5)", "Network is unreachable"),
        ("import socket\nsocket.socket(socket.AF_UNIX)", "Permission denied"),
        ("import socket\nsocket.socket(40)", "Permission denied|not supported"),  # AF_VSOCK, the hypervisor's
        ("for n in range(9): open(str(n), 'wb').write(bytes(10 << 20))", "No space left"),
        ("open('a', 'wb').write(bytes(20 << 20))", "File too large"),
        ("import os\nos.kill(os.getpid(), 9)", "SIGKILL"),
        ("import sys\nsys.exit(-1)", "exit code 255"),
        ("import os\nos._exit(200)", "exit code 200"),
        ("def f(numbers: List[int]): pass", "NameError: name 'List' is not defined"),
        ("import ctypes\nassert ctypes.CDLL(None).unshare(0x10020000) == 0", "AssertionError"),
    ],
)
def test_what_it_may_not_do_does_not_happen(program, said):
    ended = SANDBOX.run(program)
    assert (ended.whole, bool(re.search(said, ended.said))) == (False, True), ended


def test_no_socket_of_the_machine_is_reached_and_a_pair_of_its_own_is_had():
    with (
        tempfile.TemporaryDirectory() as folder,
        socket.socket(socket.AF_UNIX) as listening,
    ):  # a path of a socket is short
        listening.bind(f"{folder}/s")
        listening.listen()
        for one in (Path(folder), Path(folder, "s")):
            one.chmod(0o777)
        program = f"import socket\nsocket.socket(socket.AF_UNIX).connect('{folder}/s')"
        assert "PermissionError" in SANDBOX.run(program).said
    own = "import socket, asyncio\na, b = socket.socketpair()\na.send(b'x')\nassert b.recv(1) == b'x'\nasyncio.run(asyncio.sleep(0))"
    assert SANDBOX.run(own) == Ended(True, "ran to its end")


def test_what_a_forked_process_does_says_nothing_of_the_program():
    forked = "import os\nif os.fork():\n    os.wait()\n    os._exit(0)\n"
    assert SANDBOX.run(forked) == Ended(False, "ended itself before its tests were done")


def test_nothing_is_written_outside(tmp_path):
    target = tmp_path / "outside"
    tmp_path.chmod(0o777)
    assert "Read-only file system" in SANDBOX.run(f"open({str(target)!r}, 'w')").said
    assert not target.exists()


def test_what_it_leaves_behind_ends_with_it_and_it_sees_no_other_process(tmp_path):
    left = "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(600)\n"
    assert SANDBOX.run(left).whole
    seen = "import os\nassert {one for one in os.listdir('/proc') if one.isdigit()} == {'1', '2'}, os.listdir('/proc')"
    assert SANDBOX.run(seen).whole, SANDBOX.run(seen)
    names = []
    for one in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            names.append(one.read_text())
    assert not [name for name in names if "sandbox_child" in name]


def test_one_that_only_waits_is_stopped_on_the_clock(monkeypatch):
    monkeypatch.setattr(sandbox_module, "_GRACE", 0.5)
    ended = Sandbox(limits=Limits(seconds=0.1)).run("import time\ntime.sleep(60)")
    assert ended == Ended(False, "out of time: stopped after 0.8 s on the clock")


def test_limits_alone_still_limit():
    limits = Sandbox("limits", Limits(seconds=1.0))
    assert limits.run("assert True").whole
    assert limits.run("x = bytearray(10 << 30)").said == "MemoryError"


def test_a_machine_without_namespaces_is_told_and_runs_nothing(monkeypatch, tmp_path):
    child = tmp_path / "child.py"
    source = sandbox_module._CHILD.read_text()
    child.write_text(source.replace('call("unshare", ', 'call("unshare", 1 | '))
    monkeypatch.setattr(sandbox_module, "_CHILD", child)
    with pytest.raises(SandboxError, match=r"(?s)could not be made.*sandbox: limits"):
        SANDBOX.run(f"open({str(tmp_path / 'ran')!r}, 'w')")
    assert not (tmp_path / "ran").exists()
