"""The command line: exit codes, messages instead of tracebacks, and what it does not import."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests import warm

from seatrial import cli
from seatrial.plugin.host import Host
from seatrial.plugin.kinds import KINDS


def seatrial(*arguments, cwd=None, **environment):
    return warm.run("-m", "seatrial", *arguments, cwd=cwd, env={**os.environ, "NO_COLOR": "1", **environment})


def write(folder: Path, text: str) -> Path:
    path = folder / "suite.yaml"
    path.write_text(text, encoding="utf-8")
    return path


MINIMAL = """
name: minimal
model: {source: "package:seatrial_suites/tiny_llama", loader: random}
data:
  train: {source: "path:rows.jsonl"}
  split: {test: 0.5}
score: [{choice: {}}]
gates: [{metric: choice/accuracy, min: 0.5}]
"""


IMPORTED = """
import os, sys, seatrial.cli as cli

heavy = {"torch", "transformers", "datasets", "evaluate", "sklearn", "scipy", "pandas", "numpy", "pyarrow"}
for command in sys.argv[1:]:
    if os.fork():
        print("CODE", command, os.waitstatus_to_exitcode(os.wait()[1]), flush=True)
        continue
    try:
        cli.main(command.split())
    finally:
        print("HEAVY", command, sorted(heavy & set(sys.modules)), flush=True)
"""
"""Each command in a fork of its own, of a process that has imported the command line."""


@pytest.fixture(scope="module")
def imported():
    """`imported(*commands)`: what a process prints that works one after the other, as lines."""

    def lines(*commands):
        done = subprocess.run(
            [sys.executable, "-c", IMPORTED, *commands], capture_output=True, text=True, timeout=60, check=True
        )
        return done.stdout.splitlines()

    return lines


def test_quick_commands_import_nothing_heavy(imported):
    commands = (
        *("plugins", "plugins --json", "plugins leakage", "plugins attack --json"),
        *("suites", "schema", "--help", "--version"),
    )
    said = imported(*commands)
    for command in commands:
        assert f"HEAVY {command} []" in said
        assert f"CODE {command} 0" in said


def test_checking_and_gating_import_no_torch(imported, tmp_path):
    commands = ("check quickstart --no-sources", f"gate {tmp_path}")
    told = [line for line in imported(*commands) if line.startswith("HEAVY ")]
    assert len(told) == len(commands)
    for line in told:
        assert not {"torch", "transformers", "datasets", "evaluate"} & set(re.findall(r"'(\w+)'", line))


def test_plugins_name_every_component_with_its_distribution():
    done = seatrial("plugins", "--json")
    listed = {plugin["plugin"]: plugin for plugin in json.loads(done.stdout)}
    assert {"classifier", "dpo", "full", "ia3", "lora", "prefix_tuning", "prompt_tuning", "qlora"} == {
        component["name"] for component in listed["training"]["components"]
    }
    assert listed["training"]["distribution"] == "seatrial"


def test_plugins_with_a_name_tells_one_component_or_one_plugin(capsys):
    def said(*arguments):
        with pytest.raises(SystemExit) as stopped:
            cli.main(["plugins", *arguments])
        return stopped.value.code, capsys.readouterr()

    code, told = said("json", "--json")
    assert code == 0
    assert [portrait["kind"] for portrait in json.loads(told.out)] == ["readers", "reports"]
    code, told = said("training", "--json")
    assert [plugin["plugin"] for plugin in json.loads(told.out)] == ["training"]
    code, told = said("leakge")
    assert code == 2
    assert "did you mean 'leakage'?" in told.err


def test_every_component_has_a_portrait(capsys, monkeypatch):
    host = Host.load()
    monkeypatch.setattr(Host, "load", lambda **_: host)  # a hundred times the same
    for kind in KINDS:
        for name in host.names(kind):
            with pytest.raises(SystemExit) as stopped:
                cli.main(["plugins", name])
            assert stopped.value.code == 0
            assert f"{name}: " in capsys.readouterr().out.splitlines()[0]


def test_an_unknown_suite_names_the_nearest(tmp_path):
    done = seatrial("run", "quickstrat", cwd=tmp_path)
    assert done.returncode == 2
    assert "quickstrat: no such file, and no installed suite" in done.stderr
    assert "did you mean 'quickstart'?" in done.stderr


def test_an_unknown_option_is_a_usage_error_without_a_traceback():
    done = seatrial("run", "quickstart", "--fast")
    assert done.returncode == 2
    assert "--fast" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_source_is_said_before_anything_runs(tmp_path):
    done = seatrial("run", write(tmp_path, MINIMAL), cwd=tmp_path)
    assert done.returncode == 2
    assert "path:rows.jsonl" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_without_a_usable_row_names_the_first_problem(tmp_path):
    (tmp_path / "rows.jsonl").write_text('{"text": "half a row"\n{"nothing": 1}\n')
    done = seatrial("data", write(tmp_path, MINIMAL), cwd=tmp_path)  # whose data stages are those of `run`
    assert done.returncode == 2
    assert "no row could be read (2 unusable records; the first: rows.jsonl:1:" in done.stderr


def test_a_report_of_a_run_that_failed_says_what_it_failed_of(tmp_path):
    (tmp_path / "rows.jsonl").write_text('{"nothing": 1}\n')
    seatrial("data", write(tmp_path, MINIMAL), cwd=tmp_path)
    (folder,) = (tmp_path / "runs").iterdir()
    done = seatrial("report", folder)
    assert done.returncode == 3
    assert "its data stages are not finished; it ended with: path:rows.jsonl: no row could be read" in done.stderr
    assert "goes on from where it stopped" not in done.stderr


def test_a_blocked_plugin_takes_its_components_along(tmp_path):
    done = seatrial("check", "quickstart", "--no-sources", "--no-plugin", "robustness")
    assert done.returncode == 2
    assert "attack" in done.stdout + done.stderr


@pytest.mark.parametrize("command", [["gate"], ["why", "aa11"]])
def test_a_command_about_a_run_on_what_is_no_run_folder(command, tmp_path):
    done = seatrial(command[0], tmp_path, *command[1:])
    assert done.returncode == 2
    assert "not a run folder" in done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no row could be read"),
        ("words,kind\n", "no row could be read"),
        ("words,kind\nhello,a\n", "rows.csv:2"),
    ],
)
def test_check_reads_a_row_of_each_source_or_says_why_it_cannot(text, said, tmp_path, capsys):
    (tmp_path / "rows.csv").write_text(text)
    suite = tmp_path / "suite.yaml"
    suite.write_text(
        f"""name: odd
model: {{source: "package:seatrial_suites/tiny_llama", loader: random, device: cpu}}
data: {{train: {{source: "path:{tmp_path}/rows.csv", columns: {{text: wrods, label: kind}}}}, split: {{test: 0.5}}}}
train: {{method: lora}}
score: [{{choice: {{}}}}]
gates: [{{metric: choice/accuracy, min: 0.5}}]
"""
    )
    with pytest.raises(SystemExit) as stopped:
        cli.main(["check", str(suite)])
    assert stopped.value.code == 2
    assert said in capsys.readouterr().err


def test_a_folder_is_no_suite_file(tmp_path):
    done = seatrial("check", tmp_path)
    assert done.returncode == 2
    assert "is a folder, not a suite file" in done.stderr


def test_the_shipped_suites_pass_the_check_of_their_files(capsys):
    names = [suite["name"] for suite in json.loads(seatrial("suites", "--json").stdout)]
    assert {"quickstart", "smoke"} <= set(names)
    for name in names:
        with pytest.raises(SystemExit) as stopped:
            cli.main(["check", name, "--no-sources", "--set", "data.train.source=path:."])
        assert stopped.value.code == 0, capsys.readouterr().err


# ---- interrupted, full, read-only --------------------------------------------------------------------------------


AT_A_STAGE = """
import errno, os, signal, sys
from seatrial import cli, hookimpl
from seatrial.plugin.host import Host

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it from the start

class Trouble:
    @hookimpl(wrapper=True)
    def seatrial_run_stage(self, stage, given):
        if stage.name == sys.argv[1]:
            if sys.argv[2] == "interrupt":
                os.kill(os.getpid(), signal.SIGINT)
            else:
                raise OSError(errno.ENOSPC, "No space left on device")
        return (yield)

load = Host.load
def loaded(**given):
    host = load(**given)
    host.register(Trouble(), name="trouble")
    return host
Host.load = loaded
cli.main(sys.argv[3:])
"""


@pytest.fixture
def labelled_folder(tmp_path):
    lines = [json.dumps({"text": f"text {number}", "label": "ab"[number % 2]}) for number in range(20)]
    (tmp_path / "rows.jsonl").write_text("\n".join(lines))
    write(tmp_path, MINIMAL)
    return tmp_path


def in_trouble(folder, stage, kind, code=AT_A_STAGE):
    return warm.run("-c", code, stage, kind, "data", "suite.yaml", cwd=folder, timeout=120)


def test_an_interrupted_run_says_how_it_goes_on_and_does(labelled_folder):
    for stage in ("read", "deduplicate", "report"):
        done = in_trouble(labelled_folder, stage, "interrupt")
        assert (done.returncode, "Traceback" in done.stderr) == (130, False), stage
        assert done.stderr == "seatrial: interrupted; the same command goes on from the last whole stage\n"
    done = seatrial("data", "suite.yaml", cwd=labelled_folder)
    assert done.returncode == 0
    assert "begun before: 6 of them were done" in done.stdout
    assert len(list((labelled_folder / "runs").iterdir())) == 1


def test_a_full_disk_is_named_and_not_the_plugin_that_met_it(labelled_folder):
    done = in_trouble(labelled_folder, "deduplicate", "full")
    assert done.returncode == 3
    assert "seatrial: deduplicate: no space is left on a disk; free some, and the same command goes on" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
@pytest.mark.parametrize("arguments", [["--version"], ["suites"], ["schema"], ["--help"]])
def test_an_answer_that_a_full_disk_cannot_take_is_no_success(arguments):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "seatrial", *arguments],
            stdout=full, stderr=subprocess.PIPE, text=True, env=environment, timeout=60, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (3, "seatrial: standard output: no space left on device\n")


def test_a_stage_that_fails_in_a_folder_that_is_gone_says_of_what(labelled_folder):
    removing = AT_A_STAGE.replace(
        'raise OSError(errno.ENOSPC, "No space left on device")',
        "import shutil; shutil.rmtree('runs'); raise KeyError('meter')",
    )
    done = in_trouble(labelled_folder, "deduplicate", "gone", removing)
    assert done.returncode == 3
    assert "its wrapper of the stage raised KeyError: 'meter'" in done.stderr


@pytest.mark.parametrize("raised", ["SystemExit(0)", "ValueError('a defect')"])
def test_what_nobody_foresaw_is_no_verdict(labelled_folder, raised):
    breaking = f"def broken(*_, **__):\n    raise {raised}\nimport seatrial.suite.file\nseatrial.suite.file.load_suite = broken\n"
    done = in_trouble(labelled_folder, "", "", AT_A_STAGE.replace("cli.main(", breaking + "cli.main("))
    assert done.returncode == 3
    assert done.stderr.endswith("seatrial: this is a defect of seatrial or of a plugin, not of what it was given\n")
    assert "in broken" in done.stderr


def test_a_file_whose_name_is_no_utf_8_is_read_and_its_rows_are_found(labelled_folder):
    name = os.fsdecode(b"r\xffows.jsonl")
    folder = labelled_folder / "odd"
    folder.mkdir()
    (labelled_folder / "rows.jsonl").rename(folder / name)
    (labelled_folder / "suite.yaml").write_text("name: odd\ndata: {train: {source: 'path:odd'}, split: {test: 0.5}}\n")
    done = seatrial("data", "suite.yaml", cwd=labelled_folder)
    assert done.returncode == 0, done.stderr
    (run,) = (labelled_folder / "runs").iterdir()
    done = seatrial("why", str(run), f"{name}:3", cwd=labelled_folder)
    assert done.returncode == 0, done.stderr
    assert "r?ows.jsonl:3" in done.stdout


def test_a_place_where_no_run_folder_can_be_made_is_a_usage_error(labelled_folder):
    (labelled_folder / "file").write_text("")
    done = seatrial("data", "suite.yaml", "--runs", "file", cwd=labelled_folder)
    assert done.returncode == 2
    assert "cannot be made: not a directory; `--runs` names another place" in done.stderr


def test_a_cache_that_cannot_be_made_is_a_usage_error(labelled_folder):
    (labelled_folder / "file").write_text("")
    done = seatrial("check", "suite.yaml", cwd=labelled_folder, SEATRIAL_CACHE="file/cache")
    assert done.returncode == 2
    assert "name another folder for converted weights: SEATRIAL_CACHE=/a/folder" in done.stderr


def test_a_terminal_that_knows_few_characters_gets_those_that_it_knows(labelled_folder):
    done = seatrial("check", "suite.yaml", "--data", cwd=labelled_folder, PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert "stages: read ? clean" in done.stdout


def test_a_plugin_that_fails_to_watch_is_warned_of_once(labelled_folder):
    watching = "class Trouble:\n    @hookimpl\n    def seatrial_stage_finished(self, record): 1 / 0\n"
    done = in_trouble(labelled_folder, "", "", AT_A_STAGE.replace("class Trouble:", watching))
    assert done.returncode == 0
    assert done.stderr == (
        "seatrial: warning: plugin trouble: seatrial_stage_finished raised ZeroDivisionError: division by zero (7 times)\n"
    )


def test_a_plugin_whose_import_is_slow_is_named(installed, tmp_path, monkeypatch, capsys):
    installed("slow", "import time\ntime.sleep(0.6)\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("seatrial.commands.context._SLOW", 0.5)
    with pytest.raises(SystemExit):
        cli.main(["suites"])
    assert "importing plugin slow of slow-parts took 0." in capsys.readouterr().err
    with pytest.raises(SystemExit):
        cli.main(["plugins", "slow"])
    assert "slow-parts 1.0" in capsys.readouterr().out


def test_an_address_without_a_scheme_is_hinted_at_the_hub(tmp_path, capsys):
    suite = write(tmp_path, MINIMAL.replace("path:rows.jsonl", "org/rows@main"))
    with pytest.raises(SystemExit):
        cli.main(["check", str(suite)])
    assert "'hf:org/rows@main'" in capsys.readouterr().err


def test_a_missing_relative_path_says_where_it_starts(tmp_path, capsys, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    suite = write(tmp_path, MINIMAL)
    (tmp_path / "rows.jsonl").write_text("")
    with pytest.raises(SystemExit):
        cli.main(["check", str(suite)])
    said = capsys.readouterr().err
    assert "there is no 'rows.jsonl' in" in said
    assert "starts from the folder in which seatrial runs" in said
