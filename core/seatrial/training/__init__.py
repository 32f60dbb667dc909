"""Ways to train, what they leave, what they cost, and how several settings are tried."""

from seatrial.training.cost import Lighter, Probed, ProbesCost, TellsCost, TellsLighter, TrainingCost, Work
from seatrial.training.method import ChecksModel, Method, Parallel, Trained, TrainingJob, TrainsPart
from seatrial.training.parallel import Launch, Meeting, Part, SharesTraining
from seatrial.training.trials import TrialsJob, Tried, TriedTogether, TriesTogether

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
    "TrialsJob",
    "Tried",
    "TriedTogether",
    "TriesTogether",
    "Work",
]
