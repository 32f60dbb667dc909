"""A run of which one file is damaged: an error of ours, and no traceback."""

import json
import random

import pytest

from seatrial.errors import SeatrialError
from seatrial.runs.digests import record
from seatrial.runs.run_folder import RunFolder

from .commands import tried


def mutated(value, rng):
    """A JSON value of which one thing, somewhere, is of another kind, gone, or beyond all measure."""
    odd = [None, -1, 1e308, "x" * 50, [], {}, True, [[[]]], {"a": {"b": 1}}, 2**70, "\ud83d"]
    if isinstance(value, dict) and value and rng.random() < 0.8:
        name = rng.choice(sorted(value))
        if rng.random() < 0.15:
            return {key: one for key, one in value.items() if key != name}
        return value | {name: mutated(value[name], rng)}
    if isinstance(value, list) and value and rng.random() < 0.8:
        place = rng.randrange(len(value))
        return [*value[:place], mutated(value[place], rng), *value[place + 1 :]]
    return rng.choice(odd)


def damage(path, rng):
    """Make of a file what a disk, a person or a program may make of it."""
    if path.suffix == ".json":
        path.write_text(json.dumps(mutated(json.loads(path.read_text()), rng), ensure_ascii=True))
        return
    whole = path.read_bytes()
    place = rng.randrange(len(whole))
    path.write_bytes(rng.choice([b"", whole[:place], whole[:place] + b"\xff" * 9 + whole[place + 9 :], b"[" * 90_000]))


def damaged(number, given, host, trial):
    """What came of commands on a folder of which one file is damaged, and whose digests say that it is whole."""
    rng = random.Random(number)
    run, _ = given()
    files = sorted(path for path in run.rglob("*") if path.is_file() and path.suffix in {".json", ".parquet", ".jsonl"})
    path = rng.choice([file for file in files if file.parent.name not in {"report", "seed-5"} and file.stat().st_size])
    damage(path, rng)
    name = path.relative_to(run).as_posix()
    try:  # an attacker writes the digests anew, as far as the records can still be read
        folder = RunFolder(run)
        for mark in folder.markers():
            if any(name == of or name.startswith(f"{of}/") for of in mark.outputs):
                folder.renew(mark.stage)
        if name != "digests.json":
            record(folder)
    except SeatrialError:
        pass
    for command in ("report", "gate", "why", "verify", "runs"):
        try:
            tried(command, run, host, trial)
        except BaseException as error:
            yield command, f"{name}: {type(error).__name__}: {str(error)[:200]}"
        else:
            yield command, ""


@pytest.mark.parametrize(
    "numbers", [range(12), pytest.param(range(12, 60), marks=pytest.mark.slow)], ids=["few", "many"]
)
def test_a_damaged_file_is_an_error_of_ours_and_no_traceback(given, host, trial, attempts, numbers):
    count = attempts("damaged files")
    for number in numbers:
        for command, problem in damaged(number, given, host, trial[0]):
            count.note(f"{number}, {command}", problem)
