"""A whole run with judges: a verdict, a kill, a judge that is away for a while, and the report."""

import json
import os
import subprocess
import sys
from collections import Counter
from textwrap import dedent

import pyarrow.parquet as pq
import pytest

pytestmark = pytest.mark.slow

CODE = """
    import os
    import re
    import signal
    from pathlib import Path


    def bot():
        return lambda messages: "Fine." if int(messages[-1]["content"].split()[-1]) % 4 else "No, I will not."


    def judge():
        def grade(messages):
            question = messages[0]["content"]
            answer = re.search(r"<<answer \\w+>>\\n(.*?)\\n<<end ", question, re.DOTALL)[1]
            number = re.search(r"user: .*?(\\d+)", question)[1]
            log = Path("asked")
            said = log.read_text().split() if log.exists() else []
            if Path("kill_at").exists() and len(said) == int(Path("kill_at").read_text()):
                os.kill(os.getpid(), signal.SIGKILL)
            if Path("away").exists() and number == "33":
                raise ConnectionError("the court is closed")
            with log.open("a") as stream:
                stream.write(number + "\\n")
            return "Seen.\\nGrade: " + ("5" if answer == "Fine." else "1")
        return grade
"""

SUITE = """
name: judged
model: {{source: "python:users_court:bot"}}
data: {{tests: {{qa: {{source: "path:{folder}/qa.jsonl"}}}}}}
score:
  - judge:
      on: qa
      judge: {{source: "python:users_court:{judge}"}}
      criteria: {{willing: "The reply agrees."}}
      passing: 4
      humans: {{labelled: {{source: "path:{folder}/labelled.jsonl", columns: {{label: fine}}}}}}
gates:
  - {{metric: judge/passed, min: 0.5}}
report: [markdown]
"""


@pytest.fixture
def court(tmp_path, monkeypatch, capsys):
    """A suite in the current folder, and the command line."""
    from seatrial import cli

    monkeypatch.chdir(tmp_path)
    for name, value in {"NO_COLOR": "1", "COLUMNS": "200", "SEATRIAL_CACHE": str(tmp_path / "cache")}.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "users_court.py").write_text(dedent(CODE))
    rows = [{"prompt": f"Do it {number}", "completion": "Fine."} for number in range(40)]
    (tmp_path / "qa.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    labelled = [
        {
            "prompt": f"Try {number}",
            "completion": "Fine." if number % 2 else "No.",
            "fine": number % 2 == 1 or number == 100,
        }
        for number in range(100, 120)
    ]
    (tmp_path / "labelled.jsonl").write_text("".join(json.dumps(row) + "\n" for row in labelled))
    suite = tmp_path / "suite.yaml"
    suite.write_text(SUITE.format(folder=tmp_path, judge="judge"))

    def run(*arguments):
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            cli.main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return stopped.value.code, " ".join((printed.out + printed.err).split())

    yield tmp_path, suite, run
    sys.modules.pop("users_court", None)


def asked(folder):
    return Counter((folder / "asked").read_text().split())


def test_a_killed_scoring_asks_nothing_twice_and_a_judge_that_was_away_is_asked_again(court):
    folder, suite, run = court
    code, said = run("check", suite)
    assert code == 0, said
    assert not (folder / "asked").exists()
    (folder / "kill_at").write_text("15")
    command = [sys.executable, "-m", "seatrial", "run", str(suite)]
    killed = subprocess.run(command, cwd=folder, env=dict(os.environ), capture_output=True, timeout=400, check=False)
    assert (killed.returncode, b"SIGKILL" in killed.stderr) == (3, True)
    assert asked(folder).total() == 15
    (folder / "kill_at").unlink()

    (folder / "away").touch()
    code, said = run("run", suite)
    assert code == 3, said
    assert "did not answer about 1 samples; the same command asks again for those" in said
    (folder / "away").unlink()
    code, said = run("run", suite)
    assert (code, "PASS" in said) == (0, True), said
    assert set(asked(folder).values()) == {1}
    assert len(asked(folder)) == 60

    (one,) = (folder / "runs").iterdir()
    samples = pq.read_table(one / "samples/judge.parquet").to_pylist()
    assert sum(sample["value:passed"] for sample in samples) == 30
    told = json.loads(samples[0]["detail"])["judged"][0]
    assert "The reply agrees." in told["question"]
    assert told["answer"].startswith("Seen.")
    report = "\n".join(file.read_text() for file in (one / "report").rglob("*.md"))
    assert "corrected for the judge" in report
    assert "Cohen" in report
    assert not (one / "unfinished").exists()

    other = folder / "other.yaml"
    other.write_text(suite.read_text().replace("{willing:", "{kind: 'The reply is kind.', willing:"))
    code, said = run("score", one, "--suite", other)
    assert code == 0, said
    samples = pq.read_table(one / "samples/judge.parquet").to_pylist()
    assert {len(json.loads(sample["detail"])["judged"]) for sample in samples} == {2}


def test_a_judge_that_judges_itself_or_cannot_write_is_told(court):
    _, suite, run = court
    suite.write_text(suite.read_text().replace("users_court:judge", "users_court:bot"))
    code, said = run("run", suite)
    assert code == 3, said
    assert "is the model on trial, or its base" in said
    assert "the judge did not answer: users_court:9: ValueError" in said
    suite.write_text(
        suite.read_text().replace('{source: "python:users_court:bot"}\n      criteria', '{sauce: "x"}\n      criteria')
    )
    code, said = run("check", suite)
    assert (code, "needs a `source`" in said) == (2, True), said


PAIRS = """
name: compared
model: {{source: "python:users_court:shown"}}
data:
  train: {{source: "path:{folder}/qa.jsonl"}}
  tests: {{fresh: {{source: "path:{folder}/fresh.jsonl"}}}}
  split: {{test: 0, validation: 0}}
fewshot: 2
baselines: []
score:
  - judge_pairs: {{on: fresh, judge: {{source: "python:users_court:longer"}}, against: {against}, systems: [base, fewshot]}}
gates:
  - {{metric: judge_pairs/win_rate, max: 0.9}}
report: [json]
"""

MORE = """
    def shown():
        return lambda messages: "word " * len(messages)


    def longer():
        def choose(messages):
            a, b = (
                len(re.search(rf"<<reply {one} \\w+>>\\n(.*?)\\n<<end ", messages[0]["content"], re.DOTALL)[1]) for one in "AB"
            )
            return "Winner: " + ("A" if a > b else "B")
        return choose
"""


def test_a_system_is_compared_with_another_one_of_the_run(court):
    folder, suite, run = court
    with (folder / "users_court.py").open("a") as module:
        module.write(dedent(MORE))
    rows = [{"prompt": f"Something else, number {number}", "completion": "Fine."} for number in range(12)]
    (folder / "fresh.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    suite.write_text(PAIRS.format(folder=folder, against="tuned"))
    code, said = run("check", suite)
    assert code == 2, said
    assert "compares with 'tuned'; the systems that it is asked of are base, base-2shot" in said
    suite.write_text(PAIRS.format(folder=folder, against="base"))
    code, said = run("check", suite)
    assert (code, "compares base, which is on trial, with itself" in said) == (2, True), said
    suite.write_text(PAIRS.format(folder=folder, against="base-2shot"))
    code, said = run("run", suite)
    assert code == 0, said
    (one,) = (folder / "runs").iterdir()
    samples = pq.read_table(one / "samples/judge_pairs.parquet").to_pylist()
    won = {
        system: {sample["value:won"] for sample in samples if sample["system"] == system}
        for system in ("base", "base-2shot")
    }
    assert won == {"base": {0.0}, "base-2shot": {None}}
    scores = {
        (score["metric"], score["system"]): score for score in json.loads((one / "scores.json").read_text())["scores"]
    }
    assert scores["judge_pairs/win_rate", "base"]["value"] == 0
    assert ("judge_pairs/win_rate", "base-2shot") not in scores
