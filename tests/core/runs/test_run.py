"""Where a run begins, and how the next start finds it."""

import json
from pathlib import Path

import pytest

import seatrial_suites
from seatrial.plugin.host import Host
from seatrial.runs.run import run
from seatrial.suite.file import load_suite

SMOKE = Path(seatrial_suites.__file__).parent / "smoke.yaml"


class KilledError(BaseException):
    pass


def test_a_run_killed_while_it_was_planned_is_gone_on_with_in_its_folder(monkeypatch, tmp_path):
    def kill(*_):
        raise KilledError

    monkeypatch.setattr("seatrial.runs.plan.plan_stages", kill)
    host = Host.load()
    suite = load_suite(SMOKE, host)
    begun = []
    for _ in range(2):
        with pytest.raises(KilledError):
            run(suite, host, runs=tmp_path / "runs", cache=tmp_path / "cache")
        begun += [json.loads(path.read_text()) for path in (tmp_path / "runs").glob("*/manifest.json")]
    assert len(list((tmp_path / "runs").iterdir())) == 1
    assert begun[0] == begun[1]
    assert begun[0]["suite"] == "smoke"
    assert "finished" not in begun[0]
