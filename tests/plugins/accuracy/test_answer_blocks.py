"""Where a model fails: by class, by pair of classes, and its surest mistakes; and what leakage would have flattered."""

import math

import pyarrow as pa
import pytest

from seatrial.blocks import Bars, Examples, Table, Text
from seatrial.blocks.codec import checked
from seatrial.evaluation.samples import samples_to_table
from seatrial.evaluation.scorer import Scored
from seatrial.evaluation.scores import Interval, Sample, Score
from seatrial_plugins.accuracy.blocks import answer_blocks, naive_split_blocks


def shown(samples, *others):
    """Title → block, of the system `tuned`; each as a run keeps it."""
    tables = [samples_to_table("tuned", samples, ["correct"]), *others]
    blocks = answer_blocks(Scored("choice", "tuned", pa.concat_tables(tables), ()), right="correct")
    return {block.title: checked(block) for block in blocks}


def answer(row, said, target, **more):
    return Sample(row, {"correct": float(said == target)}, said, target, **more)


def confidences(blocks):
    return {one.row: dict(one.fields).get("confidence", "") for one in blocks["The surest mistakes"].items}


def test_classes_stand_worst_first_and_wrong_answers_are_counted():
    samples = [answer(f"r{i}", "a" if i % 4 else "b", "a") for i in range(8)]
    samples += [answer(f"s{i}", "b", "b") for i in range(4)]
    samples.append(Sample("broken", {}, target="a", error="ValueError: too long"))
    base = samples_to_table("base", [answer("r0", "c", "a")], ["correct"])
    blocks = shown(samples, base)
    assert blocks["Wrong answers"] == Text("Wrong answers", ("2 of 12 answers are wrong.",))
    first, second = blocks["Accuracy by class, worst first"].bars
    assert (first.name, first.value, first.cells) == ("a", 0.75, ("6 of 8",))
    assert 0.3 < first.low < 0.75 < first.high < 0.95
    assert (second.name, second.value, second.cells) == ("b", 1.0, ("4 of 4",))
    assert "Accuracy by slice, worst first" not in blocks


def test_slices_stand_beside_classes_where_they_are_others():
    samples = [answer(str(i), "x", "x" if i % 2 else "y", slice="s" if i < 4 else "") for i in range(6)]
    bars = shown(samples)["Accuracy by slice, worst first"].bars
    assert [(bar.name, bar.cells[0]) for bar in bars] == [("s", "2 of 4"), ("(none)", "1 of 2")]


def test_two_classes_that_are_taken_for_each_other_are_one_line():
    answers = [("a", "b")] * 3 + [("b", "a")] * 2 + [("c", "a")] * 4 + [("a", "a"), ("b", "b"), ("c", "c")]
    table = shown([answer(f"r{i}", said, target) for i, (target, said) in enumerate(answers)])["What is taken for what"]
    assert isinstance(table, Table)
    assert table.rows == (("a", "b", "3 of 4", "2 of 3"), ("c", "a", "4 of 5", "0 of 4"))


def test_mistakes_stand_surest_first_with_what_was_asked():
    samples = [
        answer("a", "x", "y", detail={"probabilities": {"x": 0.6, "y": 0.4}, "input": "Which?"}),
        answer("b", "x", "y", detail={"confidence": 0.9}, slice="s"),
        answer("c", "x", "y"),
        answer("d", "y", "y"),
    ]
    mistakes = shown(samples)["The surest mistakes"]
    assert isinstance(mistakes, Examples)
    assert [one.row for one in mistakes.items] == ["b", "a", "c"]
    assert mistakes.items[0].fields[1:] == (
        ("answered", "✗ x"), ("right is", "✓ y"), ("confidence", "0.900"), ("slice", "s"),
    )  # fmt: skip
    assert mistakes.items[1].fields[0] == ("asked", "Which?")
    assert mistakes.of == 3


def test_confidence_is_the_share_of_the_options_likelihood():
    def options(*logprobs):
        return {"options": [{"option": name, "logprob": x} for name, x in zip("xyz", logprobs, strict=False)]}

    samples = [
        answer("even", "x", "y", detail=options(-1.0, -1.0)),
        answer("sure", "x", "y", detail=options(math.log(0.6), math.log(0.3), math.log(0.3))),
        answer("alone", "x", "y", detail=options(-1.0)),
        answer("odd", "x", "y", detail=options(-1.0, None)),
        answer("far", "x", "y", detail=options(-2000.0, -1.0)),
    ]
    expected = {"even": "0.500", "sure": "0.500", "alone": "", "odd": "", "far": "9.9e-305"}
    assert confidences(shown(samples)) == expected


def test_a_tie_is_a_wrong_answer_of_its_own():
    tie = Sample("tie", {"correct": 0.0}, None, "x", detail={"tied": 3})
    table = shown([answer("a", "x", "x"), tie, answer("b", "x", "x")])["What is taken for what"]
    assert table.rows == (("x", "(a tie of 3 options)", "1 of 3", ""),)


def test_free_answers_are_no_classes():
    blocks = shown([answer(str(i), f"said {i}", f"said {i}" if i % 2 else f"wanted {i}") for i in range(6)])
    assert list(blocks) == ["Wrong answers", "Mistakes"]


def test_of_very_many_classes_the_first_are_handed_over_and_all_counted():
    blocks = shown([answer(f"w{i}", f"c{(i * 7 + 1) % 400}", f"c{i % 400}") for i in range(1_200)])
    bars, table, mistakes = (
        blocks[title] for title in ("Accuracy by class, worst first", "What is taken for what", "Mistakes")
    )
    assert (len(bars.bars), bars.of) == (200, 400)
    assert (len(table.rows), len(mistakes.items), mistakes.of) == (200, 200, 1_200)
    assert table.of > 200


def test_a_row_counts_once_whatever_the_number_of_seeds():
    """r0 is always wrong, r1 by one of two seeds, r2 and r3 never."""
    said = {1: ["x", "x", "b", "b"], 2: ["x", "b", "b", "b"]}
    sure = {1: [0.6, 0.9, 1, 1], 2: [0.8, 0.5, 1, 1]}
    tables = [
        samples_to_table(
            "tuned",
            [
                answer(f"r{row}", given, "b", detail={"confidence": sure[seed][row]})
                for row, given in enumerate(said[seed])
            ],
            ["correct"],
            seed=seed,
        )
        for seed in said
    ]
    blocks = {
        block.title: checked(block)
        for block in answer_blocks(Scored("choice", "tuned", pa.concat_tables(tables), ()), right="correct")
    }
    assert blocks["Wrong answers"].paragraphs == (
        "Of 4 rows, 1 are answered wrongly whatever the seed of training, and 1 by some of the 2 seeds.",
    )
    (bar,) = blocks["Accuracy by class, worst first"].bars
    assert (bar.value, bar.cells) == (0.625, ("2.5 of 4",))
    assert bar.low < 0.25  # of 4 rows, not of 8 answers
    assert bar.high > 0.9
    assert blocks["What is taken for what"].rows == (("b", "x", "2 of 4", ""),)
    mistakes = blocks["The surest mistakes"]
    assert [one.row for one in mistakes.items] == ["r1", "r0"]
    assert [dict(one.fields)["wrong by"] for one in mistakes.items] == ["1 of 2 seeds", "2 of 2 seeds"]
    assert mistakes.of == 2


@pytest.mark.parametrize("samples", [[], [Sample("r", {}, error="no")], [Sample("r", {"correct": 1.0})]])
def test_where_nothing_was_answered_there_is_nothing_to_show(samples):
    assert shown(samples) == {}


def test_the_naive_split_stands_beside_its_leaked_and_its_clean_rows():
    def score(name, value, system="tuned"):
        interval = None if value is None else Interval(value - 0.1, value + 0.05, 0.95, "Wilson")
        return Score(f"naive/{name}", system, value, 40, "proportion", "higher", interval=interval)

    scores = [score("accuracy", 0.9), score("accuracy_leaked", 0.95), score("accuracy_clean", None)]
    table = samples_to_table("tuned", [], [])
    (bars,) = naive_split_blocks(Scored("naive", "tuned", table, [*scores, score("accuracy", 0.1, "base")]))
    assert isinstance(checked(bars), Bars)
    assert [(bar.value, bar.n) for bar in bars.bars] == [(0.9, 40), (0.95, 40)]
    assert "estimate" in bars.title
    assert list(naive_split_blocks(Scored("naive", "base", table, []))) == []


def test_scorers_explain_themselves():
    from seatrial import Explains
    from seatrial_plugins.accuracy.choice import ChoiceScorer
    from seatrial_plugins.accuracy.naive_split import NaiveSplitScorer

    scored = Scored("choice", "tuned", samples_to_table("tuned", [answer("a", "x", "y")], ["correct"]), ())
    assert isinstance(ChoiceScorer(), Explains)
    assert next(iter(ChoiceScorer().blocks(scored))).title == "Wrong answers"
    assert list(NaiveSplitScorer(test=0.3).blocks(scored)) == []
