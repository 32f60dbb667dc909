"""A whole run of two tasks: gates on their metrics, and the files that other tools read."""

import json

import pytest

from .conftest import CHOICE, CHOICES
from .test_judging import TEXTS

SUITE = """
name: tasks
model: {source: "package:seatrial_suites/tiny_llama", loader: random, dtype: float32, device: cpu}
data: {}
score:
  - lm_eval: {task: "path:things.yaml", num_fewshot: 1}
  - lm_eval: {task: "path:texts.yaml", as: texts}
  - lm_eval: {task: "path:things.yaml", as: two, num_fewshot: 2}
gates:
  - {metric: lm_eval/acc, min: 0.01}
report: [lm-eval, every-eval-ever]
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    import seatrial

    folder = tmp_path_factory.mktemp("tasks")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name, text in {"things.yaml": CHOICE, "texts.yaml": TEXTS, "suite.yaml": SUITE}.items():
            (folder / name).write_text(text)
        rows = "".join(json.dumps(row) + "\n" for row in CHOICES)
        (folder / "choices.jsonl").write_text(rows)
        (folder / "shown.jsonl").write_text(rows)
        (folder / "texts.jsonl").write_text('{"text": "one two"}\n{"text": "three"}\n')
        trial = seatrial.run("suite.yaml")
        yield trial.folder / "report", trial


def test_results_are_lm_evals(report):
    folder, _ = report
    [path] = (folder / "lm-eval/base").glob("results_*.json")
    said = json.loads(path.read_text())
    things, texts = said["results"]["things"], said["results"]["texts"]
    assert things["acc_stderr,none"] >= 0
    assert said["n-shot"] == {"things": 1, "texts": 0, "things (two)": 2}
    assert len(list((folder / "lm-eval/base").glob("samples_*.jsonl"))) == 3
    assert said["versions"]["things"] == 2.0
    assert said["configs"]["things"]["doc_to_choice"] == "options"
    assert texts["word_perplexity,none"] > texts["byte_perplexity,none"] > 1
    assert texts["word_perplexity_stderr,none"] is None
    assert said["reasons"]["texts"]["word_perplexity_stderr,none"]


def test_every_sample_is_a_line_with_its_hashes(report):
    folder, _ = report
    [path] = (folder / "lm-eval/base").glob("samples_things_2*.jsonl")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["doc_id"] for line in lines] == [0, 1, 2, 3]
    assert {len(line["resps"]) for line in lines} == {3}
    assert all(len(line[key]) == 64 for line in lines for key in ("doc_hash", "prompt_hash", "target_hash"))


def test_every_eval_ever_has_numbers_and_names_what_it_leaves_out(report):
    folder, trial = report
    said = json.loads((folder / "every-eval-ever/base.json").read_text())
    scores = {one["evaluation_name"]: one for one in said["evaluation_results"]}
    table = trial.scores.reset_index()
    accuracy = table[table["metric"] == "lm_eval/acc"].iloc[0]
    assert scores["lm_eval.acc"]["score_details"]["score"] == accuracy["value"]
    assert scores["lm_eval.acc"]["metric_config"]["max_score"] == 1.0
    assert "left_out:texts/nll_per_word" in said["source_metadata"]["additional_details"]


def test_a_run_is_judged_and_reported_by_the_task_file_that_it_read(report):
    """Last of those that share the run: the file is changed after it."""
    from pathlib import Path

    _, trial = report
    before = trial.verdict.decisions[0]
    lower = CHOICE.replace("higher_is_better: true", "higher_is_better: false").replace("version: 2.0", "version: 9.0")
    Path("things.yaml").write_text(lower)
    after = trial.gate().verdict.decisions[0]
    assert (after.outcome, after.reason) == (before.outcome, before.reason)
    trial.write_reports("lm-eval", to="again")
    [path] = Path("again/lm-eval/base").glob("results_*.json")
    said = json.loads(path.read_text())
    assert said["versions"].keys() == {"texts"}
    assert "read" in said["reasons"]["lm_eval"]["versions"]
    Path("things.yaml").unlink()
    assert trial.gate().verdict.decisions[0].outcome == before.outcome
    table = trial.scores.reset_index()
    assert said["results"]["lm_eval"]["acc,none"] == table[table["metric"] == "lm_eval/acc"].iloc[0]["value"]


def test_the_suites_own_keys_of_rows_say_nothing_beside_it(folder):
    import seatrial
    from seatrial.errors import SuiteError

    where = folder(texts_yaml=TEXTS, texts_jsonl=[{"text": "one two"}])
    (where / "suite.yaml").write_text(SUITE.replace("num_fewshot: 1", "fewshot: 2, samples: 3"))
    with pytest.raises(SuiteError) as refused:
        seatrial.plan("suite.yaml")
    said = str(refused.value)
    assert "suite.yaml:6: score[0].lm_eval.samples" in said
    assert "score[0].lm_eval.fewshot: 'lm_eval' brings its rows" in said
