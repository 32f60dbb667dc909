"""A training that several processes share: started, watched and ended together, whatever becomes of one of them.

Those that train are processes of their own, one for each device, and this one watches: what sits in a collective operation
whose partner is gone hears no signal and no exception, so nobody who has to react may sit there. They are started here, on
this machine (`train: {devices: 2}`), or one by each of a launcher's processes (torchrun). Of those, the one of rank 0 does
all else of a run; the others wait until it begins a training, or is at its end.
"""

from __future__ import annotations

import json
import os
import pickle
import re
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from seatrial.errors import SeatrialError, TrainingError, UsageError
from seatrial.model import Target
from seatrial.plugin.raised import let_pass
from seatrial.rows.table import open_rows
from seatrial.runs.engines.at_work import at_work
from seatrial.runs.engines.pickling import carriable_errors
from seatrial.runs.engines.processes import Pool
from seatrial.runs.engines.workers import cores
from seatrial.runs.recipe import Recipe
from seatrial.training import Launch, Meeting, Parallel, Part, SharesTraining, Trained, TrainingJob

__all__ = ["Leader", "SharedTraining", "follow", "train_here"]

Log = Callable[[Mapping[str, float]], None]

_LOOK = 0.1
"""Seconds between two looks at the processes, and at what the first one logged."""

_GRACE = 5.0
"""Seconds in which the reason is looked for why a process raised something that is no error of ours: mostly, another one died."""

_COMING = 120.0
"""Seconds that a training waits for a launcher's processes: they import a method meanwhile, maybe from a slow disk."""

_HERE = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class SharedTraining:
    """A training as another process can begin it."""

    method: Recipe
    loader: Recipe
    target: Target
    train: Path
    validation: Path
    output: Path
    checkpoints: Path
    seed: int
    devices: int
    parallel: Parallel
    images: Path | None = None

    def job(self, log: Log) -> TrainingJob:
        """The same job in each process; all but the first only read its folders."""
        return TrainingJob(
            target=self.target,
            model=self.loader.make({}).trainable(self.target),
            train=open_rows(self.train),
            validation=open_rows(self.validation),
            output=self.output,
            checkpoints=self.checkpoints,
            seed=self.seed,
            log=log,
            devices=self.devices,
            parallel=self.parallel,
            images=self.images,
        )

    def part(self, rank: int, address: str, port: int) -> Part:
        """One process's."""
        return Part(rank, self.devices, address, port, self.parallel)


def train_here(shared: SharedTraining, log: Log) -> Trained:
    """Train in processes of this machine, one for each device.

    Raises:
        TrainingError: one of them was ended, or the training failed.
    """
    port, count = _free_port(_HERE), shared.devices
    packed = pickle.dumps(shared)
    with Pool.open(count, threads=max(1, cores() // count), environment={}) as pool:
        steps = _Steps(pool.folder / "steps.jsonl", log)
        parts = [shared.part(rank, _HERE, port) for rank in range(count)]
        calls = [_call(pool, packed, part, part.rank, steps) for part in parts]

        def look() -> list[SeatrialError]:
            steps.hand_on()
            return []

        return _result(_awaited(pool, calls, look, count))


@dataclass(slots=True)
class Leader:
    """The launcher's process of rank 0: it does all of a run, and the others take part in its trainings."""

    launch: Launch
    meeting: Meeting
    _begun: int = 0

    @classmethod
    @contextmanager
    def of(cls, method: SharesTraining, launch: Launch) -> Iterator[Leader]:
        """Within the block the others wait for trainings; then they are let go."""
        leader = cls(launch, _met(method, launch))
        try:
            yield leader
        finally:
            leader.meeting.put("end", b"")

    def train(self, shared: SharedTraining, log: Log) -> Trained:
        """Train in one process here, and in one beside each of the launcher's others.

        Raises:
            TrainingError: one of them was ended or never came, or the training failed.
        """
        number, launch = self._begun, self.launch
        self._await_others()
        self._begun += 1
        packed, part = pickle.dumps(shared), shared.part(0, launch.address, _free_port(""))
        self.meeting.put(f"begin/{number}", pickle.dumps((packed, part)))
        try:
            with _one(launch) as pool:
                steps = _Steps(pool.folder / "steps.jsonl", log)

                def look() -> list[SeatrialError]:
                    steps.hand_on()
                    told = [self.meeting.get(f"failed/{number}/{rank}") for rank in range(1, launch.world)]
                    return [_opened(failed) for failed in told if failed is not None]

                return _result(_awaited(pool, [_call(pool, packed, part, launch.local, steps)], look, launch.world))
        finally:
            self.meeting.put(f"over/{number}", b"")

    def _await_others(self) -> None:
        until, launch = time.monotonic() + _COMING, self.launch
        while lack := [rank for rank in range(1, launch.world) if self.meeting.get(f"here/{rank}") is None]:
            if time.monotonic() > until:
                raise TrainingError(
                    f"of the launcher's {launch.world} processes {', '.join(map(str, lack))} did not come to "
                    f"{launch.address}:{launch.port} within {_COMING:.0f} seconds; look at what they said, and whether their "
                    "hosts reach that address"
                )
            time.sleep(_LOOK)


def follow(method: SharesTraining, launch: Launch) -> None:
    """Take part in the trainings of the launcher's process of rank 0 until that is at its end.

    Raises:
        UsageError: that cannot be reached.
    """
    meeting = _met(method, launch)
    try:
        meeting.put(f"here/{launch.rank}", b"")
        number = 0
        while (begun := _begun(meeting, number)) is not None:
            packed, first = pickle.loads(begun)  # noqa: S301 - the process of rank 0 wrote it
            with suppress(_OverError):
                _follow(meeting, number, launch, replace(first, rank=launch.rank), packed)
            _await_end(meeting, number)
            number += 1
    except ConnectionError:  # the launcher has ended, or rank 0, which told why
        return


def _met(method: SharesTraining, launch: Launch) -> Meeting:
    try:
        return method.meet(launch)
    except ConnectionError as error:
        raise UsageError(
            f"process {launch.rank} of the launcher's {launch.world} cannot meet the others at {launch.address}:{launch.port} "
            f"(MASTER_ADDR, MASTER_PORT): {error}; look whether the process of rank 0 runs, and whether this host reaches that port"
        ) from error


class _OverError(Exception):
    """The training is at its end, for whichever reason."""


def _begun(meeting: Meeting, number: int) -> bytes | None:
    """The training of that number, once it begins; None where no more come."""
    while meeting.get("end") is None:
        if (begun := meeting.get(f"begin/{number}")) is not None:
            return begun
        time.sleep(_LOOK)
    return None


def _await_end(meeting: Meeting, number: int) -> None:
    while meeting.get(f"over/{number}") is None:
        time.sleep(_LOOK)


def _follow(meeting: Meeting, number: int, launch: Launch, part: Part, packed: bytes) -> None:
    def look() -> list[SeatrialError]:
        if meeting.get(f"over/{number}") is not None and not calls[0].done():
            raise _OverError
        return []

    with _one(launch) as pool:
        calls = [_call(pool, packed, part, launch.local, None)]
        try:
            _awaited(pool, calls, look, 1)
        except SeatrialError as error:
            meeting.put(f"failed/{number}/{launch.rank}", pickle.dumps(error))
            # Its end breaks what others sit in, and what they say of that is no reason: it stays until they are ended.
            _await_end(meeting, number)
            raise _OverError from error


# ---- watching --------------------------------------------------------------------------------------------------------


@contextmanager
def _one(launch: Launch) -> Iterator[Pool]:
    with Pool.open(1, threads=max(1, cores() // launch.local_world), environment={}) as pool:
        yield pool


def _call(pool: Pool, packed: bytes, part: Part, local: int, steps: _Steps | None) -> Future[Any]:
    # A recipe's parts may be heavy to carry, and unpacking them may import torch: the GPU is chosen before.
    return pool.executor.submit(
        _take_part, packed, part, local, None if steps is None or part.rank else str(steps.path)
    )


def _awaited(
    pool: Pool, calls: Sequence[Future[Any]], look: Callable[[], Sequence[SeatrialError]], count: int
) -> Sequence[Future[Any]]:
    """The calls, once all have returned; the others are ended with the pool where one failed.

    Args:
        pool: where they run.
        calls: one for each process here.
        look: called ten times a second; what processes elsewhere said why they failed.
        count: how many processes are heard of.
    """
    first, until = None, 0.0
    while True:
        wait([call for call in calls if not call.done()], timeout=_LOOK, return_when=FIRST_EXCEPTION)
        told = look()
        found = [*told, *(error for call in calls if call.done() and (error := call.exception()) is not None)]
        if not found and all(call.done() for call in calls):
            return calls
        if not found:
            continue
        if (reason := _reason(pool, found, len(calls))) is not None:
            raise reason
        if first is None:
            first, until = found[0], time.monotonic() + _GRACE
        if time.monotonic() > until or len(found) == count:
            raise first
        time.sleep(_LOOK)


def _reason(pool: Pool, found: Sequence[BaseException], count: int) -> BaseException | None:
    """Why a training failed: what one of its processes said, or that one died; None while none said more than what broke."""
    ours = (error for error in found if isinstance(error, SeatrialError) and not isinstance(error, _ForeignError))
    if (said := next(ours, None)) is not None:
        return said
    return _death(pool, count) if any(isinstance(error, BrokenProcessPool) for error in found) else None


def _death(pool: Pool, count: int) -> TrainingError:
    death = pool.death()
    rank = re.match(r"rank (\d+) of (\d+)", death.who)
    name = f"process {rank[1]} of the {rank[2]} that trained" if rank else f"one of {count} processes that trained"
    said = replace(death, who="").said(name)
    return TrainingError(f"{said}, and the others were ended; the same command goes on from the newest checkpoint")


def _result(calls: Sequence[Future[Any]]) -> Trained:
    trained: Trained = calls[0].result()
    return trained


def _opened(failed: bytes) -> SeatrialError:
    error: SeatrialError = pickle.loads(failed)  # noqa: S301 - another process of the same launcher wrote it
    return error


def _free_port(address: str) -> int:
    with socket.socket() as free:
        free.bind((address, 0))
        port: int = free.getsockname()[1]
    return port


class _Steps:
    """What the first process logs, a JSON object a line, handed on to whoever is told."""

    def __init__(self, path: Path, log: Log) -> None:
        self.path = path
        self._log = log
        self._read = 0

    def hand_on(self) -> None:
        """What is new since the last time."""
        if not self.path.exists():
            return
        with self.path.open("rb") as stream:
            stream.seek(self._read)
            new = stream.read()
        whole = new[: new.rfind(b"\n") + 1]  # the last line may still be written
        self._read += len(whole)
        for line in whole.splitlines():
            self._log(json.loads(line))


# ---- in a process that trains ----------------------------------------------------------------------------------------


class _ForeignError(TrainingError):
    """What a process raised that is no error of ours: the reason, or what another one's end broke."""


def _take_part(packed: bytes, part: Part, local: int, steps: str | None) -> Trained | None:
    with carriable_errors(), _foreign_errors(part), at_work(f"rank {part.rank} of {part.world}"):
        os.environ["CUDA_VISIBLE_DEVICES"] = _own_gpu(os.environ.get("CUDA_VISIBLE_DEVICES"), local)
        training: SharedTraining = pickle.loads(packed)  # noqa: S301 - the process that started this one wrote it
        method = training.method.make({})
        trained: Trained = method.train_part(training.job(_logging_to(steps)), part)
        return None if part.rank else trained


@contextmanager
def _foreign_errors(part: Part) -> Iterator[None]:
    """Name the process that raised what is no error of ours."""
    try:
        yield
    except SeatrialError:
        raise
    except BaseException as error:
        let_pass(error)
        said = f"process {part.rank} of {part.world} raised {type(error).__name__}: {error}"
        raise _ForeignError(said) from error


def _own_gpu(visible: str | None, local: int) -> str:
    """One of the GPUs that are visible, which a library then takes for the only one."""
    if visible is None:
        return str(local)
    there = [one for one in visible.split(",") if one.strip()]
    return there[local] if local < len(there) else ""


def _logging_to(path: str | None) -> Log:
    if path is None:
        return _unheard

    def log(values: Mapping[str, float]) -> None:
        with Path(path).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(dict(values)) + "\n")

    return log


def _unheard(values: Mapping[str, float]) -> None:
    """The first process logs for all."""
    del values
