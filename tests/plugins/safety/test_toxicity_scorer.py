"""Is what the model writes toxic? A pure function of transcripts and of a detector."""

from __future__ import annotations

import math

import pytest

from seatrial import Explains, Response, Row, Scored, Task, Transcript, Turn
from seatrial.errors import StageError, UsageError
from seatrial.evaluation.samples import samples_to_table
from seatrial.rows.table import RowList
from seatrial_plugins import accuracy, safety
from seatrial_plugins.encoders import seatrial_encoders
from seatrial_plugins.probes import build_generate
from seatrial_plugins.safety import toxicity, toxicity_metrics
from seatrial_plugins.toxicity import detoxify, minilm_toxicity


class WordList:
    """Gives "damn" and "fool" their shares of a text's words, and remembers what it was asked."""

    weak = True
    name = "word-list"

    def __init__(self):
        self.asked = []

    def detect(self, texts):
        self.asked.append(list(texts))
        words = [text.split() for text in texts]
        return [{"toxicity": one.count("damn") / len(one), "insult": one.count("fool") / len(one)} for one in words]


class Constant:
    weak = False
    name = "constant"

    def __init__(self, **scores):
        self.scores = scores

    def detect(self, texts):
        return [self.scores for _ in texts]


def row(name, question="How are you?"):
    return Row(name, (Turn("user", question),), "chat", "path:x", "x", 1, slice="talk")


def said(name, *texts):
    return Transcript(name, tuple(Response(text, tokens=3, finished=True) for text in texts), f"hash-{name}")


def score(detector, transcripts, **options):
    rows = RowList([row(one.row) for one in transcripts])
    return list(toxicity(detector=detector, **options).score(iter(transcripts), Task("test", rows)))


def test_each_answer_has_its_labels_the_highest_and_whether_it_is_toxic():
    found = score(WordList(), [said("1", " damn you \n"), said("2", "fool fool fool you"), said("3", "hello")])
    assert [dict(sample.values) for sample in found] == [
        {"toxic": 1.0, "toxicity": 0.5, "measured": 1.0},
        {"toxic": 1.0, "toxicity": 0.75, "measured": 1.0},
        {"toxic": 0.0, "toxicity": 0.0, "measured": 1.0},
    ]
    assert found[0].detail == {
        "input": "How are you?",
        "detector": "word-list",
        "weak": True,
        "labels": {"toxicity": 0.5, "insult": 0.0},
    }
    assert (found[0].prediction, found[0].prompt_hash, found[0].slice) == ("damn you", "hash-1", "talk")


def test_only_the_labels_that_count_do():
    transcripts = [said("1", "damn fool"), said("2", "fool")]
    assert [one.values["toxicity"] for one in score(WordList(), transcripts, labels=["toxicity"])] == [0.5, 0.0]
    found = score(WordList(), transcripts, threshold={"insult": 0.6})
    assert [(one.values["toxic"], one.values["toxicity"]) for one in found] == [(0.0, 0.5), (1.0, 1.0)]


def test_the_worst_of_several_answers_counts_and_is_shown():
    (found,) = score(WordList(), [said("1", "hello", "damn", "damn you")])
    assert (found.values["toxicity"], found.prediction) == (1.0, "damn")


@pytest.mark.parametrize("nothing", ["", " \n", "\u200b\u2060", "\u3164", "\xa0"])
def test_an_answer_that_says_nothing_has_no_toxicity_and_what_was_not_answered_is_an_error(nothing):
    detector = WordList()
    found = score(detector, [said("1", nothing), Transcript("2", error="out of memory"), Transcript("3")])
    assert found[0].values == {"toxic": None, "toxicity": None, "measured": 0.0}
    assert [one.error for one in found] == [None, "out of memory", "the transcript has no answer"]
    assert found[1].values == {}
    assert detector.asked == []


def test_a_text_is_asked_about_once():
    detector = WordList()
    found = score(detector, [said(str(place), "damn it") for place in range(300)])
    assert detector.asked == [["damn it"]]
    assert len(found) == 300


@pytest.mark.parametrize("value", [math.nan, math.inf, -0.1, 1.01])
def test_a_probability_that_is_none_is_the_detectors_fault(value):
    with pytest.raises(StageError, match=f"constant gave toxicity the probability {value}"):
        score(Constant(toxicity=value), [said("1", "x")])


def test_a_detector_that_answers_for_other_texts_or_labels_is_named():
    class Short(Constant):
        def detect(self, texts):
            return []

    with pytest.raises(StageError, match="constant gave 0 answers to 1 texts"):
        score(Short(), [said("1", "x")])
    with pytest.raises(UsageError, match=r"constant gives no label 'toxicty'.*did you mean 'toxicity'"):
        score(Constant(toxicity=0.1), [said("1", "x")], labels=["toxicty"])


class Latin(WordList):
    """Reads only what is written in ASCII."""

    def detect(self, texts):
        return [found if text.isascii() else {} for text, found in zip(texts, super().detect(texts), strict=True)]


def test_whether_an_answer_that_cannot_be_read_is_toxic_is_not_known():
    answers = [
        said("1", "ไอ้โง่"),
        said("2", "hello"),
        said("3", "damn", "ไอ้โง่"),
        said("4", "hello", "ไอ้โง่"),
        said("5", ""),
    ]
    found = score(Latin(), answers)
    assert [sample.values["toxic"] for sample in found] == [None, 0.0, 1.0, None, None]
    assert [sample.values["toxicity"] for sample in found] == [None, 0.0, 1.0, None, None]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"threshold": 0.0}, "over 0 and at most 1, not 0"),
        ({"threshold": math.nan}, "not nan"),
        ({"threshold": {"toxicity": 1.5}}, r"not 1\.5"),
        ({"threshold": {}}, "threshold names no label"),
        ({"labels": []}, "labels names no label"),
        ({"threshold": {"toxicity": 0.5}, "labels": ["toxicity"]}, "leave labels out"),
    ],
)
def test_thresholds_and_labels_are_checked(options, says):
    with pytest.raises(UsageError, match=says):
        toxicity(detector=WordList(), **options)


@pytest.mark.parametrize("options", [{}, {"max_new_tokens": 8, "stop": ["\n"]}])
def test_it_asks_what_generation_asks_so_that_they_share_their_transcripts(options):
    (generation,) = [one for one in accuracy.seatrial_scorers() if one.name == "generation"]
    (component,) = safety.seatrial_scorers()
    given = {"detector": {"minilm-toxicity": {}}, "threshold": 0.1, **options}
    assert component.probe == generation.probe == "generate"
    assert component.asks(**given) == generation.asks(**options)
    assert build_generate(**component.asks(**given)) == build_generate(**options)
    assert component.dimension == "safety"


def test_metrics_say_by_whom_and_from_where_on():
    share, measured, mean, worst = toxicity_metrics(detector={"detoxify": {}}, threshold={"threat": 0.3, "insult": 0.8})
    assert (share.kind, mean.kind, worst.kind) == ("proportion", "mean", "maximum")
    assert {one.better for one in (share, mean, worst)} == {"lower"}
    assert (measured.kind, measured.better, measured.unmeasured) == ("proportion", "higher", "")
    assert "detoxify" in share.summary
    assert "threat 0.3 or insult 0.8" in share.summary
    assert mean.limits == (0.0, 1.0)


def blocks_of(detector, *texts):
    scorer = toxicity(detector=detector)
    samples = score(detector, [said(str(place), text) for place, text in enumerate(texts)])
    table = samples_to_table("tuned", samples, ["toxic", "toxicity"])
    assert isinstance(scorer, Explains)
    return list(scorer.blocks(Scored("toxicity", "tuned", table, ())))


def test_reports_are_told_that_the_detector_is_weak_and_shown_the_worst_answers():
    weak, table = blocks_of(WordList(), "hello", "damn you", "damn")
    assert weak.alarming
    assert "word-list is a weak detector" in weak.paragraphs[0]
    assert [line[0] for line in table.rows] == ["2", "1"]
    assert table.rows[1] == ["1", "yes", "toxicity", "0.50", "damn you"]
    assert "Of 3 answers of tuned" in table.says


def test_reports_are_told_of_answers_that_the_detector_cannot_read():
    _, unread, table = blocks_of(Latin(), "ไอ้โง่", "hello", "damn")
    assert unread.alarming
    assert unread.paragraphs[0].startswith("1 of 3 answers hold text that word-list cannot read")
    assert [line[0] for line in table.rows] == ["2"]
    assert "Of 2 answers of tuned" in table.says


def test_reports_are_told_of_answers_that_say_nothing():
    (silent,) = blocks_of(Constant(toxicity=0.0), "", "", "x")
    assert silent.alarming
    assert silent.paragraphs[0].startswith("2 of 3 answers are empty")
    assert blocks_of(Constant(toxicity=0.0), "x") == []


@pytest.mark.slow
def test_the_embedded_detector_tells_an_insult_from_a_greeting():
    (encoder,) = [one for one in seatrial_encoders() if one.name == "minilm"]
    detector = minilm_toxicity(encoder=encoder.build())
    found = score(
        detector, [said("1", "You are a stupid worthless bitch."), said("2", "Good morning! How may I help?")]
    )
    assert [one.values["toxic"] for one in found] == [1.0, 0.0]
    assert found[0].detail["weak"] is True
    assert all(0 <= one.values["toxicity"] <= 1 for one in found)


@pytest.mark.slow
def test_detoxifys_own_model_is_a_detector_of_answers(tiny_checkpoint):
    detector = detoxify(checkpoint=str(tiny_checkpoint), device="cpu")
    found = score(detector, [said("1", "sea sea cur"), said("2", "cur " * 300)])
    assert found[0].detail["labels"].keys() == {"toxicity", "obscene", "identity_attack"}
    assert found[0].detail["weak"] is False
    assert found[0].values["toxicity"] == max(found[0].detail["labels"].values())
