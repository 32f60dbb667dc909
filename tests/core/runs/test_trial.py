"""Whole runs of the shipped suites on a randomly initialised model, in processes of their own, as a user starts them."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests import warm

from seatrial.runs.store import digest_path

pytestmark = pytest.mark.slow

PLUGIN = Path(__file__).parents[2] / "shouting_plugin"


def environment(site=None, **more):
    """This process's, with a folder of plugins before what is on the path already."""
    path = [entry for entry in (site and str(site), os.environ.get("PYTHONPATH")) if entry]
    return {**os.environ, "NO_COLOR": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": os.pathsep.join(path), **more}


def seatrial(*arguments, site=None, **more):
    return warm.run("-m", "seatrial", *arguments, env=environment(site, **more), timeout=400)


def only_run(runs):
    (run,) = runs.iterdir()
    return run


@pytest.fixture(scope="module")
def plugin_site(tmp_path_factory):
    """The plugin under tests/, installed as a user would, away from this environment."""
    site = tmp_path_factory.mktemp("site")
    source = tmp_path_factory.mktemp("source") / "plugin"
    shutil.copytree(PLUGIN, source)
    command = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--target", site, source]
    subprocess.run([sys.executable, *map(str, command)], check=True, capture_output=True, timeout=120)
    return site


@pytest.fixture(scope="module")
def smoke(tmp_path_factory, plugin_site):
    """One run of the suite `smoke` with the plugin installed and its filter in the suite."""
    folder = tmp_path_factory.mktemp("smoke")
    suite = folder / "loud.yaml"
    shipped = next(row["path"] for row in json.loads(seatrial("suites", "--json").stdout) if row["name"] == "smoke")
    text = Path(shipped).read_text(encoding="utf-8")
    suite.write_text(text.replace("  - schema: {}\n", "  - schema: {}\n  - shouting: {share: 0.5}\n"), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "seatrial", "run", suite, "--runs", folder / "runs", "--offline"],
        env=environment(plugin_site, SHOUTING_NOTES=str(folder / "notes.jsonl")),
        capture_output=True, text=True, timeout=400, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, only_run(folder / "runs"), done


def test_it_ends_with_the_verdict_and_the_reports_path(smoke):
    _, run, done = smoke
    verdict, report = done.stdout.strip().splitlines()[-2:]
    assert verdict.startswith("PASS  smoke: ")
    assert report == f"Report: {run / 'report/index.html'}"


def test_every_record_that_was_read_is_kept_or_has_a_decisive_entry(smoke):
    _, run, _ = smoke
    facts = json.loads((run / "nodes/read.json").read_text())["facts"]
    kept = sum(pq.read_metadata(run / f"data/{split}.parquet").num_rows for split in ("train", "validation", "test"))
    decisive = [entry for entry in pq.read_table(run / "ledger.parquet").to_pylist() if entry["decisive"]]
    assert kept + len(decisive) == facts["read"]
    assert len({entry["row"] for entry in decisive}) == len(decisive)
    assert all(entry["rule"] and entry["plugin"] and entry["action"] == "drop" for entry in decisive)


def test_the_installed_plugin_filters_and_is_named_in_the_ledger(smoke):
    _, run, _ = smoke
    mine = [entry for entry in pq.read_table(run / "ledger.parquet").to_pylist() if entry["filter"] == "shouting"]
    assert mine
    assert {(entry["plugin"], entry["rule"], entry["action"]) for entry in mine} == {
        ("seatrial-shouting", "capitals", "drop")
    }
    assert all(entry["score"] >= 0.5 for entry in mine)


def test_its_wrapper_surrounds_every_stage_and_its_watchers_hear_the_run(smoke):
    folder, run, _ = smoke
    notes = [json.loads(line) for line in (folder / "notes.jsonl").read_text().splitlines()]
    stages = json.loads((run / "manifest.json").read_text())["stages"]
    assert [note[1] for note in notes if note[0] == "wrapped"] == stages
    assert [note[1] for note in notes if note[0] == "finished"] == stages
    assert notes[0] == ["started", "smoke"]
    assert notes[-1] == ["verdict", "pass"]
    assert ["step", "clean"] in notes
    (trained,) = (run / "nodes").glob("train-*.json")
    assert json.loads(trained.read_text())["facts"]["wrapped_by"] == "shouting"


def test_its_section_stands_in_the_reports(smoke):
    _, run, _ = smoke
    assert "stages were heard" in (run / "report/index.html").read_text(encoding="utf-8")
    assert "stages were heard" in (run / "report/report.md").read_text(encoding="utf-8")


def test_gating_again_gives_the_same_verdict_from_files_alone(smoke, plugin_site):
    _, run, _ = smoke
    before = (run / "verdict.json").read_bytes(), (run / "scores.json").read_bytes()
    done = seatrial("gate", run, "--json", site=plugin_site)
    assert done.returncode == 0, done.stderr
    assert ((run / "verdict.json").read_bytes(), (run / "scores.json").read_bytes()) == before
    assert json.loads(done.stdout)["verdict"] == json.loads(before[0])["state"] == "pass"


def test_a_gate_on_samples_that_were_changed_is_refused(smoke, plugin_site, tmp_path):
    _, run, _ = smoke
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    path = copy / "samples/choice.parquet"
    pq.write_table(pq.read_table(path).slice(1), path)
    done = seatrial("gate", copy, site=plugin_site)
    assert done.returncode == 3
    assert "samples/choice.parquet (altered)" in done.stderr


def test_reports_can_be_written_again(smoke, plugin_site, tmp_path):
    _, run, _ = smoke
    done = seatrial("report", run, "markdown", "--to", tmp_path, site=plugin_site)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "report.md").read_bytes() == (run / "report/report.md").read_bytes()


def test_a_run_that_was_killed_goes_on_and_ends_the_same(smoke, plugin_site, tmp_path):
    folder, whole, _ = smoke
    command = [sys.executable, "-m", "seatrial", "run", str(folder / "loud.yaml"), "--runs", str(tmp_path)]
    for wanted in ("nodes/deduplicate.json", "unfinished/**/whole.json", "nodes/score-choice.json"):
        process = subprocess.Popen(
            command, env=environment(plugin_site), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 200
        while process.poll() is None and not list(tmp_path.glob(f"*/{wanted}")) and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()
    done = seatrial("run", folder / "loud.yaml", "--runs", tmp_path, site=plugin_site)
    assert done.returncode == 0, done.stdout + done.stderr
    run = only_run(tmp_path)
    assert pq.read_table(run / "ledger.parquet").equals(pq.read_table(whole / "ledger.parquet"))
    assert pq.read_table(run / "samples/choice.parquet").equals(pq.read_table(whole / "samples/choice.parquet"))
    assert digest_path(run / "products") == digest_path(whole / "products")
    (trained,) = (run / "nodes").glob("train-*.json")
    assert json.loads(trained.read_text())["facts"]["resumed_from_step"] > 0


@pytest.mark.parametrize(("suite", "code", "word"), [("must-fail", 1, "FAIL"), ("too-few-rows", 4, "INCONCLUSIVE")])
def test_the_suites_that_must_not_pass_do_not(suite, code, word, tmp_path):
    done = seatrial("run", suite, "--runs", tmp_path)
    assert done.returncode == code, done.stdout + done.stderr
    assert done.stdout.strip().splitlines()[-2].startswith(word)
