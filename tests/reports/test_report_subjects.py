"""What the reports show is computed from the saved result: flow, filters, failures, attacks, charts, numbers."""

import math
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.data.ledger import ledger_schema
from seatrial.events import Record
from seatrial.judging.samples import samples_to_table
from seatrial.reporting import Result
from seatrial.scores import Interval, Sample, Score
from seatrial.verdict import Decision, Verdict
from seatrial_reports.attacks import build_attacks, compare
from seatrial_reports.charts import dot_plot, loss_curve, nice_ticks, powers_of_ten
from seatrial_reports.comparison import build_comparison
from seatrial_reports.course import build_course
from seatrial_reports.cover import build_cover
from seatrial_reports.datatrail import build_data_trail
from seatrial_reports.failures import build_failures
from seatrial_reports.headline import build_headline
from seatrial_reports.html_report import render_html
from seatrial_reports.markdown_report import render_markdown
from seatrial_reports.numbers import amount, interval, percent, share, value
from seatrial_reports.view import build_view


@pytest.fixture
def bare():
    """As little as a result can hold: base only, no training, no data facts, no gates."""
    verdict = Verdict("inconclusive", "the suite has no gates", ())
    return Result(Path("runs/x"), {"name": "bare"}, {}, [], [], verdict, ledger_schema().empty_table())


def with_record(result, stage, **facts):
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    others = [r for r in result.records if r.stage != stage]
    return replace(result, records=[*others, Record(stage, "k", moment, 1.0, False, 1, {}, facts)])


def test_a_bare_result_is_a_report_too(bare):
    html = render_html(build_view(bare))
    assert "Nothing was scored." in html
    assert "Not looked for:" in html
    assert "The suite has no gates: nothing was held against a condition." in html
    assert "What did training do?" not in html
    assert "No gates." in render_markdown(build_view(bare))


@pytest.mark.parametrize("junk", [None, 3, "text", [1], {"a": [None]}, math.nan, [["x"]]])
def test_facts_of_another_shape_are_left_out(plain_result, junk):
    records = [replace(record, facts=dict.fromkeys(record.facts, junk)) for record in plain_result.records]
    html = render_html(
        build_view(replace(plain_result, records=records, manifest=dict.fromkeys(plain_result.manifest, junk)))
    )
    assert "message-router" in html
    assert "choice/accuracy" in html


# ---- data -----------------------------------------------------------------------------------------------------------


def test_the_flow_adds_up_and_says_when_it_does_not(plain_result):
    flow = build_data_trail(plain_result).flow
    assert [(s.stage, s.rows_in, s.dropped, s.rows_out) for s in flow] == [
        ("read", 400, 2, 398),
        ("clean", 398, 3, 395),
        ("compare", 395, 6, 389),
        ("leakage", 389, 4, 385),
    ]
    assert all(step.adds_up for step in flow)
    broken = with_record(plain_result, "clean", rows_in=398, dropped=3, rows_out=390)
    assert not next(s for s in build_data_trail(broken).flow if s.stage == "clean").adds_up
    assert any("do not add up" in warning for warning in build_headline(broken).warnings)


def test_filters_are_counted_from_the_ledger(plain_result):
    filters = {block.filter: block for block in build_data_trail(plain_result).filters}
    assert list(filters) == ["jsonl", "unicode", "length", "toxicity", "duplicates", "leakage"]
    assert filters["toxicity"].rules == ()
    exact, conflict = filters["duplicates"].rules
    assert (exact.rule, exact.action, exact.findings, exact.rows, exact.dropped) == ("exact", "drop", 6, 6, 6)
    assert (conflict.rule, conflict.action, conflict.findings, conflict.dropped) == ("conflict", "flag", 2, 0)
    assert [example.place for example in exact.examples] == [f"support/billing.jsonl:{n}" for n in (30, 31, 32)]
    assert exact.examples[0].matched_row == "feed"
    assert (exact.summary, exact.done) == ("What exact means.", "6 rows dropped")
    assert (conflict.done, filters["duplicates"].outcomes) == (
        "2 rows flagged and kept",
        ("6 rows dropped", "2 rows flagged and kept"),
    )
    assert (filters["toxicity"].weak, filters["toxicity"].unseen) == (True, "names of people")
    assert filters["unicode"].outcomes == ("1 row repaired",)
    assert exact.examples[0].score == "0.97"


def test_leaks_and_the_naive_split_are_told(plain_result):
    data = build_data_trail(plain_result)
    assert (data.leaks.findings, data.leaks.filters, data.conflicts_total) == (4, ("leakage",), 2)
    assert [line[1] for line in data.naive.lines] == ["0.942", "0.987", "0.857"]
    metrics = {block.metric for block in build_comparison(plain_result).all()}
    assert not any(metric.startswith("naive_split") for metric in metrics)


def test_cover_is_taken_after_leakage(plain_result):
    cover = build_cover(plain_result)
    assert cover.splits == (("train", 256), ("validation", 24), ("test", 105))
    assert [kind for kind, _ in cover.charts] == ["label", "slice"]
    first = cover.charts[0][1][0]
    assert (first.label, first.total) == ("billing", 62)
    assert first.parts[-1].left + first.parts[-1].width == pytest.approx(100, abs=0.02)
    assert cover.lonely == "12 of 104 (11.5%)"
    assert cover.measure == "words in common, below 0.2"
    assert cover.gaps[0].labels == "billing 3"


# ---- failures -------------------------------------------------------------------------------------------------------


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


# ---- attacks --------------------------------------------------------------------------------------------------------


def test_changes_are_marked_word_by_word():
    pieces = [(piece.kind, piece.text) for piece in compare("my card was lost", "my crad was lsot!")]
    assert pieces == [
        ("same", "my "), ("gone", "card"), ("new", "crad"), ("same", " was "), ("gone", "lost"), ("new", "lsot!"),
    ]  # fmt: skip


@given(st.text(max_size=80), st.text(max_size=80))
def test_the_pieces_spell_both_texts(original, attacked):
    pieces = compare(original, attacked)
    assert "".join(p.text for p in pieces if p.kind != "new") == original
    assert "".join(p.text for p in pieces if p.kind != "gone") == attacked


def test_flipped_answers_stand_first(plain_result):
    (block,) = build_attacks(plain_result)
    assert (block.scorer, block.n) == ("attack", 50)
    assert block.outcomes == (
        ("succeeded", "the answer flipped", 14),
        ("budget exhausted", "all queries spent, not flipped", 12),
        ("failed", "withstood the attack", 12),
        ("skipped", "wrong already, not attacked", 12),
    )
    assert block.asked == "samples 50, recipe deepwordbug, budget 200"
    assert {attack.outcome for attack in block.attacks} == {"succeeded"}
    assert (block.attacks[0].before, block.attacks[0].after) == ("billing (0.930)", "returns (0.620)")
    assert block.attacks[0].queries == "31"


# ---- scores and charts ----------------------------------------------------------------------------------------------


def test_the_system_on_trial_comes_first_then_the_base(plain_result):
    comparison = build_comparison(plain_result)
    accuracy, *_ = comparison.compared
    assert [line.system for line in accuracy.lines] == [
        *("tuned", "base", "base-4shot", "majority", "tfidf-logistic-regression", "minilm-logistic-regression")
    ]
    assert [tick.label for tick in accuracy.plot.thresholds] == ["gate ≥ 0.8"]
    assert accuracy.plot.thresholds[0].at == 80
    assert accuracy.lines[0].dot.at == pytest.approx(100 * 94 / 105, abs=0.001)
    assert [block.metric for block in comparison.costs] == ["latency/ttft_p50_ms", "latency/peak_bytes"]
    assert [block.metric for block in comparison.counts] == ["data/read"]


def test_a_missing_score_is_a_word_and_no_dot(bare):
    scores = [
        Score("s/m", "base", 0.5, 10, "mean", "higher", interval=Interval(0.4, 0.6, 0.95, "t")),
        Score("s/m", "other", None, 0, "mean", "higher", missing="it crashed"),
        Score("s/m", "odd", math.nan, 3, "mean", "higher"),
        Score("s/m", "third", 0.1, 10, "mean", "higher"),
    ]
    (block,) = build_comparison(replace(bare, scores=scores)).compared
    lines = {line.system: line for line in block.lines}
    assert (lines["other"].value, lines["other"].missing, lines["other"].dot) == ("missing", "it crashed", None)
    assert (lines["odd"].value, lines["odd"].dot) == ("missing", None)
    assert lines["base"].dot.low == 40
    assert dot_plot(scores[:1], {}) is None


@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9))
def test_ticks_are_round_and_enclose(a, b):
    low, high = min(a, b), max(a, b)
    ticks = nice_ticks(low, high)
    assert 2 <= len(ticks) <= 12
    assert ticks == sorted(set(ticks))
    slack = 1e-6 * max(abs(low), abs(high), 1)
    assert ticks[0] <= low + slack
    assert ticks[-1] >= high - slack


def test_the_loss_curve_leaves_out_what_is_no_number(plain_result):
    steps = [{"step": 1, "loss": 2.0}, {"step": 2, "loss": math.nan}, {"step": 4, "loss": 1.0}]
    curve = loss_curve(steps, best_step=4)
    assert curve.train == "25.0,0.0 100.0,50.0"
    assert curve.validation == ""
    assert curve.best.at == 100
    assert curve.alt == "Training loss goes from 2 at step 1 to 1 at step 4"
    assert build_course(replace(plain_result, training=steps)).not_finite == 1
    assert loss_curve(steps[:2], None) is None


def test_the_masked_example_joins_neighbours(plain_result):
    course = build_course(plain_result)
    assert [(piece.supervised, piece.text) for piece in course.masked_example] == [
        (False, "<|im_start|>user\nWhere is my parcel?<|im_end|>\n<|im_start|>assistant\n"),
        (True, "delivery<|im_end|>"),
    ]
    assert ("supervised tokens (the loss is on these only)", "2,345 (4.6%)") in course.figures


# ---- numbers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("x", "written"),
    [(0.0, "0.000"), (1.0, "1.000"), (0.89, "0.890"), (0.9996, "0.9996"), (0.0004, "0.0004"), (1e-9, "1e-09")],
)
def test_a_share_is_never_rounded_to_none_or_all(x, written):
    assert share(x) == written


@pytest.mark.parametrize(
    ("x", "unit", "written"),
    [(61.25, "ms", "61.25 ms"), (1234567, "", "1,234,567"), (2.0, "", "2"), (0.00012345, "s", "0.0001234 s")],
)
def test_amounts(x, unit, written):
    assert amount(x, unit) == written


def test_intervals_share_the_unit():
    score = Score("l/t", "base", 61.0, 44, "percentile", "lower", "ms", Interval(60.1, 63.4, 0.95, "order statistics"))
    assert (value(score), interval(score)) == ("61 ms", "60.1 to 63.4 ms")
    memory = Score("l/m", "base", 2.0**30, 44, "maximum", "lower", "bytes", Interval(2.0**29, 2.0**31, 0.95, "x"))
    assert (value(memory), interval(memory)) == ("1.0 GiB", "512 MiB to 2.0 GiB")


# ---- for sceptical readers -------------------------------------------------------------------------------------------


def test_the_gates_own_reason_is_told_once(plain_result):
    decision = Decision("a/b", "fail", "block", "a/b ≥ 0.5", "upper bound 0.4 < 0.5 (2 of 9)")
    verdict = Verdict("fail", "1 of 2 blocking gates failed: a/b ≥ 0.5: upper bound 0.4 < 0.5 (2 of 9)", (decision,))
    headline = build_headline(replace(plain_result, verdict=verdict))
    assert headline.reason == "1 of 2 blocking gates failed: a/b ≥ 0.5"
    assert headline.gates[0].reason == "upper bound 0.4 < 0.5 (2 of 9)"


def test_a_count_has_no_n_and_no_method(run):
    counted = Decision("data/read", "pass", "block", "data/read ≥ 1", "9 rows", 9.0, None, None, 1, "exact")
    (line,) = build_headline(run(verdict=Verdict("pass", "said", (counted,)))).gates
    assert (line.value, line.n, line.method, line.bounds) == ("9", "", "", "")


def test_what_stages_warn_of_is_a_warning_and_so_are_labels_that_train_lacks(run, record):
    much = "leakage: 25 of 100 rows (25.0%) were dropped: leakage/exact 25 (first rows.csv:2)."
    facts = {"rows_in": 100, "dropped": 25, "rows_out": 75, "warnings": [much]}
    lost = record("leakage", **facts, coverage={"labels_not_in_train": ["billing", "returns"]})
    assert set(build_headline(run(records=[lost])).warnings[:2]) == {
        much,
        "test has labels that train has no row of: billing, returns.",
    }


def test_cover_says_how_near_and_how_even(plain_result):
    cover = build_cover(plain_result)
    assert cover.nearest == "minimum 0.05, median 0.71"
    assert cover.spread == "15 (smalltalk) to 40 (billing), median 27.5"


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


def test_the_course_names_its_settings_and_what_the_proof_asks_for(plain_result):
    course = build_course(plain_result)
    assert course.setting == "r 16, learning rate 0.002, target modules q_proj, v_proj"
    assert course.where == "on cuda:0, in bfloat16"
    assert course.proof.endswith("by up to 3.25 (more than 0.001 is asked for).")
    assert ("validation rows", "24") in course.figures


def test_a_loss_that_falls_far_is_drawn_on_powers_of_ten():
    steep = loss_curve([{"step": 1, "loss": 10.0}, {"step": 2, "loss": 0.1}, {"step": 3, "loss": 0.01}], best_step=3)
    assert steep.logarithmic
    assert [tick.label for tick in steep.y_ticks] == ["0.01", "0.1", "1", "10"]
    assert steep.train == "33.33,0.0 66.67,66.67 100.0,100.0"
    assert not loss_curve([{"step": 1, "loss": 2.0}, {"step": 2, "loss": 0.1}], None).logarithmic
    assert not loss_curve([{"step": 1, "loss": 2.0}, {"step": 2, "loss": 0.0}], None).logarithmic


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [(0.01, 10, [0.01, 0.1, 1, 10]), (0.03, 4, [0.01, 0.1, 1, 10]), (1, 1, [1, 10]), (1e-7, 5e-7, [1e-7, 1e-6])],
)
def test_powers_of_ten_enclose(low, high, ticks):
    assert powers_of_ten(low, high) == ticks


@pytest.mark.parametrize(
    ("x", "written"),
    [(0.0, "0.0%"), (1.0, "100.0%"), (0.115, "11.5%"), (1 / 3075, "0.03%"), (0.99999, "99.999%"), (1e-9, "1e-07%")],
)
def test_a_percentage_is_never_rounded_to_none_or_all(x, written):
    assert percent(x) == written


def test_outcomes_of_an_unknown_attack_are_shown_without_a_meaning(run):
    samples = [Sample("r1", {}, "b", "a", detail={"outcome": "derailed", "original": "x", "attacked": "y"})]
    (block,) = build_attacks(run(samples={"attack": samples_to_table("base", samples, [])}))
    assert block.outcomes == (("derailed", "", 1),)
