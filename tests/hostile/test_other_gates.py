"""`seatrial gate` with another suite: what it heeds, and what it leaves where it could not decide."""

import re

import pytest

from seatrial.errors import StageError, UsageError
from seatrial.runs.again import judge_again
from seatrial.runs.digests import check, record
from seatrial.runs.run_folder import RunFolder

from .commands import tried
from .conftest import contents


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ("seed=9", "seed"),
        ("name=other", "name"),
        ("model.source=path:elsewhere", "model.source"),
        ("data.train.limit=1", "data.train.limit"),
        ("score[0].right.fewshot=3", "score[0].right.fewshot"),
    ],
)
def test_gate_refuses_what_it_does_not_heed(given, host, override, named):
    run, _ = given()
    before = contents(run)
    with pytest.raises(UsageError, match=re.escape(f"{named} differs")):
        judge_again(run, host, overrides=[override])
    after = contents(run)
    assert {name: after[name] for name in before if name not in {".", ".lock"}} == {
        name: before[name] for name in before if name not in {".", ".lock"}
    }


def test_gate_heeds_gates_and_lets_reports_and_description_differ(given, host, tmp_path):
    run, _ = given()
    suite = tmp_path / "other.yaml"
    suite.write_text((run / "suite.yaml").read_text())
    assert judge_again(run, host, suite=suite, overrides=["description=other", "gates[0].min=0.2"]).verdict
    assert check(run).intact


def test_a_suite_that_is_missing_is_named(given, host, trial):
    run, _ = given()
    (run / "suite.yaml").unlink()
    for command in ("gate", "score", "report"):
        assert "suite.yaml (missing)" in tried(command, run, host, trial[0])
    record(RunFolder(run))
    for command in ("gate", "score", "report"):
        assert "suite.yaml is missing" in tried(command, run, host, trial[0])


def test_gates_that_could_not_decide_leave_the_run_as_it_was(given, host, monkeypatch):
    run, _ = given()

    def fail(*given):
        raise StageError("gate: it failed")

    with monkeypatch.context() as patched:
        patched.setattr("seatrial.runs.again.judge_run", fail)
        with pytest.raises(StageError):
            judge_again(run, host, overrides=["gates[0].min=0.2"])
    assert check(run).intact
    judge_again(run, host, overrides=["gates[0].min=0.2"])
    assert check(run).intact
    assert (run / "suite-1.yaml").is_file()
