"""Duplicates: rows that say the same, exactly or after normalising.

The first in source order stays, of those that name an answer where any does.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from seatrial import Finding, Grouping, Row
from seatrial.data.fingerprint import Method, Part, choices_fingerprint, part_of, turns_fingerprint

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Duplicates"]

QUOTED = 200
"""Characters of the shared text that a finding quotes."""

NAMED = 5
"""Answers in conflict that a finding names."""


@dataclass(frozen=True, slots=True)
class _Member:
    """One row of a cluster."""

    row: str
    answer: str | None
    """What it says is right, where that can be in conflict."""
    said: bytes
    """Digest of its answer, whatever it is."""
    text: str


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Groups rows by the fingerprint of what is compared.

    `signatures` gives one record a row: `id`; `key` (16 bytes, null where there is nothing to compare); `answer` (the
    label, or the right choice); `said` (8 bytes of the answer); `text` (the first 200 characters of what is compared).
    """

    on: Part
    method: Method
    conflicts: Literal["drop-all", "keep-majority"]

    def signatures(self, rows: Sequence[Row]) -> pa.Table:
        """The keys of a batch of rows; batches are independent of each other."""
        import pyarrow as pa

        texts = ["\n".join(turn.content for turn in part_of(row, self.on))[:QUOTED] for row in rows]
        return pa.table(
            {
                "id": pa.array([row.id for row in rows], pa.string()),
                "key": pa.array([self._key(row) for row in rows], pa.binary(16)),
                "answer": pa.array([self._answer(row) for row in rows], pa.string()),
                "said": pa.array([_digest(row.target or "") for row in rows], pa.binary(8)),
                "text": pa.array(texts, pa.string()),
            }
        )

    def group(self, signatures: pa.Table, lookup: Callable[[str], Row]) -> Grouping:
        """A finding for every copy and every row in conflict; a cluster for every fingerprint that two rows share."""
        del lookup
        findings: list[Finding] = []
        clusters: dict[str, str] = {}
        for members in _clusters(signatures):
            clusters |= {member.row: members[0].row for member in members}
            findings += self._judge(members)
        return Grouping(findings, clusters)

    def _key(self, row: Row) -> bytes | None:
        choices = choices_fingerprint(row, self.method)
        label = row.label if self.on == "all" else None
        return turns_fingerprint(part_of(row, self.on), self.method, also=[choices.hex() if choices else None, label])

    def _answer(self, row: Row) -> str | None:
        if self.on == "all":
            return None
        return row.label if row.label is not None else row.target if row.choices else None

    def _judge(self, members: Sequence[_Member]) -> Iterator[Finding]:
        by_answer: defaultdict[str, list[_Member]] = defaultdict(list)
        silent: list[_Member] = []
        for member in members:
            (silent if member.answer is None else by_answer[member.answer]).append(member)
        right = next(iter(by_answer), None)
        if len(by_answer) > 1:
            right = _majority(by_answer) if self.conflicts == "keep-majority" else None
            yield from _conflicts(by_answer, right)
        # A row that does not say what is right is a copy of those that say it, and has no voice in what that is.
        for answer, alike in by_answer.items():
            yield from _copies([*alike, *silent] if answer == right else alike)
        if right is None:
            yield from _copies(silent)


def _clusters(signatures: pa.Table) -> Iterable[list[_Member]]:
    """The rows of every key that two or more share, each cluster in the table's order, by its first row."""
    import pyarrow.compute as pc

    counts = pc.value_counts(signatures["key"].combine_chunks().drop_null())
    shared = pc.filter(counts.field("values"), pc.greater(counts.field("counts"), 1))
    repeated = signatures.filter(pc.is_in(signatures["key"], value_set=shared))
    clusters: defaultdict[bytes, list[_Member]] = defaultdict(list)
    columns = (repeated[name].to_pylist() for name in ("key", "id", "answer", "said", "text"))
    for key, row, answer, said, text in zip(*columns, strict=True):
        clusters[key].append(_Member(row, answer, said, text))
    return clusters.values()


def _majority(by_answer: Mapping[str, Sequence[_Member]]) -> str | None:
    """The answer that more rows give than any other; None where there is no such answer."""
    best, second = Counter({answer: len(rows) for answer, rows in by_answer.items()}).most_common(2)
    return best[0] if best[1] > second[1] else None


def _conflicts(by_answer: Mapping[str, Sequence[_Member]], right: str | None) -> Iterator[Finding]:
    ranked = sorted(by_answer.items(), key=lambda item: (-len(item[1]), item[0]))
    named = ", ".join(f"{answer!r} ({len(rows)})" for answer, rows in ranked[:NAMED])
    more = f" and {len(ranked) - NAMED} more" if len(ranked) > NAMED else ""
    for answer, rows in by_answer.items():
        if answer != right:
            other = next(others[0] for another, others in by_answer.items() if another != answer)
            for member in rows:
                yield Finding(
                    member.row,
                    "conflict",
                    f"the same input has {len(ranked)} different answers: {named}{more}; this row says {answer!r}",
                    score=len(ranked),
                    matched_row=other.row,
                    matched_text=other.text,
                )


def _copies(alike: Sequence[_Member]) -> Iterator[Finding]:
    """A finding for each but the first."""
    for member in alike[1:]:
        kept = alike[0]
        differs = ", though its answer is worded otherwise" if member.said != kept.said else ""
        yield Finding(
            member.row,
            "copy",
            f"says the same as row {kept.row}, one of {len(alike)} such rows{differs}",
            score=len(alike),
            matched_row=kept.row,
            matched_text=kept.text,
        )


def _digest(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
