"""What a reader might take as shown and is not."""

from dataclasses import replace

from seatrial_reports.asked import asked, in_words
from seatrial_reports.comparison import build_comparison
from seatrial_reports.filtering import build_filters
from seatrial_reports.unmeasured import build_unmeasured


def unmeasured(result):
    return build_unmeasured(result, build_filters(result), build_comparison(result))


def test_what_the_suite_does_not_ask_for_is_said(run):
    said = unmeasured(run(suite={"score": [{"choice": {}}], "filters": [{"duplicates": {}}]}))
    assert [sentence.partition(":")[0] for sentence in said] == [
        "Safety",
        "Questions that none of the labels fits",
        "Robustness",
        "Speed and memory",
        "What else could do the job",
        "In the data, the suite has no filter that looks for",
    ]
    assert "copies" not in said[-1]
    assert "toxic rows (toxicity)" in said[-1]


def test_what_was_measured_is_not_listed(record, scored):
    suite = {
        "score": [{name: {}} for name in ("generation", "attack", "latency", "safety")],
        "filters": [
            {name: {}}
            for name in (
                "leakage",
                "duplicates",
                "near_duplicates",
                "label_errors",
                "coverage",
                "language",
                "privacy",
                "toxicity",
            )
        ],
        "data": {"test": {"source": "path:test.csv", "limit": None}},
        "seeds": [1, 2, 3],
    }
    records = [
        record("decontaminate", splits={"test": 20}),
        record("train", validation_rows=8),
        record("score/attack", rows=20),
    ]
    result = replace(scored(tuned=80, base=20), suite=suite, records=records)
    assert unmeasured(result) == ()


def test_the_limits_of_what_was_measured_are_said(plain_result, record):
    said = unmeasured(plain_result)
    assert "Robustness on all rows: the attack tried 50 of the 105 test rows, drawn at random." in said
    assert "choice/calibration_error of tuned: no probabilities." in said
    assert "toxicity did not look for names of people." in said
    assert "Leakage beyond the rules tulu3: a test row that they do not see is not found." in said
    assert "Rows of another origin: the test rows were split off the same source as the train rows." in said
    assert "The rest of the train rows' source: only its first 400 records were read." in said
    assert any(sentence.startswith("Another training: there was one, with seed 7.") for sentence in said)
    none = replace(plain_result, records=[record("train", validation_rows=0)])
    assert any(sentence.startswith("Overfitting:") for sentence in unmeasured(none))


def test_a_run_of_the_data_stages_is_not_asked_about_models(plain_result):
    said = unmeasured(replace(plain_result, verdict=None, records=[], scores=[]))
    assert not any("Safety" in sentence or "Robustness" in sentence for sentence in said)
    assert any("rows in other languages" in sentence for sentence in said)


def test_what_was_asked_of_a_scorer(plain_result, run):
    named = {one.alias: (one.name, in_words(one)) for one in asked(plain_result, "score")}
    assert named["attack"] == ("attack", "samples 50, recipe deepwordbug, budget 200")
    assert named["choice"] == ("choice", "")
    assert asked(run(suite={"score": ["choice", {"x": None}]}), "score")[0].alias == "x"
