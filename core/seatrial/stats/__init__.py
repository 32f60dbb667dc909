"""The statistics that scores and gates rest on: one estimate a kind of number, each with one-sided bounds.

    proportions   share of ones: Clopper-Pearson bounds for gates, Wilson's interval for display
    means         arithmetic mean of numbers that could be anything: Student t
    bounded       arithmetic mean of numbers between known limits: Gaffke, which is Clopper-Pearson at the limits
    gaffke        the chance that Gaffke's bounds rest on
    clusters      observations that repeat each other: which belong together, and what they add up to
    percentiles   order statistics, free of any distribution
    fieller       the ratio of two means over the same items: Fieller's bounds
    ratios        1 - mean/mean over pairs, the performance drop rate
    differences   share minus share, of two independent samples: Clopper-Pearson bounds joined by MOVER
    quotients     share over share, of two independent samples: the same bounds, joined by MOVER-R
    paired        what one system gets right and another wrong: Tango's score bounds, exact McNemar
    seeds         the mean over training seeds: the items' bounds and the seeds' Student t, joined by MOVER
    agreement     two raters of the same items: raw agreement, and Cohen's kappa
    misclassified  a share that an imperfect test found, corrected for the test's errors
    corpus        what is no mean over rows: F1 macro, MCC, balanced accuracy, ECE, corpus BLEU
    bootstrap     bounds of these, by seeded draws of whole clusters
    planning      the n that would decide, the smallest difference that n could show

Where observations come in clusters, an estimate counts these (`n`), and its value stays the mean over observations.
An estimate is made from a sample once; its `bounds(level)` are what gates decide on, and `at(n)` is the same finding
on another number of samples, which is how the n that would decide is found. Nothing but the bootstrap draws random numbers, from
a seed of its own.
Importing this package imports neither scipy nor numpy.
"""

from seatrial.stats.agreement import Agreement, agreement
from seatrial.stats.bootstrap import CorpusEstimate
from seatrial.stats.bounded import BoundedMean
from seatrial.stats.bounds import GATE_LEVEL, Answer, Bounds, Estimate
from seatrial.stats.clusters import cluster_index, clustered_standard_error
from seatrial.stats.corpus import STATISTICS
from seatrial.stats.differences import ProportionDifference, mover_interval
from seatrial.stats.means import ClusteredMean, Mean
from seatrial.stats.misclassified import CorrectedShare, corrected_share
from seatrial.stats.paired import PairedDifference, mcnemar_exact, tango_interval
from seatrial.stats.percentiles import ClusteredPercentile, Percentile
from seatrial.stats.planning import minimum_detectable_difference, needed_n
from seatrial.stats.proportions import Proportion, clopper_pearson_bounds, wilson_interval
from seatrial.stats.quotients import ProportionRatio, mover_ratio_interval
from seatrial.stats.ratios import ClusteredDrop, Drop, PairedDrop, tang_interval
from seatrial.stats.seeds import SeedMean, SeedScores

__all__ = [
    "GATE_LEVEL",
    "STATISTICS",
    "Agreement",
    "Answer",
    "BoundedMean",
    "Bounds",
    "ClusteredDrop",
    "ClusteredMean",
    "ClusteredPercentile",
    "CorpusEstimate",
    "CorrectedShare",
    "Drop",
    "Estimate",
    "Mean",
    "PairedDifference",
    "PairedDrop",
    "Percentile",
    "Proportion",
    "ProportionDifference",
    "ProportionRatio",
    "SeedMean",
    "SeedScores",
    "agreement",
    "clopper_pearson_bounds",
    "cluster_index",
    "clustered_standard_error",
    "corrected_share",
    "mcnemar_exact",
    "minimum_detectable_difference",
    "mover_interval",
    "mover_ratio_interval",
    "needed_n",
    "tang_interval",
    "tango_interval",
    "wilson_interval",
]
