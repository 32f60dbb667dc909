"""One attack on one message with TextAttack: from a classifier of texts to an attacked text and an outcome.

The attack asks for probabilities through `Ask` alone, and every example has its own attack, cache and seed; while it
asks, the process's state is as if no attack ran. So many examples can advance together (`lockstep`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from seatrial.errors import StageError
from seatrial_plugins.robustness import Recipe
from seatrial_plugins.robustness.process_state import ProcessState
from seatrial_plugins.robustness.textattack_import import import_textattack, stop_words

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Ask", "AttackOutcome", "Attempt", "attack_text"]

AttackOutcome = Literal["skipped", "succeeded", "failed", "budget exhausted"]
"""`skipped`: wrong when clean. `budget exhausted`: not flipped when the last query was spent."""

Ask = Callable[[Sequence[str]], "np.ndarray"]
"""Texts → probabilities of the labels, shape [texts, labels]. Never asked twice for a text of one example."""

_RECIPES: dict[Recipe, str] = {"deepwordbug": "DeepWordBugGao2018", "pruthi2019": "Pruthi2019"}


@dataclass(frozen=True, slots=True)
class Attempt:
    """What became of one message."""

    outcome: AttackOutcome
    text: str
    """The attacked message: the one that flipped the label, else the one that came nearest to it."""
    clean: np.ndarray
    """Probabilities of the labels for the original message."""
    attacked: np.ndarray
    """Probabilities of the labels for the attacked message."""
    queries: int
    """Queries that the attack asked for, the clean one and repeated texts included."""
    unique_forwards: int
    """Different texts that the model was given."""
    candidates: int
    """Queries of changed texts that the attack proposed: those that only rank the words are none of them."""


@dataclass(slots=True)
class _Victim:
    """The model as TextAttack sees it: each text of the example is asked for once, all new ones of a call together.

    TextAttack keeps a cache too, but counts its hits as queries and sends repetitions within a batch twice.
    """

    ask: Ask
    model: object = None
    """TextAttack looks at its class, and does nothing else with it."""
    known: dict[str, np.ndarray] = field(default_factory=dict)

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """Probabilities of the labels, shape [texts, labels]."""
        import numpy as np

        new = [text for text in dict.fromkeys(texts) if text not in self.known]
        if new:
            self.known.update(zip(new, self.ask(new), strict=True))
        return np.stack([self.known[text] for text in texts])


@dataclass(slots=True)
class _Candidates:
    """What a search asks, with the changed texts counted that were answered within the budget.

    A search may rank the words first, by texts that lack one of them each: no transformation made those.
    """

    original: str
    results: Callable[..., tuple[list[Any], bool]]
    asked: int = 0

    def __call__(self, texts: Sequence[Any], **options: Any) -> tuple[list[Any], bool]:
        """The results of the texts, and whether the budget is spent."""
        found, over = self.results(texts, **options)
        self.asked += sum(
            "last_transformation" in text.attack_attrs and text.text != self.original
            for text in (result.attacked_text for result in found)
        )
        return found, over


def attack_text(ask: Ask, text: str, truth: int, *, recipe: Recipe, budget: int, seed: int) -> Attempt:
    """Change `text` until the label with index `truth` is no longer the likeliest, within `budget` queries.

    Equal arguments give equal results; the process's random generators are as they were afterwards.

    Raises:
        StageError: TextAttack cannot be imported.
        Exception: whatever `ask` raises.
    """
    import numpy as np

    import_textattack()
    state = ProcessState(seed, text)

    def ask_outside(texts: Sequence[str]) -> np.ndarray:
        with state.paused():
            return ask(texts)

    victim = _Victim(ask_outside)
    with state:
        attack = _build(recipe, victim, budget)
        candidates = _Candidates(text, attack.search_method.get_goal_results)
        attack.search_method.get_goal_results = candidates
        result = attack.attack(text, truth)
    first, last = result.original_result, result.perturbed_result
    queries = attack.goal_function.num_queries
    return Attempt(
        outcome=_outcome(type(result).__name__, exhausted=queries >= budget),
        text=last.attacked_text.text,
        clean=np.asarray(first.raw_output),
        attacked=np.asarray(last.raw_output),
        queries=queries,
        unique_forwards=len(victim.known),
        candidates=candidates.asked,
    )


def _build(recipe: Recipe, victim: _Victim, budget: int) -> Any:
    """The recipe as TextAttack defines it, with a query budget and with batches as large as it likes."""
    import textattack.attack_recipes

    with stop_words():
        attack = getattr(textattack.attack_recipes, _RECIPES[recipe]).build(victim)
    attack.goal_function.query_budget = budget
    attack.goal_function.batch_size = budget  # 32 by default; the model splits what it is given itself
    return attack


def _outcome(kind: str, *, exhausted: bool) -> AttackOutcome:
    match kind:
        case "SkippedAttackResult":
            return "skipped"
        case "SuccessfulAttackResult":
            return "succeeded"
        case "FailedAttackResult":
            return "budget exhausted" if exhausted else "failed"
        case _:
            raise StageError(f"robustness: TextAttack gave a {kind}, which is no outcome of an attack on a label")
