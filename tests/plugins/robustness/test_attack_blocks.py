"""What an attack did is shown: outcomes, and the texts with what was answered before and after."""

import pyarrow as pa

from seatrial.blocks.codec import checked
from seatrial.evaluation.samples import samples_to_table
from seatrial.evaluation.scorer import Scored
from seatrial.evaluation.scores import Sample
from seatrial_plugins.robustness.blocks import attack_blocks


def attacked(outcomes, **more):
    samples = [
        Sample(
            f"r{place}",
            {"queries": 31.0},
            "returns",
            "billing",
            detail={
                "outcome": outcome,
                "original": "my card",
                "attacked": "my crad",
                "clean_prediction": "billing",
                "clean_probabilities": {"billing": 0.93},
                "attacked_probabilities": {"returns": 0.62},
            }
            | more,
        )
        for place, outcome in enumerate(outcomes)
    ]
    samples.append(Sample("broken", {}, error="no"))
    table = samples_to_table("tuned", samples, ["queries"])
    return [checked(block) for block in attack_blocks(Scored("attack", "tuned", table, ()))]


def test_flipped_answers_stand_first_and_skipped_rows_are_not_shown():
    table, diff = attacked(["skipped", "failed", "succeeded", "budget_exhausted", "succeeded"])
    assert table.rows == (
        ("succeeded", "the answer flipped", "2"),
        ("budget exhausted", "all queries spent, not flipped", "1"),
        ("failed", "withstood the attack", "1"),
        ("skipped", "wrong already, not attacked", "1"),
    )
    assert [item.row for item in diff.items] == ["r2", "r4", "r3", "r1"]
    first = diff.items[0]
    assert (first.before, first.after) == ("my card", "my crad")
    assert first.fields == (
        ("outcome", "succeeded after 31 queries"), ("before", "billing (0.930)"), ("after", "returns (0.620)"),
        ("right is", "billing"),
    )  # fmt: skip


def test_an_outcome_that_nobody_knows_has_no_meaning():
    table, _ = attacked(["derailed"])
    assert table.rows == (("derailed", "", "1"),)


def test_rows_that_offered_nothing_to_change_are_counted_apart():
    table, diff = attacked(["nothing to change", "failed", "nothing tried"])
    assert [row[0] for row in table.rows] == ["failed", "nothing tried", "nothing to change"]
    assert "spent the budget" in table.rows[1][1]
    assert [item.row for item in diff.items] == ["r1"]


def test_where_all_rows_were_wrong_already_there_is_no_changed_text():
    (table,) = attacked(["skipped"])
    assert table.rows[0][0] == "skipped"


def test_of_very_many_texts_the_first_are_handed_over():
    _, diff = attacked(["failed"] * 300)
    assert (len(diff.items), diff.of) == (100, 300)


def test_samples_that_are_no_attacks_show_nothing():
    table = samples_to_table("tuned", [Sample("r", {"queries": 1.0})], ["queries"])
    assert list(attack_blocks(Scored("attack", "tuned", table, ()))) == []


def test_of_a_row_that_several_seeds_answer_the_worst_outcome_counts():
    detail = {"original": "my card", "attacked": "my crad"}
    outcomes = {1: ["failed", "succeeded", "skipped"], 2: ["succeeded", "failed", "skipped"]}
    tables = [
        samples_to_table(
            "tuned",
            [Sample(f"r{row}", {}, "a", "b", detail=detail | {"outcome": said}) for row, said in enumerate(found)],
            [],
            seed=seed,
        )
        for seed, found in outcomes.items()
    ]
    table, diff = attack_blocks(Scored("attack", "tuned", pa.concat_tables(tables), ()))
    assert [(row[0], row[2]) for row in table.rows] == [("succeeded", "2"), ("skipped", "1")]
    assert "with 2 seeds of training, the worst counts" in table.says
    assert [item.row for item in diff.items] == ["r0", "r1"]
