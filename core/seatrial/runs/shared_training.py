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
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from seatrial.errors import SeatrialError, TrainingError
from seatrial.model import Target
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
    with Pool.open(count, threads=max(1, cores() // count), environment={}) as pool:
        steps = _Steps(pool.folder / "steps.jsonl", log)
        parts = [shared.part(rank, _HERE, port) for rank in range(count)]
        calls = [_call(pool, shared, part, part.rank, steps) for part in parts]
        return _result(_awaited(pool, calls, steps.hand_on))


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
        leader = cls(launch, method.meet(launch))
        try:
            yield leader
        finally:
            leader.meeting.put("end", b"")

    def train(self, shared: SharedTraining, log: Log) -> Trained:
        """Train in one process here, and in one beside each of the launcher's others.

        Raises:
            TrainingError: one of them was ended, or the training failed.
        """
        number, launch = self._begun, self.launch
        self._begun += 1
        port = _free_port("")
        self.meeting.put(f"begin/{number}", pickle.dumps((shared, port)))
        try:
            with _one(launch) as pool:
                steps = _Steps(pool.folder / "steps.jsonl", log)
                calls = [_call(pool, shared, shared.part(0, launch.address, port), launch.local, steps)]

                def look() -> None:
                    steps.hand_on()
                    for rank in range(1, launch.world):
                        if (failed := self.meeting.get(f"failed/{number}/{rank}")) is not None:
                            raise _opened(failed)

                return _result(_awaited(pool, calls, look))
        finally:
            self.meeting.put(f"over/{number}", b"")


def follow(method: SharesTraining, launch: Launch) -> None:
    """Take part in the trainings of the launcher's process of rank 0 until that is at its end."""
    try:
        meeting = method.meet(launch)
        number = 0
        while (begun := _begun(meeting, number)) is not None:
            shared, port = pickle.loads(begun)  # noqa: S301 - the process of rank 0 wrote it
            try:
                _follow(meeting, number, launch, shared.part(launch.rank, launch.address, port), shared)
            except _OverError:
                pass
            except SeatrialError as error:
                meeting.put(f"failed/{number}/{launch.rank}", pickle.dumps(error))
            except Exception as error:  # noqa: BLE001 - it is told in the process that answers for the run
                said = f"process {launch.rank} of {launch.world} raised {type(error).__name__}: {error}"
                meeting.put(f"failed/{number}/{launch.rank}", pickle.dumps(TrainingError(said)))
            while meeting.get(f"over/{number}") is None:
                time.sleep(_LOOK)
            number += 1
    except ConnectionError:  # the launcher has ended, or rank 0, which told why
        return


class _OverError(Exception):
    """The training is at its end, for whichever reason."""


def _begun(meeting: Meeting, number: int) -> bytes | None:
    """The training of that number, once it begins; None where no more come."""
    while meeting.get("end") is None:
        if (begun := meeting.get(f"begin/{number}")) is not None:
            return begun
        time.sleep(_LOOK)
    return None


def _follow(meeting: Meeting, number: int, launch: Launch, part: Part, shared: SharedTraining) -> None:
    def look() -> None:
        if meeting.get(f"over/{number}") is not None and not calls[0].done():
            raise _OverError

    with _one(launch) as pool:
        calls = [_call(pool, shared, part, launch.local, None)]
        _awaited(pool, calls, look)


# ---- watching --------------------------------------------------------------------------------------------------------


@contextmanager
def _one(launch: Launch) -> Iterator[Pool]:
    with Pool.open(1, threads=max(1, cores() // launch.local_world), environment={}) as pool:
        yield pool


def _call(pool: Pool, shared: SharedTraining, part: Part, local: int, steps: _Steps | None) -> Future[Any]:
    # A recipe's parts may be heavy to carry, and unpacking them may import torch: the GPU is chosen before.
    return pool.executor.submit(
        _take_part, pickle.dumps(shared), part, local, None if steps is None or part.rank else str(steps.path)
    )


def _awaited(pool: Pool, calls: Sequence[Future[Any]], look: Callable[[], None]) -> Sequence[Future[Any]]:
    """The calls, once all have returned; the others are ended with the pool where one failed."""
    left = set(calls)
    while left:
        done, left = wait(left, timeout=_LOOK, return_when=FIRST_EXCEPTION)
        look()
        if any(call.exception() is not None for call in done):
            raise _reason(pool, calls)
    return calls


def _reason(pool: Pool, calls: Sequence[Future[Any]]) -> BaseException:
    """Why a training ended that failed: what one of its processes said, or that one died."""
    until = time.monotonic() + _GRACE
    while True:
        found = [error for call in calls if call.done() and (error := call.exception()) is not None]
        ours = next((error for error in found if isinstance(error, SeatrialError)), None)
        if ours is not None:
            return ours
        if any(isinstance(error, BrokenProcessPool) for error in found):
            return _death(pool, len(calls))
        if time.monotonic() > until or len(found) == len(calls):
            return found[0]
        time.sleep(_LOOK)


def _death(pool: Pool, count: int) -> TrainingError:
    death = pool.death()
    rank = re.match(r"rank (\d+) of (\d+)", death.who)
    name = f"process {rank[1]} of the {rank[2]} that trained" if rank else f"one of {count} processes that trained"
    said = replace(death, who="").said(name)
    return TrainingError(f"{said}, and the others were ended; the same command goes on from the newest checkpoint")


def _result(calls: Sequence[Future[Any]]) -> Trained:
    trained: Trained = calls[0].result()
    return trained


def _opened(failed: bytes) -> BaseException:
    error: BaseException = pickle.loads(failed)  # noqa: S301 - another process of the same launcher wrote it
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


def _take_part(shared: bytes, part: Part, local: int, steps: str | None) -> Trained | None:
    with carriable_errors(), at_work(f"rank {part.rank} of {part.world}"):
        os.environ["CUDA_VISIBLE_DEVICES"] = _own_gpu(os.environ.get("CUDA_VISIBLE_DEVICES"), local)
        training: SharedTraining = pickle.loads(shared)  # noqa: S301 - the process that started this one wrote it
        method = training.method.make({})
        trained: Trained = method.train_part(training.job(_logging_to(steps)), part)
        return None if part.rank else trained


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
