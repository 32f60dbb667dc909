"""What train gives away is shown by group and rule, with what could not be looked for."""

from seatrial.blocks.codec import checked

LONG = "one two three four five six seven eight nine ten eleven twelve"


def shown(comparison):
    (table,) = map(checked, comparison.blocks)
    return table


def test_groups_tell_what_each_rule_found_of_the_held_out_rows_and_of_benchmarks(compare):
    table = shown(
        compare(
            "exact",
            [LONG, "other words"],
            [LONG, "a b c"],
            against={"gsm8k": ["nothing like it"]},
            presets=["exact", "tulu3"],
        )
    )
    assert table.columns == ("Texts", "Items", "Given away", "By rule")
    assert table.rows[0] == ("held-out", "2", "1 (50.0%)", "exact 1 (50.0%), tulu3 1 (50.0%) (1 not looked for)")
    assert table.rows[1][:3] == ("gsm8k", "1", "0")
    assert "exact, tulu3" in table.says
    assert "too short for a rule" in table.says


def test_where_nothing_could_be_found_it_is_not_said_that_nothing_was(compare):
    table = shown(compare("tulu3", [LONG], ["a b c"]))
    assert table.rows == (("held-out", "1", "not known", "tulu3 0 (1 not looked for)"),)
    whole = shown(compare("exact", [LONG], [LONG]))
    assert "too short" not in whole.says
