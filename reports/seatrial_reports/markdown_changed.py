"""What changed since an earlier run, in Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from seatrial_reports.changed import Changed, ScoreMoved
from seatrial_reports.markdown_text import Column, cell, sentence, table

__all__ = ["changed_section"]


def changed_section(changed: Changed | None) -> Iterator[str]:
    """Nothing where no earlier run is named."""
    if changed is None:
        return
    yield from ("", f"## What changed since {cell(changed.run)}?", "")
    if changed.missing:
        yield sentence(changed.missing)
        return
    same = f", as {changed.same} score{' is' if changed.same == 1 else 's are'}" if changed.same else ""
    yield f"{f'That run was started on {cell(changed.started)}. ' if changed.started else ''}What is not listed is equal in both{same}."
    if changed.unpaired:
        yield from ("", sentence(f"No score can be told row by row: {changed.unpaired}"))
    scores = (*changed.scores, *changed.others)
    if scores:
        columns = ("Score", "System", "Then (95% interval)", "Now (95% interval)", "Row by row, now is")
        rows = ((one.metric, one.system, one.before, one.now, _against(one)) for one in scores)
        yield from ("", *table([Column(title) for title in columns], rows))
    changes = [(subject.name, one.what, one.before, one.now) for subject in changed.subjects for one in subject.changes]
    if changes:
        yield from ("", *table([Column(title) for title in ("Of", "What", "Then", "Now")], changes))
    elif not scores:
        yield from ("", "Nothing.")


def _against(score: ScoreMoved) -> str:
    if score.rival is None:
        return f"not paired: {score.note}" if score.note else ""
    bounds = f" ({score.rival.bounds})" if score.rival.bounds else ""
    return f"{score.rival.said}{bounds}; {score.rival.note}"
