"""Trackers of a third party: one that notes what it is told, and some that misbehave."""

from __future__ import annotations

import atexit
import fcntl
import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path

from seatrial import Component, hookimpl


class Notes:
    """Appends every call to a file."""

    def __init__(self, *, file: str = "", login: str = "") -> None:
        self.file = Path(file)

    def note(self, call, told):
        with self.file.open("a") as stream:
            stream.write(json.dumps({"call": call, "process": os.getpid(), **asdict(told)}, default=str) + "\n")

    def start(self, run):
        self.note("start", run)

    def log(self, step):
        self.note("log", step)

    def finish(self, outcome):
        self.note("finish", outcome)


class Silent:
    def start(self, run):
        pass

    def log(self, step):
        pass

    def finish(self, outcome):
        pass


class Raises(Silent):
    def log(self, step):
        raise ConnectionError("no route to host")


class Exits(Silent):
    def finish(self, outcome):
        sys.exit(0)


class Dies(Silent):
    def log(self, step):
        os._exit(7)


class Unbuilt:
    def __init__(self) -> None:
        raise OSError(28, "No space left on device")


class Hangs(Silent):
    def finish(self, outcome):
        time.sleep(600)


class HangsAtOnce(Silent):
    def __init__(self, *, file: str) -> None:
        self.file = Path(file)

    def log(self, step):
        with self.file.open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            held.write("held")
            held.flush()
            time.sleep(600)


class HangsAtExit(Silent):
    def start(self, run):
        atexit.register(time.sleep, 600)


class Asks(Silent):
    """Wants a login."""

    def start(self, run):
        with Path("/dev/tty").open() as terminal:
            terminal.readline()


TRACKERS = {
    "notes": Notes,
    "raises": Raises,
    "exits": Exits,
    "dies": Dies,
    "unbuilt": Unbuilt,
    "hangs": Hangs,
    "hangs-at-exit": HangsAtExit,
    "asks": Asks,
}


class Trackers:
    @hookimpl
    def seatrial_trackers(self):
        for name, build in TRACKERS.items():
            yield Component(name, build, "A tracker.")
        yield Component("lacking", Silent, "A tracker.", imports={"no_such_library": "no-such-library"})


def told(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text().splitlines()] if file.is_file() else []
