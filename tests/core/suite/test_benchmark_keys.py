"""Options that name benchmarks, components that are needed sometimes, and gates on what a filter measures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from seatrial import hookimpl
from seatrial.data.benchmark import Benchmark
from seatrial.data.findings import Rule
from seatrial.errors import SuiteError
from seatrial.evaluation.scores import Metric
from seatrial.plugin.component import FilterComponent, Use
from seatrial.suite.file import json_schema, load_suite
from seatrial.suite.options import OptionsError, validate_options


def strict_ones(options: Mapping[str, Any]) -> bool:
    return bool(options["strict"])


def leaks(*, against: Mapping[str, Benchmark] = {}, encoder: Any, strict: bool = False) -> Any:
    """Finds leaks.

    Args:
        against: benchmarks.
    """


def leak_metrics(*, against: Mapping[str, Any], strict: bool, **_: Any) -> tuple[Metric, ...]:
    if strict and not against:
        raise ValueError("strict needs a benchmark")
    return tuple(Metric(f"{name}_items", "", "exact", "lower", "Items found.", "items") for name in against)


LEAKS = FilterComponent(
    "leaks",
    leaks,
    "Finds leaks.",
    uses={"against": Use("benchmarks"), "encoder": Use("encoder", "gone", when=strict_ones)},
    metrics=leak_metrics,
    rules=(Rule("leak", "A leak."),),
    place="splits",
)


class Plugin:
    @hookimpl
    def seatrial_filters(self):
        return [LEAKS]


@pytest.fixture
def catalogue(suite_catalogue):
    suite_catalogue.register(Plugin(), name="leaks")
    suite_catalogue.check()
    return suite_catalogue


def test_a_benchmark_is_a_source_and_what_of_a_record_is_an_item(catalogue):
    found = validate_options(LEAKS, {"against": {"humaneval": {"source": "path:a.jsonl", "text": "prompt"}}}, catalogue)
    assert found["against"] == {
        "humaneval": {
            "source": "path:a.jsonl",
            "reader": None,
            "text": "prompt",
            "answer": None,
            "id": None,
            "format": None,
            "columns": {},
            "limit": None,
        }
    }
    assert validate_options(LEAKS, found, catalogue) == found
    assert validate_options(LEAKS, {}, catalogue)["against"] == {}


def test_a_component_that_is_needed_sometimes_may_be_missing(catalogue):
    assert validate_options(LEAKS, {}, catalogue)["encoder"] is None
    assert validate_options(LEAKS, {"encoder": "minilm"}, catalogue)["encoder"] == {"minilm": {"batch_size": 64}}


@pytest.mark.parametrize(
    ("against", "place", "said"),
    [
        ({"gsm8k": {}}, ("against", "gsm8k", "source"), "is required"),
        ({"gsm8k": {"source": "path:a", "texts": "q"}}, ("against", "gsm8k", "texts"), "did you mean 'text'?"),
        ({"gsm8k": {"source": "path:a", "limit": 0}}, ("against", "gsm8k", "limit"), "at least 1"),
        ({"GSM 8k": {"source": "path:a"}}, ("against", "GSM 8k"), "'GSM 8k' is no name"),
        (["path:a"], ("against",), "is not a mapping"),
        ({"gsm8k": {"source": "path:a", "answer": "a"}}, ("against", "gsm8k"), "`answer` stands beside `text`"),
        (
            {"gsm8k": {"source": "path:a", "text": "q", "format": "choice"}},
            ("against", "gsm8k"),
            "leave out `format` and `columns`",
        ),
    ],
)
def test_what_is_wrong_with_a_benchmark_is_said_where_it_stands(catalogue, against, place, said):
    with pytest.raises(OptionsError) as caught:
        validate_options(LEAKS, {"against": against}, catalogue)
    (complaint,) = caught.value.complaints
    assert complaint.path == place
    assert said in complaint.message


def test_the_schema_tells_editors_of_benchmarks(catalogue):
    schema = json_schema(catalogue)
    against = schema["$defs"]["filters.leaks"]["properties"]["against"]
    assert against["description"] == "benchmarks."
    (one,) = against["patternProperties"].values()
    key = schema["$defs"][one["$ref"].removeprefix("#/$defs/")]
    assert key["required"] == ["source"]
    assert key["properties"]["text"]["description"].startswith("the record's key")


SUITE = """\
name: small
model: {source: hf:org/name}
data: {train: {source: path:rows.jsonl}, test: {source: path:test.jsonl}}
filters:
  - leaks: {as: leaking, against: {humaneval: {source: "path:h.jsonl", text: prompt}}}
gates:
  - {metric: leaking/humaneval_items, max: 0}
"""


def test_a_gate_may_hold_what_a_filter_measures(catalogue, tmp_path):
    path = tmp_path / "suite.yaml"
    path.write_text(SUITE)
    (gate,) = load_suite(path, catalogue).gates
    assert gate.metric == "leaking/humaneval_items"
    path.write_text(SUITE.replace("leaking/humaneval_items", "leaking/humaneval_item"))
    with pytest.raises(SuiteError, match=r"did you mean 'leaking/humaneval_items'\?"):
        load_suite(path, catalogue)


def test_a_scorer_may_not_be_called_as_a_filter_that_measures(catalogue, tmp_path):
    path = tmp_path / "suite.yaml"
    path.write_text(SUITE + "score: [{choice: {as: leaking}}]\n")
    with pytest.raises(SuiteError, match="'leaking/…' are the run's own metrics"):
        load_suite(path, catalogue)


def test_options_that_a_filters_metrics_refuse_are_a_problem_of_the_suite(catalogue, tmp_path):
    path = tmp_path / "suite.yaml"
    path.write_text(SUITE.split("filters:", maxsplit=1)[0] + "filters: [{leaks: {strict: true}}]\n")
    with pytest.raises(SuiteError, match="these options don't go together: strict needs a benchmark"):
        load_suite(path, catalogue)
