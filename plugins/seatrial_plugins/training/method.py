"""Training methods of causal language models: which weights are trained is the tuning's affair, all else is one engine."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Self

from seatrial.errors import UsageError
from seatrial.model import ProductKind, Target, Trainable
from seatrial.training import (
    Launch,
    Lighter,
    Meeting,
    Parallel,
    Part,
    Probed,
    Trained,
    TrainingCost,
    TrainingJob,
    TriedTogether,
)
from seatrial_plugins.training.options import TrainingOptions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from seatrial_plugins.training.causal_training import CausalTraining, PutOn, Tuning

__all__ = ["IA3", "AdapterMethod", "CausalMethod", "Full", "Lora"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CausalMethod(TrainingOptions, ABC):
    """Trains on the assistant's turns (`seatrial.training.Method`)."""

    @property
    def product(self) -> ProductKind:
        """An adapter, unless a method leaves something else."""
        return "adapter"

    def train(self, job: TrainingJob) -> Trained:
        """Train to the end, from the newest whole checkpoint of the same training if there is one.

        Raises:
            TrainingError: the loss is NaN or infinite, no token is supervised, or the product is not finite or changes
                nothing.
            UsageError: the options don't fit the model.
        """
        return self.training(job).run()

    def check_devices(self, model: Trainable, devices: int, parallel: Parallel) -> Iterator[str]:
        """Whether the devices are there (`seatrial.training.SharesTraining`)."""
        from seatrial_plugins.huggingface.runtime import TrainableNetwork
        from seatrial_plugins.training.devices import look_at_devices

        if isinstance(model, TrainableNetwork):
            yield from look_at_devices(model.options.device, devices, parallel)

    def draws(self, model: Trainable) -> bool:
        """Whether the model's own config drops anything (`seatrial.training.SharesTraining`)."""
        from seatrial_plugins.huggingface.runtime import TrainableNetwork
        from seatrial_plugins.training.devices import draws_of

        return isinstance(model, TrainableNetwork) and draws_of(model.config())

    def train_part(self, job: TrainingJob, part: Part) -> Trained:
        """As `train`, with the other processes (`seatrial.training.SharesTraining`)."""
        from seatrial_plugins.training.group import taking_part

        with taking_part(part):
            return self.train(job)

    def meet(self, launch: Launch) -> Meeting:
        """In torch's store (`seatrial.training.SharesTraining`)."""
        from seatrial_plugins.training.meeting import StoreMeeting

        return StoreMeeting(launch)

    def cost(self, job: TrainingJob) -> TrainingCost:
        """What training takes, counted without the model's weights (`seatrial.training.TellsCost`)."""
        from seatrial_plugins.training.planning import Planning

        return Planning(self.outlined.training(job)).cost()

    def lighter(self, job: TrainingJob) -> Iterator[Lighter]:
        """Smaller passes, gradient checkpointing, both, half the precision (`seatrial.training.TellsLighter`)."""
        from seatrial_plugins.training.lighter import lighter_than

        return lighter_than(self, job)

    def probe(self, job: TrainingJob, cost: TrainingCost) -> Probed:
        """Train some steps and let go of what they left (`seatrial.training.ProbesCost`)."""
        from seatrial_plugins.training.probing import probe

        return probe(self.training(job), cost)

    @property
    def outlined(self) -> Self:
        """The same training, where weights have shapes and no numbers."""
        return self

    def training(self, job: TrainingJob) -> CausalTraining:
        """The training of a job, before anything is loaded.

        Raises:
            UsageError: a method that trains otherwise does not say here how; nothing is guessed of it.
        """
        if type(self).train is not CausalMethod.train:
            raise UsageError(
                f"train.method: {type(self).__name__.lower()} does not tell what its training costs: it is set up in a way of its own"
            )
        # To check a suite, the options are enough: torch and transformers are imported here.
        from seatrial_plugins.training.causal_training import CausalTraining

        return CausalTraining(self._tuning(), job)

    @abstractmethod
    def _tuning(self) -> Tuning:
        """Which weights are trained, and what becomes of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AdapterMethod(CausalMethod):
    """Trains layers of its own on frozen weights."""

    def check(self, model: Trainable) -> None:
        """Put fresh adapters onto the model's shape, without its weights.

        Raises:
            UsageError: the model has no modules of the names that the options give.
        """
        from seatrial_plugins.huggingface.runtime import TrainableNetwork

        if isinstance(model, TrainableNetwork):
            self._tuning().put_on(model.outline())

    @abstractmethod
    def _tuning(self) -> PutOn:
        """Which layers are trained beside the weights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lora(AdapterMethod):
    """Low-rank adapters (Hu et al., arXiv 2106.09685) on frozen weights.

    Args:
        r: Rank of the adapters.
        alpha: Scale: an adapter's product is multiplied by alpha / r.
        dropout: Probability of zeroing what an adapter reads.
        target_modules: `qv` (query and value projections), `all-linear`, or module names.
        rslora: Multiply by alpha / √r instead, so that a higher rank learns as fast (Kalajdzievski, arXiv 2312.03732).
        dora: Train the length of each weight's columns apart from their direction (Liu et al., arXiv 2402.09353); slower.
        init: `zero` starts as the model is; `pissa` from the largest singular values of each weight (Meng et al., arXiv
            2404.02948), and the adapter is written as a plain one of twice the rank.
        fp8: Multiply with the frozen weights in float8 (Ada or Hopper GPUs, bfloat16 models): faster and rounder; how far that
            turns the gradients of the first pass is among the facts of training.
    """

    r: int = 16
    alpha: float = 32
    dropout: float = 0.0
    target_modules: Literal["qv", "all-linear"] | list[str] = "qv"
    rslora: bool = False
    dora: bool = False
    init: Literal["zero", "pissa"] = "zero"
    fp8: bool = False

    def __post_init__(self) -> None:
        super(Lora, self).__post_init__()
        if self.dora and self.init == "pissa":
            raise UsageError(
                "train.init: pissa is not accepted with dora, whose lengths no plain adapter can hold; drop one"
            )

    def trials(self, target: Target, model: Trainable) -> AbstractContextManager[TriedTogether] | None:
        """Several settings beside one base (`seatrial.training.TriesTogether`); None for kin that trains otherwise."""
        if type(self) is not Lora:
            return None
        from seatrial_plugins.training.trials_together import opened

        return opened(target, model)

    @property
    def outlined(self) -> Self:
        """Its adapters begin as if they were zero: there is nothing to take singular values of."""
        return replace(self, init="zero")

    def _ranges(self) -> dict[str, tuple[bool, str]]:
        return {
            "r": (self.r >= 1, "a rank of at least 1"),
            "alpha": (self.alpha > 0, "above 0"),
            "dropout": (0 <= self.dropout < 1, "from 0 up to, not including, 1"),
            "target_modules": (bool(self.target_modules), "qv, all-linear, or at least one module's name"),
            **super(Lora, self)._ranges(),
        }

    def check_devices(self, model: Trainable, devices: int, parallel: Parallel) -> Iterator[str]:
        """As every method's.

        Raises:
            UsageError: float8 is asked for of weights that lie apart.
        """
        if self.fp8 and parallel == "sharded":
            raise UsageError(
                "train.fp8: is not accepted with `parallel: sharded`, whose weights are gathered as they are; say `parallel: data`"
            )
        yield from super(Lora, self).check_devices(model, devices, parallel)

    def draws(self, model: Trainable) -> bool:
        """Of adapters with dropout, too."""
        return self.dropout > 0 or super(Lora, self).draws(model)

    def _tuning(self) -> PutOn:
        from seatrial_plugins.training.lora_tuning import LoraTuning

        return LoraTuning(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class IA3(AdapterMethod):
    """Learned vectors that scale keys, values and what enters a feed-forward's last layer (Liu et al., arXiv 2205.05638).

    Args:
        lr: Peak learning rate of AdamW; some ten times what LoRA takes.
        target_modules: Names of the modules that are scaled; where unset those that PEFT knows of the architecture.
        feedforward_modules: Those of them that are scaled where they are entered, not left.
    """

    lr: float = 3e-3
    target_modules: list[str] | None = None
    feedforward_modules: list[str] | None = None

    def __post_init__(self) -> None:
        super(IA3, self).__post_init__()
        if strange := sorted({*(self.feedforward_modules or ())} - {*(self.target_modules or ())}):
            raise UsageError(f"train.feedforward_modules: {strange[0]} is not among target_modules; name it there, too")

    def _ranges(self) -> dict[str, tuple[bool, str]]:
        return {
            "target_modules": (self.target_modules != [], "at least one module's name, or unset"),
            **super(IA3, self)._ranges(),
        }

    def _tuning(self) -> PutOn:
        from seatrial_plugins.training.ia3_tuning import IA3Tuning

        return IA3Tuning(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Full(CausalMethod):
    """Full fine-tuning: every weight, in float32 (16 bytes a parameter with its gradient and AdamW's states).

    Args:
        lr: Peak learning rate of AdamW; about a tenth of what LoRA takes.
        save_every: Steps between checkpoints, which hold all weights and AdamW's states; a fifth of the training where unset.
    """

    lr: float = 2e-5

    @property
    def product(self) -> ProductKind:
        """Whole weights."""
        return "weights"

    def _tuning(self) -> Tuning:
        from seatrial_plugins.training.full_tuning import FullTuning

        return FullTuning(self)
