"""A whole run of two tasks: gates on their metrics, and the files that other tools read."""

import json

import pytest

from .conftest import CHOICE, CHOICES
from .test_judging import TEXTS

SUITE = """
name: tasks
model: {source: "package:seatrial_suites/tiny_llama", loader: random, dtype: float32, device: cpu}
data: {train: {source: "path:learnt.jsonl"}, test: {source: "path:other.jsonl"}}
score:
  - lm_eval: {task: "path:things.yaml", num_fewshot: 1}
  - lm_eval: {task: "path:texts.yaml", as: texts}
  - lm_eval: {task: "path:things.yaml", as: again, limit: 3}
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
        (folder / "other.jsonl").write_text('{"prompt": "Who?", "completion": "You"}\n')
        (folder / "learnt.jsonl").write_text('{"prompt": "q: which SWIMS? a:", "completion": "a trout"}\n')
        trial = seatrial.run("suite.yaml")
        yield trial.folder / "report", trial


def test_results_are_lm_evals(report):
    folder, _ = report
    [path] = (folder / "lm-eval/base").glob("results_*.json")
    said = json.loads(path.read_text())
    things, texts = said["results"]["things"], said["results"]["texts"]
    assert things["acc_stderr,none"] >= 0
    assert said["n-shot"] == {"things": 1, "texts": 0, "again/things": 0}
    assert said["results"]["again/things"]["sample_len"] == 3
    assert said["n-samples"]["again/things"] == {"original": 4, "effective": 3}
    assert said["versions"]["things"] == 2.0
    assert said["configs"]["things"]["doc_to_choice"] == "options"
    assert texts["word_perplexity,none"] > texts["byte_perplexity,none"] > 1
    assert texts["word_perplexity_stderr,none"] is None
    assert said["reasons"]["texts"]["word_perplexity_stderr,none"]


def test_every_sample_is_a_line_with_its_hashes(report):
    folder, _ = report
    [path] = (folder / "lm-eval/base").glob("samples_things_*.jsonl")
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


def test_questions_that_stand_in_train_are_warned_of(report):
    _, trial = report
    [said] = json.loads((trial.folder / "nodes/score-lm_eval.json").read_text())["facts"]["warnings"]
    assert said.startswith("score[lm_eval]: the questions of 1 of 4 rows stand word for word in train")
    assert "choices.jsonl:2, in train learnt.jsonl:1" in said


def test_a_run_is_gated_and_reported_as_it_was_scored_whatever_became_of_its_task_files(report, tmp_path, monkeypatch):
    import shutil

    import seatrial

    _, trial = report
    shutil.copytree(trial.folder.absolute(), tmp_path / "run")
    monkeypatch.chdir(tmp_path)
    before = json.loads((tmp_path / "run/verdict.json").read_text())
    for task in (None, CHOICE.replace("higher_is_better: true", "higher_is_better: false") + "num_fewshot: 3\n"):
        if task is not None:
            for name in ("things.yaml", "texts.yaml"):
                (tmp_path / name).write_text(task)
        opened = seatrial.open_run("run")
        opened.gate()
        assert json.loads((tmp_path / "run/verdict.json").read_text())["decisions"] == before["decisions"]
        [path] = (tmp_path / "run/report/lm-eval/base").glob("results_*.json")
        said = json.loads(path.read_text())
        assert said["n-shot"] == {}
        assert said["results"]["lm_eval"]["acc,none"] is not None
        assert "not those of the run" in said["reasons"]["lm_eval"]["configs"]


def test_a_limit_is_told_beside_the_scores(report):
    folder, _ = report
    again, whole = (
        json.loads((folder.parent / f"nodes/score-{name}.json").read_text()) for name in ("again", "lm_eval")
    )
    assert (again["facts"]["rows"], again["facts"]["of"]) == (3, 4)
    assert (whole["facts"]["rows"], whole["facts"]["of"]) == (4, 4)


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
