"""The data stages alone: a dataset, a ledger and reports, from the command line and from Python, without a model."""

import json
import os
import subprocess
import sys
import time

import pyarrow.parquet as pq
import pytest
from tests import warm

from seatrial import cli, hookimpl
from seatrial.errors import StageError, StoreError, UsageError
from seatrial.plugin.host import Host
from seatrial.runs.digests import record
from seatrial.runs.run import run
from seatrial.runs.run_folder import RunFolder
from seatrial.runs.saved import load_result, write_reports
from seatrial.suite.file import load_suite

SUITE = """
name: tickets
seed: 5
data:
  train: {source: "path:rows.jsonl"}
  split: {test: 0.3}
filters: [unicode, schema, duplicates, {leakage: {presets: [exact]}}]
"""


def rows():
    for place in range(40):
        yield json.dumps({"text": f"where is my parcel number {place}", "label": "parcel" if place % 2 else "post"})
    yield json.dumps({"text": "Where is my parcel number 7?", "label": "parcel"})
    yield json.dumps({"text": "broken\u200b", "label": "post"})
    yield "{not json"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "rows.jsonl").write_text("\n".join(rows()) + "\n", encoding="utf-8")
    (tmp_path / "suite.yaml").write_text(SUITE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def seatrial(capsys, *arguments):
    with pytest.raises(SystemExit) as stopped:
        cli.main([*map(str, arguments)])
    return stopped.value.code or 0, *capsys.readouterr()


def only_run(folder):
    (found,) = (folder / "runs").iterdir()
    return found


def test_it_leaves_a_dataset_the_ledger_and_a_report(folder, capsys):
    code, out, _ = seatrial(capsys, "data", "suite.yaml")
    assert code == 0
    found = only_run(folder)
    *_, counted, dataset, ledger, report = out.splitlines()
    assert counted == "tickets: 43 records read, 2 dropped, 41 kept (train 29, test 12)"
    assert dataset == f"Dataset: {found.relative_to(folder) / 'dataset'}"
    assert ledger == f"Ledger: {found.relative_to(folder) / 'ledger.parquet'}"
    assert report == f"Report: {found.relative_to(folder) / 'report/index.html'}"
    assert sorted(path.name for path in (found / "dataset").iterdir()) == [
        "test.jsonl", "test.parquet", "train.jsonl", "train.parquet",
    ]  # fmt: skip
    lines = [json.loads(line) for name in ("train", "test") for line in (found / f"dataset/{name}.jsonl").open()]
    assert len(lines) == 41
    assert {"text": "broken", "label": "post"}.items() <= next(line for line in lines if line["line"] == 42).items()
    dropped = [entry for entry in pq.read_table(found / "ledger.parquet").to_pylist() if entry["decisive"]]
    assert [(entry["file"], entry["line"], entry["rule"]) for entry in dropped] == [
        ("rows.jsonl", 43, "undecodable"),
        ("rows.jsonl", 41, "copy"),
    ]


def test_a_run_of_another_version_says_which_one_can_report_it(folder, capsys):
    seatrial(capsys, "data", "suite.yaml")
    suite = only_run(folder) / "suite.yaml"
    suite.write_text(suite.read_text(encoding="utf-8").replace("mojibake: ", "garbled: "), encoding="utf-8")
    record(RunFolder(only_run(folder)))
    code, _, said = seatrial(capsys, "report", only_run(folder))
    assert code == 2
    assert "the run's suite does not fit the plugins that are installed now" in said
    assert "has no such rule" in said
    assert "Use those that it was run with: seatrial 0." in said


def test_its_reports_speak_of_data_and_of_no_verdict(folder, capsys):
    seatrial(capsys, "data", "suite.yaml", "--set", "report=[html, markdown, json, junit]")
    report = only_run(folder) / "report"
    html = (report / "index.html").read_text(encoding="utf-8")
    assert "<title>DATA: tickets</title>" in html
    assert "43 records were read, 2 dropped, 41 kept" in html
    for absent in ("Can this ship?", "How good is it?", "seatrial gate", "On trial", "PASS"):
        assert absent not in html
    assert (report / "report.md").read_text(encoding="utf-8").startswith("# ≡ DATA: tickets\n")
    results = json.loads((report / "results.json").read_text(encoding="utf-8"))
    assert (results["verdict"]["state"], results["verdict"]["exit_code"]) == (None, 0)
    assert (results["data"]["read"], results["data"]["kept"], results["data"]["dropped"]) == (43, 41, 2)
    assert "nothing was decided" in (report / "junit.xml").read_text(encoding="utf-8")


def test_json_for_programs(folder, capsys):
    _, out, err = seatrial(capsys, "data", "suite.yaml", "--json")
    document = json.loads(out)
    assert (document["read"], document["dropped"], document["kept"]) == (43, 2, 41)
    assert document["splits"] == {"train": 29, "validation": 0, "test": 12}
    assert "1/7 read" in err


def test_the_story_of_a_row_of_it(folder, capsys):
    seatrial(capsys, "data", "suite.yaml")
    code, out, _ = seatrial(capsys, "why", only_run(folder), "rows.jsonl:41")
    assert code == 0
    assert "duplicates/copy" in out
    assert "rows.jsonl:8" in out
    assert out.splitlines()[-1] == "Ended  dropped in deduplicate by duplicates/copy"
    code, _, err = seatrial(capsys, "why", only_run(folder), "rows.jsonl:99")
    assert code == 2
    assert "no row of rows.jsonl starts in line 99" in err


def test_from_python_twice_with_the_same_outcome(folder):
    host = Host.load()
    suite = load_suite(folder / "suite.yaml", host, only_data=True)
    results = [run(suite, host, runs=folder / name, only_data=True) for name in ("one", "two")]
    assert [result.verdict for result in results] == [None, None]
    assert results[0].ledger.equals(results[1].ledger)
    train = [(result.folder / "dataset/train.jsonl").read_bytes() for result in results]
    assert train[0] == train[1]
    assert write_reports(results[0].folder, host, kinds=["markdown"], to=folder / "again")[0].is_file()


def test_a_suite_without_a_model_is_not_put_on_trial(folder):
    host = Host.load()
    suite = load_suite(folder / "suite.yaml", host, only_data=True)
    with pytest.raises(UsageError, match="names no model to put on trial"):
        run(suite, host, runs=folder / "runs")


def test_there_is_nothing_to_gate_in_it(folder, capsys):
    seatrial(capsys, "data", "suite.yaml")
    code, _, err = seatrial(capsys, "gate", only_run(folder))
    assert (code, "a run of the data stages alone" in err) == (2, True)


GATED = """
score: [{choice: {}}]
gates:
  - {metric: data/dropped_by_comparing, max: 0}
  - {metric: leakage/held_out_contaminated, max: 5}
  - {metric: data/train_rows, min: 1000, severity: warn}
  - {metric: choice/accuracy, min: 0.9}
"""


def gated(folder, capsys, gates=GATED):
    (folder / "suite.yaml").write_text(SUITE + gates, encoding="utf-8")
    return seatrial(capsys, "data", "suite.yaml")


def test_gates_on_data_are_decided_and_those_on_scores_said_to_be_left(folder, capsys):
    code, out, _ = gated(folder, capsys)
    assert code == 1
    assert (
        "FAIL  tickets: 1 of 2 blocking gates failed: data/dropped_by_comparing ≤ 0: 1 rows > 0 (counted, no sampling error)"
        in out.splitlines()
    )
    assert (
        "Warning: not decided, since no model was trained or scored: the gates on choice/accuracy" in out.splitlines()
    )
    assert any(line.startswith("Warning: gate failed: data/train_rows ≥ 1000") for line in out.splitlines())
    report = only_run(folder) / "report"
    text = (report / "report.md").read_text(encoding="utf-8")
    assert text.startswith(
        "# ✗ DATA FAIL: tickets\n\n**The data is not as its gates ask. No model was trained or scored"
    )
    assert text.index("## Is the data as its gates ask?") < text.index("## Data")
    html = (report / "index.html").read_text(encoding="utf-8")
    assert "<title>DATA FAIL: tickets</title>" in html
    assert "Can this ship?" not in html
    results = json.loads((report / "results.json").read_text(encoding="utf-8"))
    assert (results["verdict"]["state"], results["verdict"]["exit_code"], len(results["gates"])) == ("fail", 1, 3)


def test_the_verdict_on_data_can_be_repeated(folder, capsys):
    gated(folder, capsys)
    written = (only_run(folder) / "verdict.json").read_bytes()
    (only_run(folder) / "verdict.json").write_text("{}")
    code, out, _ = seatrial(capsys, "gate", only_run(folder))
    assert code == 1
    assert "data/dropped_by_comparing" in out
    assert (only_run(folder) / "verdict.json").read_bytes() == written
    assert seatrial(capsys, "report", only_run(folder))[0] == 0


def test_data_that_is_as_its_gates_ask_passes(folder, capsys):
    code, out, _ = gated(folder, capsys, "gates: [{metric: leakage/held_out_contaminated, max: 5}]")
    assert code == 0
    assert "PASS  tickets: 1 blocking gate passed" in out.splitlines()
    assert "# ✓ DATA PASS: tickets" in (only_run(folder) / "report/report.md").read_text(encoding="utf-8")


def test_where_no_gate_on_data_blocks_nothing_is_decided(folder, capsys):
    code, out, _ = gated(folder, capsys, "gates: [{metric: data/train_rows, min: 1000, severity: warn}]")
    assert code == 0
    assert not [line for line in out.splitlines() if line.startswith(("PASS", "INCONCLUSIVE"))]
    text = (only_run(folder) / "report/report.md").read_text(encoding="utf-8")
    assert text.startswith("# ≡ DATA: tickets")
    assert "| ✗ fail   | warn     | data/train_rows ≥ 1000" in text


def test_a_measure_that_is_missing_is_never_a_pass(folder, capsys):
    gates = "gates: [{metric: leakage/held_out_contaminated, max: 0}]"
    with_all_in_train = SUITE.replace("split: {test: 0.3}", "split: {test: 0}") + gates
    (folder / "suite.yaml").write_text(with_all_in_train, encoding="utf-8")
    code, out, _ = seatrial(capsys, "data", "suite.yaml")
    assert code == 3
    assert any(
        line.startswith("ERROR  tickets: 1 of 1 blocking gate could not be decided") for line in out.splitlines()
    )


def test_a_filter_that_asks_for_a_tokenizer_asks_for_a_model(folder, capsys):
    (folder / "suite.yaml").write_text(SUITE.replace("schema,", "{length: {max_tokens: 50}},"), encoding="utf-8")
    code, _, err = seatrial(capsys, "data", "suite.yaml")
    assert (code, "asks for the model's tokenizer" in err) == (2, True)


def test_a_filter_that_counts_no_tokens_asks_for_none(folder, capsys):
    (folder / "suite.yaml").write_text(SUITE.replace("schema,", "schema, length,"), encoding="utf-8")
    assert seatrial(capsys, "data", "suite.yaml")[0] == 0


def test_rows_may_all_stay_in_train(folder, capsys):
    code, out, _ = seatrial(capsys, "data", "suite.yaml", "--set", "data.split.test=0")
    assert (code, "41 kept (train 41)" in out) == (0, True)


class PowerCut:
    """Stops a run before a stage, once."""

    def __init__(self, stage):
        self.stage = stage

    @hookimpl(wrapper=True)
    def seatrial_run_stage(self, stage, given):
        if stage.name == self.stage:
            self.stage = ""
            raise RuntimeError("the power went")
        return (yield)


def test_a_stage_that_fails_is_exit_code_3_and_the_next_call_goes_on(folder):
    host = Host.load()
    host.register(PowerCut("split"), name="power-cut")
    suite = load_suite(folder / "suite.yaml", host, only_data=True)
    with pytest.raises(StageError, match="its wrapper of the stage raised RuntimeError: the power went") as caught:
        run(suite, host, runs=folder / "runs", only_data=True)
    assert caught.value.exit_code == 3
    with pytest.raises(StoreError, match="its data stages are not finished"):
        load_result(only_run(folder), host)
    # How many processes work makes no other run of it.
    suite = load_suite(folder / "suite.yaml", host, overrides=["data.engine={local: {workers: 1}}"], only_data=True)
    result = run(suite, host, runs=folder / "runs", only_data=True)
    assert result.folder == only_run(folder)
    assert result.facts("read")["read"] == result.facts("decontaminate")["rows_out"] + 2


def test_it_imports_no_torch(folder):
    code = (
        "import sys, seatrial.cli as cli\n"
        "try: cli.main(sys.argv[1:])\n"
        "except SystemExit as stop: assert not stop.code, stop.code\n"
        "print('HEAVY', sorted({'torch', 'transformers', 'sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "data", "suite.yaml", "--quiet"],
        capture_output=True, text=True, timeout=100, check=False, env={**os.environ},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "HEAVY []"


@pytest.mark.slow
def test_a_killed_data_run_goes_on_and_leaves_what_an_undisturbed_one_leaves(folder):
    with (folder / "rows.jsonl").open("w", encoding="utf-8") as stream:
        for place in range(12_000):
            text = f"where is my parcel number {place % 9_000} and card {place % 77} of the {place % 13}th"
            stream.write(json.dumps({"text": text, "label": "parcel" if place % 2 else "post"}) + "\n")
        stream.write("{broken\n")
    command = [sys.executable, "-m", "seatrial", "data", "suite.yaml", "--runs"]
    for wanted in ("read", "clean", "deduplicate", "split", "decontaminate"):
        process = subprocess.Popen([*command, "killed"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 200
        while process.poll() is None and not list(folder.glob(f"killed/*/nodes/{wanted}.json")):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.kill()
        process.wait()
    results = []
    for runs in ("killed", "whole"):
        warm.run(*command[1:], runs, timeout=200).check_returncode()
        (found,) = (folder / runs).iterdir()
        results.append(load_result(found, Host.load()))
    killed, whole = results
    assert killed.ledger.equals(whole.ledger)
    for name in ("train.jsonl", "test.jsonl"):
        assert (killed.folder / "dataset" / name).read_bytes() == (whole.folder / "dataset" / name).read_bytes()
    for result in results:
        kept = result.facts("decontaminate")["rows_out"]
        assert kept + sum(result.ledger["decisive"].to_pylist()) == result.facts("read")["read"] == 12_001
        assert not [path for path in (result.folder / "data").iterdir() if path.name.startswith((".compare", ".leak"))]


COVERED = SUITE.replace("{leakage: {presets: [exact]}}", "{coverage: {dimensions: DIMENSIONS, neighbours: false}}")


def test_coverage_without_a_model_counts_what_it_can_and_says_what_it_cannot(folder, capsys):
    dimensions = "[label, slice, length, tokens]"
    (folder / "suite.yaml").write_text(COVERED.replace("DIMENSIONS", dimensions), encoding="utf-8")
    assert seatrial(capsys, "data", "suite.yaml")[0] == 0
    (one,) = load_result(only_run(folder), Host.load()).facts("decontaminate")["filters"]
    assert [found["name"] for found in one["facts"]["dimensions"]] == ["label", "length"]
    assert one["measures"]["label_gaps_in_train"] == 0
    assert one["unseen"] == "lengths in tokens (the suite names no model)"
    page = (only_run(folder) / "report/index.html").read_text(encoding="utf-8")
    assert "Gaps between train and test" in page
    assert "the suite names no model" in page


def test_a_gate_on_coverage_is_checked_by_name(folder, capsys):
    gates = "gates: [{metric: coverage/label_gaps_in_tran, max: 0}, {metric: coverage/length_divergence, max: 0.1}]"
    (folder / "suite.yaml").write_text(COVERED.replace("DIMENSIONS", "[label]") + gates, encoding="utf-8")
    code, _, said = seatrial(capsys, "check", "suite.yaml", "--data")
    assert code == 2
    assert "did you mean 'coverage/label_gaps_in_train'?" in said
    assert "nothing in the suite produces 'coverage/length_divergence'" in said


def test_a_gate_on_what_could_not_be_found_says_why_and_does_not_pass(folder, capsys):
    reasons = {
        "leakage/held_out_contaminated": "no held-out row has text enough of its own for tulu3",
        "coverage/slice_gaps_in_train": "no row has a slice",
        "coverage/tokens_gaps_in_train": "the suite names no model",
        "data/slices_not_in_train": "no test row has a slice",
    }
    filters = "[{leakage: {presets: [tulu3]}}, {coverage: {dimensions: [slice, tokens], neighbours: false}}]"
    gates = ", ".join(f"{{metric: {metric}, max: 0}}" for metric in (*reasons, "data/labels_not_in_train"))
    suite = SUITE.replace("[unicode, schema, duplicates, {leakage: {presets: [exact]}}]", filters)
    (folder / "suite.yaml").write_text(f"{suite}gates: [{gates}]\n", encoding="utf-8")
    code, *_ = seatrial(capsys, "data", "suite.yaml")
    assert code == 3
    *without, known = load_result(only_run(folder), Host.load()).verdict.decisions
    assert {one.metric: (one.outcome, one.value, one.reason) for one in without} == {
        metric: ("error", None, reason) for metric, reason in reasons.items()
    }
    assert (known.outcome, known.reason) == ("pass", "0 labels ≤ 0 (counted, no sampling error)")


def test_choices_that_the_datasets_layout_does_not_hold_are_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [{"question": f"which is {n}?", "choices": ["this", "that"], "answer": 1} for n in range(3)]
    (tmp_path / "choice.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "free.jsonl").write_text(json.dumps({"prompt": "say hello", "completion": "hello"}) + "\n")

    def warned(*names):
        sets = zip(("train", "test"), names, strict=False)
        data = "".join(f"  {of}: {{source: 'path:{name}.jsonl'}}\n" for of, name in sets)
        (tmp_path / "suite.yaml").write_text(f"name: mixed\ndata:\n{data}filters: []\n")
        host = Host.load()
        suite = load_suite(tmp_path / "suite.yaml", host, only_data=True)
        result = run(suite, host, runs=tmp_path / "runs", only_data=True, fresh=True)
        return result.facts("export").get("warnings", [])

    assert warned("choice") == []
    (said,) = warned("free", "choice")
    assert "of 3 rows their choices are not in it" in said
