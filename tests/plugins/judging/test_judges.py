"""Judges of answers and of pairs: grades, ties by order, agreement with people, and what is asked once."""

import re
from dataclasses import replace
from types import SimpleNamespace

import pyarrow as pa
import pytest

from seatrial import Benchmark, Response, Row, Scored, Task, Transcript, Turn, UsageError
from seatrial.errors import StageError
from seatrial.evaluation.samples import samples_to_table
from seatrial.model import Generation
from seatrial.rows import Image, Preference, Text
from seatrial.stats import wilson_interval
from seatrial_plugins import judging
from seatrial_plugins.judging.measured import Measured, measured_blocks


class Judge:
    """A judge whose opinion is a function of the question; counts what it is asked."""

    address, key, steady = "python:judges:make", "judge", True

    def __init__(self, opinion, closed=()):
        self.opinion, self.closed = opinion, set(closed)
        self.asked = []

    def open(self):
        return self

    def generate(self, prompts, *, max_new_tokens, stop=()):
        questions = [prompt[0].content for prompt in prompts]
        if any(word in question for word in self.closed for question in questions):
            raise StageError("the court is closed")
        self.asked += questions
        return [Generation(self.opinion(question), 3, finished=True) for question in questions]


def part(question, name):
    return re.search(rf"<<{name} \w+>>\n(.*?)\n<<end ", question, re.DOTALL)[1]


def by_length(question):
    """Grades an answer by its words: one a word."""
    return f"Counted.\nGrade: {min(5, len(part(question, 'answer').split()))}"


def longer(question):
    a, b = (len(part(question, f"reply {one}")) for one in "AB")
    return f"Winner: {'A' if a > b else 'B' if b > a else 'tie'}"


def row(number, prompt="Say it", expected=None):
    turns = (Turn("user", f"{prompt} {number}"), Turn("assistant", "yes"))
    return Row(f"r{number}", turns, "prompt-completion", "path:x", "x.jsonl", number + 1, expected=expected)


def task(count):
    return Task("test", [row(number) for number in range(count)])


def transcripts(*texts):
    return [
        Transcript(f"r{number}", error="it broke")
        if text is None
        else Transcript(f"r{number}", (Response(text),), "hash")
        for number, text in enumerate(texts)
    ]


def build(judge, **options):
    return judging.judge(
        judge=judge, **{"criteria": {"long": "Has words.", "kind": "Is kind."}, "passing": 3, **options}
    )


def test_an_answer_is_graded_by_each_criterion_and_passes_by_all():
    judge = Judge(by_length)
    samples = list(build(judge).score(iter(transcripts("one", "one two three", None)), task(3)))
    assert samples[0].values == {"grade:long": 1.0, "grade:kind": 1.0, "passed": 0.0}
    assert samples[1].values["passed"] == 1.0
    assert samples[2].error == "it broke"
    told = samples[0].detail["judged"][0]
    assert told["criterion"] == "long"
    assert "Has words." in told["question"]
    assert told["answer"] == "Counted.\nGrade: 1"


def test_an_answer_that_names_no_grade_is_an_error_of_its_columns_alone():
    judge = Judge(lambda asked: "Well." if "Is kind" in asked else by_length(asked))
    scorer = build(judge)
    (sample,) = scorer.score(iter(transcripts("one two three")), task(1))
    assert sample.values == {"grade:long": 3.0}
    assert set(sample.lacks) == {"grade:kind", "passed"}
    assert "kind: no grade can be read" in sample.error
    assert scorer.unanswered == 0  # asked again, it would say the same


def test_a_judge_that_does_not_answer_is_an_error_that_may_pass_and_others_are_judged(tmp_path):
    judge = Judge(by_length, closed={"secret"})
    scorer = build(judge, criteria={"long": "Has words."})
    scorer.keep_answers(tmp_path / "asked.jsonl")
    first = list(scorer.score(iter(transcripts("one", "a secret", "one")), task(3)))
    assert [sample.error is None for sample in first] == [True, False, True]
    assert "the court is closed" in first[1].error
    assert scorer.unanswered == 1
    again = Judge(by_length)
    scorer = build(again, criteria={"long": "Has words."})
    scorer.keep_answers(tmp_path / "asked.jsonl")
    second = list(scorer.score(iter(transcripts("one", "a secret", "one")), task(3)))
    assert [sample.values["passed"] for sample in second] == [0.0, 0.0, 0.0]
    assert len(again.asked) == 1  # the others stand in the file
    assert scorer.unanswered == 0


def test_an_answer_that_cannot_be_judged_as_the_others_are_is_an_error():
    picture = Turn("user", [Text("What is it?"), Image("0" * 64, "image/png", 8, 8)])
    seen, bare = (
        replace(row(place), turns=turns) for place, turns in enumerate([(picture,), (Turn("user", "Say it"),)])
    )
    given = Task("test", [seen, bare, row(2)])
    judge = Judge(by_length)
    samples = list(build(judge, reference=True).score(iter(transcripts("a", "b", "c")), given))
    assert [sample.error is None for sample in samples] == [False, False, True]
    assert "the row has none" in samples[1].error
    shown = list(build(judge).score(iter(transcripts("a", "b", "c")), given))
    assert [sample.error is None for sample in shown] == [False, True, True]
    pairs = judging.judge_pairs(judge=Judge(longer))
    compared = list(pairs.compare(iter(transcripts("a", "b")), iter(transcripts("aa", "bb")), Task("t", [seen, bare])))
    for sample in (shown[0], compared[0]):
        assert "picture" in sample.error
    assert compared[1].values["won"] == 0.0


def test_a_judge_is_told_once_where_its_answers_are_kept(tmp_path):
    class Remote(Judge):
        files = ()

        def keep_answers(self, file):
            self.files = (*self.files, file)

    judge = Remote(by_length)
    scorer = build(judge, criteria={"long": "Has words."})
    scorer.keep_answers(tmp_path / "asked.jsonl")
    list(scorer.score(iter(transcripts(*(f"answer {n}" for n in range(150)))), task(150)))  # three batches
    assert len(judge.asked) == 150
    assert judge.files == (tmp_path / "asked.calls",)


@pytest.mark.parametrize("options", [{"passing": 1}, {"passing": 6}, {"scale": (5, 1)}])
def test_a_scale_on_which_nothing_could_fail_is_refused(options):
    with pytest.raises(UsageError, match=r"passing|worst grade first"):
        build(Judge(by_length), **options)


# ---- against people -----------------------------------------------------------------------------------------------


def labelled(number, text, good):
    answer = (Turn("assistant", text),)
    said = Preference(chosen=answer) if good else Preference(rejected=answer)
    turns = (Turn("user", f"Q{number}"), *answer)
    return Row(f"h{number}", turns, "preference", "path:h", "h.jsonl", number + 1, expected=said)


def shown(scorer, texts, columns):
    samples = list(scorer.score(iter(transcripts(*texts)), task(len(texts))))
    table = samples_to_table("tuned", samples, columns)
    return {block.title: block for block in scorer.blocks(Scored("judge", "tuned", table, []))}


COLUMNS = ["passed", "grade:long"]
GOOD, BAD = "this is a good answer", "no"


def people(hits, misses, alarms, rejections):
    said = [(GOOD, True)] * hits + [(BAD, True)] * misses + [(GOOD, False)] * alarms + [(BAD, False)] * rejections
    items = tuple(labelled(number, f"{text}", good) for number, (text, good) in enumerate(said))
    return {"labelled": Benchmark("labelled", items)}


def test_its_rate_is_corrected_by_what_people_labelled():
    judge = Judge(by_length)
    scorer = build(judge, criteria={"long": "Has words."}, humans=people(18, 2, 4, 16))
    blocks = shown(scorer, [GOOD] * 12 + [BAD] * 8, COLUMNS)
    table = dict(blocks["The judge against people"].rows)
    assert table["good answers that it passes (sensitivity)"].startswith("18 of 20 = 0.900")
    assert table["bad answers that it does not pass (specificity)"].startswith("16 of 20 = 0.800")
    assert table["agreement"].startswith("0.850")
    assert table["Cohen's kappa"].startswith("0.700")
    ((system, rows, judged, corrected),) = blocks["Passed, corrected for the judge's errors"].rows
    assert (system, rows, judged.split(" [")[0]) == ("tuned", "20", "0.600")
    assert corrected.startswith(f"{(0.6 + 0.8 - 1) / 0.7:.3f} [")
    assert not any(getattr(block, "alarming", False) for block in blocks.values())


@pytest.mark.parametrize(
    ("humans", "title"),
    [
        ({}, "An unmeasured judge"),
        (people(4, 0, 0, 0), "An uncorrected rate"),
        (people(2, 8, 8, 2), "A judge that cannot tell"),
    ],
)
def test_a_rate_that_cannot_be_corrected_is_said_at_the_top(humans, title):
    scorer = build(Judge(by_length), criteria={"long": "Has words."}, humans=humans)
    block = shown(scorer, [GOOD] * 3, COLUMNS)[title]
    assert block.alarming
    assert "uncorrected" in block.paragraphs[0]


def test_labels_that_are_none_are_refused_by_file_and_line():
    pair = Row("h", (Turn("user", "Q"), Turn("assistant", "a")), "prompt-completion", "path:h", "h.jsonl", 7)
    with pytest.raises(UsageError, match=r"h\.jsonl:7"):
        build(Judge(by_length), humans={"x": Benchmark("x", (pair,))})
    with pytest.raises(UsageError, match=r"h\.jsonl:7"):
        judging.judge_pairs(judge=Judge(longer), humans={"x": Benchmark("x", (pair,))})


def test_labels_are_of_the_same_question_or_refused():
    with pytest.raises(UsageError, match=r"h\.jsonl:1 .*`reference"):
        build(Judge(by_length), reference=True, humans=people(1, 1, 1, 1))


def corrected(samples):
    measured = Measured((45, 50), (45, 50), ())
    table = [one | {"system": "tuned"} for one in samples]
    shown = measured_blocks(SimpleNamespace(samples=pa.Table.from_pylist(table)), "j", measured)
    return list(shown)[-1].rows[0]


def test_rows_count_once_however_many_trainings_answered_them_and_repeats_as_one():
    once = [{"row": str(n), "cluster": None, "seed": "0", "value:passed": float(n < 20)} for n in range(40)]
    seeds = [one | {"seed": seed} for seed in "012" for one in once]
    assert corrected(seeds) == corrected(once)
    repeats = [one | {"row": f"{one['row']}.{n}", "cluster": one["row"]} for n in range(3) for one in once]
    assert corrected(repeats)[2:] == corrected(once)[2:]
    assert corrected(repeats)[1] == "120"
    uneven = once + [once[0] | {"row": f"copy {n}", "cluster": "0"} for n in range(9)]
    _, rows, judged, _ = corrected(uneven)
    assert rows == "49"
    low, high = wilson_interval(29 / 49 * 17, 49**2 // (39 + 10**2))
    assert judged == f"0.592 [{low:.3f}, {high:.3f}]"


# ---- pairs --------------------------------------------------------------------------------------------------------


def compared(judge, own, other, **options):
    scorer = judging.judge_pairs(judge=judge, **options)
    return scorer, list(scorer.compare(iter(transcripts(*own)), iter(transcripts(*other)), task(len(own))))


def test_what_it_says_in_both_orders_is_a_win_and_equal_answers_are_not_asked():
    judge = Judge(longer)
    _, samples = compared(judge, ["long answer", "a", "same"], ["short", "longer", "same "])
    assert [sample.values["won"] for sample in samples] == [1.0, 0.0, 0.5]
    assert [sample.values["inconsistent"] for sample in samples] == [0.0, 0.0, None]
    assert len(judge.asked) == 4
    assert samples[0].detail["other"] == "short"
    assert len(samples[0].detail["judged"]) == 2


def test_what_hangs_on_the_order_is_a_tie_and_counted():
    _, samples = compared(Judge(lambda _: "Winner: A"), ["x", "y"], ["z", "w"])
    assert [(sample.values["won"], sample.values["inconsistent"]) for sample in samples] == [(0.5, 1.0)] * 2
    _, samples = compared(Judge(lambda _: "I like both.\nWinner: tie"), ["x"], ["z"])
    assert samples[0].values == {"won": 0.5, "inconsistent": 0.0}


@pytest.mark.parametrize("said", ["A", "Winner: C", "Winner: A\nWinner: B", "Winner: A\nor so", ""])
def test_no_winner_is_an_error(said):
    _, (sample,) = compared(Judge(lambda _: said), ["x"], ["z"])
    assert sample.values == {}
    assert "no winner can be read" in sample.error


def test_rows_that_one_of_both_did_not_answer_are_errors_and_the_other_system_is_not_judged():
    scorer, samples = compared(Judge(longer), ["x", None], [None, "y"])
    assert "base did not answer: it broke" in samples[0].error
    assert samples[1].error == "it broke"
    assert [one.values for one in scorer.score(iter(transcripts("z")), task(1))] == [
        {"won": None, "inconsistent": None}
    ]


def test_its_agreement_with_people_is_told():
    items = []
    for number, (chosen, rejected) in enumerate([("longer", "short")] * 8 + [("no", "longer")] * 2):
        said = Preference((Turn("assistant", chosen),), (Turn("assistant", rejected),))
        turns = (Turn("user", f"Q{number}"), Turn("assistant", chosen))
        items.append(Row(f"h{number}", turns, "preference", "path:h", "h.jsonl", number + 1, expected=said))
    scorer = judging.judge_pairs(judge=Judge(longer), humans={"x": Benchmark("x", tuple(items))})
    (block,) = scorer.blocks(SimpleNamespace())
    rows = dict(block.rows)
    assert rows["agreement"].startswith("0.800")
    assert rows["Cohen's kappa"].startswith("0.600")
    assert rows["other winner in the other order"] == "0"
