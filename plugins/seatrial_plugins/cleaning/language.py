"""Language: rows in another language than the suite wants, by one identifier, and by two where the first leaves it in dispute."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from seatrial import Finding, Row
from seatrial.data.prose import prose, sample
from seatrial.errors import UsageError
from seatrial_plugins.cleaning.language_identifiers import NO_LANGUAGE, Identify, canonical
from seatrial_plugins.cleaning.passage import Read, passage_of

__all__ = ["Language"]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A row, what is read of it, and what the identifiers say."""

    row: Row
    text: str
    letters: int
    first: Mapping[str, float]


class Language:
    """Asks the first identifier about every row, and the second about those that the first leaves in dispute.

    The score is how likely the likeliest other language is against the languages to keep: its probability over that of
    both. Where both identifiers were asked, the mean of their probabilities counts.
    """

    def __init__(
        self,
        keep: Sequence[str],
        *,
        first: Identify,
        second: Identify | None,
        known: Collection[str],
        known_to_second: Collection[str],
        read: Read = "all",
        threshold: float = 0.9,
        sure: float = 0.98,
        characters: int = 2_000,
    ) -> None:
        for name, value in (("threshold", threshold), ("sure", sure)):
            if not 0.5 <= value <= 1:
                raise UsageError(f"language: {name} is {value}; it is from 0.5, as likely as not, to 1")
        if not keep:
            raise UsageError("language: keep is empty, so no row could stay; name languages, such as keep: [en, de]")
        if characters < 1:
            raise UsageError(f"language: characters is {characters}; at least 1 must be read")
        unknown = [code for code in keep if canonical(code) not in known]
        if unknown:
            raise UsageError(
                f"language: {unknown[0]!r} is no language that the identifiers know; they go by ISO 639-1 codes: "
                f"{', '.join(sorted(code for code in known if len(code) == 2))}"
            )
        self._keep = frozenset(map(canonical, keep))
        self._first, self._second, self._known_to_second = first, second, known_to_second
        self._read: Read = read
        self._threshold, self._sure, self._characters = threshold, sure, characters

    def inspect(self, rows: Sequence[Row]) -> Iterable[Finding]:
        """One finding for each row that is in another language, may be, or is in none."""
        asked = self._ask(rows)
        disputed = [place for place, one in enumerate(asked) if self._is_disputed(one)]
        answers = self._second([asked[place].text for place in disputed]) if self._second and disputed else []
        second = dict(zip(disputed, answers, strict=True)) if answers else {}
        for place, one in enumerate(asked):
            finding = self._judge(one, second.get(place, {}))
            if finding is not None:
                yield finding

    def _ask(self, rows: Sequence[Row]) -> list[_Asked]:
        read = [(row, passage) for row in rows if (passage := passage_of(row, self._read)) is not None]
        texts = [sample(prose(passage.text), self._characters) for _, passage in read]
        answers = self._first(texts) if texts else []
        return [
            _Asked(row, text, sum(map(str.isalpha, text)), answer)
            for (row, _), text, answer in zip(read, texts, answers, strict=True)
        ]

    def _is_disputed(self, one: _Asked) -> bool:
        best, _ = _best(one.first)
        if not one.letters or (best in self._keep and best not in self._known_to_second):
            return False
        return 1 - self._sure < self._otherness(one.first) < self._sure

    def _otherness(self, said: Mapping[str, float]) -> float:
        kept = sum(said.get(code, 0.0) for code in self._keep)
        other = max((probability for code, probability in said.items() if code not in self._keep), default=0.0)
        return other / (other + kept) if other else 0.0

    def _judge(self, one: _Asked, second: Mapping[str, float]) -> Finding | None:
        if not one.letters:
            return Finding(one.row.id, "no-language", "there is no letter outside of code and addresses")
        said = _average(one.first, second)
        best, probability = _best(said)
        detail = _verdicts(one.first, second)
        if best == NO_LANGUAGE:
            return Finding(one.row.id, "no-language", detail, score=probability)
        otherness = self._otherness(said)
        if otherness <= 0.5:
            return None
        return Finding(
            one.row.id, "other-language" if otherness >= self._threshold else "undecided", detail, score=otherness
        )


def _average(first: Mapping[str, float], second: Mapping[str, float]) -> Mapping[str, float]:
    if not any(second.values()):
        return first
    total: defaultdict[str, float] = defaultdict(float)
    for said in (first, second):
        for code, probability in said.items():
            total[code] += probability / 2
    return total


def _best(said: Mapping[str, float]) -> tuple[str, float]:
    # Equal probabilities (an empty text) are decided by name, not by the order of a dictionary.
    return max(said.items(), key=lambda item: (item[1], item[0]))


def _verdicts(first: Mapping[str, float], second: Mapping[str, float]) -> str:
    (one, probability), said = _best(first), "py3langid says {!r} ({:.2f})"
    if not any(second.values()):
        return said.format(one, probability)
    other, its = _best(second)
    return f"{said.format(one, probability)}, lingua {'too' if one == other else repr(other)} ({its:.2f})"
