"""Where a model fails: by class, by pair of classes, and its surest mistakes."""

import math
from dataclasses import replace

from seatrial.evaluation.samples import samples_to_table
from seatrial.evaluation.scores import Sample
from seatrial_reports.failures import CONFUSIONS, MISTAKES, build_failures
from seatrial_reports.html_report import render_html
from seatrial_reports.markdown_report import render_markdown
from seatrial_reports.view import build_view


def choice(result, samples):
    return replace(result, samples={"choice": samples_to_table("base", samples, ["correct"])})


def test_classes_stand_worst_first_and_mistakes_surest_first(plain_result):
    (block,) = build_failures(plain_result)
    assert (block.scorer, block.wrong, block.n) == ("choice", 11, 104)
    accuracies = [line.width for line in block.by_class]
    assert accuracies == sorted(accuracies)
    assert sum(line.n for line in block.by_class) == 104
    assert sum(line.n - line.right for line in block.by_class) == 11
    assert [m.confidence for m in block.mistakes][:2] == ["0.833", "0.800"]
    assert sum(pair.count for pair in block.confusions) == 11
    assert block.errors == (("feedface", "ValueError: the prompt is too long"),)


def test_confidence_may_stand_in_the_probabilities(bare):
    samples = [
        Sample("a", {"correct": 0.0}, "x", "y", detail={"probabilities": {"x": 0.6, "y": 0.4}}),
        Sample("b", {"correct": 0.0}, "x", "y", detail={"confidence": 0.9}),
        Sample("c", {"correct": 0.0}, "x", "y"),
        Sample("d", {"correct": 1.0}, "y", "y"),
    ]
    (block,) = build_failures(choice(bare, samples))
    assert [(m.row, m.confidence) for m in block.mistakes] == [("b", "0.900"), ("a", "0.600"), ("c", "")]


def test_confidence_is_the_share_of_the_options_likelihood(bare):
    def options(*logprobs):
        return {"options": [{"option": name, "logprob": x} for name, x in zip("xyz", logprobs, strict=False)]}

    samples = [
        Sample("even", {"correct": 0.0}, "x", "y", detail=options(-1.0, -1.0)),
        Sample("sure", {"correct": 0.0}, "x", "y", detail=options(math.log(0.6), math.log(0.3), math.log(0.3))),
        Sample("alone", {"correct": 0.0}, "x", "y", detail=options(-1.0)),
        Sample("odd", {"correct": 0.0}, "x", "y", detail=options(-1.0, None)),
        Sample("far", {"correct": 0.0}, "x", "y", detail=options(-2000.0, -1.0)),
    ]
    (block,) = build_failures(choice(bare, samples))
    assert {m.row: m.confidence for m in block.mistakes} == {
        "even": "0.500",
        "sure": "0.500",
        "alone": "",
        "odd": "",
        "far": "9.9e-305",
    }


def test_free_answers_are_no_classes(bare):
    samples = [Sample(str(i), {"correct": float(i % 2)}, f"said {i}", f"wanted {i}", slice="s") for i in range(6)]
    (block,) = build_failures(choice(bare, samples))
    assert (block.by_class, block.confusions) == ((), ())
    assert [(g.name, g.right, g.n) for g in block.by_slice] == [("s", 3, 6)]


def test_two_classes_that_are_taken_for_each_other_are_one_line(run):
    answers = [("a", "b")] * 3 + [("b", "a")] * 2 + [("c", "a")] * 4 + [("a", "a"), ("b", "b"), ("c", "c")]
    samples = [
        Sample(f"r{i}", {"correct": float(target == said)}, said, target) for i, (target, said) in enumerate(answers)
    ]
    (block,) = build_failures(run(samples={"choice": samples_to_table("base", samples, ["correct"])}))
    assert [(c.target, c.prediction, c.count, c.of, c.back, c.back_of) for c in block.confusions] == [
        ("a", "b", 3, 4, 2, 3),
        ("c", "a", 4, 5, 0, 4),
    ]


def test_what_is_left_out_is_counted_and_said_where_to_find(run):
    wrong = [Sample(f"w{i}", {"correct": 0.0}, f"c{(i * 7 + 1 + i % 3) % 20}", f"c{i % 20}") for i in range(60)]
    broken = [Sample(f"b{i}", {}, target="c1", error="ValueError: too long") for i in range(MISTAKES + 3)]
    result = run(samples={"choice": samples_to_table("base", [*wrong, *broken], ["correct"])})
    (block,) = build_failures(result)
    assert (len(block.confusions), len(block.mistakes), len(block.errors)) == (CONFUSIONS, MISTAKES, MISTAKES)
    assert block.confused > CONFUSIONS
    assert block.failed == MISTAKES + 3
    html = " ".join(render_html(build_view(result)).split())
    for shown, every, what in (
        (MISTAKES, block.failed, "rows"), (CONFUSIONS, block.confused, "pairs"), (MISTAKES, block.wrong, "wrong answers"),
    ):  # fmt: skip
        assert f"These are {shown} of {every} {what}; all stand in" in html
    assert f"{block.confused - 5} more pairs of classes: see samples/choice.parquet." in render_markdown(
        build_view(result)
    )
