"""The model card: what the Hub reads of it, what stands at its top, and nothing that is not known."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml
from huggingface_hub import ModelCard as HubCard

from seatrial.runs.result import Described
from seatrial_reports.card import CardOptions, ModelCard

NOTHING_SAID = CardOptions(None, None, ())


@pytest.fixture
def card(tmp_path):
    """`card(result, *files)`: the card's metadata and text, in a folder that holds such files."""

    def write(result, *files, options=NOTHING_SAID):
        for name in files:
            (tmp_path / name).write_text("{}")
        (path,) = ModelCard(options).write(result, tmp_path)
        assert path.name == "README.md"
        text = path.read_text(encoding="utf-8")
        _, front, body = text.split("---\n", 2)
        HubCard(text)  # as the Hub's own reader has it
        return yaml.safe_load(front), body

    return write


def on_hub(result, **data):
    suite = {**result.suite, "model": {**result.suite["model"], "source": "hf:org/base-1B@v2"}}
    suite["data"] = {**suite["data"], **data}
    return replace(result, suite=suite)


def test_a_base_and_data_of_the_hub_are_named_and_nothing_else_is(plain_result, card):
    here, _ = card(plain_result, "config.json")
    assert "base_model" not in here
    assert "datasets" not in here
    assert "license" not in here
    named = on_hub(plain_result, train={"source": "hf:org/tickets"})
    there, text = card(named, "adapter_config.json")
    assert (there["base_model"], there["base_model_relation"]) == ("org/base-1B", "adapter")
    assert (there["library_name"], there["datasets"]) == ("peft", ["org/tickets"])
    assert 'from_pretrained("org/base-1B")' in text


def test_each_score_of_the_model_on_trial_stands_with_its_n_and_no_missing_one(plain_result, card):
    front, _ = card(plain_result, "config.json")
    (index,) = front["model-index"]
    told = {one["name"].partition(" (")[0]: one for result in index["results"] for one in result["metrics"]}
    scores = [one for one in plain_result.scores if one.system == "tuned"]
    named = {name for entry in plain_result.suite["score"] for name in entry}
    assert told.keys() == {
        one.metric for one in scores if one.value is not None and one.metric.partition("/")[0] in named
    }
    accuracy = next(one for one in scores if one.metric == "choice/accuracy")
    assert told["choice/accuracy"]["value"] == accuracy.value
    assert f"n = {accuracy.n:,}" in told["choice/accuracy"]["name"]
    assert front["metrics"][0] == "accuracy"
    assert set(front["metrics"]) <= {"accuracy", "f1", "exact_match", "bleu", "rouge", "chrf"}


def test_scores_of_other_rows_than_an_evaluation_sets_are_no_results_on_it(plain_result, card):
    own = next(one for one in plain_result.scores if one.system == "tuned" and one.value is not None)
    scores = [*plain_result.scores, replace(own, metric="bench/acc", value=0.31)]
    components = [*plain_result.components, Described("scorers", "bench", "bench", "house", own_rows=True)]
    suite = {**plain_result.suite, "score": [*plain_result.suite["score"], {"bench": {"as": "bench", "on": "test"}}]}
    result = replace(plain_result, scores=scores, components=components, suite=suite)
    front, text = card(result, "config.json")
    told = [one["name"] for found in front["model-index"][0]["results"] for one in found["metrics"]]
    assert told
    assert not any("bench/acc" in name for name in told)
    assert "bench/acc" in text.replace("\\", "")


@pytest.mark.parametrize(
    ("product", "pictures", "known"),
    [
        ("adapter", 0, ("adapter", "peft", None)),
        ("adapter", 3, ("adapter", "peft", "image-text-to-text")),
        ("weights", 0, ("finetune", "transformers", None)),
        ("classifier", 0, ("finetune", "transformers", "text-classification")),
        ("", 0, (None, None, None)),
    ],
)
def test_in_a_reports_folder_it_says_what_the_run_tells_of_the_product(plain_result, card, product, pictures, known):
    told = {"train": {"product": product}, "read": {"pictures": pictures}}
    records = [replace(one, facts={**one.facts, **told.get(one.base, {})}) for one in plain_result.records]
    front, _ = card(on_hub(replace(plain_result, records=records)))
    assert tuple(front.get(key) for key in ("base_model_relation", "library_name", "pipeline_tag")) == known


@pytest.mark.parametrize("state", ["fail", "inconclusive", "error"])
def test_a_model_that_did_not_pass_says_so_first(build_result, card, state):
    _, text = card(build_result(state=state), "config.json")
    first = next(line for line in text.splitlines() if line and not line.startswith("#"))
    assert state.upper() in first
    assert "PASS" not in first


def test_limits_say_what_was_not_measured_and_what_is_not_known(plain_result, card):
    _, text = card(plain_result, "config.json")
    limits = text.partition("## Limits")[2].partition("\n## ")[0]
    assert "licence is not known" in limits
    assert (
        limits.count("- ⚠ ")
        == len(plain_result.verdict.warnings) + sum(len(record.warnings) for record in plain_result.records)
        or "- ⚠ " in limits
    )
    _, known = card(plain_result, "config.json", options=CardOptions("Desk", "mit", ("en",)))
    assert "# Desk\n" in known
    assert "licence is not known" not in known


def test_no_text_out_of_data_becomes_metadata_or_a_heading(build_result, card, payloads):
    for payload in payloads[:6]:
        front, text = card(build_result(lambda said, payload=payload: f"{said}{payload}"), "config.json")
        assert {"library_name", "tags"} <= front.keys()
        assert front.keys() <= {
            *("library_name", "pipeline_tag", "tags", "metrics", "model-index", "base_model", "base_model_relation"),
            "datasets",
        }
        assert "\n---\n" not in text
        assert "<script" not in text


def test_a_mean_over_trainings_is_no_score_of_the_one_that_is_handed_on(plain_result, card):
    scores = [replace(one, seeds=3) if one.system == "tuned" else one for one in plain_result.scores]
    records = [replace(one, stage="train[seed=6]") if one.base == "train" else one for one in plain_result.records]
    suite = {**plain_result.suite, "seeds": [5, 6, 7]}
    front, text = card(replace(plain_result, scores=scores, records=records, suite=suite), "config.json")
    said = "mean over 3 trainings, of which this is one (seed 6)"
    named = [one["name"] for result in front["model-index"][0]["results"] for one in result["metrics"]]
    assert named
    assert all(said in name for name in named)
    assert f"tuned ({said})" in text.replace("\\", "")


def test_a_model_that_reads_images_is_opened_as_one(plain_result, card):
    front, text = card(plain_result, "config.json", "processor_config.json")
    assert front["pipeline_tag"] == "image-text-to-text"
    assert "import AutoModelForImageTextToText, AutoProcessor" in text
    assert "AutoTokenizer" not in text


def test_no_path_of_the_machine_leaves_with_the_model(plain_result, card):
    suite = {**plain_result.suite, "model": {**plain_result.suite["model"], "source": "path:/home/ada/secret-base"}}
    manifest = {**plain_result.manifest, "model": {"address": "path:/home/ada/secret-base", "sha256": "ab"}}
    read = {"files": [{"file": "/home/ada/rows.jsonl", "source": "path:/home/ada/rows.jsonl", "records": 3}]}
    records = [replace(one, facts={**one.facts, **read}) if one.base == "read" else one for one in plain_result.records]
    _, text = card(replace(plain_result, suite=suite, manifest=manifest, records=records), "config.json")
    assert "/home" not in text
    assert "secret-base" in text
    assert "rows.jsonl" in text
