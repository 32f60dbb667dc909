"""Ways to train, and what they leave."""

from seatrial.training.method import Method, Trained, TrainingJob

__all__ = ["Method", "Trained", "TrainingJob"]
