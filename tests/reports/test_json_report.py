"""results.json: strict, whole, and the same numbers."""

import json
import math
from dataclasses import replace

import pytest

from seatrial.evaluation.scores import Interval, Score
from seatrial_reports.json_report import JsonReport, results


def read(path):
    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)


def test_it_holds_the_run(plain_result, tmp_path):
    (path,) = JsonReport().write(plain_result, tmp_path)
    assert path.name == "results.json"
    document = read(path)
    assert list(document) == [
        *("format", "version", "run", "verdict", "gates", "scores", "comparisons", "data", "unmeasured"),
        *("training", "stages", "environment"),
    ]
    assert (document["format"], document["version"]) == ("seatrial-results", 1)
    assert document["run"]["suite"] == "message-router"
    assert document["run"]["subject"] == "tuned"
    assert document["verdict"]["state"] == "pass"
    assert document["verdict"]["exit_code"] == 0
    assert len(document["scores"]) == len(plain_result.scores)
    first = document["scores"][0]
    assert (first["metric"], first["value"], first["n"]) == ("choice/accuracy", 94 / 105, 105)
    assert first["interval"]["low"] == plain_result.scores[0].interval.low
    assert document["gates"][2]["needed_n"] == 130
    assert document["data"]["read"] == document["data"]["kept"] + document["data"]["dropped"] == 400
    duplicates = next(block for block in document["data"]["filters"] if block["filter"] == "duplicates")
    assert duplicates["rules"][0] == {
        "rule": "exact", "version": "1", "action": "drop", "findings": 6, "rows": 6, "dropped": 6,
    }  # fmt: skip
    compared = {(c["metric"], c["system"]): c["standing"] for c in document["comparisons"]}
    assert compared == {
        ("agreement/rate", "base"): "better",
        ("agreement/rate", "rules"): "unclear",
        ("agreement/distance", "base"): "better",
    }
    assert document["data"]["leaks"][0] == {"train": f"{50:016x}", "gives_away": "beef", "rules": ["tulu3"]}
    assert any(said.startswith("Safety") for said in document["unmeasured"])
    assert document["data"]["splits"] == {"train": 256, "validation": 24, "test": 105}
    assert document["environment"]["seed"] == 7


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_null(plain_result, tmp_path, odd):
    score = Score("choice/accuracy", "tuned", odd, 3, "mean", "higher", interval=Interval(odd, odd, 0.95, "t"))
    changed = replace(plain_result, scores=[score], manifest={"load": odd, "when": object})
    (path,) = JsonReport().write(changed, tmp_path)
    document = read(path)
    assert document["scores"][0]["value"] is None
    assert document["scores"][0]["interval"]["low"] is None
    assert document["environment"]["load"] is None


def test_text_is_kept_as_it_is_but_for_lone_surrogates(build_result):
    document = results(build_result(lambda text: f"{text}\u202e<b>\ud800"))
    assert document["run"]["suite"] == "message-router\u202e<b>\ufffd"
