import pytest
from tests.earlier_run import earlier_run

from seatrial import Metric, Sample
from seatrial.errors import UsageError
from seatrial.evaluation.samples import samples_to_table
from seatrial.evaluation.summary import summarise
from seatrial.verdict.evidence import SavedEvidence, ScoredAs, earlier_runs, scorer_of

ACCURACY = Metric("accuracy", "correct", "proportion", "higher", "")


def table(system, values):
    return samples_to_table(system, [Sample(f"row-{i}", {"correct": v}) for i, v in enumerate(values)], ["correct"])


@pytest.fixture
def evidence(tmp_path):
    samples = table("tuned", [1.0, 1.0, 0.0])
    earlier_run(tmp_path / "runs/earlier", choice=table("tuned", [1.0, 0.0]), broken=b"no parquet")
    return SavedEvidence(
        "tuned",
        [summarise(ACCURACY, "choice", "tuned", samples), summarise(ACCURACY, "choice", "base", None)],
        {"choice/accuracy": ACCURACY},
        {"choice": samples},
        earlier_runs(tmp_path),
    )


def test_scores_samples_and_descriptors_are_found_by_name(evidence):
    assert evidence.score("choice/accuracy", "tuned").value == pytest.approx(2 / 3)
    assert evidence.metric("choice/accuracy") is ACCURACY
    assert evidence.samples("choice/accuracy", "tuned").num_rows == 3
    assert evidence.systems("choice/accuracy") == ["tuned", "base"]


def test_what_was_not_produced_is_none(evidence):
    assert evidence.score("choice/accuracy", "majority") is None
    assert evidence.metric("choice/f1") is None
    assert evidence.samples("choice/accuracy", "base") is None
    assert evidence.samples("attack/accuracy", "tuned") is None


def test_samples_of_an_earlier_run_are_read_from_its_folder(evidence, tmp_path):
    assert evidence.samples("choice/accuracy", "tuned", "runs/earlier").num_rows == 2
    assert evidence.samples("choice/accuracy", "tuned", str(tmp_path / "runs/earlier")).num_rows == 2
    assert evidence.samples("choice/accuracy", "base", "runs/earlier") is None
    assert evidence.samples("attack/accuracy", "tuned", "runs/earlier") is None


def test_an_earlier_run_that_is_not_there_is_named(evidence):
    with pytest.raises(UsageError, match=r"earlier run runs/gone: .*gone is no folder; name a run folder"):
        evidence.samples("choice/accuracy", "tuned", "runs/gone")


def test_runs_that_listed_other_metrics_share_those_that_both_list(tmp_path):
    suite = "score: [{words: {metrics: [exact, {f1: {case: true}}, bleu], tokens: 64}}]\n"
    earlier_run(tmp_path / "earlier", suite=suite, words=table("tuned", [1.0, 0.0]))

    def loaded(metric, *metrics, tokens=64):
        def names(both):
            listed = both.get("metrics", metrics)
            return [f"words/{one if isinstance(one, str) else next(iter(one))}" for one in listed]

        entry = {"words": {"metrics": list(metrics), "tokens": tokens}}
        scorers = {"words": ScoredAs(entry, ("metrics",), names)}
        return earlier_runs(tmp_path, scorers=scorers)("earlier", metric)

    assert loaded("words/exact", "exact").num_rows == 2  # one metric more then
    assert (
        loaded("words/exact", {"f1": {"case": True}}, "bleu", "exact", "chrf").num_rows == 2
    )  # another order, one more now
    for metric in ("words/f1", "words/chrf"):  # with other options, and never measured
        with pytest.raises(UsageError, match=r"other options.*; both measured words/exact; `seatrial score earlier"):
            loaded(metric, "exact", {"f1": {"case": False}}, "chrf")
    with pytest.raises(UsageError, match="tokens: 64, now 32"):
        loaded("words/exact", "exact", "bleu", tokens=32)


def test_samples_that_can_not_be_read_are_named(evidence):
    with pytest.raises(UsageError, match=r"broken\.parquet can't be read"):
        evidence.samples("broken/accuracy", "tuned", "runs/earlier")


def test_without_a_way_to_load_other_runs_asking_for_one_is_an_error():
    with pytest.raises(UsageError, match="can't be looked up here"):
        SavedEvidence("tuned", [], {}).samples("choice/accuracy", "tuned", "runs/earlier")


def test_the_scorer_stands_before_the_first_slash():
    assert scorer_of("choice/accuracy") == "choice"
