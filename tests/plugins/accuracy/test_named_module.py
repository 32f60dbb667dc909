"""`evaluate` modules that a suite brings."""

from __future__ import annotations

import hashlib
import re
import textwrap

import evaluate
import pytest

from seatrial.errors import SourceError, UsageError
from seatrial.plugin.host import Host
from seatrial.runs.run import run
from seatrial.suite.file import load_suite
from seatrial_plugins.accuracy.measures import chosen_measures
from seatrial_plugins.accuracy.named_module import NamedModule

MODULE = """
import datasets
import evaluate

class Overlap(evaluate.Metric):
    def _info(self):
        text = datasets.Value("string")
        features = datasets.Features({{"predictions": {predictions}, "references": {references}}})
        return evaluate.MetricInfo(description="", citation="", inputs_description="", features=features)

    def _compute(self, predictions, references, least=0):
        said, expected = predictions[0], references[0]
        {body}
"""
SHARED = 'return {"shared": max(least, len(set(said) & set(expected))), "length": len(said)}'


@pytest.fixture
def module(tmp_path):
    def write(body: str = SHARED, predictions: str = "text", references: str = "text", name: str = "overlap") -> str:
        file = tmp_path / f"{name}.py"
        file.write_text(MODULE.format(body=textwrap.dedent(body), predictions=predictions, references=references))
        return f"path:{file}"

    return write


def values(address, predictions, references, **keys):
    (measure,) = chosen_measures([{address: keys}])
    (column,) = NamedModule(measure).columns(predictions, references).values()
    return column


def test_a_file_judges_each_answer_and_several_references_by_the_best(module, tmp_path):
    address = module()
    keys = {"key": "shared", "limits": [0, 10], "options": {"least": 1}}
    assert values(address, ["abc", "xyz"], [["abd"], ["a", "yz"]], **keys) == [2.0, 2.0]
    assert values(address, ["abc"], [["abd", "ab", "x"]], key="shared", better="lower") == [0.0]
    (measure,) = chosen_measures([{address: keys}])
    assert (measure.metric.name, measure.metric.better, measure.metric.limits) == ("overlap", "higher", (0.0, 10.0))
    digest = hashlib.sha256((tmp_path / "overlap.py").read_bytes()).hexdigest()
    assert NamedModule(measure).reads == {address: digest}


def test_a_module_of_several_references_gets_them_together(module):
    address = module('return {"overlap": len(expected)}', references="datasets.Sequence(text)")
    assert values(address, ["a", "b"], [["x", "y", "z"], ["x"]]) == [3.0, 1.0]


def test_a_folder_is_taken_by_the_file_of_its_name(module, tmp_path):
    (tmp_path / "wer").mkdir()
    module('return {"anything": [0.25]}', name="wer/wer")
    assert values(f"path:{tmp_path}/wer", ["a"], [["b"]], name="rate") == [0.25]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ('raise KeyError("lost")', r"overlap.*failed: KeyError.*lost"),
        ('return {"a": 1, "b": 2}', r"gave None.*`key`: a, b"),
        ('return {"overlap": float("nan")}', r"gave nan"),
        ('return {"overlap": "high"}', r"gave 'high'"),
        ('return {"overlap": True}', r"gave True"),
    ],
)
def test_an_answer_that_a_module_gives_no_number_for_has_a_reason_instead(module, body, says):
    (value,) = values(module(body), ["a"], [["b"]])
    assert isinstance(value, str)
    assert re.search(says, value)


@pytest.mark.parametrize(
    ("imports", "says"),
    [
        ("import json, math", "several modules in one line, `import json, …`"),
        ("import no_such_library", "imports no_such_library, which is not installed"),
        ("import beside", "imports beside, which stands beside it.*`from .beside import"),
    ],
)
def test_what_a_module_cannot_import_is_said_in_a_right_sentence(module, tmp_path, imports, says):
    address = module()
    file = tmp_path / "overlap.py"
    file.write_text(f"{imports}\n{file.read_text()}")
    (tmp_path / "beside.py").write_text("")
    with pytest.raises(SourceError, match=says):
        values(address, ["a"], [["a"]])


def test_what_it_imports_of_a_file_beside_it_is_in_its_digest(module, tmp_path):
    address = module("return {'overlap': WORTH}", name="leaning")
    file = tmp_path / "leaning.py"
    file.write_text(f"from .worth import WORTH\n{file.read_text()}")
    digests = []
    for worth in (1, 2):
        (tmp_path / "worth.py").write_text(f"WORTH = {worth}\n")
        (measure,) = chosen_measures([{address: {"key": "overlap", "name": "m"}}])
        found = NamedModule(measure)
        digests.append(found.reads[address])
        assert [*found.columns(["a"], [["a"]]).values()] == [[float(worth)]]
    assert digests[0] != digests[1]


def test_manifest_and_report_say_that_what_it_loads_itself_is_not_known(module, tmp_path):
    (tmp_path / "words.txt").write_text("two words")
    address = module(f"return {{'overlap': len(open({str(tmp_path / 'words.txt')!r}).read().split())}}")
    (tmp_path / "rows.jsonl").write_text("\n".join(f'{{"prompt": "say {n}", "completion": "{n}"}}' for n in range(10)))
    (tmp_path / "suite.yaml").write_text(
        "name: words\nmodel: {source: 'package:seatrial_suites/tiny_llama', loader: random, device: cpu}\n"
        f"data: {{train: {{source: 'path:{tmp_path}/rows.jsonl'}}, split: {{test: 0.5}}}}\n"
        f"score: [generation: {{metrics: [exact_match, '{address}': {{}}], max_new_tokens: 2}}, generation: {{as: plain, max_new_tokens: 2}}]\n"
        "gates: [{metric: generation/overlap, min: 1}]\nreport: [markdown]\n"
    )
    host = Host.load()
    result = run(load_suite(tmp_path / "suite.yaml", host), host, runs=tmp_path / "runs", cache=tmp_path / "cache")
    told = {one["alias"]: one["not_known"] for one in result.manifest["components"] if one["used"]}
    assert told["plain"] == ""
    assert told["generation"].startswith("what path:")
    assert "loads, reads or asks by itself" in told["generation"]
    assert "--fresh" in told["generation"]
    (report,) = (tmp_path / "runs").rglob("report.md")
    assert "Of generation, it is not known what path:" in report.read_text()


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("", r"there is no Python file .*absent\.py"),
        ("import absent_library\n", r"imports absent_library, which is not installed"),
        ("import evaluate\nraise OSError('disk')\n", r"cannot be loaded: OSError: disk"),
        ("from .helper import x  # From: https://example.org/helper.py\n", r"fetch code from https://example\.org"),
    ],
)
def test_a_file_that_is_no_module_is_refused(tmp_path, written, says):
    if written:
        (tmp_path / "absent.py").write_text(written)
    with pytest.raises(SourceError, match=says):
        values(f"path:{tmp_path}/absent.py", ["a"], [["b"]])


def test_a_module_of_numbers_is_refused(module):
    with pytest.raises(SourceError, match=r"overlap\.py does not take texts"):
        values(module(predictions='datasets.Value("int32")'), ["a"], [["b"]])


@pytest.mark.parametrize(
    ("address", "allowed", "says"),
    [
        ("hf:evaluate-metric/wer@1a2b3c", [], r"allow it by name: `remote_code: \[evaluate-metric/wer\]`"),
        ("hf:evaluate-metric/wer", ["evaluate-metric/wer"], r"no revision.*@COMMIT"),
        ("hf:wer", ["wer"], r"hf:OWNER/NAME@REVISION"),
    ],
)
def test_a_module_of_the_hub_is_run_only_where_it_is_allowed_and_pinned(address, allowed, says):
    with pytest.raises(UsageError, match=says):
        chosen_measures([address], allowed)


def test_an_allowed_module_of_the_hub_is_fetched_at_its_revision_and_never_offline(module, monkeypatch):
    (measure,) = chosen_measures(["hf:evaluate-metric/wer@1a2b3c"], ["evaluate-metric/wer"])
    assert measure.metric.name == "wer"
    local, asked = evaluate.load(module().removeprefix("path:")), []
    monkeypatch.setattr(evaluate, "load", lambda name, **how: asked.append((name, how["revision"])) or local)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.delenv("SEATRIAL_OFFLINE", raising=False)
    NamedModule(measure)
    assert asked == [("evaluate-metric/wer", "1a2b3c")]
    monkeypatch.setenv("SEATRIAL_OFFLINE", "1")
    with pytest.raises(SourceError, match=r"hf:evaluate-metric/wer@1a2b3c is on the hub, and the run is offline"):
        NamedModule(measure)


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"beter": "lower"}, r"no key 'beter'.*did you mean 'better'.*`options`"),
        ({"better": "less"}, r"better is higher or lower"),
        ({"limits": [1, 0]}, r"limits.*\[1, 0\]"),
        ({"limits": [0, "1"]}, r"limits"),
        ({"name": "a b"}, r"name is a word"),
        ({"options": [1]}, r"options is a mapping"),
    ],
)
def test_keys_of_a_module_are_checked(keys, says):
    with pytest.raises(UsageError, match=says):
        chosen_measures([{"path:wer.py": keys}])
