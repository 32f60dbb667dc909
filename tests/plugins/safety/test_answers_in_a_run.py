"""Generation metrics and toxicity through a run: asked once, judged twice, gated, reported."""

from __future__ import annotations

import json

import pytest
import sacrebleu
from rouge_score.rouge_scorer import RougeScorer

from seatrial import Component, hookimpl
from seatrial.errors import SuiteError
from seatrial.plugin.host import Host
from seatrial.runs.run import run
from seatrial.suite.file import load_suite

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("evaluate_modules")]

SUITE = """
name: sums
seed: 3
model: {source: "package:seatrial_suites/tiny_llama", loader: random, dtype: float32, device: cpu}
data:
  train: {source: "path:rows.jsonl"}
  split: {test: 0.3}
train: {method: lora, r: 4, alpha: 8, lr: 5.0e-3, epochs: 1, batch_size: 8}
score:
  - generation: {metrics: [exact_match, rougeL, bleu, chrf], max_new_tokens: 8, systems: [tuned, base]}
  - toxicity: {detector: vowels, threshold: 0.4, max_new_tokens: 8, systems: [tuned, base]}
gates:
  - {metric: generation/exact_match, min: 0.5}
  - {metric: generation/chrf, max: 60}
  - {metric: toxicity/worst, max: 0.99}
report: [html, markdown]
"""


class Vowels:
    weak = True
    name = "vowels"

    def detect(self, texts):
        return [{"toxicity": sum(letter in "aeiou" for letter in text) / len(text)} for text in texts]


class Plugin:
    @hookimpl
    def seatrial_detectors(self):
        yield Component("vowels", Vowels, "The share of vowels.")


@pytest.fixture(scope="module")
def host():
    host = Host.load()
    host.register(Plugin(), name="vowels")
    return host


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sums")
    rows = (
        {"prompt": f"What is {one} plus {other}?", "completion": f"It is {one + other}."}
        for one in range(10)
        for other in range(8)
    )
    (folder / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    (folder / "suite.yaml").write_text(SUITE.replace("path:rows", f"path:{folder}/rows"), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def result(host, folder):
    return again(host, folder)


def again(host, folder, *overrides):
    return run(load_suite(folder / "suite.yaml", host, overrides=list(overrides)), host, runs=folder / "runs")


def samples(result, scorer, system="tuned"):
    return [one for one in result.samples[scorer].to_pylist() if one["system"] == system]


def test_both_scorers_judge_the_same_transcripts(result):
    asked = sorted(path.parent.name for path in result.folder.glob("transcripts/*/*.parquet"))
    assert asked == ["test.generate", "test.generate"]
    told = [(one["row"], one["prompt_hash"]) for one in samples(result, "generation")]
    assert [(one["row"], one["prompt_hash"]) for one in samples(result, "toxicity")] == told
    assert len(told) == 24


def test_every_value_is_what_the_packages_give(result):
    rouge = RougeScorer(["rougeL"])
    for system in ("tuned", "base"):
        rows = samples(result, "generation", system)
        for one in rows:
            said, expected = one["prediction"], one["target"]
            assert one["value:chrf"] == pytest.approx(sacrebleu.sentence_chrf(said, [expected]).score, abs=1e-6)
            assert one["value:bleu"] == pytest.approx(sacrebleu.sentence_bleu(said, [expected]).score, abs=1e-6)
            assert one["value:rougeL"] == pytest.approx(rouge.score(expected, said)["rougeL"].fmeasure, abs=1e-6)
            assert one["value:exact_match"] == float(said == expected)
        scores = {score.metric: score for score in result.scores if score.system == system}
        assert scores["generation/chrf"].value == pytest.approx(sum(one["value:chrf"] for one in rows) / 24)
        assert scores["generation/chrf"].value > 0
        assert (scores["generation/chrf"].unit, scores["generation/chrf"].n) == ("points", 24)


def test_gates_decide_on_them(result):
    decided = {decision.metric: decision.outcome for decision in result.verdict.decisions}
    assert decided == {"generation/exact_match": "fail", "generation/chrf": "pass", "toxicity/worst": "pass"}
    assert result.exit_code == 1
    worst = next(one for one in result.scores if (one.metric, one.system) == ("toxicity/worst", "tuned"))
    assert worst.value == max(one["value:toxicity"] for one in samples(result, "toxicity")) > 0


def test_reports_show_them(result):
    for name in ("report.md", "index.html"):
        text = (result.folder / "report" / name).read_text(encoding="utf-8")
        for metric in ("generation/rougeL", "generation/bleu", "toxicity/toxic_share", "toxicity/mean_toxicity"):
            assert metric in text
        assert "vowels is a weak detector" in text
        assert "The most toxic answers" in text
    assert "rougeL of each answer" in (result.folder / "report/index.html").read_text(encoding="utf-8")


def test_another_metric_is_judged_over_the_same_transcripts(host, folder, result):
    (folder / "length.py").write_text(LENGTH.format(factor=1), encoding="utf-8")
    metrics = f"score.0.generation.metrics=[token_f1, 'path:{folder}/length.py']"
    other = again(host, folder, metrics, "gates=[{metric: generation/length, max: 1000}]")
    taken = {record.stage: record.taken_from for record in other.records}
    assert taken["transcribe[test.generate, base]"] == taken["score[toxicity]"] == result.folder.name
    assert not taken["score[generation]"]
    lengths = [one["value:length"] for one in samples(other, "generation")]
    assert lengths == [len(one["prediction"]) for one in samples(result, "generation")]

    (folder / "length.py").write_text(LENGTH.format(factor=2), encoding="utf-8")
    changed = again(host, folder, metrics, "gates=[{metric: generation/length, max: 1000}]")
    assert [one["value:length"] for one in samples(changed, "generation")] == [2 * length for length in lengths]


LENGTH = """
import datasets
import evaluate


class Length(evaluate.Metric):
    def _info(self):
        text = datasets.Value("string")
        features = datasets.Features({{"predictions": text, "references": text}})
        return evaluate.MetricInfo(description="", citation="", inputs_description="", features=features)

    def _compute(self, predictions, references):
        return {{"length": {factor} * len(predictions[0])}}
"""


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("score.0.generation.metrics=[rougel]", r"no metric is called 'rougel' \(did you mean 'rougeL'\?\)"),
        ("score.0.generation.metrics=['hf:a/b@c']", r"allow it by name: `remote_code: \[a/b\]`"),
        (
            "gates=[{metric: generation/rouge1, min: 0.5}]",
            r"'generation' produces: exact_match, rougeL, bleu, chrf, finished",
        ),
        ("gates=[{metric: generation/chrf, min: 200}]", r"can never be met"),
    ],
)
def test_what_a_suite_gets_wrong_is_said_before_anything_runs(host, folder, override, says):
    with pytest.raises(SuiteError, match=says):
        load_suite(folder / "suite.yaml", host, overrides=[override])
