"""Length: conversations with too few or too many characters, or more tokens than the model is given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from seatrial import Finding, Row
from seatrial.errors import UsageError
from seatrial.model import CountsTokens

__all__ = ["Length"]


@dataclass(frozen=True, slots=True)
class Length:
    """Counts are exact: characters are Unicode code points of all turns, tokens are those of the rendered conversation."""

    min_characters: int
    max_characters: int | None
    max_tokens: int | None
    tokenizer: CountsTokens

    def __post_init__(self) -> None:
        if self.max_characters is not None and self.max_characters < self.min_characters:
            raise UsageError(
                f"length: max_characters ({self.max_characters}) is below min_characters ({self.min_characters})"
            )
        if self.max_tokens is not None and self.max_tokens < 1:
            raise UsageError(f"length: max_tokens is {self.max_tokens}; it must be at least 1, or null for no limit")

    def inspect(self, rows: Sequence[Row]) -> Iterable[Finding]:
        """The rows that break a limit, with their counts as scores."""
        to_count: list[Row] = []
        for row in rows:
            count = sum(len(turn.content) for turn in row.turns)
            if count < self.min_characters:
                yield Finding(row.id, "too-short", f"{count} characters, at least {self.min_characters} wanted", count)
            if self.max_characters is not None and count > self.max_characters:
                yield Finding(row.id, "too-long", f"{count} characters, at most {self.max_characters} wanted", count)
            elif row.turns:
                to_count.append(row)
        if self.max_tokens is not None:
            yield from self._tokens(to_count, self.max_tokens)

    def _tokens(self, rows: Sequence[Row], most: int) -> Iterable[Finding]:
        for row, count in zip(rows, self._counts(rows), strict=True):
            if isinstance(count, str):
                yield Finding(row.id, "unrenderable", count)
            elif count > most:
                yield Finding(row.id, "too-many-tokens", f"{count} tokens, at most {most} wanted", count)

    def _counts(self, rows: Sequence[Row]) -> list[int | str]:
        """Tokens a row; where the chat template refuses a row, its reason, and the others are counted one by one."""
        if not rows:
            return []
        try:
            return [*self.tokenizer.count_tokens([row.turns for row in rows])]
        except Exception as error:  # noqa: BLE001 - a template may raise anything; one odd row must not stop the rest
            if len(rows) > 1:
                return [count for row in rows for count in self._counts([row])]
            return [f"the chat template refuses it: {type(error).__name__}"]
