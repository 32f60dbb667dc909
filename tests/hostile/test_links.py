"""A run folder from somebody else: nothing outside of it is written or read, and nothing hangs."""

import json
import os
import shutil
import socket
from pathlib import Path

import pytest

from .commands import COMMANDS, tried
from .conftest import contents

FILES = (
    ".lock",
    "log.jsonl",
    "manifest.json",
    "suite.yaml",
    "digests.json",
    "verdict.json",
    "nodes/score-right.json",
    "samples/right.parquet",
)
FOLDERS = ("report", "nodes", "unfinished")


def link(path, outside):
    target = outside / "folder" if path.is_dir() else outside / "precious.txt"
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    path.symlink_to(target)


def dangling(path, outside):
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    path.symlink_to(outside / "new.txt")


def fifo(path, outside):
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    os.mkfifo(path)


def endless(path, outside):
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    path.symlink_to("/dev/zero")


def listening(path, outside):
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    here = Path.cwd()
    os.chdir(path.parent)  # a socket's address is short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


def vast(path, outside):
    if not path.is_dir():
        with path.open("ab") as stream:
            stream.truncate(1 << 40)


HARMS = (link, dangling, fifo, endless, listening, vast)


def held(harm, name, command, given, host, trial):
    """What is wrong with how a command met a folder with such a thing in the place of `name`; "" where nothing is."""
    run, outside = given()
    (run / name).parent.mkdir(parents=True, exist_ok=True)
    harm(run / name, outside)
    before = contents(outside)
    try:
        said = tried(command, run, host, trial)
    except TimeoutError:
        return "it hangs"
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    if contents(outside) != before:
        return "it wrote outside"
    listing = command in {"runs", "resume", "beside"}  # these pass a folder over which is none
    return (
        ""
        if name.rpartition("/")[2] in said or listing or (harm is vast and (run / name).is_dir())
        else f"said: {said}"
    )


@pytest.mark.parametrize("command", ["report", "gate"])
@pytest.mark.parametrize("name", [".lock", "report", "nodes/gate.json", "verdict.json"])
def test_links_out_of_a_run_folder_are_refused_by_name(given, host, trial, attempts, command, name):
    count = attempts("run folders")
    for harm in (link, fifo):
        count.note(f"{harm.__name__} for {name}, {command}", held(harm, name, command, given, host, trial[0]))


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_follows_a_link_or_waits_for_a_fifo(given, host, trial, attempts, command):
    count = attempts("run folders")
    names, harms = (*FILES, *FOLDERS), HARMS
    if command == "beside":  # each of these is a whole run
        names, harms = ("nodes", "nodes/score-right.json", "samples/right.parquet"), (link, fifo)
    for name in names:
        for harm in harms:
            count.note(f"{harm.__name__} for {name}, {command}", held(harm, name, command, given, host, trial[0]))


@pytest.mark.parametrize("to", ["/etc/passwd", "../../outside/precious.txt", "", 7, "/dev/zero", "x/../../../dev/zero"])
def test_a_marker_names_files_of_its_own_run_only(given, host, trial, attempts, to):
    run, _ = given()
    path = run / "nodes/score-right.json"
    mark = json.loads(path.read_text())
    mark["outputs"] = {to: "0" * 64} if isinstance(to, str) else {"samples/right.parquet": to}
    path.write_text(json.dumps(mark))
    (run / "digests.json").unlink()
    for command in ("report", "gate", "verify"):
        said = tried(command, run, host, trial[0])
        attempts("run folders").note(
            f"marker to {to!r}, {command}", "" if "score-right" in said or str(to) in said else said
        )
