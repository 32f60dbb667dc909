"""Offline is one switch, whoever asks for it."""

import pytest

from seatrial.plugin.host import Host
from seatrial.runs.workbench import Workbench
from seatrial.sources import offline


@pytest.mark.parametrize(
    ("said", "meant"),
    [("1", True), ("y", True), ("Yes", True), ("0", False), ("off", False), ("", False), (" no ", False)],
)
def test_a_switch_is_on_unless_it_says_no(monkeypatch, tmp_path, said, meant):
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("SEATRIAL_OFFLINE", said)
    assert offline() is offline("HF_HUB_OFFLINE") is meant
    assert Workbench(Host(), cache=tmp_path, offline=False).offline is meant
    assert Workbench(Host(), cache=tmp_path, offline=True).offline


def test_a_librarys_own_switch_counts_for_those_who_ask_for_it(monkeypatch):
    monkeypatch.delenv("SEATRIAL_OFFLINE", raising=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert offline("HF_HUB_OFFLINE")
    assert not offline()
