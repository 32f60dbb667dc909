"""The policy: every finding becomes one entry, every action does what it says, and the ledger quotes nothing redacted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatrial.data.findings import EXCERPT, Finding, Rule, Span
from seatrial.data.policy import VEILED, WITHHELD, Applied, apply, with_excerpts
from seatrial.errors import ContractError, StageError
from seatrial.rows import Row, Turn

RULES = {
    rule.name: rule
    for rule in (
        Rule("bad", "Bad.", "drop", version="3"),
        Rule("mail", "Mail.", "redact"),
        Rule("broken", "Broken.", "repair"),
        Rule("odd", "Odd.", "flag"),
    )
}


def row(name: str, text: str = "write to a@b.c now", answer: str = "ok") -> Row:
    return Row(name, (Turn("user", text), Turn("assistant", answer)), "chat", "path:x", "f.jsonl", 7, split="train")


def applied(rows, findings, actions=None, already_dropped=(), filter_name="f") -> Applied:
    return apply(
        rows,
        findings,
        stage="clean",
        filter=filter_name,
        plugin="some-plugin",
        rules=RULES,
        actions=actions,
        already_dropped=already_dropped,
    )


MAIL = Span(0, 9, 14, "<MAIL>")


def test_an_entry_tells_everything():
    finding = Finding("a", "bad", "very bad", 0.9, (Span(0, 0, 5),), "z", "write")
    (entry,) = applied([row("a")], [finding]).entries
    assert (entry.row, entry.source, entry.file, entry.line, entry.split) == ("a", "path:x", "f.jsonl", 7, "train")
    assert (entry.stage, entry.filter, entry.plugin) == ("clean", "f", "some-plugin")
    assert (entry.rule, entry.rule_version, entry.action, entry.decisive) == ("bad", "3", "drop", True)
    assert (entry.detail, entry.score, entry.matched_row, entry.matched_text) == ("very bad", 0.9, "z", "write")
    assert entry.spans == finding.spans
    assert entry.excerpt == "write to a@b.c now → ok"


def test_each_rules_default_action_is_taken():
    done = applied(
        [row("a"), row("b"), row("c"), row("d")],
        [
            Finding("d", "odd"),
            Finding("c", "broken", spans=(Span(1, 0, 2, "OK"),)),
            Finding("b", "mail", spans=(MAIL,)),
            Finding("a", "bad"),
        ],
    )
    assert [entry.row for entry in done.entries] == ["a", "b", "c", "d"]
    assert [entry.action for entry in done.entries] == ["drop", "redact", "repair", "flag"]
    assert done.dropped == {"a"}
    assert [r.id for r in done.rows] == ["a", "b", "c", "d"]
    assert done.rows[1].turns[0].content == "write to <MAIL> now"
    assert done.rows[2].turns[1].content == "OK"
    assert done.rows[0] == row("a")
    assert done.rows[3] == row("d")


def test_the_suites_action_comes_before_the_default():
    findings = [Finding("a", "bad"), Finding("a", "mail", spans=(MAIL,))]
    assert applied([row("a")], findings, "flag").dropped == frozenset()
    assert applied([row("a")], findings, "flag").rows == [row("a")]
    mixed = applied([row("a")], findings, {"bad": "flag"})
    assert [entry.action for entry in mixed.entries] == ["flag", "redact"]


def test_only_the_first_drop_of_a_row_is_decisive():
    findings = [Finding("a", "bad", "first"), Finding("a", "odd"), Finding("a", "bad", "second"), Finding("b", "bad")]
    done = applied([row("a"), row("b")], findings, already_dropped={"b"})
    assert [(e.row, e.detail, e.decisive) for e in done.entries] == [
        ("a", "first", True),
        ("a", "", False),
        ("a", "second", False),
        ("b", "", False),
    ]
    assert done.dropped == {"a", "b"}


def test_a_repair_that_gives_way_is_recorded_as_a_flag():
    findings = [
        Finding("a", "broken", "short", spans=(Span(0, 0, 5, "x"),)),
        Finding("a", "broken", "long", spans=(Span(0, 0, 8, "y"),)),
    ]
    done = applied([row("a")], findings)
    assert done.rows[0].turns[0].content == "y a@b.c now"
    assert [e.action for e in done.entries] == ["flag", "repair"]
    assert done.entries[0].detail == "short (not made: a longer repair of the same filter covers the place)"


@pytest.mark.parametrize("action", ["redact", "repair"])
@pytest.mark.parametrize("spans", [(), (Span(0, 0, 5),), (MAIL, Span(0, 0, 5))])
def test_a_finding_without_replacement_cannot_be_redacted(action, spans):
    with pytest.raises(StageError) as error:
        applied([row("a")], [Finding("a", "bad", spans=spans)], action)
    assert str(error.value) == (
        f"clean: filter f (plugin some-plugin): rule bad is to {action} row a, but the filter offers no replacement for "
        "what it found; set `action: {bad: drop}` or `flag` for this filter"
    )


@pytest.mark.parametrize(
    ("finding", "message"),
    [
        (Finding("nobody", "bad"), "made a finding (bad) about row 'nobody', which it was not given"),
        (Finding("a", "unheard"), "found 'unheard' in row a, a rule that its component does not declare"),
        (Finding("a", "bad", spans=(Span(2, 0, 1),)), "pointed outside row a (bad): turn 2, characters 0 to 1"),
        (Finding("a", "bad", spans=(Span(1, 0, 3),)), "pointed outside row a (bad): turn 1, characters 0 to 3"),
        (Finding("a", "bad", spans=(Span(0, 3, 1),)), "pointed outside row a (bad)"),
        (Finding("a", "bad", spans=(Span(-1, 0, 1),)), "pointed outside row a (bad)"),
    ],
)
def test_a_finding_about_nothing_is_the_plugins_error(finding, message):
    with pytest.raises(ContractError, match=r"clean: filter f \(plugin some-plugin\)") as error:
        applied([row("a")], [finding])
    assert message in str(error.value)


def test_an_action_for_an_unknown_rule_or_an_unknown_action_is_refused():
    with pytest.raises(StageError, match=r"no rule 'baad'.*its rules are bad, broken, mail, odd"):
        applied([row("a")], [], {"baad": "flag"})
    with pytest.raises(StageError, match="'delete' is no action for rule bad"):
        applied([row("a")], [], {"bad": "delete"})


def test_a_dropped_row_does_not_quote_what_its_rule_would_have_hidden():
    done = applied([row("a")], [Finding("a", "mail", spans=(MAIL,))], "drop")
    assert done.dropped == {"a"}
    assert done.entries[0].excerpt == "write to <MAIL> now → ok"
    assert "a@b.c" not in repr(with_excerpts(done.entries, done.rows))


def test_the_ledger_of_a_stage_quotes_nothing_that_a_later_filter_redacted():
    rows = [row("a"), row("b")]
    first = applied(
        rows,
        [
            Finding("a", "bad", matched_text="to a@b.c"),
            Finding("a", "broken", spans=(Span(0, 0, 18, "Write to a@b.c now"),)),
            Finding("a", "odd", matched_text="now"),
            Finding("b", "bad", matched_text="to a@b.c"),
        ],
        filter_name="first",
    )
    second = applied(
        first.rows, [Finding("a", "mail", matched_text="a@b.c", spans=(MAIL,))], already_dropped=first.dropped
    )
    entries = with_excerpts([*first.entries, *second.entries], second.rows)
    of_a = [entry for entry in entries if entry.row == "a"]
    assert "a@b.c" not in repr(of_a)
    assert {entry.excerpt for entry in of_a} == {"Write to <MAIL> now → ok"}
    assert [entry.matched_text for entry in of_a] == [WITHHELD, None, "now", WITHHELD]
    assert of_a[1].spans == (Span(0, 0, 18, WITHHELD),)
    assert of_a[3].spans == (MAIL,)
    (of_b,) = (entry for entry in entries if entry.row == "b")
    assert of_b.matched_text == "to a@b.c"  # nothing was redacted there


def test_what_is_only_flagged_is_not_quoted_although_it_stays():
    finding = Finding("a", "mail", "mail", spans=(MAIL,))
    done = applied([row("a")], [finding], {"mail": "flag"})
    assert done.rows == [row("a")]
    assert [entry.excerpt for entry in done.entries] == ["write to <MAIL> now → ok"]
    veiled = {name: [veil] for name, veil in done.veiled.items()}
    early = applied([row("a")], [Finding("a", "odd", matched_text="a@b.c")]).entries
    quoted = with_excerpts([*early, *done.entries], done.rows, veiled)
    assert [entry.excerpt for entry in quoted] == ["write to <MAIL> now → ok"] * 2
    assert quoted[0].matched_text == WITHHELD


def test_a_flagged_row_that_another_filter_changed_is_not_quoted():
    done = applied([row("a")], [Finding("a", "mail", spans=(MAIL,))], {"mail": "flag"})
    veiled = {name: [veil] for name, veil in done.veiled.items()}
    (entry,) = with_excerpts(done.entries, [row("a", "write to a@b.c, now")], veiled)
    assert entry.excerpt == f"{VEILED} → {VEILED}"


def test_flagging_what_no_rule_would_redact_veils_nothing():
    assert applied([row("a")], [Finding("a", "broken", spans=(Span(0, 0, 5, "x"),))], "flag").veiled == {}


def test_entries_about_rows_of_other_batches_come_back_as_they_are():
    entries = applied([row("a")], [Finding("a", "bad", matched_text="gone")]).entries
    assert with_excerpts(entries, [row("b")]) == entries


def test_a_row_without_turns_and_a_huge_one_can_be_quoted():
    empty = Row("e", (), "chat", "s", "f", 1)
    huge = row("h", "x" * 1_000_000)
    done = applied([empty, huge], [Finding("e", "bad"), Finding("h", "bad")])
    assert [entry.excerpt for entry in done.entries] == ["", "x" * EXCERPT]


def test_what_utf8_cannot_store_is_replaced_in_the_ledger():
    done = applied([row("a", "half \ud800")], [Finding("a", "bad", "saw \ud800", matched_text="\ud800")])
    (entry,) = done.entries
    assert (entry.excerpt, entry.detail, entry.matched_text) == ("half ? → ok", "saw ?", "?")


def test_nothing_found_changes_nothing():
    assert applied([row("a")], []) == Applied([row("a")], [], frozenset())
    assert applied([], []) == Applied([], [], frozenset())


@given(
    st.lists(st.text("ab", min_size=1, max_size=6), unique=True, max_size=8),
    st.lists(st.tuples(st.integers(0, 7), st.sampled_from(sorted(RULES))), max_size=20),
    st.sampled_from([None, "drop", "flag"]),
)
def test_kept_and_dropped_are_what_was_read_and_every_drop_has_one_decisive_entry(names, found, action):
    rows = [row(name) for name in names]
    findings = [Finding(names[i], rule, spans=(Span(0, 0, 5, "WRITE"),)) for i, rule in found if i < len(names)]
    done = applied(rows, findings, action)
    kept = [r for r in done.rows if r.id not in done.dropped]
    assert len(kept) + len(done.dropped) == len(rows)
    assert [r.id for r in done.rows] == names
    assert len(done.entries) == len(findings)
    decisive = [entry.row for entry in done.entries if entry.decisive]
    assert sorted(decisive) == sorted(done.dropped)
