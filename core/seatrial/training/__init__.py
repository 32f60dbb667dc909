"""Ways to train, what they leave, and what they cost."""

from seatrial.training.cost import Lighter, Probed, ProbesCost, TellsCost, TellsLighter, TrainingCost, Work
from seatrial.training.method import ChecksModel, Method, Parallel, Trained, TrainingJob, TrainsPart
from seatrial.training.parallel import Launch, Meeting, Part, SharesTraining

__all__ = [
    "ChecksModel",
    "Launch",
    "Lighter",
    "Meeting",
    "Method",
    "Parallel",
    "Part",
    "Probed",
    "ProbesCost",
    "SharesTraining",
    "TellsCost",
    "TellsLighter",
    "Trained",
    "TrainingCost",
    "TrainingJob",
    "TrainsPart",
    "Work",
]
