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
    "Classifies",
    "Continuation",
    "CountsTokens",
    "Detector",
    "Encoder",
    "EncodesWords",
    "Endpoint",
    "Generates",
    "Generation",
    "Loader",
    "LocalWeights",
    "Model",
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
