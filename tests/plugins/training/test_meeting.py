"""Where a launcher's processes meet, and what is said where nobody knows the way."""

import socket

import pytest

from seatrial.training import Launch
from seatrial_plugins.training.meeting import StoreMeeting


def launch(rank, address, port=29_500):
    return Launch(rank, 2, rank, 2, address, port, hosted=False, attempt="")


@pytest.fixture
def unknown(monkeypatch):
    """Nobody knows any name; gives how often one was asked for."""
    asked = []

    def refuse(*place):
        asked.append(place)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    return asked


def test_the_first_process_is_told_at_once_that_nobody_knows_its_name(unknown):
    with pytest.raises(ConnectionError, match=r"MASTER_ADDR is no\.such\.host, which no name server knows"):
        StoreMeeting(launch(0, "no.such.host"))
    assert len(unknown) == 1


def test_the_others_wait_a_while_for_a_name_and_say_so(unknown, monkeypatch, caplog):
    moments = iter(range(0, 10_000, 50))
    monkeypatch.setattr("seatrial_plugins.training.meeting.time.monotonic", lambda: next(moments))
    monkeypatch.setattr("seatrial_plugins.training.meeting.time.sleep", lambda _: None)
    with pytest.raises(ConnectionError, match="no name server knows"):
        StoreMeeting(launch(1, "late-0"))
    assert len(unknown) > 1
    assert [one.message for one in caplog.records] == [
        "MASTER_ADDR is late-0, which no name server knows yet; waiting for 120 s"
    ]


def test_two_that_found_each_other_read_what_the_other_left():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    first, second = (StoreMeeting(launch(rank, "127.0.0.1", port)) for rank in (0, 1))
    first.put("begin", b"here")
    assert second.get("begin") == b"here"
    assert second.get("end") is None
