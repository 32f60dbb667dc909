"""Ways to train, what they leave, and what they cost."""

from seatrial.training.cost import Lighter, Probed, ProbesCost, TellsCost, TellsLighter, TrainingCost, Work
from seatrial.training.method import ChecksModel, Method, Trained, TrainingJob, TrainsPart

__all__ = [
    "ChecksModel",
    "Lighter",
    "Method",
    "Probed",
    "ProbesCost",
    "TellsCost",
    "TellsLighter",
    "Trained",
    "TrainingCost",
    "TrainingJob",
    "TrainsPart",
    "Work",
]
