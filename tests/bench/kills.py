"""Kill a run again and again, in every stage, go on with the same command, and compare with a run that was left alone.

    python tests/bench/kills.py                                  # smoke, 20 kills: minutes
    python tests/bench/kills.py --suite quickstart --kills 2     # about half an hour
    python tests/bench/kills.py --data --suite FILE --kills 20   # `seatrial data`, such as on a suite that scale.py wrote

The console's lines say which stage is at work: a kill waits for its stage to begin, and then for a random part of the time
that the stage has been seen to take. A kill that came too late for its stage is tried again, earlier, in another run.
Verdict, rows, per-sample results, losses and the bytes of ledger, cleaned dataset and adapter must be equal; measured times
may differ.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from run_differences import differences

from seatrial.runs.run_folder import RunFolder
from seatrial.terminal.progress import LOSS_LINES

START, END = "(start)", "(end)"
"""Before the first stage, where plugins are loaded and weights converted; after the last one."""

STARTED = re.compile(r"Trial .*: \d+ stages.*, in .+")
FINISHED = re.compile(r"✓ +\d+/\d+ (.+?)  (earlier result)?.*")
STEPPED = re.compile(r"  train\[.+\]: step (\d+) of (\d+), loss")

ROUNDS = 6
"""Runs that are killed, at most, until every moment was hit."""


def is_training(place: str) -> bool:
    """Whether a place is a training node, whose steps are told."""
    return place.startswith("train[")


@dataclass(frozen=True, slots=True)
class Moment:
    """When a process is to be killed."""

    place: str
    """A stage, `START` or `END`."""
    part: float
    """How much of it is over by then, 0 to 1: of its time, or of a training's steps."""
    after: float
    """In a training: how much of the time between two lines is over by then, 0 to 1."""


@dataclass(slots=True)
class Heard:
    """What a process said, and how it ended."""

    begun: float | None = None
    """When the first stage began, in seconds from the process's start."""
    stages: list[tuple[str, float, bool]] = field(default_factory=list)
    """Each stage that it finished, when, and whether it only found it finished."""
    step: int = 0
    """The step of the training that was reported last."""
    steps: int = 0
    """How many there are."""
    ended: float = 0.0
    code: int = 0

    def note(self, line: str, now: float) -> None:
        """Take in a line of the console."""
        if STARTED.fullmatch(line):
            self.begun = now
        elif finished := FINISHED.fullmatch(line):
            self.stages.append((finished[1], now, bool(finished[2])))
        elif stepped := STEPPED.match(line):
            self.step, self.steps = int(stepped[1]), int(stepped[2])

    def place(self, places: Sequence[str]) -> str:
        """Where it is, or where it ended."""
        return START if self.begun is None else places[1 + len(self.stages)]

    @property
    def kept(self) -> int:
        """How many stages earlier processes had finished."""
        return sum(found for _, _, found in self.stages)

    def durations(self) -> dict[str, float]:
        """Seconds of each place that it went through itself, in order."""
        ends = [(START, self.begun or self.ended, self.begun is None), *self.stages, (END, self.ended, self.code < 0)]
        starts = [0.0, *(when for _, when, _ in ends)]
        return {name: end - start for start, (name, end, not_ours) in zip(starts, ends, strict=False) if not not_ours}


class Command:
    """`seatrial run SUITE` or `seatrial data SUITE`, the same each time, with folders for runs, cache and temporary files."""

    def __init__(self, word: str, suite: str, folder: Path) -> None:
        self._runs, self._cache, self._temporary = folder / "runs", folder / "cache", folder / "tmp"
        self._temporary.mkdir(parents=True)
        self._words = [sys.executable, "-m", "seatrial", word, suite, "--offline", "--runs", str(self._runs)]
        self._environment = os.environ | {"SEATRIAL_CACHE": str(self._cache), "TMPDIR": str(self._temporary)}
        self._errors = folder / "stderr.txt"

    def run(self, moment: Moment | None = None, durations: Mapping[str, float] | None = None) -> Heard:
        """Run to the end, or to a moment; `durations` are those of a run that was left alone."""
        heard, started = Heard(), time.monotonic()
        with self._errors.open("w", encoding="utf-8") as errors:
            process = subprocess.Popen(
                self._words,
                env=self._environment,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )
        assert process.stdout is not None
        wait = _wait(moment, heard, durations)
        while wait is None and (line := process.stdout.readline()):
            heard.note(line.rstrip("\n"), time.monotonic() - started)
            wait = _wait(moment, heard, durations)
        if wait is not None:
            time.sleep(wait)
            process.send_signal(signal.SIGKILL)
        for line in process.stdout:
            heard.note(line.rstrip("\n"), time.monotonic() - started)
        heard.code, heard.ended = process.wait(), time.monotonic() - started
        _wait_for_orphans(process.pid)
        return heard

    @property
    def folder(self) -> Path:
        """The run folder: starts that follow a kill go on in it, and make no second one."""
        folders = sorted(self._runs.iterdir())
        assert len(folders) == 1, f"one run has {len(folders)} folders: {', '.join(path.name for path in folders)}"
        return folders[0]

    @property
    def finished(self) -> bool:
        """Whether the run says that it is finished: the next start would begin another."""
        manifests = list(self._runs.glob("*/manifest.json"))
        return any("finished" in json.loads(path.read_text(encoding="utf-8")) for path in manifests)

    def has_done(self, place: str) -> bool:
        """Whether a stage will not be run again."""
        return (
            any(folder.record(place) for folder in map(RunFolder, self._runs.iterdir()))
            if self._runs.is_dir()
            else False
        )

    @property
    def errors(self) -> str:
        """What the last process wrote to standard error."""
        return self._errors.read_text(encoding="utf-8")

    def litter(self) -> list[str]:
        """What is half written still."""
        paths = (path for folder in (self._runs, self._cache) for path in folder.rglob("*"))
        return [str(path) for path in paths if path.suffix == ".part" or path.name == "unfinished"]


def _wait(moment: Moment | None, heard: Heard, durations: Mapping[str, float] | None) -> float | None:
    """How long to wait for the kill from now on; None while its place is not reached."""
    if moment is None or durations is None or heard.place(list(durations)) != moment.place:
        return None
    if not is_training(moment.place):
        return moment.part * durations[moment.place]
    if not heard.steps or heard.step < moment.part * heard.steps:
        return None
    return moment.after * durations[moment.place] / LOSS_LINES


def _wait_for_orphans(session: int, patience: float = 10.0) -> None:
    """Nothing that a process started may outlive it for long: it could hold the lock, or write on."""
    deadline = time.monotonic() + patience
    while alive := list(_members(session)):
        assert time.monotonic() < deadline, f"processes that a killed run started are still there: {alive}"
        time.sleep(0.1)


def _members(session: int) -> Iterator[int]:
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, its_session = path.read_text(encoding="utf-8").rpartition(")")[2].split()[:4]
        except OSError:  # it ended meanwhile
            continue
        if int(its_session) == session and state != "Z":
            yield int(path.parent.name)


def choose_moments(durations: Mapping[str, float], kills: int, seed: int) -> list[Moment]:
    """Every place once, and the rest in the stages that take the time; too few kills for that, only there. In order."""
    chance, places = random.Random(seed), list(durations)
    weights = [0.0 if place in {START, END} else durations[place] for place in places]
    counts: Counter[str] = Counter(places if kills >= len(places) else ())
    while counts.total() < kills:
        (place,) = chance.choices(places, weights)
        if kills >= len(places) or place not in counts or len(counts) == sum(weight > 0 for weight in weights):
            counts[place] += 1
    return [
        Moment(place, 0.9 * (number + chance.random()) / counts[place], chance.random())
        for place in places
        for number in range(counts[place])
    ]


def kill_through(command: Command, moments: Sequence[Moment], durations: dict[str, float]) -> list[Moment]:
    """Kill one run at one moment after the other; the moments that were hit.

    Where other work has the processor, a stage takes longer at one time than at another: `durations` are brought to the
    least that was seen, since a kill that comes early hits its stage, and one that comes late does not.
    """
    hits: list[Moment] = []
    for moment in moments:
        if command.finished:
            break
        if command.has_done(moment.place):  # an earlier kill came too late for its own stage
            continue
        heard = command.run(moment, durations)
        durations.update({name: min(seconds, durations[name]) for name, seconds in heard.durations().items()})
        assert heard.code in {-signal.SIGKILL, 0, 1, 4}, f"a start after a kill failed ({heard.code}): {command.errors}"
        place = heard.place(list(durations)) if heard.code < 0 else "nothing: it was done"
        if place == moment.place:
            hits.append(moment)
        step = f", behind step {heard.step} of {heard.steps}" if is_training(place) and heard.steps else ""
        print(
            f"  aimed at {moment.part:4.0%} of {moment.place:<14} hit {place}{step}; {heard.kept} stages were kept",
            flush=True,
        )
    return hits


def main() -> int:
    """Kill, go on, compare; 0 where every moment was hit and nothing differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--suite", default="smoke", help="An installed suite, or a suite file.")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", action="store_true", help="`seatrial data` instead of `seatrial run`")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="seatrial-kills-") as temporary:
        return _try("data" if given.data else "run", given.suite, given.kills, given.seed, Path(temporary))


def _try(word: str, suite: str, kills: int, seed: int, folder: Path) -> int:
    alone = Command(word, suite, folder / "alone")
    heard = alone.run()
    durations = heard.durations()
    print(f"left alone, {suite} took {heard.ended:.1f} s and ended with exit code {heard.code}")
    moments, killed, resumed, problems = choose_moments(durations, kills, seed), 0, 0, []
    for number in range(1, ROUNDS + 1):
        print(f"run {number}: {len(moments)} kills to come")
        command = Command(word, suite, folder / str(number))
        hits = kill_through(command, moments, durations)
        killed += len(hits)
        code = heard.code if command.finished else command.run().code
        problems += [f"run {number}: {what}" for what in _problems(alone.folder, command, code, heard.code)]
        step = _resumed_from(command.folder)
        resumed += step > 0
        print(f"  done; the training went on from step {step}" if any(map(is_training, durations)) else "  done")
        moments = [replace(moment, part=moment.part / 2) for moment in moments if moment not in hits]
        if not moments:
            break
    problems += [f"no kill hit {moment.place}" for moment in moments]
    if any(map(is_training, durations)) and kills >= len(durations) and not resumed:
        problems.append("no training went on from a checkpoint; try another --seed")
    print(*problems, sep="\n", end="\n" if problems else "")
    print(
        f"{killed} kills in {len(durations)} places, {number} runs: {'see above' if problems else 'the same results'}"
    )
    return 1 if problems else 0


def _resumed_from(run: Path) -> int:
    """The step of the checkpoint that the training went on from; 0 where it did not."""
    found = sorted((run / "nodes").glob("train-*.json"))
    return max(
        (json.loads(path.read_text(encoding="utf-8"))["facts"].get("resumed_from_step") or 0 for path in found),
        default=0,
    )


def _problems(alone: Path, command: Command, code: int, expected: int) -> list[str]:
    """What is wrong with a run that was killed, and is now done."""
    found = [f"{name} differs" for name in differences(alone, command.folder)]
    if code != expected:
        found.append(f"exit code {code} and not {expected}: {command.errors}")
    return found + [f"{path} was left behind" for path in command.litter()]


if __name__ == "__main__":
    sys.exit(main())
