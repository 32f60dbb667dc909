"""Passage: one file on its way through the data stages, and what became of it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.parquet as pq

from fuzzed_files.files import Made
from seatrial.errors import SeatrialError
from seatrial.plugin.host import Host
from seatrial.runs.result import Result
from seatrial.runs.run import run
from seatrial.runs.saved import load_result
from seatrial.suite.file import load_suite

__all__ = ["NONE_USABLE", "NO_READER", "READ", "Outcome", "Passage"]

FILTERS = "[unicode, schema, {length: {max_characters: 5000}}, privacy, duplicates, near_duplicates, labels, leakage]"
SUITE = """\
name: fuzzed
seed: 1
data:
  train: {{source: "path:{file}"{keys}}}
  split: {{test: 0.3}}
filters: {filters}
report: []
"""
SPLITS = ("train", "validation", "test")
SECONDS = 120
"""How long `seatrial data` may take for one file."""

READ, NONE_USABLE, NO_READER = "read", "without a usable row", "taken by no reader"
"""How a file may end."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file."""

    word: str
    seconds: float
    wrong: str = ""
    """What should not have happened."""
    read: int = 0
    kept: int = 0
    dropped: int = 0
    layouts: Counter[str] = field(default_factory=Counter)
    """How many rows of each layout were kept."""


class Passage:
    """One file on its way through the data stages."""

    def __init__(self, folder: Path, made: Made, host: Host) -> None:
        self._folder, self._made, self._host = folder, made, host
        self._suite = folder / "suite.yaml"
        keys = "".join(f", {key}" for key in made.keys)
        self._suite.write_text(SUITE.format(file=made.file, keys=keys, filters=FILTERS), encoding="utf-8")
        self._started = time.perf_counter()

    def outcome(self, *, by_command: bool) -> Outcome:
        """Run the stages on it, and count what was read, kept and dropped."""
        return self._by_command() if by_command else self._in_process()

    def _in_process(self) -> Outcome:
        folder = self._folder
        try:
            suite = load_suite(self._suite, self._host, only_data=True)
            result = run(suite, self._host, runs=folder / "runs", cache=folder / "cache", only_data=True)
        except SeatrialError as error:
            return self._refused(str(error), error.exit_code)
        except Exception:
            return self._failed("with a traceback", traceback.format_exc())
        return self._counted(result)

    def _by_command(self) -> Outcome:
        command = [sys.executable, "-m", "seatrial", "data", str(self._suite), "--runs", str(self._folder / "runs")]
        environment = os.environ | {"SEATRIAL_CACHE": str(self._folder / "cache")}
        try:
            done = subprocess.run(
                command, capture_output=True, encoding="utf-8", env=environment, timeout=SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            return self._failed("too slow", f"`seatrial data` took more than {SECONDS} s")
        if "Traceback" in done.stdout + done.stderr or done.returncode < 0:
            return self._failed("with a traceback", f"exit code {done.returncode}: {done.stdout}{done.stderr}")
        if done.returncode:
            return self._refused(done.stderr, done.returncode)
        (run_folder,) = self._folder.glob("runs/*")
        return self._counted(load_result(run_folder, self._host))

    def _counted(self, result: Result) -> Outcome:
        seconds = time.perf_counter() - self._started
        read, ledger = result.facts("read")["read"], result.ledger
        layouts: Counter[str] = Counter()
        for split in SPLITS:
            layouts.update(
                pq.read_table(result.folder / f"data/{split}.parquet", columns=["format"])["format"].to_pylist()
            )
        kept, dropped = layouts.total(), sum(ledger["decisive"].to_pylist())
        wrong = "" if read == kept + dropped else f"{read} read, {kept} kept, {dropped} dropped"
        if rows := [entry for entry in ledger.to_pylist() if not entry["rule"] or not entry["file"]]:
            wrong = wrong or f"{len(rows)} entries of the ledger give no rule or no file"
        if self._made.unread:
            wrong = wrong or "no reader takes it, and it was read"
        return Outcome(READ, seconds, wrong or self._miscounted(read), read, kept, dropped, layouts)

    def _refused(self, message: str, exit_code: int) -> Outcome:
        """No row was usable: then the message says how many records there were, and each stands in the ledger."""
        message = " ".join(message.split())  # a terminal's lines may break it
        if exit_code == 2 and self._made.unread and "no reader takes" in message:
            return Outcome(NO_READER, time.perf_counter() - self._started)
        if exit_code != 2 or "no row could be read" not in message:
            return self._failed("refused", f"exit code {exit_code}: {message}")
        (ledger,) = self._folder.glob("runs/*/ledger/read.parquet")
        entries = pq.read_table(ledger)
        told = f"({len(entries)} unusable records" in message and all(entries["decisive"].to_pylist())
        wrong = "" if told else f"{len(entries)} entries, but: {message}"
        seconds, count = time.perf_counter() - self._started, len(entries)
        return Outcome(NONE_USABLE, seconds, wrong or self._miscounted(count), count, 0, count)

    def _failed(self, word: str, wrong: str) -> Outcome:
        return Outcome(word, time.perf_counter() - self._started, wrong)

    def _miscounted(self, read: int) -> str:
        expected = self._made.records
        return "" if expected in {None, read} else f"{read} records were read, but there are {expected}"
