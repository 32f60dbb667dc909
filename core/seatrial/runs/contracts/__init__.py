"""Contracts: what components give back, held against what their protocols promise, before anything is made of it."""

from seatrial.runs.contracts.records import findings, samples, transcripts
from seatrial.runs.contracts.series import each, one
from seatrial.runs.contracts.shown import blocks, files
from seatrial.runs.contracts.told import clusters, counts, facts, step, told

__all__ = [
    "blocks",
    "clusters",
    "counts",
    "each",
    "facts",
    "files",
    "findings",
    "one",
    "samples",
    "step",
    "told",
    "transcripts",
]
