"""Lock-step: many attacks advance together, and the questions that they wait with are answered in one call.

An attack asks the model a few texts at a time and goes on from what it hears, so alone it never fills a batch, and
TextAttack runs one after the other (its issue 372). Here each attack has a thread of its own, of which one at a time is
awake: it runs until it asks. When all under way have asked, their questions are pooled. What an attack hears, and so what
becomes of it, is what it would hear alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from seatrial.errors import StageError

__all__ = ["Ended", "lockstep"]

Q = TypeVar("Q")
A = TypeVar("A")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Ended(Generic[R]):
    """How one job ended: with a result, or with the exception that it raised."""

    result: R | None = None
    error: Exception | None = None


def lockstep(
    jobs: Sequence[Callable[[Callable[[Q], A]], R]], answer: Callable[[list[Q]], Sequence[A]], *, together: int
) -> Iterator[Ended[R]]:
    """Run jobs, at most `together` at a time, and yield how each ended, in order.

    Args:
        jobs: each is called with a function that takes one question and returns its answer.
        answer: answers the pooled questions, in order. If it raises, each question is asked alone, and its job gets the
            exception.
        together: how many jobs are under way at a time; fewer where the machine starts no more threads.

    Raises:
        StageError: not one thread can be started.
        BaseException: what a job raised that is no `Exception`, such as SystemExit; the other jobs are ended.
    """
    waiting = [_Job(job) for job in jobs]
    under_way: list[_Job[Q, A, R]] = []
    started = finished = 0
    try:
        while finished < len(waiting):
            while started < len(waiting) and len(under_way) < together:
                under_way.append(waiting[started])
                try:
                    waiting[started].start()
                except RuntimeError as error:
                    under_way.pop()
                    if not under_way:
                        raise StageError(f"no thread can be started ({error}); raise the limit (ulimit -u)") from error
                    together = len(under_way)  # the machine carries no more
                    break
                started += 1
            asking = [job for job in under_way if job.ended is None]
            answers: Sequence[A | Exception] = _heard([job.question for job in asking], answer)
            for job, heard in zip(asking, answers, strict=True):
                job.hear(heard)
            under_way = [job for job in under_way if job.ended is None]
            while finished < started and (ended := waiting[finished].ended) is not None:
                finished += 1
                yield ended
    finally:
        for job in under_way:
            job.abandon()


def _heard(questions: list[Q], answer: Callable[[list[Q]], Sequence[A]]) -> Sequence[A | Exception]:
    if not questions:
        return []
    try:
        return answer(questions)
    except Exception as error:  # noqa: BLE001  # it belongs to one of the questions: find out which
        return [error] if len(questions) == 1 else [_heard([question], answer)[0] for question in questions]


class _Abandoned(BaseException):
    """Ends a job that nobody waits for any more."""


class _Job(Generic[Q, A, R]):
    """A job in its own thread, which sleeps while anything else runs."""

    def __init__(self, work: Callable[[Callable[[Q], A]], R]) -> None:
        self.ended: Ended[R] | None = None
        self.question: Q
        self._work = work
        self._heard: A | Exception | None = None
        self._awake, self._asleep = threading.Semaphore(0), threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._abandoned = False
        self._fatal: BaseException | None = None

    def start(self) -> None:
        """Run until it asks or ends.

        Raises:
            RuntimeError: the machine starts no more threads.
        """
        self._thread.start()
        self._wait()

    def hear(self, heard: A | Exception) -> None:
        """Give it its answer; run until it asks again or ends."""
        self._heard = heard
        self._awake.release()
        self._wait()

    def abandon(self) -> None:
        """End it where it waits."""
        self._abandoned = True
        self._awake.release()
        self._thread.join()

    def _wait(self) -> None:
        self._asleep.acquire()
        if self._fatal is not None:
            raise self._fatal

    def _ask(self, question: Q) -> A:
        self.question = question
        self._asleep.release()
        self._awake.acquire()
        if self._abandoned:
            raise _Abandoned
        if isinstance(self._heard, Exception):
            raise self._heard
        return self._heard  # type: ignore[return-value]  # heard before it is woken

    def _run(self) -> None:
        try:
            self.ended = Ended(result=self._work(self._ask))
        except _Abandoned:
            return
        except Exception as error:  # noqa: BLE001  # handed to whoever runs the jobs
            self.ended = Ended(error=error)
        except BaseException as error:  # noqa: BLE001  # raised where the jobs are run, which would wait for ever
            self._fatal = error
        self._asleep.release()
