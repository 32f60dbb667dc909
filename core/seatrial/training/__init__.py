"""Ways to train, and what they leave."""

from seatrial.training.method import (
    Trained,
    Trainer,
    TrainingJob,
)

__all__ = [
    "Trained",
    "Trainer",
    "TrainingJob",
]
