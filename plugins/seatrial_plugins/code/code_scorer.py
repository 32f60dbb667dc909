"""Code: an answer is right where its program passes the tests."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from seatrial import Block, Example, Examples, Row, Sample, Scored, StageError, Task, Transcript
from seatrial.evaluation.attempts import attempt_values
from seatrial.rows import Check
from seatrial_plugins.code.program import program_of
from seatrial_plugins.code.sandbox import Ended, Sandbox, processors
from seatrial_plugins.code.untested import untested

__all__ = ["CodeScorer"]

_EXCERPT = 400
_BATCH = 64
"""Rows whose programs are run before their samples are handed on."""
_SHOWN = 200


class CodeScorer:
    """Runs the program of every answer in a sandbox; equal programs are run once."""

    def __init__(self, sandbox: Sandbox, answers: int, k: Sequence[int]) -> None:
        self._sandbox, self._answers, self._k = sandbox, answers, tuple(k)
        self._workers = min(processors(), 16)
        self._ended: dict[str, Ended | str] = {}
        self.reads = {"python": hashlib.blake2b(sys.version.encode(), digest_size=16).hexdigest()}
        """The Python that runs the programs."""
        if sandbox.kind == "limits":
            self.not_known = "what programs of answers read, write and reach over the network (`sandbox: limits`)"

    def score(self, transcripts: Iterable[Transcript], task: Task) -> Iterator[Sample]:
        """One sample a transcript, in order. Where the sandbox cannot be made, each is an error."""
        pairs = zip(task.rows, transcripts, strict=True)
        with ThreadPoolExecutor(self._workers) as pool:
            while batch := list(islice(pairs, _BATCH)):
                programs = [self._programs(row, said) for row, said in batch]
                new = dict.fromkeys(one for each in programs if isinstance(each, list) for one in each)
                unknown = [one for one in new if one not in self._ended]
                self._ended = {one: self._ended[one] for one in new if one in self._ended}
                self._ended |= zip(unknown, pool.map(self._run, unknown), strict=True)
                self._ended |= {one: self._alone(one) for one in unknown if _starved(self._ended[one])}
                for (row, said), each in zip(batch, programs, strict=True):
                    yield self._sample(row, said, each)

    def problems(self, rows: Iterable[Row]) -> Iterator[tuple[str, str]]:
        """Which rows bring no tests that could be run (`seatrial.model.ChecksRows`)."""
        for row in rows:
            if reason := _untested(row):
                yield row.id, reason

    def blocks(self, scored: Scored) -> Iterator[Block]:
        """Answers of the system on trial that did not pass, and how their programs ended."""
        import json

        rows = [one for one in scored.samples.to_pylist() if one["system"] == scored.subject]
        wrong = [one for one in rows if one["value:pass@1"] is not None and one["value:pass@1"] < 1]
        shown = [
            Example(
                one["row"],
                (
                    ("asked", json.loads(one["detail"])["input"]),
                    ("answered", one["prediction"] or ""),
                    ("ended", "; ".join(dict.fromkeys(json.loads(one["detail"])["ended"]))),
                ),
            )
            for one in wrong[:_SHOWN]
        ]
        if shown:
            yield Examples("Programs that did not pass their tests", shown, of=len(wrong))

    def _programs(self, row: Row, transcript: Transcript) -> list[str] | str:
        """The programs of the answers, or why there are none."""
        if transcript.error is not None:
            return transcript.error
        if len(transcript.responses) != self._answers:
            return f"the transcript has {len(transcript.responses)} answers, where {self._answers} are judged"
        if reason := _untested(row):
            return reason
        assert isinstance(row.expected, Check)
        return [program_of(row.expected, said.answer) for said in transcript.responses]

    def _run(self, program: str) -> Ended | str:
        try:
            return self._sandbox.run(program)
        except (StageError, OSError) as error:
            return str(error)

    def _alone(self, program: str) -> Ended | str:
        """How a program ends that others left no processor for."""
        ended = self._run(program)
        return "the machine was too busy to run its program, by itself too" if _starved(ended) else ended

    def _sample(self, row: Row, transcript: Transcript, programs: list[str] | str) -> Sample:
        text = row.input_text
        detail: dict[str, object] = {"input": text if len(text) <= _EXCERPT else f"{text[: _EXCERPT - 1]}…"}
        about = {"target": row.target, "prompt_hash": transcript.prompt_hash, "slice": row.label or row.slice}
        ended = programs if isinstance(programs, str) else [self._ended[one] for one in programs]
        failed = ended if isinstance(ended, str) else next((one for one in ended if isinstance(one, str)), None)
        if isinstance(ended, str) or failed is not None:
            return Sample(row.id, {}, detail=detail, error=failed, **about)  # type: ignore[arg-type]  # of the fields' types
        told = [one for one in ended if isinstance(one, Ended)]
        detail |= {"ended": [one.said for one in told], "tokens": [said.tokens for said in transcript.responses]}
        values: dict[str, float | None] = {**attempt_values([one.whole for one in told], self._k)}
        first = next((place for place, one in enumerate(told) if not one.whole), 0)
        return Sample(row.id, values, prediction=transcript.responses[first].text, detail=detail, **about)  # type: ignore[arg-type]


def _starved(ended: Ended | str) -> bool:
    return isinstance(ended, Ended) and ended.starved


def _untested(row: Row) -> str:
    if not isinstance(row.expected, Check):
        return "the row brings no tests to run (`prompt`, `test`, `entry_point`, as HumanEval has them)"
    if row.expected.kind != "python":
        return f"its check is of the kind {row.expected.kind!r}, and only python is run"
    return untested(row.expected)
