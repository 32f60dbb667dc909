"""Runs of toys that are killed: `killed_runs.py TRIAL KILLS SEED`, which prints how each ended, as JSON.

A process of its own, which forks before any library has a thread: a start takes a tenth of what a new interpreter takes.
Each run is killed just before or just after one of its renames, since it is these that make what is written whole, or
between two of them; the same call goes on with it.
"""

from __future__ import annotations

import importlib
import json
import os
import random
import signal
import sys
import threading
from pathlib import Path

from tests.core.runs.toys import Toys

from seatrial.plugin.host import Host
from seatrial.runs.run import run
from seatrial.suite.file import load_suite

rename = Path.replace


def dying(at, moment):
    """Have this process killed at its n-th rename: before it, after it, or a little later."""
    seen = 0

    def replace(self, target):
        nonlocal seen
        seen += 1
        if seen == at and moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        done = rename(self, target)
        if seen == at and moment == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        if seen == at and moment == "later":
            threading.Timer(0.002, os.kill, (os.getpid(), signal.SIGKILL)).start()
        return done

    Path.replace = replace


def start(host, folder, runs, at=0, moment=""):
    """One start of the run in a process of its own; gives its exit code, or the negative number of a signal."""
    child = os.fork()
    if child == 0:
        code = 9
        try:
            if at:
                dying(at, moment)
            host.register(Toys(), name="toys", distribution="toy-parts", version="1.0")
            result = run(
                load_suite(folder / "suite.yaml", host), host, runs=folder / "runs" / str(runs), cache=folder / "cache"
            )
            code = result.exit_code
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def main():
    folder, kills, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    rng, ends, finished = random.Random(seed), [], 0
    host = Host.load()
    for name in ("numpy", "pyarrow.compute", "pyarrow.dataset", "pyarrow.parquet", "scipy.stats"):
        importlib.import_module(name)  # once, and not in each child
    while len([end for end in ends if end == -signal.SIGKILL]) < kills:
        ends.append(start(host, folder, finished, rng.randrange(1, 14), rng.choice(["before", "after", "later"])))
        finished += ends[-1] == 0  # the next one is in another place, where it has nothing to take
    print(json.dumps({"ends": ends, "last": start(host, folder, finished)}))


if __name__ == "__main__":
    main()
