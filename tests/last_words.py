"""Last words: a test process that ends in the middle of a test says which one, and what was written until then.

Native code ends a process without a word to pytest: OpenMP exits with 1 where no thread can be started, Ray where it has
lost its server. pytest holds back what such code writes, so that nothing is seen but dots that stop. A process beside the
tests keeps the files that it is held back in, and hears how each test begins.

It is a script too, which is that process: `last_words.py FILE…` with the numbers of open files.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

MOST = 8_000
"""Bytes of each file that are told: the last ones."""

FINISHED = "finished"


def pytest_configure(config: Any) -> None:
    """Where pytest holds back what is written, begin."""
    capture = config.pluginmanager.get_plugin("capturemanager")
    if capture is not None and capture.is_globally_capturing():
        config.pluginmanager.register(LastWords.begin(capture))


class LastWords:
    """A pytest plugin: tells the process beside how far the tests are."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin
        self._process = process
        self._line: IO[str] = process.stdin
        self._owner = os.getpid()

    @classmethod
    def begin(cls, capture: Any) -> LastWords:
        """Start the process beside; called between what pytest captures."""
        capture.resume_global_capture()
        files = [os.dup(1), os.dup(2)]  # the files that it is kept in
        capture.suspend_global_capture()
        process = subprocess.Popen(
            [sys.executable, "-S", str(Path(__file__)), *map(str, files)],
            stdin=subprocess.PIPE,
            pass_fds=files,
            text=True,
            start_new_session=True,  # a Ctrl-C ends the tests, not what tells of their end
        )
        for file in files:
            os.close(file)
        return cls(process)

    def say(self, line: str) -> None:
        """Tell how far the tests are; a test that runs in a fork has no say."""
        if os.getpid() == self._owner:
            with contextlib.suppress(BrokenPipeError):  # nobody listens: no reason for the tests to end
                self._line.write(line.encode("unicode_escape").decode() + "\n")
                self._line.flush()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.say(nodeid)

    def pytest_unconfigure(self) -> None:
        self.say(FINISHED)
        with contextlib.suppress(BrokenPipeError):
            self._line.close()
        self._process.wait()


def listen(lines: IO[str], files: Sequence[int], out: IO[str]) -> None:
    """Until the lines end; where the last one is not that the tests are over, tell what there is to tell."""
    last = "before the first test"
    for line in lines:
        last = line.rstrip("\n")
    if last == FINISHED:
        return
    print(f"\n\nThe process of the tests ended without a summary: {last}", file=out)
    for file in files:
        size = os.fstat(file).st_size
        written = os.pread(file, MOST, max(0, size - MOST)).decode(errors="replace").strip()
        if written:
            print(f"It had written:\n{written}", file=out)
    out.flush()


if __name__ == "__main__":
    listen(sys.stdin, [int(file) for file in sys.argv[1:]], sys.stderr)
