"""Preferences: pairs of answers to one prompt, and the loss of DPO on them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import torch
from torch.nn import functional

from seatrial.errors import TrainingError
from seatrial.rows import Preference, Row, Turn
from seatrial_plugins.huggingface.runtime import (
    ChatTokenizer,
    Example,
    Examples,
    ImageInput,
    TokenTree,
    pack,
    render_examples,
    run_packed,
)
from seatrial_plugins.training.loss import padded_logits
from seatrial_plugins.training.plan import split_batch

__all__ = ["Pair", "PreferenceLoss", "log_ratios", "render_pairs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair(Example):
    """Both conversations of a preference; `ids` and `targets` are those of the chosen one, and behind them of the other."""

    chosen: Example
    rejected: Example

    @classmethod
    def of(cls, chosen: Example, rejected: Example) -> Self:
        """Of one row, both."""
        behind = tuple(place + len(chosen.ids) for place in rejected.targets)
        return cls(chosen.row, chosen.ids + rejected.ids, chosen.targets + behind, chosen=chosen, rejected=rejected)


def render_pairs(
    rows: Iterable[Row],
    chat: ChatTokenizer,
    max_length: int,
    taught: Callable[[Sequence[Turn]], Sequence[Turn]] = tuple,
) -> Examples:
    """Render both conversations of each row that has a preference; only the answers are supervised.

    Rows without a preference, and those of which one answer has no supervised token left, are told as unsupervised.

    Args:
        rows: The preferences.
        chat: How the model reads them.
        max_length: Tokens of a conversation, at most.
        taught: The turns of a conversation as the method trains them.

    Raises:
        TrainingError: as of `render_examples`.
    """
    given = list(rows)
    sides = [
        render_examples((row.with_turns(taught(row.turns)) for row in side), chat, max_length)
        for side in (_side(given, 0), _side(given, 1))
    ]
    chosen, rejected = ({example.row: example for example in side.examples} for side in sides)
    pairs = tuple(Pair.of(chosen[row.id], rejected[row.id]) for row in given if row.id in chosen.keys() & rejected)
    paired = {pair.row for pair in pairs}

    def both(what: str) -> int:
        return sum(int(getattr(side, what)) for side in sides)

    return Examples(
        pairs,
        both("tokens"),
        both("supervised_tokens"),
        both("truncated_rows"),
        both("lost_tokens"),
        both("lost_supervised_tokens"),
        tuple(row.id for row in given if row.id not in paired),
    )


def _side(rows: Iterable[Row], which: Literal[0, 1]) -> Iterator[Row]:
    """The rows with a preference as conversations that end in the chosen answer (0) or in the rejected one (1)."""
    for row in rows:
        expected = row.expected
        if isinstance(expected, Preference) and expected.chosen and expected.rejected:
            asked = tuple(_as_context(turn) for turn in row.turns[: -len(expected.chosen)])
            yield replace(row, turns=(*asked, *(expected.chosen, expected.rejected)[which]), expected=None)


def _as_context(turn: Turn) -> Turn:
    return replace(turn, trained=False) if turn.role == "assistant" else turn


@dataclass(frozen=True, slots=True)
class PreferenceLoss:
    """The loss of DPO (Rafailov et al., arXiv 2305.18290, equation 7): -ln σ(β (log ratio of the model - that of its reference)).

    A pair's log ratio is ln p(chosen | prompt) - ln p(rejected | prompt).
    """

    beta: float
    reference: Mapping[str, float]
    """Each row's log ratio by the model before training."""
    packs: bool
    images: ImageInput | None = None
    """How the rows' pictures are shown; None of a model that reads text alone."""
    unit = "pair"

    def weight(self, example: Pair) -> int:
        """Every pair counts once."""
        del example
        return 1

    def summed(self, network: Any, batch: Sequence[Pair], device: torch.device) -> torch.Tensor:
        """The sum over the pairs."""
        return self.of_rows(network, batch, device).sum().float()

    def of_rows(self, network: Any, batch: Sequence[Pair], device: torch.device) -> torch.Tensor:
        """The loss of each pair."""
        ratios = _log_ratios(network, batch, packs=self.packs, device=device, images=self.images)
        reference = torch.tensor([self.reference[pair.row] for pair in batch], dtype=ratios.dtype, device=device)
        return -functional.logsigmoid(self.beta * (ratios - reference))


@torch.no_grad()
def log_ratios(
    network: Any,
    pairs: Sequence[Pair],
    *,
    packs: bool,
    device: torch.device,
    rows: int,
    tokens: int,
    images: ImageInput | None = None,
) -> dict[str, float]:
    """Each row's log ratio by a network as it is."""
    found: dict[str, float] = {}
    for batch in split_batch(pairs, rows=rows, tokens=tokens):
        ratios = _log_ratios(network, batch, packs=packs, device=device, images=images).tolist()
        found.update(zip((pair.row for pair in batch), ratios, strict=True))
    return found


def _log_ratios(
    network: Any, pairs: Sequence[Pair], *, packs: bool, device: torch.device, images: ImageInput | None
) -> torch.Tensor:
    answers = [answer for pair in pairs for answer in (pair.chosen, pair.rejected)]
    targets = torch.tensor([answer.ids[place] for answer in answers for place in answer.targets], device=device)
    logits = _packed_logits(network, pairs, device) if packs else padded_logits(network, answers, device, images)
    losses = functional.cross_entropy(logits.float(), targets, reduction="none")
    wide = torch.float32 if device.type == "mps" else torch.float64
    sums = torch.stack([part.sum(dtype=wide) for part in losses.split([len(answer.targets) for answer in answers])])
    return sums[1::2] - sums[::2]


def _packed_logits(network: Any, pairs: Sequence[Pair], device: torch.device) -> torch.Tensor:
    """Logits at the supervised places; the prompt of a pair, a tree of two branches, is computed once."""
    trees, paths = zip(*(TokenTree.of([pair.chosen.fed, pair.rejected.fed]) for pair in pairs), strict=True)
    packed = pack(trees)
    places = [
        packed.place(row, path[at - 1])
        for row, pair in enumerate(pairs)
        for answer, path in zip((pair.chosen, pair.rejected), paths[row], strict=True)
        for at in answer.targets
    ]
    return run_packed(network, packed.to(device), torch.tensor(places, device=device))


def refuse_none(examples: Examples) -> None:
    """Refuse train rows of which none has a preference.

    Raises:
        TrainingError: there is no pair.
    """
    if not examples.examples and examples.unsupervised_rows:
        raise TrainingError(
            f"none of the {len(examples.unsupervised_rows):,} train rows has a preference that is trained on: dpo needs a chosen "
            f"and a rejected answer to one prompt (`chosen`, `rejected`); look at row {examples.unsupervised_rows[0]}"
        )
