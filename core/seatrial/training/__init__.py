"""Ways to train, and what they leave."""

from seatrial.training.method import ChecksModel, Method, Trained, TrainingJob, TrainsPart

__all__ = ["ChecksModel", "Method", "Trained", "TrainingJob", "TrainsPart"]
