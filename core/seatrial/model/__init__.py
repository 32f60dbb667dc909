"""What a model can do, and how one is loaded."""

from seatrial.model.capabilities import (
    PROTOCOLS,
    Capability,
    Classifies,
    Continuation,
    CountsTokens,
    Generates,
    Generation,
    Model,
    Scores,
    Times,
    Timing,
)
from seatrial.model.loading import (
    Endpoint,
    Loader,
    LocalWeights,
    Product,
    ProductKind,
    PythonCallable,
    Target,
    Trainable,
)
from seatrial.model.old import (
    ChecksAdapters,
    LanguageModel,
    ModelFiles,
    ModelLoader,
)
from seatrial.model.reading import (
    Baseline,
    Detector,
    Encoder,
    EncodesWords,
    WordVectors,
)

__all__ = [
    "PROTOCOLS",
    "Baseline",
    "Capability",
    "ChecksAdapters",
    "Classifies",
    "Continuation",
    "CountsTokens",
    "Detector",
    "Encoder",
    "EncodesWords",
    "Endpoint",
    "Generates",
    "Generation",
    "LanguageModel",
    "Loader",
    "LocalWeights",
    "Model",
    "ModelFiles",
    "ModelLoader",
    "Product",
    "ProductKind",
    "PythonCallable",
    "Scores",
    "Target",
    "Times",
    "Timing",
    "Trainable",
    "WordVectors",
]
