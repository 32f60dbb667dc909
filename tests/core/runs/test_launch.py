from __future__ import annotations

import os

import pytest

import seatrial
from seatrial.commands.planning import plan
from seatrial.commands.searching import search
from seatrial.commands.trials import data
from seatrial.errors import UsageError
from seatrial.runs.launch import launched
from seatrial.training import Launch

STARTED = {
    "WORLD_SIZE": "4",
    "RANK": "3",
    "LOCAL_RANK": "1",
    "LOCAL_WORLD_SIZE": "2",
    "MASTER_ADDR": "node-0",
    "MASTER_PORT": "29500",
    "TORCHELASTIC_RUN_ID": "job",
    "TORCHELASTIC_RESTART_COUNT": "1",
    "TORCHELASTIC_USE_AGENT_STORE": "True",
}


def test_a_launchers_process_is_known_and_no_library_takes_itself_for_one():
    environment = {**STARTED, "HOME": "/h"}
    assert launched(environment) == Launch(3, 4, 1, 2, "node-0", 29500, hosted=True, attempt="job-1")
    assert environment == {"HOME": "/h"}
    assert launched(environment) is None


def test_one_process_is_no_launch():
    environment = STARTED | {"WORLD_SIZE": "1", "RANK": "0"}
    assert launched(environment) is None
    assert "WORLD_SIZE" not in environment
    assert launched({"WORLD_SIZE": "1"}) is None


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"WORLD_SIZE": "two"}, r"WORLD_SIZE is 'two': it is a whole number of at least 1.*unset WORLD_SIZE and RANK"),
        ({"WORLD_SIZE": "0"}, "WORLD_SIZE is '0'"),
        ({"RANK": "4"}, "RANK is '4', of WORLD_SIZE=4 processes"),
        ({"RANK": "-1"}, "RANK is '-1'"),
        ({"RANK": None}, "RANK is not set, and WORLD_SIZE=4"),
        ({"WORLD_SIZE": None}, "WORLD_SIZE is not set, and RANK=3"),
        ({"MASTER_ADDR": None}, "MASTER_ADDR is not set, and WORLD_SIZE=4"),
        ({"MASTER_PORT": "http"}, "MASTER_PORT is 'http'"),
        ({"MASTER_PORT": "99999"}, "MASTER_PORT is '99999': it is a whole number of at least 1 and at most 65535"),
        ({"LOCAL_RANK": "2"}, "LOCAL_RANK is '2', of LOCAL_WORLD_SIZE=2 processes"),
        ({"LOCAL_WORLD_SIZE": "5"}, "LOCAL_WORLD_SIZE is '5': .*at most 4"),
    ],
)
def test_a_wrong_variable_is_named(changed, told):
    environment = {name: value for name, value in (STARTED | changed).items() if value is not None}
    with pytest.raises(UsageError, match=told):
        launched(environment)


@pytest.fixture
def second(monkeypatch):
    """This process is the second of a launcher's two."""
    for name, value in (STARTED | {"WORLD_SIZE": "2", "RANK": "1"}).items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("command", [data, plan, search])
def test_what_is_not_shared_is_left_to_the_first_process(second, command):
    assert command("no such suite") == 0
    assert "WORLD_SIZE" not in os.environ


@pytest.mark.parametrize("name", ["run", "plan", "search"])
def test_from_python_a_launchers_processes_are_refused(second, name):
    with pytest.raises(UsageError, match="a launcher started WORLD_SIZE=2 processes"):
        getattr(seatrial, name)("no such suite")
