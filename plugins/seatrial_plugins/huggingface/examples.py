"""Examples: rows as tokens with the assistant's part marked, and what was cut off."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from seatrial.errors import StageError, TrainingError
from seatrial.rows import Image, Row
from seatrial_plugins.huggingface.chat import ChatTokenizer
from seatrial_plugins.huggingface.conversation import is_trained

__all__ = ["Example", "Examples", "behind", "masked_example", "render_examples", "telling"]

_NAMED = 5
"""Rows that an error names."""


@dataclass(frozen=True, slots=True)
class Example:
    """One row as the trainer reads it: nothing after its last supervised token, which no loss would reach."""

    row: str
    ids: tuple[int, ...]
    targets: tuple[int, ...]
    """The indices into `ids` that are predicted, each ≥ 1, ascending."""
    images: tuple[Image, ...] = ()
    """The pictures whose tokens stand in `ids`, in their order."""

    @property
    def fed(self) -> tuple[int, ...]:
        """What the model reads: all but the last token, which predicts nothing."""
        return self.ids[:-1]


@dataclass(frozen=True, slots=True)
class Examples:
    """The rows that can be trained on, and a count of everything else."""

    examples: tuple[Example, ...]
    tokens: int
    """All tokens of the rendered rows, after truncation."""
    supervised_tokens: int
    truncated_rows: int
    lost_tokens: int
    """Tokens cut off."""
    lost_supervised_tokens: int
    """Those of them that the model would have been taught."""
    unsupervised_rows: tuple[str, ...]
    """Rows of which no supervised token is left: the assistant says nothing that is trained, or only beyond `max_length`."""


def render_examples(rows: Iterable[Row], chat: ChatTokenizer, max_length: int) -> Examples:
    """Render rows and mark the words of the assistant's turns that are trained, and the ends of these.

    Args:
        rows: The conversations.
        chat: How the model reads them.
        max_length: Tokens of a row, at most.

    Raises:
        TrainingError: the chat template refuses rows, leaves out words of theirs, or writes nothing of their tool calls,
            reasoning or tools; or there are rows, and none of them has a supervised token.
    """
    examples: list[Example] = []
    unsupervised: list[str] = []
    refused: list[str] = []
    tokens = truncated = lost = lost_supervised = 0
    for row in rows:
        if not any(map(is_trained, row.turns)):
            unsupervised.append(row.id)
            continue
        turns = row.turns
        try:
            rendered = chat.rendered(turns, row.tools)
            missing = chat.left_out(rendered.text, turns, taught=True)
            reasons = [missing] * bool(missing) + chat.unwritten(turns, row.tools)
        except StageError as error:
            reasons = [str(error)]
        if reasons:
            refused.append(f"{row.file}:{row.line} (row {row.id}): {'; '.join(reasons)}")
            continue
        kept = rendered.supervised[:max_length]
        tokens += len(kept)
        lost += len(rendered.ids) - len(kept)
        truncated += len(rendered.ids) > len(kept)
        lost_supervised += sum(rendered.supervised[max_length:])
        targets = tuple(place for place, wanted in enumerate(kept) if wanted and place)
        if not targets:
            unsupervised.append(row.id)
            continue
        ids = rendered.ids[: targets[-1] + 1]
        images = chat.images.whole(rendered.images, ids) if chat.images is not None else ()
        examples.append(Example(row.id, ids, targets, images))
    if refused:
        more = f"\n… and {len(refused) - _NAMED:,} more" if len(refused) > _NAMED else ""
        raise TrainingError(
            f"{len(refused):,} of {len(refused) + len(examples) + len(unsupervised):,} rows cannot be trained on as they are:\n"
            + "\n".join(refused[:_NAMED])
            + more
        )
    if unsupervised and not examples:
        raise TrainingError(
            f"no token of the {len(unsupervised)} train rows is supervised: the assistant says nothing in them, or only "
            f"beyond the {max_length} tokens that a row may have ({truncated} rows were cut); look at row {unsupervised[0]}"
        )
    supervised = sum(len(example.targets) for example in examples)
    return Examples(tuple(examples), tokens, supervised, truncated, lost, lost_supervised, tuple(unsupervised))


def behind(opening: tuple[int, ...], example: Example) -> Example:
    """The example with tokens before it, which no loss is on."""
    moved = tuple(place + len(opening) for place in example.targets)
    return replace(example, ids=opening + example.ids, targets=moved) if opening else example


def telling(examples: Sequence[Example]) -> list[Example]:
    """Up to three of them: of the fewest supervised tokens, of the median, of the most."""
    ordered = sorted(examples, key=lambda example: (len(example.targets), example.row))
    return [ordered[place] for place in sorted({0, len(ordered) // 2, len(ordered) - 1})]


def masked_example(example: Example, chat: ChatTokenizer) -> list[dict[str, object]]:
    """The example as text, in stretches that are supervised or not: what a reviewer looks at to trust the mask."""
    wanted = set(example.targets)
    stretches: list[tuple[bool, list[int]]] = []
    for place, token in enumerate(example.ids):
        supervised = place in wanted
        if not stretches or stretches[-1][0] != supervised:
            stretches.append((supervised, []))
        stretches[-1][1].append(token)
    return [{"text": _decode(ids, chat), "supervised": supervised} for supervised, ids in stretches]


def _decode(ids: Sequence[int], chat: ChatTokenizer) -> str:
    text = str(chat.tokenizer.decode(list(ids), skip_special_tokens=False))
    return text if chat.images is None else chat.images.shortened(text)
