"""From samples to the verdict: one computation, with no model and no GPU.

samples        what scorers measured, item by item
observation    the numbers behind a metric, or why they can't be used
summary        samples become scores, with n and interval
data_metrics   counts of the data and the training, so that gates can hold them too
evidence       what gates may decide on
pairing        the answers of two systems to the same rows
comparison     two systems on the same items
completeness   what the suite asked for and has no score of
settlement     a gate's decision, held against what was asked of it
families       failures among several gates: Holm
judgement      all decisions together: the verdict
codec          scores and verdicts as strict JSON, and back
"""

from seatrial.verdict.verdict import (
    EXIT_CODES,
    Decision,
    Evidence,
    Gate,
    Outcome,
    Severity,
    Verdict,
    VerdictState,
)

__all__ = [
    "EXIT_CODES",
    "Decision",
    "Evidence",
    "Gate",
    "Outcome",
    "Severity",
    "Verdict",
    "VerdictState",
]
