"""A run that was altered: what of it is named, by `seatrial verify` and by every command."""

import json
import re

import pytest

from seatrial import cli
from seatrial.errors import SeatrialError
from seatrial.runs.again import judge_again
from seatrial.runs.digests import check
from seatrial.runs.listing import list_runs
from seatrial.runs.saved import write_reports

from .alterations import ALTERED, alter, forged
from .commands import tried


@pytest.mark.parametrize("name", ALTERED)
def test_what_was_altered_is_named(given, host, trial, attempts, name):
    count = attempts("alterations")
    for command in ("report", "gate", "verify"):
        run, _ = given()
        if name == "log.jsonl":
            (run / name).write_text("")
        else:
            alter(run / name, ALTERED[name])
        if command == "verify":
            found = [f"{one.path} {one.what}" for one in check(run).differences]
            count.note(
                f"{name}, verify",
                "" if found in ([f"{name} altered"], []) and (found or name == "log.jsonl") else str(found),
            )
            continue
        said = tried(command, run, host, trial[0])
        decided_anew = command == "gate" and name in {"verdict.json", "scores.json"}
        same = command == "report" or not decided_anew
        count.note(
            f"{name}, {command}", "" if (name in said) is same or name == "log.jsonl" else said or "it was believed"
        )


def test_an_edited_verdict_is_decided_again_and_then_reported(given, host, trial):
    run, _ = given()
    alter(run / "verdict.json", ALTERED["verdict.json"])
    assert [(one.state, one.reason.split(":")[0]) for one in list_runs(run.parent)] == [
        ("altered", "not as it was written")
    ]
    with pytest.raises(SeatrialError, match=r"verdict\.json \(altered\).*`seatrial gate` decide again"):
        write_reports(run, host, kinds=None, to=None)
    assert judge_again(run, host).verdict.state == "pass"
    assert check(run).intact
    write_reports(run, host, kinds=None, to=None)
    assert check(run).intact
    assert [one.state for one in list_runs(run.parent)] == ["pass"]


def test_verify_names_what_is_missing_and_what_was_added(given, trial, attempts):
    run, _ = given()
    assert check(run).intact
    assert check(run).files > 20
    (run / "samples/right.parquet").unlink()
    (run / "nodes/split.json").unlink()
    (run / "notes.txt").write_text("mine")
    (run / "report/extra.html").write_text("mine")
    (run / "unfinished/abc").mkdir(parents=True)
    (run / "unfinished/abc/000000.parquet").write_text("mine")
    (run / "products/seed-5/extra.bin").write_text("mine")
    found = {one.path: one.what for one in check(run).differences}
    assert {name: found.pop(name) for name in ("samples/right.parquet", "nodes/split.json")} == dict.fromkeys(
        ("samples/right.parquet", "nodes/split.json"), "missing"
    )
    assert set(found.values()) == {"added"}
    assert {"notes.txt", "report/extra.html", "unfinished/abc/000000.parquet", "products/seed-5/extra.bin"} <= set(
        found
    )
    (run / "digests.json").unlink()
    assert ("digests.json", "missing") in {(one.path, one.what) for one in check(run).differences}


def test_weights_that_were_altered_are_found_by_verify(given, host, trial):
    run, _ = given()
    alter(run / "products/seed-5/words.json", None)
    assert [str(one) for one in check(run).differences] == ["products/seed-5/words.json (altered)"]


@pytest.mark.parametrize("command", ["gate", "score", "report", "why", "baseline"])
def test_a_finished_run_without_its_digests_is_refused(given, host, trial, command):
    run, _ = given()
    forged(run)
    (run / "digests.json").unlink()
    assert "digests.json (missing)" in tried(command, run, host, trial[0])


def unfinished(run):
    """Let a run look as if it had never come to its end."""
    (run / "digests.json").unlink()
    alter(run / "manifest.json", lambda text: re.sub(r',\s*"finished": "[^"]*"', "", text))


@pytest.mark.parametrize("command", ["report", "gate", "score", "why", "baseline"])
def test_a_run_that_is_made_to_look_unfinished_is_refused(given, host, trial, command):
    run, _ = given()
    unfinished(forged(run))
    assert [str(one) for one in check(run).differences] == ["digests.json (missing)"]
    said = tried(command, run, host, trial[0])
    assert "digests.json (missing)" in said
    assert "the command that started it goes on" in said


def test_a_run_that_is_not_finished_gets_no_digests_but_at_its_end(given, host, trial):
    """Its files are as nobody knows, which its report says, and deciding again does not make them known."""
    run, _ = given()
    unfinished(forged(run))
    (run / "nodes/report.json").unlink()
    for again in (judge_again(run, host), judge_again(run, host, overrides=["gates[0].min=0.2"])):
        assert any("not finished" in warning for warning in again.verdict.warnings)
    write_reports(run, host, kinds=None, to=None)
    assert "the run is not finished" in (run / "report/report.md").read_text()
    assert not (run / "digests.json").exists()
    assert not check(run).finished


def test_the_command_verify_tells_by_its_code_and_as_json(given, capsys, tmp_path):
    run, _ = given()

    def verify(*arguments):
        with pytest.raises(SystemExit) as ended:
            cli.main(["verify", *map(str, arguments)])
        return ended.value.code, capsys.readouterr()

    code, said = verify(run)
    assert code == 0
    assert re.search(
        rf"all {check(run).files} files are as recorded, by its digests\.json \(SHA-256 [0-9a-f]{{64}}\)",
        said.out.replace("\n", " "),
    )
    alter(run / "verdict.json", ALTERED["verdict.json"])
    (run / "n\x1b[31motes").write_text("mine")
    code, said = verify(run)
    assert code == 3
    assert said.out.splitlines()[:2] == ["n‹U+001B›[31motes (added)", "verdict.json (altered)"]
    code, said = verify(run, "--json")
    assert code == 3
    told = json.loads(said.out)
    assert (told["intact"], told["finished"], told["sha256"]) == (False, True, check(run).sha256)
    assert told["differences"][1] == {"path": "verdict.json", "what": "altered"}
    assert verify(tmp_path)[0] == 2
