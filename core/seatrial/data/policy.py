"""Policy: what is done about findings. Filters tag; the suite's actions, applied here, decide; the ledger gets an entry each.

Nothing is removed here. Every filter of a stage sees every row, repaired so far, also one that an earlier filter wants
out, so a row's entries tell everything that was found in it; the stage removes the dropped rows at its end.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from seatrial.data.findings import ACTIONS, EXCERPT, Action, Finding, Rule, Span
from seatrial.data.ledger import Entry
from seatrial.data.rewriting import Edit, rewrite
from seatrial.errors import ContractError, StageError
from seatrial.rows import Row, Turn
from seatrial.rows.parts import text_in
from seatrial.rows.storable import storable

__all__ = ["VEILED", "WITHHELD", "Applied", "Veiled", "apply", "excerpt_of", "named_row", "not_given", "with_excerpts"]

_ID = re.compile(r"[\w.-]{1,40}")

WITHHELD = "[withheld: redacted later in the same stage]"
"""Stands in the ledger for evidence that quoted what was then redacted."""

VEILED = "[withheld: quotes what is flagged, and would be redacted by default]"
"""Stands there for a row that is flagged, not redacted, and was changed by another filter besides."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What one filter's findings came to."""

    rows: list[Row]
    """Every row that was given, in order, with redactions and repairs made."""
    entries: list[Entry]
    """One a finding, in the order of the rows."""
    dropped: frozenset[str]
    """Ids of the rows that the filter wants out, whether or not an earlier one did."""
    veiled: Mapping[str, Veiled] = field(default_factory=dict)
    """By id, the rows in which the suite only flags what a rule would have redacted."""


@dataclass(frozen=True, slots=True)
class Veiled:
    """A row that keeps what a rule would have redacted, which no ledger and no report shows."""

    kept: Row
    shown: Row
    """The same, redacted: what may be quoted."""


def apply(
    rows: Sequence[Row],
    findings: Iterable[Finding],
    *,
    stage: str,
    filter: str,  # noqa: A002 - the ledger's word for it, and the name of its column
    plugin: str,
    rules: Mapping[str, Rule],
    actions: Mapping[str, Action] | Action | None,
    already_dropped: Collection[str] = (),
) -> Applied:
    """Apply one filter's findings to the rows that it was given.

    Args:
        rows: what the filter saw.
        findings: what it said, in any order.
        stage: for the ledger.
        filter: the filter's name or alias, for the ledger and for errors.
        plugin: its distribution, for the same.
        rules: the filter's rules by name.
        actions: the suite's: one for every rule, or some rules' own; a rule's default stands where it says nothing.
        already_dropped: ids of rows that earlier filters of the run want out; their drops are not decisive any more.

    Raises:
        ContractError: a finding names a row or a rule that is not there, or a stretch outside its turn.
        StageError: an action that is none, is given to an unknown rule, or needs a replacement where a finding has none.
    """
    who = _Author(stage, filter, plugin)
    decided = {name: _action(name, rule, rules, actions, who) for name, rule in rules.items()}
    done = list(rows)
    entries: list[Entry] = []
    dropped: set[str] = set()
    veiled: dict[str, Veiled] = {}
    for place, found in sorted(_by_place(rows, findings, rules, who).items()):
        row = rows[place]
        done[place], unmade = _rewritten(row, found, decided, rules, who)
        shown = _shown(row, found, decided, rules, who)
        if shown is not None:
            veiled[row.id] = Veiled(done[place], shown)
        excerpt = excerpt_of(shown or done[place])
        for index, finding in enumerate(found):
            action = decided[finding.rule]
            out = action == "drop"
            decisive = out and row.id not in dropped and row.id not in already_dropped
            entry = _entry(row, finding, rules[finding.rule], action, decisive, excerpt, who)
            entries.append(_not_made(entry) if index in unmade else entry)
            if out:
                dropped.add(row.id)
    return Applied(done, entries, frozenset(dropped), veiled)


def excerpt_of(row: Row) -> str:
    """The first 200 characters of a row, fit to be stored: what UTF-8 cannot encode is replaced.

    An arrow stands between what was asked and what was answered, so that the two are not read as one.
    """
    return storable(" → ".join(turn.content for turn in row.turns)[:EXCERPT])


def with_excerpts(
    entries: Sequence[Entry], rows: Iterable[Row], veiled: Mapping[str, Sequence[Veiled]] | None = None
) -> list[Entry]:
    """The entries as they may be stored once every filter of a stage has seen `rows`: quoting nothing that was redacted.

    The excerpt is taken from the final row. Where something was redacted in a row, the texts that its entries quote
    (`matched_text` about the row itself, the spans' replacements) stay only if they still stand in the final row.
    A veiled row is quoted as it may be shown, and not at all where another filter changed or veiled it as well. Entries
    about other rows come back unchanged.
    """
    final = {row.id: row for row in rows}
    veils = {name: all_veils for name, all_veils in (veiled or {}).items() if name in final}
    final |= {name: _quotable(final[name], all_veils) for name, all_veils in veils.items()}
    redacted = {
        entry.row
        for entry in entries
        if entry.action in {"redact", "drop"} and any(span.replacement is not None for span in entry.spans)
    } | veils.keys()
    return [
        _refreshed(entry, final[entry.row], entry.row in redacted) if entry.row in final else entry for entry in entries
    ]


def _quotable(row: Row, veils: Sequence[Veiled]) -> Row:
    """What may be quoted of a row in which something is flagged that a rule would have redacted."""
    if len(veils) == 1 and row.turns == veils[0].kept.turns:
        return veils[0].shown
    return row.with_turns(turn.with_content(VEILED) for turn in row.all_turns)


@dataclass(frozen=True, slots=True)
class _Author:
    """Who made the findings, for the ledger and for errors."""

    stage: str
    filter: str
    plugin: str

    def __str__(self) -> str:
        return f"{self.stage}: filter {self.filter} (plugin {self.plugin})"


def _action(
    name: str, rule: Rule, rules: Mapping[str, Rule], actions: Mapping[str, Action] | Action | None, who: _Author
) -> Action:
    if isinstance(actions, Mapping):
        for unknown in sorted(actions.keys() - rules.keys()):
            raise StageError(
                f"{who} has no rule {unknown!r} to set an action for; its rules are {', '.join(sorted(rules))}"
            )
    action = actions if isinstance(actions, str) else (actions or {}).get(name, rule.action)
    if action not in ACTIONS:
        raise StageError(f"{who}: {action!r} is no action for rule {name}; the actions are {', '.join(ACTIONS)}")
    return action


def _by_place(
    rows: Sequence[Row], findings: Iterable[Finding], rules: Mapping[str, Rule], who: _Author
) -> dict[int, list[Finding]]:
    """The findings of each row that has any, by the row's place among those that were given."""
    given = list(findings)
    places = {row.id: place for place, row in enumerate(rows)} if given else {}
    found: dict[int, list[Finding]] = {}
    for finding in given:
        if finding.rule not in rules:
            known = ", ".join(sorted(rules)) or "none"
            raise ContractError(
                f"{who} found {finding.rule!r} in row {finding.row}, a rule that its component does not declare "
                f"(declared: {known}); add it to the component's `rules`"
            )
        if finding.row not in places:
            raise not_given(str(who), finding.rule, finding.row)
        found.setdefault(places[finding.row], []).append(finding)
    return found


def not_given(who: str, rule: str, row: str) -> ContractError:
    """A finding is about a row that its filter has not seen."""
    return ContractError(
        f"{who} made a finding ({rule}) about {named_row(row)}, which it was not given; a finding's `row` is the `id` of one "
        "of the given rows"
    )


def named_row(name: object) -> str:
    """What a finding calls its row, for errors: an id, but no text of a row, which may be what nobody should read."""
    if not isinstance(name, str):
        return "a row by no id"
    return f"row {name!r}" if _ID.fullmatch(name) else f"a row by no id, but by a text of {len(name):,} characters"


def _rewritten(
    row: Row, found: Sequence[Finding], decided: Mapping[str, Action], rules: Mapping[str, Rule], who: _Author
) -> tuple[Row, frozenset[int]]:
    """The row with its redactions and repairs, and which of the findings' repairs gave way to a longer one."""
    edits: list[Edit] = []
    for index, finding in enumerate(found):
        _check_spans(row, finding, who)
        action = decided[finding.rule]
        if action in {"redact", "repair"}:
            edits += (
                Edit(
                    span.turn,
                    span.start,
                    span.end,
                    _replacement(span, row, finding, action, who),
                    action == "redact",
                    index,
                    span.part,
                )
                for span in _spans(row, finding, action, who)
            )
        elif action == "drop" and rules[finding.rule].action == "redact":
            # The dropped row is still quoted in the ledger: what the rule would have hidden stays hidden there.
            edits += (
                Edit(span.turn, span.start, span.end, span.replacement, True, index, span.part)
                for span in finding.spans
                if span.replacement is not None
            )
    return rewrite(row, edits)


def _shown(
    row: Row, found: Sequence[Finding], decided: Mapping[str, Action], rules: Mapping[str, Rule], who: _Author
) -> Row | None:
    """The row with everything redacted that the suite only flags, although the rule would redact; None: nothing."""
    flagged = {name for name, rule in rules.items() if rule.action == "redact" and decided[name] == "flag"}
    if not any(finding.rule in flagged for finding in found):
        return None
    strict = {name: "drop" if name in flagged else action for name, action in decided.items()}
    return _rewritten(row, found, strict, rules, who)[0]


def _check_spans(row: Row, finding: Finding, who: _Author) -> None:
    turns = row.all_turns if finding.spans else ()
    for span in finding.spans:
        text = _text(turns, span)
        if text is None or not 0 <= span.start <= span.end <= len(text):
            lengths = [len(turn.content) for turn in turns]
            raise ContractError(
                f"{who} pointed outside row {row.id} ({finding.rule}): turn {span.turn}{_part(span)}, characters {span.start} to "
                f"{span.end}, but its turns have {lengths} characters; spans refer to the row as the filter was given it"
            )


def _text(turns: Sequence[Turn], span: Span) -> str | None:
    """What the span's characters are counted in; None where there is no such turn or part."""
    if not 0 <= span.turn < len(turns):
        return None
    turn = turns[span.turn]
    if span.part is None:
        return turn.content
    return text_in(turn.parts[span.part]) if 0 <= span.part < len(turn.parts) else None


def _part(span: Span) -> str:
    return "" if span.part is None else f", part {span.part}"


def _spans(row: Row, finding: Finding, action: Action, who: _Author) -> tuple[Span, ...]:
    if not finding.spans:
        raise _nothing_to_put(row, finding, action, who)
    return finding.spans


def _replacement(span: Span, row: Row, finding: Finding, action: Action, who: _Author) -> str:
    if span.replacement is None:
        raise _nothing_to_put(row, finding, action, who)
    return span.replacement


def _nothing_to_put(row: Row, finding: Finding, action: Action, who: _Author) -> StageError:
    return StageError(
        f"{who}: rule {finding.rule} is to {action} row {row.id}, but the filter offers no replacement for what it found; "
        f"set `action: {{{finding.rule}: drop}}` or `flag` for this filter"
    )


def _entry(row: Row, finding: Finding, rule: Rule, action: Action, decisive: bool, excerpt: str, who: _Author) -> Entry:
    return Entry(
        row=row.id,
        source=row.source,
        file=row.file,
        line=row.line,
        split=row.split,
        stage=who.stage,
        filter=who.filter,
        plugin=who.plugin,
        rule=finding.rule,
        rule_version=rule.version,
        action=action,
        decisive=decisive,
        detail=storable(finding.detail),
        score=finding.score,
        spans=finding.spans,
        matched_row=None if finding.matched_row is None else storable(finding.matched_row),
        matched_text=None if finding.matched_text is None else storable(finding.matched_text),
        excerpt=excerpt,
    )


def _not_made(entry: Entry) -> Entry:
    reason = "not made: a longer repair of the same filter covers the place"
    return replace(entry, action="flag", detail=f"{entry.detail} ({reason})" if entry.detail else reason)


def _refreshed(entry: Entry, row: Row, redacted: bool) -> Entry:
    excerpt = excerpt_of(row)
    if not redacted:
        return entry if excerpt == entry.excerpt else replace(entry, excerpt=excerpt)
    spans = tuple(
        span
        if span.replacement is None or span.replacement in (_text(row.all_turns, span) or "")
        else replace(span, replacement=WITHHELD)
        for span in entry.spans
    )
    quoted = entry.matched_text if entry.matched_row is None else None
    withheld = quoted is not None and quoted not in row.text
    return replace(entry, excerpt=excerpt, spans=spans, matched_text=WITHHELD if withheld else entry.matched_text)
