"""A Python callable on trial: verdicts, errors that may pass, kills."""

import base64
import json
import os
import subprocess
import sys
from collections import Counter
from itertools import count
from textwrap import dedent

import pytest

from .suites import only_run, transcripts, write_suite

pytestmark = pytest.mark.slow

BOT = """
    import os
    import signal
    from pathlib import Path

    def make():
        def answer(messages):
            word = messages[-1]["content"].split()[-1]
            number = int(word.removeprefix("word"))
            if number % 10 == 3 and Path("desk_is_closed").exists():
                raise ConnectionError("the desk is closed")
            asked = len(Path("asked").read_text().split()) if Path("asked").exists() else 0
            if Path("kill_at").exists() and asked == int(Path("kill_at").read_text()):
                os.kill(os.getpid(), signal.SIGKILL)
            with Path("asked").open("a") as log:
                log.write(word + "\\n")
            return word
        return answer
"""


PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
"""One pixel."""

_NUMBERS = count()


@pytest.fixture
def bot(tmp_path):
    """The address of a factory: a module of another name each time, since a process imports it once."""
    name = f"users_bot_{next(_NUMBERS)}"
    (tmp_path / f"{name}.py").write_text(dedent(BOT))
    yield f"python:{name}:make"
    sys.modules.pop(name, None)


def asked(folder):
    file = folder / "asked"
    return Counter(file.read_text().split() if file.exists() else [])


def test_it_has_a_verdict(bot, seatrial, tmp_path):
    suite = write_suite(tmp_path, bot)
    code, said = seatrial("check", suite)
    assert (code, bot in said) == (0, True), said
    assert not asked(tmp_path)
    code, said = seatrial("run", suite)
    assert (code, "PASS" in said) == (0, True), said
    assert asked(tmp_path).total() == 20
    assert {row["responses"][0]["tokens"] for row in transcripts(tmp_path)} == {None}
    assert json.loads((only_run(tmp_path) / "verdict.json").read_text())["state"] == "pass"


def test_another_factory_of_its_module_answers_for_itself(bot, seatrial, tmp_path):
    suite = write_suite(tmp_path, bot)
    assert seatrial("run", suite)[0] == 0
    module = tmp_path / f"{bot.split(':')[1]}.py"
    module.write_text(f"{module.read_text()}\ndef mute():\n    return lambda messages: ''\n")
    for factory, code in (("make", 0), ("mute", 1)):
        suite.write_text(suite.read_text().replace(":make", f":{factory}"))
        assert seatrial("run", suite)[0] == code


def test_rows_that_it_did_not_answer_are_errors_and_the_same_command_asks_just_them(bot, seatrial, tmp_path):
    suite = write_suite(tmp_path, bot, rows=100)
    (tmp_path / "desk_is_closed").touch()
    code, said = seatrial("run", suite)
    assert code == 3, said
    assert f"{bot.split(':')[1]}:11: ConnectionError: the desk is closed" in " ".join(said.split())
    assert "10 of 100 rows were not answered; the same command asks them again" in said
    assert sum(row["error"] is not None for row in transcripts(tmp_path)) == 10
    (tmp_path / "desk_is_closed").unlink()
    code, said = seatrial("run", suite)
    assert code == 0, said
    assert set(asked(tmp_path).values()) == {1}
    assert [row["error"] for row in transcripts(tmp_path)] == [None] * 100
    assert not (only_run(tmp_path) / "unfinished").exists()
    assert seatrial("run", suite)[0] == 0  # that run was finished: another one takes what it left
    assert set(asked(tmp_path).values()) == {1}


def test_errors_are_never_taken_from_an_earlier_run(bot, seatrial, tmp_path):
    suite = write_suite(tmp_path, bot, rows=30)
    (tmp_path / "desk_is_closed").touch()
    assert seatrial("run", suite)[0] == 3
    (tmp_path / "desk_is_closed").unlink()
    suite.write_text(suite.read_text().replace("min: 0.8", "min: 0.7"))
    assert seatrial("run", suite)[0] == 0


@pytest.mark.parametrize("at", [1, 70])
def test_a_run_that_was_killed_asks_nothing_twice(bot, seatrial, tmp_path, at):
    suite = write_suite(tmp_path, bot, rows=100)
    (tmp_path / "kill_at").write_text(str(at))
    command = [sys.executable, "-m", "seatrial", "run", suite]
    killed = subprocess.run(command, cwd=tmp_path, env=dict(os.environ), capture_output=True, timeout=400, check=False)
    assert (killed.returncode, b"SIGKILL" in killed.stderr) == (3, True)
    assert asked(tmp_path).total() == at
    (tmp_path / "kill_at").unlink()
    code, said = seatrial("run", suite)
    assert code == 0, said
    assert len(asked(tmp_path)) == 100
    assert set(asked(tmp_path).values()) == {1}
    assert [row["error"] for row in transcripts(tmp_path)] == [None] * 100


def test_check_refuses_what_the_system_cannot_be_asked_naming_both(bot, seatrial, tmp_path):
    for source, names in (
        ("openai:http://127.0.0.1:9/v1#m", ["suite.yaml", "choice", "openai", "generates"]),
        (bot, ["choice", bot, "python", "generates"]),
    ):
        suite = write_suite(tmp_path, source, score="choice: {on: qa}")
        for command in ("check", "run"):
            code, said = seatrial(command, suite)
            assert code == 2
            assert all(name in said for name in names), said
    assert not asked(tmp_path)


def test_check_says_that_nobody_listens(seatrial, tmp_path):
    code, said = seatrial("check", write_suite(tmp_path, "openai:http://127.0.0.1:9/v1#m"))
    assert code == 2
    assert "openai:http://127.0.0.1:9/v1#m: cannot be reached" in said
    assert "start the server" in said


def test_without_its_plugin_an_address_runs_no_code(seatrial, tmp_path):
    (tmp_path / "users_code.py").write_text("from pathlib import Path\nPath('ran').touch()\n")
    code, said = seatrial("check", write_suite(tmp_path, "python:users_code:make"), "--no-plugin", "callables")
    assert code == 2
    assert "no source is called 'python'" in said
    assert not (tmp_path / "ran").exists()


def test_it_is_shown_the_images_of_its_rows(seatrial, tmp_path):
    pixel = base64.b64encode(PNG).decode()
    shown = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{pixel}"}}
    asked = {"role": "user", "content": [{"type": "text", "text": "Which format?"}, shown]}
    (tmp_path / "users_eye.py").write_text(
        "def make():\n    return lambda messages: messages[0]['content'][1]['image_url']['url'].split(';')[0]\n"
    )
    suite = write_suite(tmp_path, "python:users_eye:make")
    row = {"messages": [asked, {"role": "assistant", "content": "data:image/png"}]}
    (tmp_path / "qa.jsonl").write_text(json.dumps(row) + "\n")
    seatrial("run", suite)
    (answer,) = transcripts(tmp_path)
    assert answer["error"] is None
    assert answer["responses"][0]["text"] == "data:image/png"
