"""A run folder from somebody else: nothing outside of it is written or read, nothing hangs, what was altered is named."""

import json
import os
import random
import re
import shutil
import socket
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.core.runs.toys import toy_host

from seatrial import cli, hookimpl
from seatrial.errors import SeatrialError, StageError, UsageError
from seatrial.runs.again import judge_again, score_again
from seatrial.runs.digests import check, record
from seatrial.runs.listing import list_runs
from seatrial.runs.run import run
from seatrial.runs.saved import write_reports
from seatrial.runs.store import RunFolder, digest_path
from seatrial.runs.story import tell
from seatrial.suite.file import load_suite
from seatrial.verdict.evidence import ScoredAs, earlier_runs

from .conftest import contents
from .limits import in_time

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


@pytest.fixture(scope="module")
def host():
    return toy_host()


COMMANDS = {
    "report": lambda run, host, trial: write_reports(run, host, kinds=None, to=None),
    "gate": lambda run, host, trial: judge_again(run, host),
    "score": lambda run, host, trial: score_again(run, host, cache=trial / "cache"),
    "why": lambda run, host, trial: tell(run, "rows.jsonl:1"),
    "verify": lambda run, host, trial: check(run),
    "runs": lambda run, host, trial: list_runs(run.parent),
    "baseline": lambda run, host, trial: earlier_runs(run.parent)(run.name, "right"),
}


def resume(folder, host, trial):
    """The command that started the run, which finds it unfinished."""
    path = folder / "manifest.json"
    if path.is_file() and not path.is_symlink() and path.stat().st_size < 1 << 20:
        manifest = json.loads(path.read_text())
        manifest.pop("finished", None)
        path.write_text(json.dumps(manifest))
    return run(load_suite(trial / "suite.yaml", host), host, runs=folder.parent, cache=trial / "cache")


def beside(folder, host, trial):
    """Another run of the same suite, which takes from this one what it can."""
    return run(load_suite(trial / "suite.yaml", host), host, runs=folder.parent, cache=trial / "cache")


COMMANDS |= {"resume": resume, "beside": beside}


def tried(command, run, host, trial):
    """The message of the error that a command ends with; "" where it works. Raises what is none of ours."""
    with in_time():
        try:
            COMMANDS[command](run, host, trial)
        except SeatrialError as error:
            return str(error) if error.exit_code in {2, 3} else f"exit code {error.exit_code}"
    return ""


@pytest.fixture
def given(trial, tmp_path):
    """`given()`: a new copy of the run, and a folder outside of it."""
    _, done = trial
    count = iter(range(1000))

    def copy():
        at = tmp_path / str(next(count))
        outside = at / "outside"
        outside.mkdir(parents=True)
        (outside / "precious.txt").write_text("precious")
        (outside / "folder").mkdir()
        (outside / "folder/precious.txt").write_text("precious")
        shutil.copytree(done, at / "runs" / done.name)
        return at / "runs" / done.name, outside

    return copy


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


ALTERED = {
    "verdict.json": lambda text: text.replace('"pass"', '"fail"'),
    "scores.json": lambda text: text.replace("1.0", "0.5"),
    "suite.yaml": lambda text: text.replace("min: 0.1", "min: 0.0"),
    "manifest.json": lambda text: text.replace('"seed": 5', '"seed": 6'),
    "nodes/score-right.json": lambda text: text.replace('"peak_bytes": ', '"peak_bytes": 1'),
    "ledger.parquet": None,
    "samples/right.parquet": None,
    "data/raw.parquet": None,
    "data/test.parquet": None,
    "transcripts/test.ask/base.parquet": None,
    "log.jsonl": None,
    "training/seed-5.jsonl": None,
}
"""File of a run → how its text is altered; None for one byte more."""


def alter(path, how):
    before = path.read_bytes()
    path.write_bytes(before + b"\n" if how is None else how(before.decode()).encode())
    assert path.read_bytes() != before


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


def test_an_earlier_run_whose_samples_were_altered_is_no_baseline(given, host, trial):
    run, _ = given()
    alter(run / "samples/right.parquet", None)
    with pytest.raises(SeatrialError, match=r"right\.parquet"):
        earlier_runs(run.parent)(run.name, "right")


def forged(run):
    """Let the samples say that all was right, and their marker that they always did."""
    path, marker = run / "samples/right.parquet", run / "nodes/score-right.json"
    before, table = digest_path(path), pq.read_table(path)
    right = pa.array([1.0] * table.num_rows)
    pq.write_table(table.set_column(table.schema.get_field_index("value:right"), "value:right", right), path)
    alter(marker, lambda said: said.replace(before, digest_path(path)))
    return run


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


@pytest.mark.parametrize("command", ["gate", "score", "report", "why", "baseline"])
def test_a_finished_run_without_its_digests_is_refused(given, host, trial, command):
    run, _ = given()
    forged(run)
    (run / "digests.json").unlink()
    assert "digests.json (missing)" in tried(command, run, host, trial[0])


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
    with pytest.raises(SeatrialError, match=r"fewshot: 0, now 3"):
        earlier_runs(run.parent, scorers=scored({name: options | {"fewshot": 3}}))(run.name, "right")
    with pytest.raises(SeatrialError, match=rf"scorer {name}, this run's of other"):
        earlier_runs(run.parent, scorers=scored({"other": options}))(run.name, "right")
    manifest = json.loads((run / "manifest.json").read_text())
    del manifest["finished"]
    (run / "manifest.json").write_text(json.dumps(manifest))
    (run / "digests.json").unlink()
    with pytest.raises(SeatrialError, match="not finished"):
        earlier_runs(run.parent)(run.name, "right")


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
