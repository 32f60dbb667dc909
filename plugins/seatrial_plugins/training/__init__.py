"""Training: adapters, prompts and prefixes, and full fine-tuning on `transformers.Trainer`, with loss on the assistant's turns only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from seatrial import MethodComponent, hookimpl
from seatrial_plugins.training.lora_methods import Classifier, Dpo, Qlora
from seatrial_plugins.training.method import IA3, Full, Lora
from seatrial_plugins.training.prompt_methods import PrefixTuning, PromptTuning

if TYPE_CHECKING:
    from seatrial.training import Method, Parallel

_LIBRARIES = ("torch", "transformers", "peft", "accelerate", "safetensors")
_IMPORTS = {name: name for name in _LIBRARIES}
_DATA: frozenset[Parallel] = frozenset({"data"})
_BOTH: frozenset[Parallel] = frozenset({"data", "sharded"})
_MEASURED = "settings are compared by the validation loss, and it says what that is measured over"
_ENDING = "a trial is judged by what its last step leaves, and does without it"
_UNSEARCHABLE = {"max_length": _MEASURED, "loss_on": _MEASURED, "early_stopping": _ENDING, "overfit": _ENDING}


@hookimpl
def seatrial_methods() -> Iterable[MethodComponent[Method]]:
    """The training methods."""
    yield MethodComponent(
        "lora",
        Lora,
        "Low-rank adapters, trained on the assistant's turns only.",
        libraries=_LIBRARIES,
        imports=_IMPORTS,
        unsearchable=_UNSEARCHABLE,
        parallel=_BOTH,
    )
    yield MethodComponent(
        "qlora",
        Qlora,
        "Low-rank adapters on a base in 4 bits, trained on the assistant's turns only.",
        libraries=(*_LIBRARIES, "bitsandbytes"),
        imports={**_IMPORTS, "bitsandbytes": "seatrial[qlora]"},
        unsearchable=_UNSEARCHABLE,
    )
    yield MethodComponent(
        "ia3",
        IA3,
        "Vectors that scale activations, trained on the assistant's turns only.",
        libraries=_LIBRARIES,
        imports=_IMPORTS,
        unsearchable=_UNSEARCHABLE,
        parallel=_BOTH,
    )
    yield MethodComponent(
        "prompt_tuning",
        PromptTuning,
        "Vectors before every prompt, trained on the assistant's turns only.",
        libraries=_LIBRARIES,
        imports=_IMPORTS,
        unsearchable=_UNSEARCHABLE,
        parallel=_DATA,
    )
    yield MethodComponent(
        "prefix_tuning",
        PrefixTuning,
        "Keys and values before those of every layer, trained on the assistant's turns only.",
        libraries=_LIBRARIES,
        imports=_IMPORTS,
        unsearchable=_UNSEARCHABLE,
        parallel=_DATA,
    )
    yield MethodComponent(
        "full",
        Full,
        "Every weight, trained on the assistant's turns only.",
        libraries=_LIBRARIES,
        imports=_IMPORTS,
        unsearchable=_UNSEARCHABLE,
        parallel=_DATA,
    )
    yield MethodComponent(
        "classifier",
        Classifier,
        "A head that names the rows' labels, with low-rank adapters or every weight behind it.",
        libraries=_LIBRARIES,
        imports=_IMPORTS,
        unsearchable=_UNSEARCHABLE,
        parallel=_DATA,
    )
    yield MethodComponent(
        "dpo",
        Dpo,
        "Low-rank adapters that make chosen answers likelier than rejected ones (direct preference optimisation).",
        libraries=_LIBRARIES,
        imports=_IMPORTS,
        unsearchable={**_UNSEARCHABLE, "beta": _MEASURED},
        parallel=_DATA,
    )
