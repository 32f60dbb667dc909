"""What a reader might take as shown and is not: told by what components declare, never by their names."""

from dataclasses import replace

from seatrial.runs.result import Described
from seatrial_reports.asked import asked, in_words
from seatrial_reports.view import build_view


def unmeasured(result):
    return build_view(result).unmeasured


def scorer(alias, dimension):
    return Described("scorers", alias, alias, "p", dimension=dimension)


def looking(alias, looks_for, **more):
    return Described("filters", alias, alias, "p", dimension="data", looks_for=looks_for, **more)


STAGES = ("clean", "deduplicate", "decontaminate")


def test_dimensions_and_stages_without_anybody_are_said(run, record):
    records = [record(stage, filters=[]) for stage in STAGES]
    said = unmeasured(run(components=[scorer("one", "accuracy")], records=records))
    assert [sentence.partition(":")[0] for sentence in said] == [
        *("Robustness", "Safety", "Speed and memory", "What else could do the job"),
        *("Row by row, no filter looked at the data.", "Copies", "Leaks and gaps"),
    ]


def test_what_was_measured_is_not_listed(scored, record):
    filters = {"clean": "a", "deduplicate": "b", "decontaminate": "c"}
    records = [record(stage, filters=[{"filter": name}]) for stage, name in filters.items()]
    records += [record("train", validation_rows=8), record("score[choice]", rows=20, of=20)]
    components = [
        *(scorer("choice" if name == "accuracy" else name, name) for name in ("accuracy", "robustness", "safety")),
        scorer("time", "efficiency"),
    ]
    suite = {"data": {"test": {"source": "path:test.csv", "limit": None}}, "seeds": [1, 2, 3]}
    result = replace(scored(tuned=80, base=20), suite=suite, records=records, components=components)
    assert unmeasured(result) == ()
    by_name = replace(result, suite=suite | {"data": {"tests": {"medqa": {}}}})
    assert unmeasured(by_name) == ()


def test_what_installed_filters_would_have_looked_for_is_said_in_their_words(run):
    components = [
        looking("zebra", "stripes"),
        looking("pii", "personal data", used=False),
        looking("pii2", "personal data", used=False),
        looking("more-stripes", "stripes", used=False),
        looking("mute", "", used=False),
    ]
    said = unmeasured(run(verdict=None, components=components))
    assert "In the data, no filter looked for: personal data." in said
    (alone,) = unmeasured(run(verdict=None, components=components[:1]))
    assert "stripes" in alone
    assert "was not looked for" in alone


def test_pictures_are_said_to_be_seen_by_no_filter(run, record):
    said = unmeasured(run(records=[record("read", pictures=1797)]))
    assert any("1,797 pictures" in sentence for sentence in said)
    assert not any("pictures" in sentence for sentence in unmeasured(run(records=[record("read")])))


def test_the_limits_of_what_was_measured_are_said(plain_result, record):
    said = unmeasured(plain_result)
    assert "attack on all rows: it tried 50 of 105 (47.6%), drawn at random." in said
    assert "choice did not look for questions that none of the labels fits." in said
    assert "choice/calibration_error of tuned: no probabilities." in said
    assert "toxicity did not look for names of people." in said
    assert "Rows of another origin: the test rows were split off the same source as the train rows." in said
    assert "The rest of the train rows' source: only its first 400 records were read." in said
    assert any(sentence.startswith("Another training: there was one, with seed 7.") for sentence in said)
    none = replace(plain_result, records=[record("train", validation_rows=0)])
    assert any(sentence.startswith("Overfitting:") for sentence in unmeasured(none))


def test_what_is_not_known_of_a_callable_is_said(plain_result):
    manifest = {**plain_result.manifest, "model": {"not_known": "what it loads itself; --fresh asks anew"}}
    said = unmeasured(replace(plain_result, manifest=manifest))
    assert "Of what answered, it is not known what it loads itself; --fresh asks anew." in said


def test_what_is_not_known_of_code_that_a_scorer_runs_is_said(plain_result):
    ours = replace(scorer("wer", "accuracy"), not_known="what path:wer.py reads by itself")
    said = unmeasured(replace(plain_result, components=[ours, scorer("other", "safety")]))
    assert [one for one in said if "it is not known" in one] == [
        "Of wer, it is not known what path:wer.py reads by itself."
    ]


def test_every_scorer_that_did_not_try_all_rows_is_told(plain_result, record):
    others = [one for one in plain_result.records if one.stage != "score[choice]"]
    records = [*others, record("score[choice]", rows=150, of=360)]
    said = unmeasured(replace(plain_result, records=records))
    assert "choice on all rows: it tried 150 of 360 (41.7%), drawn at random." in said


def test_a_run_of_the_data_stages_is_not_asked_about_models(plain_result):
    said = unmeasured(replace(plain_result, verdict=None, records=[], scores=[]))
    assert not any("Safety" in sentence or "Robustness" in sentence for sentence in said)
    assert any("personal data" in sentence for sentence in said)


def test_measures_of_filters_that_have_more_to_show_are_not_listed_one_by_one(run, record):
    from seatrial.evaluation.summary import DATA, exact_score

    gap = exact_score("f/gaps", None, better="lower", unit="", summary="", missing="too few rows")
    assert gap.system == DATA
    block = {"block": "text", "title": "t", "paragraphs": ["p"], "alarming": False}
    for blocks, listed in (([], True), ([block], False)):
        stage = record(
            "decontaminate", filters=[{"filter": "f", "missing": {"gaps": "too few rows"}, "blocks": blocks}]
        )
        view = build_view(run(verdict=None, scores=[gap], records=[stage]))
        assert ("f/gaps: too few rows." in view.unmeasured) == listed
        assert bool(view.counts) == listed
        assert view.data.filters[0].missing == ("gaps: too few rows",)


def test_what_was_asked_of_a_scorer(plain_result, run):
    named = {one.alias: (one.name, in_words(one)) for one in asked(plain_result, "score")}
    assert named["attack"] == ("attack", "samples 50, recipe deepwordbug, budget 200")
    assert named["choice"] == ("choice", "")
    assert asked(run(suite={"score": ["choice", {"x": None}]}), "score")[0].alias == "x"
