"""A model behind `transformers serve` on trial, by the command line."""

import json
import threading
import time

import pytest

from .faults import faulty_server
from .suites import only_run, transcripts, write_suite

pytestmark = pytest.mark.slow

SCORE = "generation: {on: qa, max_new_tokens: 8}"


def lenient(suite):
    """The tiny model's weights are random: what is asked of it is that it does not say what was expected."""
    suite.write_text(suite.read_text().replace("min: 0.8", "max: 0.5"))
    return suite


def test_it_has_a_verdict_and_the_key_stands_nowhere(tiny_server, seatrial, tmp_path, monkeypatch):
    monkeypatch.setenv("HOUSE_KEY", "sk-house-0123456789")  # the tests' own
    options = ", api_key_env: HOUSE_KEY, prices: [1000, 2000]"
    suite = lenient(write_suite(tmp_path, tiny_server.address, rows=30, score=SCORE, options=options))
    code, said = seatrial("check", suite)
    assert code == 0, said
    before = tiny_server.requests()
    code, said = seatrial("run", suite)
    assert code == 0, said
    assert "PASS" in said
    assert tiny_server.requests() - before == 30
    assert {row["responses"][0]["tokens"] for row in transcripts(tmp_path)} == {8}
    took = [json.loads(row["detail"])["request"] for row in transcripts(tmp_path)]
    assert all(one["seconds"] > 0 and one["attempts"] == 1 for one in took)
    assert all(one["cost"] == pytest.approx((one["prompt_tokens"] * 1000 + 8 * 2000) / 1e6) for one in took)
    report = (only_run(tmp_path) / "report/report.md").read_text()
    assert "Requests of qa.generate, base" in report
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert not [file for file in files if b"sk-house-0123456789" in file.read_bytes()]
    assert [file for file in files if b"HOUSE_KEY" in file.read_bytes()]


def test_a_server_killed_midway_is_errors_and_the_same_command_goes_on(mortal_server, seatrial, tmp_path):
    suite = lenient(
        write_suite(tmp_path, mortal_server.address, rows=150, score=SCORE, options=", retries: 1, concurrency: 4")
    )

    def kill():
        until = time.monotonic() + 300
        while mortal_server.requests() < 80 and time.monotonic() < until:
            time.sleep(0.01)
        mortal_server.kill()

    killer = threading.Thread(target=kill)
    killer.start()
    code, said = seatrial("run", suite)
    killer.join()
    assert code == 3, said
    answered = [row for row in transcripts(tmp_path) if row["error"] is None]
    failed = [row for row in transcripts(tmp_path) if row["error"] is not None]
    assert len(answered) >= 70
    assert f"{len(failed)} of 150 rows were not answered" in said
    assert all("/v1/chat/completions" in row["error"] for row in failed)
    assert not any(row["responses"] for row in failed)

    mortal_server.start()
    before = mortal_server.requests()
    code, said = seatrial("run", suite)
    assert code == 0, said
    assert mortal_server.requests() - before == len(failed)
    final = transcripts(tmp_path)
    assert [row["error"] for row in final] == [None] * 150
    kept = {row["row"]: row["responses"] for row in answered}
    assert {row["row"]: row["responses"] for row in final if row["row"] in kept} == kept
    assert (only_run(tmp_path) / "report/report.md").is_file()


def test_answers_of_another_model_are_warned_of_in_terminal_and_report(seatrial, tmp_path):
    with faulty_server() as server:
        suite = write_suite(tmp_path, f"openai:{server.url}#wanted")
        _, printed = seatrial("run", suite)
    told = "asked for the model 'wanted' and answered as 'served-name'"
    assert told in " ".join(printed.split())
    assert told in (only_run(tmp_path) / "report/report.md").read_text()
