"""Length: conversations with too few or too many characters or tokens, and those that training would cut."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from seatrial import Finding, Row, Turn
from seatrial.errors import StageError, UsageError
from seatrial.model import CountsTokens, Tools

__all__ = ["Length"]


@dataclass(frozen=True, slots=True)
class Length:
    """Counts are exact: characters are Unicode code points of all turns, tokens are those of the rendered conversation."""

    min_characters: int
    max_characters: int | None
    max_tokens: int | None
    cut_at: int | None
    tokenizer: CountsTokens | None
    """None where no limit is in tokens."""

    def __post_init__(self) -> None:
        if self.max_characters is not None and self.max_characters < self.min_characters:
            raise UsageError(
                f"length: max_characters ({self.max_characters}) is below min_characters ({self.min_characters})"
            )
        for name, limit in (("max_tokens", self.max_tokens), ("cut_at", self.cut_at)):
            if limit is not None and limit < 1:
                raise UsageError(f"length: {name} is {limit}; it must be at least 1, or null for no limit")

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
        if self.max_tokens is not None or self.cut_at is not None:
            yield from self._tokens(to_count)

    def _tokens(self, rows: Sequence[Row]) -> Iterable[Finding]:
        for row, count in zip(
            rows, self._counts([row.turns for row in rows], [row.tools for row in rows]), strict=True
        ):
            if isinstance(count, str):
                yield Finding(row.id, "uncountable", count)
                continue
            if self.max_tokens is not None and count > self.max_tokens:
                yield Finding(row.id, "too-many-tokens", f"{count} tokens, at most {self.max_tokens} wanted", count)
            if self.cut_at is not None and count > self.cut_at:
                yield self._cut(row, count, self.cut_at)

    def _cut(self, row: Row, count: int, limit: int) -> Finding:
        characters = sum(len(turn.content) for turn in row.turns)
        detail = f"{count} tokens ({characters} characters); training cuts off the last {count - limit} of them"
        # The answer begins behind the prompt: where that fills the limit already, none of it is left to learn.
        (asked,) = self._counts([row.prompt], [row.tools]) if row.answered and row.prompt else [0]
        if isinstance(asked, int) and asked >= limit:
            return Finding(row.id, "answer-cut-off", f"{detail}, the whole last answer among them", count - limit)
        return Finding(row.id, "truncated", detail, count - limit)

    def _counts(self, conversations: Sequence[Sequence[Turn]], tools: Tools) -> list[int | str]:
        """Tokens of each; where one cannot be counted, its reason, and the others are counted one by one."""
        if not conversations:
            return []
        assert self.tokenizer is not None
        try:
            return [*self.tokenizer.count_tokens(conversations, tools)]
        except Exception as error:  # noqa: BLE001 - a template may raise anything; one odd row must not stop the rest
            if len(conversations) > 1:
                each = zip(conversations, tools, strict=True)
                return [count for turns, may in each for count in self._counts([turns], [may])]
            return [_refusal(error, conversations[0])]


def _refusal(error: Exception, turns: Sequence[Turn]) -> str:
    """Why a conversation cannot be counted, with its roles: a template's own message could quote what somebody wrote."""
    if isinstance(error, StageError):
        return f"the model's chat template refuses a conversation of {', '.join(turn.role for turn in turns)}"
    return f"the model's tokenizer or chat template refuses it: {type(error).__name__}"
