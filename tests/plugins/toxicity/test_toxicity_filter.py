import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial import Row, Span, Turn
from seatrial.errors import StageError, UsageError
from seatrial_plugins.toxicity import RULES, seatrial_detectors, seatrial_filters, toxicity


class WordList:
    """Finds a text as toxic as its share of the word "damn", and remembers what it was asked."""

    weak = True
    name = "word-list"

    def __init__(self):
        self.asked = []

    def detect(self, texts):
        self.asked.append(list(texts))
        shares = [text.split().count("damn") / max(1, len(text.split())) for text in texts]
        return [{"toxicity": share, "swearing": share / 2} for share in shares]


class Constant:
    weak = False

    def __init__(self, **scores):
        self.scores = scores

    def detect(self, texts):
        return [self.scores for _ in texts]


def test_a_turn_over_the_threshold_is_found_with_its_reason(conversation):
    row = conversation("hello there", "damn damn fool")
    (finding,) = toxicity(detector=WordList()).inspect([row])
    assert (finding.row, finding.rule, finding.score) == ("row", "toxicity", 0.6667)
    assert finding.spans == (Span(1, 0, 14),)
    assert finding.detail == ("word-list (a weak detector) gives the assistant turn toxicity 0.67, threshold 0.5")


def test_each_turn_and_label_is_a_finding(conversation):
    findings = list(toxicity(detector=WordList(), threshold=0.4).inspect([conversation("damn", "damn damn damn fool")]))
    assert [(f.rule, f.spans[0].turn, f.score) for f in findings] == [
        ("toxicity", 0, 1.0),
        ("other", 0, 0.5),
        ("toxicity", 1, 0.75),
    ]
    assert "swearing 0.50" in findings[1].detail


def test_the_threshold_itself_is_over(conversation):
    assert [f.score for f in toxicity(detector=WordList(), threshold=0.5).inspect([conversation("damn you")])] == [0.5]


def test_only_the_labels_asked_for_count(conversation):
    findings = toxicity(detector=WordList(), labels=["swearing"]).inspect([conversation("damn")])
    assert [(f.rule, f.score) for f in findings] == [("other", 0.5)]


def test_a_detector_that_is_not_weak_is_not_called_weak(conversation):
    (finding,) = toxicity(detector=Constant(insult=0.9)).inspect([conversation("x")])
    assert finding.detail == "Constant gives the user turn insult 0.90, threshold 0.5"


class Latin(WordList):
    """Reads only what is written in ASCII."""

    def detect(self, texts):
        return [found if text.isascii() else {} for text, found in zip(texts, super().detect(texts), strict=True)]


def test_a_turn_that_the_detector_cannot_read_is_said_and_not_taken_for_toxic(conversation):
    rows = [
        conversation("ไอ้โง่", "damn", id="both"),
        conversation("🔥", "👍", id="emoji"),
        conversation("x", "y", id="read"),
    ]
    component = toxicity(detector=Latin(), labels=["toxicity"])
    findings = list(component.inspect(rows))
    assert [(f.row, f.rule, f.score, [span.turn for span in f.spans]) for f in findings] == [
        ("both", "toxicity", 1.0, [1]),
        ("both", "unread", 1, [0]),
        ("emoji", "unread", 2, [0, 1]),
    ]
    assert findings[-1].detail.startswith("word-list (a weak detector) cannot read 2 turns (user, assistant)")
    assert component.count(rows, findings) == component.count(rows, findings[:1])


def test_a_text_is_asked_about_once(conversation):
    detector = WordList()
    rows = [conversation("damn", "sorry", id=f"r{n}") for n in range(50)]
    findings = list(toxicity(detector=detector).inspect(rows))
    assert detector.asked == [["damn", "sorry"]]
    assert [f.row for f in findings if f.rule == "toxicity"] == [row.id for row in rows]


def test_empty_odd_and_huge_rows_are_read(conversation):
    rows = [
        Row("none", (), "chat", "s", "f", 1),
        conversation("", "   ", id="blank"),
        conversation("船 🚢 damn damn", id="unicode"),
        conversation("damn " * 500_000, id="huge"),
        Row("odd", (Turn("narrator", "damn"),), "chat", "s", "f", 1),
    ]
    found = {finding.row for finding in toxicity(detector=WordList()).inspect(rows)}
    assert found == {"unicode", "huge", "odd"}
    assert list(toxicity(detector=WordList()).inspect([])) == []


@given(st.lists(st.floats(0, 1), max_size=5), st.floats(0.01, 1))
def test_exactly_what_reaches_the_threshold_is_found(scores, threshold):
    class Given:
        weak = False

        def detect(self, texts):
            return [{"toxicity": scores[int(text)]} for text in texts]

    rows = [Row(str(n), (Turn("user", str(n)),), "chat", "s", "f", 1) for n in range(len(scores))]
    found = {finding.row: finding.score for finding in toxicity(detector=Given(), threshold=threshold).inspect(rows)}
    shown = {str(n): round(score, 4) for n, score in enumerate(scores)}
    assert found == {row: score for row, score in shown.items() if score >= threshold}


@pytest.mark.parametrize("score", [math.nan, 1.5, -0.1])
def test_what_is_no_probability_is_an_error(conversation, score):
    with pytest.raises(StageError, match="gave toxicity the probability"):
        list(toxicity(detector=Constant(toxicity=score)).inspect([conversation("x")]))


def test_a_label_that_the_detector_does_not_have_is_an_error(conversation):
    with pytest.raises(UsageError, match="gives no label 'threat'; it gives: insult"):
        list(toxicity(detector=Constant(insult=0.1), labels=["threat"]).inspect([conversation("x")]))


@pytest.mark.parametrize("asked", [{"labels": ["insult", "theat"]}, {"threshold": {"theat": 0.5}}])
def test_a_label_that_the_detector_says_it_lacks_is_refused_before_the_run(asked):
    class Saying(Constant):
        labels = ("insult", "threat")

    with pytest.raises(UsageError, match=r"no label 'theat' \(did you mean 'threat'\?\); it gives: insult, threat"):
        toxicity(detector=Saying(insult=0.1, threat=0.1), **asked)


def test_a_label_asked_for_twice_is_found_once(conversation):
    findings = toxicity(detector=Constant(insult=0.9), labels=["insult", "insult"]).inspect([conversation("x")])
    assert [f.rule for f in findings] == ["insult"]


def test_missing_answers_are_an_error(conversation):
    class Silent:
        weak = False

        def detect(self, texts):
            return []

    with pytest.raises(StageError, match="gave 0 answers to 1 texts"):
        list(toxicity(detector=Silent()).inspect([conversation("x")]))


def test_labels_have_thresholds_of_their_own(conversation):
    detector = Constant(toxicity=0.7, insult=0.4, threat=0.9)
    (finding,) = toxicity(detector=detector, threshold={"toxicity": 0.8, "insult": 0.3}).inspect([conversation("x")])
    assert (finding.rule, finding.score) == ("insult", 0.4)
    assert finding.detail == "Constant gives the user turn insult 0.40, threshold 0.3"


def test_a_threshold_for_a_label_that_the_detector_does_not_have_is_an_error(conversation):
    with pytest.raises(UsageError, match="gives no label 'threat'"):
        list(toxicity(detector=Constant(insult=0.1), threshold={"threat": 0.5}).inspect([conversation("x")]))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"threshold": 0.0}, "threshold is a probability"),
        ({"threshold": 1.01}, "threshold is a probability"),
        ({"threshold": {"toxicity": 0.5, "threat": 0}}, "threshold is a probability"),
        ({"threshold": {}}, "names no label"),
        ({"threshold": {"toxicity": 0.5}, "labels": ["toxicity"]}, "leave labels out"),
        ({"labels": []}, "labels is empty"),
        ({"identity_list": "replace"}, "identity_terms names nothing"),
        ({"identity_terms": {"age": [""]}}, "a term without a word"),
        ({"identity_least": 0}, "identity_least"),
    ],
)
def test_wrong_options_are_refused(options, said):
    with pytest.raises(UsageError, match=said):
        toxicity(detector=WordList(), **options)


def test_what_the_detector_reads_the_filter_reads():
    detector = WordList()
    assert toxicity(detector=detector).reads == {}
    detector.reads = {"words": "digest"}
    assert toxicity(detector=detector).reads == {"words": "digest"}


def flag_rates(rows, **options):
    filter_ = toxicity(detector=WordList(), **options)
    findings = list(filter_.inspect(rows))
    return filter_.conclude(filter_.count(rows, findings))


def test_flag_rates_are_told_by_the_groups_that_rows_name(conversation):
    rows = [conversation(f"{'damn ' * (n < 30)}Muslims", id=f"m{n}") for n in range(40)]
    rows += [conversation(f"{'damn ' * (n < 2)}rain", id=f"r{n}") for n in range(40)]
    found = flag_rates(rows)
    lines = {line["term"]: (line["n"], line["flagged"]) for line in found.facts["flag_rates"]["lines"]}
    assert lines == {"": (40, 30), "muslim": (40, 30)}
    assert found.facts["flag_rates"]["terms_of"] == "seatrial, version 2"
    assert found.measures["parity_difference"] > 0.4


def test_a_suite_says_which_terms(conversation):
    rows = [conversation("a Muslim dalit")]
    told = {
        how: flag_rates(rows, identity_terms={"caste": ["dalit"]}, identity_list=how).facts["flag_rates"]
        for how in ("extend", "replace")
    }
    assert [line["term"] for line in told["extend"]["lines"] if line["term"]] == ["muslim", "dalit"]
    assert [line["term"] for line in told["replace"]["lines"] if line["term"]] == ["dalit"]
    assert told["extend"]["terms_of"] == "seatrial, version 2, extended by the suite"
    assert told["replace"]["terms_of"] == "the suite"
    assert flag_rates(rows, identity_terms={}, identity_list="replace").facts == {}


def test_the_hooks_bring_filter_and_detectors():
    (component,) = seatrial_filters()
    assert (component.name, component.place, component.rules) == ("toxicity", "rows", RULES)
    assert component.uses["detector"].default == "minilm-toxicity"
    assert [metric.name for metric in component.metrics] == [
        *("parity_difference", "parity_difference_upper"),
        *("parity_ratio", "parity_ratio_upper"),
    ]
    assert [rule.name for rule in RULES if rule.action != "drop"] == ["unread"]
    assert [detector.name for detector in seatrial_detectors()] == ["detoxify", "minilm-toxicity"]
