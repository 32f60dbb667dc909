"""Methods that train low-rank adapters for more than answers on plain weights: preferences, labels, a base in four bits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from seatrial.errors import UsageError
from seatrial.model import ProductKind
from seatrial.training import Trained, TrainingJob
from seatrial_plugins.training.method import Lora

if TYPE_CHECKING:
    from seatrial_plugins.training.classifier_tuning import ClassifierTuning

__all__ = ["Classifier", "Dpo", "Qlora"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Classifier(Lora):
    """A head that names the rows' labels, in the place of the model's own, and low-rank adapters or all weights behind it.

    It reads the words of each row's prompt, without the chat template, and learns the label of its rows; the adapters are merged
    into the weights when training ends.

    Args:
        weights: `lora` trains adapters beside the head; `full` every weight.
        lr: Peak learning rate of AdamW; with `weights: full` say some 2e-5.
    """

    lr: float = 5e-4
    weights: Literal["lora", "full"] = "lora"

    def __post_init__(self) -> None:
        super(Classifier, self).__post_init__()
        _refuse_fp8(self, "it is computed for rows that are packed")
        plain = Lora()
        unheeded = [] if self.loss_on == "all" else ["loss_on"]
        if self.weights == "full":
            of_adapters = ("r", "alpha", "dropout", "target_modules", "rslora", "dora", "init")
            unheeded += [name for name in of_adapters if getattr(self, name) != getattr(plain, name)]
        if unheeded:
            raise UsageError(
                f"train.{unheeded[0]}: changes nothing of a classifier"
                + (" of which every weight is trained" if unheeded[0] != "loss_on" else "")
                + "; leave it out"
            )

    @property
    def product(self) -> ProductKind:
        """Whole weights with a head."""
        return "classifier"

    def train(self, job: TrainingJob) -> Trained:
        """As every method, on the rows' labels."""
        from seatrial_plugins.training.classifier_training import ClassifierTraining

        return ClassifierTraining(self._tuning(), job).run()

    def _tuning(self) -> ClassifierTuning:
        from seatrial_plugins.training.classifier_tuning import ClassifierTuning

        return ClassifierTuning(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dpo(Lora):
    """Direct preference optimisation (Rafailov et al., arXiv 2305.18290) of low-rank adapters, on rows with a preference.

    The reference is the model before training, asked once.

    Args:
        beta: How dearly the model pays for moving away from what it said before.
        epochs: Passes over all pairs.
        lr: Peak learning rate of AdamW; a tenth of what LoRA takes on answers alone.
        batch_size: Pairs of one forward pass, at most; a step has `batch_size` × `gradient_accumulation` pairs.
    """

    beta: float = 0.1
    epochs: float = 1.0
    lr: float = 2e-5

    def __post_init__(self) -> None:
        super(Dpo, self).__post_init__()
        _refuse_fp8(self, "its reference is what the weights say as they are")

    def _ranges(self) -> dict[str, tuple[bool, str]]:
        return {"beta": (0 < self.beta < float("inf"), "above 0"), **super(Dpo, self)._ranges()}

    def train(self, job: TrainingJob) -> Trained:
        """As `Lora.train`, on pairs."""
        from seatrial_plugins.training.preference_training import PreferenceTraining, PreferenceTuning

        return PreferenceTraining(PreferenceTuning(self), job, beta=self.beta).run()


@dataclass(frozen=True, slots=True, kw_only=True)
class Qlora(Lora):
    """Low-rank adapters on a frozen base in 4-bit NormalFloat (QLoRA; Dettmers et al., arXiv 2305.14314), by bitsandbytes.

    A quarter of the memory that LoRA's weights take in bfloat16, and slower: they are unpacked in each pass. The adapter is asked
    on the weights as the loader loads them, not on those of four bits.
    """

    def __post_init__(self) -> None:
        super(Qlora, self).__post_init__()
        if self.init == "pissa":
            raise UsageError(
                "train.init: pissa is not accepted with qlora, whose base cannot give up a part of its weights; say zero"
            )
        _refuse_fp8(self, "its base is in four bits")

    def train(self, job: TrainingJob) -> Trained:
        """As `Lora.train`, on a base in four bits."""
        from seatrial_plugins.training.four_bit_training import FourBitTraining, FourBitTuning

        return FourBitTraining(FourBitTuning(self), job).run()


def _refuse_fp8(options: Lora, reason: str) -> None:
    if options.fp8:
        name = type(options).__name__.lower()
        raise UsageError(f"train.fp8: is not accepted with {name}: {reason}; leave it out")
