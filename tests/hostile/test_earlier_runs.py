"""Earlier runs that somebody altered: nothing is taken from them, and no gate compares with them."""

import json
import re
import shutil

import pytest
from tests.core.runs.toys import toy_host

from seatrial import hookimpl
from seatrial.errors import SeatrialError
from seatrial.suite.file import load_suite
from seatrial.verdict.evidence import ScoredAs, earlier_runs

from .alterations import alter, forged
from .commands import beside


def test_an_earlier_run_whose_samples_were_altered_is_no_baseline(given, host, trial):
    run, _ = given()
    alter(run / "samples/right.parquet", None)
    with pytest.raises(SeatrialError, match=r"right\.parquet"):
        earlier_runs(run.parent)(run.name, "right")


@pytest.mark.parametrize("harm", ["marker", "digests"])
def test_nothing_is_taken_from_a_run_that_was_altered(given, host, trial, caplog, harm):
    run, _ = given()
    intact = beside(run, host, trial[0])
    assert {record.taken_from for record in intact.records if record.base == "score"} == {run.name}
    shutil.rmtree(intact.folder)
    forged(run)
    if harm == "digests":
        (run / "digests.json").unlink()
    anew = beside(run, host, trial[0])
    assert {record.taken_from for record in anew.records} == {""}
    assert {score.value for score in anew.scores} == {score.value for score in intact.scores}
    named = "score-right.json (altered)" if harm == "marker" else "digests.json (missing)"
    assert run.name in caplog.text
    assert named in caplog.text


class Listener:
    """Hears of every node that is done."""

    def __init__(self):
        self.warnings = []

    @hookimpl
    def seatrial_stage_finished(self, record):
        self.warnings += record.warnings


def test_a_run_that_nothing_is_taken_from_is_told_once_and_not_kept(given, trial):
    run, _ = given()
    forged(run)
    listener, host = Listener(), toy_host()
    host.register(listener, name="listener", distribution="listening", version="1.0")
    anew = beside(run, host, trial[0])
    assert [run.name in said for said in listener.warnings if "nothing is taken" in said] == [True]
    assert not any("nothing is taken" in said for record in anew.records for said in record.warnings)


def test_an_earlier_run_is_held_against_its_digests(given):
    for harm, said in {
        "manifest.json": "no manifest.json",
        "digests.json": "digests.json (missing)",
        "nodes": "nodes/score-right.json (missing)",
        "suite.yaml": "suite.yaml (missing)",
    }.items():
        run, _ = given()
        shutil.rmtree(run / harm) if harm == "nodes" else (run / harm).unlink()
        with pytest.raises(SeatrialError, match=re.escape(said)):
            earlier_runs(run.parent)(run.name, "right")
    with pytest.raises(SeatrialError, match=r"score-right\.json \(altered\)"):
        earlier_runs(run.parent)(forged(given()[0]), "right")


def test_an_earlier_run_is_another_one_that_is_finished_and_scored_alike(given, host, trial):
    run, _ = given()
    (chosen,) = load_suite(run / "suite.yaml", host).score
    ((name, options),) = chosen.resolved().items()

    def scored(entry):
        return {"right": ScoredAs(entry, (), lambda both: [])}

    assert earlier_runs(run.parent, own=trial[0], scorers=scored({name: options}))(run.name, "right").num_rows
    with pytest.raises(SeatrialError, match="the run itself"):
        earlier_runs(run.parent, own=run)(run.name, "right")
    copy, _ = given()
    with pytest.raises(SeatrialError, match="the run itself"):
        earlier_runs(copy.parent, own=run)(copy.name, "right")
    with pytest.raises(SeatrialError, match=r"fewshot: 0, now 3"):
        earlier_runs(run.parent, scorers=scored({name: options | {"fewshot": 3}}))(run.name, "right")
    with pytest.raises(SeatrialError, match=rf"scorer {name}, this run's of other"):
        earlier_runs(run.parent, scorers=scored({"other": options}))(run.name, "right")
    manifest = json.loads((run / "manifest.json").read_text())
    del manifest["finished"]
    (run / "manifest.json").write_text(json.dumps(manifest))
    (run / "digests.json").unlink()
    (run / "nodes/report.json").unlink()
    with pytest.raises(SeatrialError, match="not finished"):
        earlier_runs(run.parent)(run.name, "right")
