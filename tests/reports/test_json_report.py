"""results.json: strict, whole, and the same numbers."""

import json
import math
from dataclasses import replace

import pytest

from seatrial.data.ledger import entries_to_table
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
        *(
            "format",
            "version",
            "run",
            "verdict",
            "gates",
            "scores",
            "since",
            "comparisons",
            "scorers",
            "data",
            "components",
        ),
        *("unmeasured", "added", "search", "training", "stages", "environment"),
    ]
    assert (document["format"], document["version"]) == ("seatrial-results", 2)
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
    since = document["since"]
    assert {"subject": "Rows", "what": "train", "before": "221", "now": "256"} in since["changes"]
    assert [(one["before"] or {}).get("value") for one in since["scores"]] == [0.81, 0.81, None, None]
    moved = since["scores"][0]["paired"]
    assert (moved["standing"], moved["said"], moved["n"]) == ("better", "better by 0.076", 105)
    assert 0 < moved["lower"] < moved["value"] < moved["upper"]
    leakage = next(block for block in document["data"]["filters"] if block["filter"] == "leakage")
    assert (leakage["findings"], leakage["rows"], leakage["dropped"], leakage["pairs_total"]) == (4, 4, 4, 4)
    assert leakage["pairs"][0] == {"row": f"{50:016x}", "matched": "beef", "rules": ["tulu3"]}
    assert leakage["blocks"][0]["rows"][0] == ["held-out", "129", "4 (3.1%)", "tulu3 4 (3.1%)"]
    scorers = {one["alias"]: (one["dimension"], one["failed"], one["tried"]) for one in document["scorers"]}
    assert scorers["choice"] == ("accuracy", 1, None)
    assert scorers["attack"] == ("robustness", 0, "50 of 105 (47.6%)")
    assert scorers["custom"] == ("other", 0, None)
    assert document["added"]["meter"][0]["title"] == "Energy"
    assert [one["alias"] for one in document["components"] if not one["used"]] == ["pii"]
    assert any(said.startswith("Safety") for said in document["unmeasured"])
    assert document["data"]["splits"] == {"train": 256, "validation": 24, "test": 105}
    assert document["environment"]["seed"] == 7


def test_rows_are_counted_as_rows_however_many_findings_there_are(run, entry):
    found = [entry("r1"), entry("r1", "tulu3", decisive=False), entry("r1", matched_row="t2"), entry("r2")]
    (leakage,) = results(run(ledger=entries_to_table(found)))["data"]["filters"]
    assert (leakage["findings"], leakage["rows"], leakage["pairs_total"]) == (4, 2, 3)


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
