"""The system on trial beside each other one, row by row."""

from dataclasses import replace

import pyarrow as pa
import pytest

from seatrial.stats import PairedDifference
from seatrial.verdict.comparison import compare
from seatrial.verdict.evidence import SavedEvidence
from seatrial.verdict.judgement import flag_best_baseline
from seatrial_reports.rivals import build_rivals


def test_a_system_is_held_against_the_others_row_by_row(scored):
    rivals = build_rivals(scored(tuned=80, base=20, encoder=90, words=81))
    better, worse, unclear = (rivals["choice/accuracy", name] for name in ("base", "encoder", "words"))
    assert (better.standing, better.said) == ("better", "better by 0.600")
    assert (worse.standing, worse.said) == ("worse", "worse by 0.100")
    bounds = PairedDifference(0, 10, 100).bounds()
    assert worse.bounds == f"{-bounds.upper:.3f} to {-bounds.lower:.3f}"
    assert worse.note == "better on 0 items and worse on 10, exact one-sided McNemar p < 0.001"
    assert (unclear.standing, unclear.said) == ("unclear", "not shown to differ")
    assert unclear.bounds.endswith(" better")


@pytest.mark.parametrize("encoder", range(74, 87))
def test_no_report_contradicts_the_verdicts_warnings_or_a_gate(scored, encoder):
    result = scored(tuned=80, encoder=encoder)
    rival = build_rivals(result)["choice/accuracy", "encoder"]
    evidence = SavedEvidence("tuned", result.scores, result.metrics, result.samples)
    warned = " ".join(flag_best_baseline(evidence))
    assert (rival.standing == "better") == (not warned)
    assert (rival.standing == "worse") == ("tuned 0.800 is worse than encoder" in warned)
    assert (rival.standing == "unclear") == ("is not shown to beat" in warned)
    bounds = compare(
        result.metrics["choice/accuracy"],
        *((name, result.samples["choice"]) for name in ("tuned", "encoder")),
        same_prompts=False,
    ).improvement.bounds()
    assert (rival.standing == "worse") == (bounds.at_least(0.0) == "fail")


def test_what_cannot_be_paired_is_left_out(scored):
    assert build_rivals(replace(scored(tuned=80, base=20), metrics={})) == {}
    lone = scored(tuned=80)
    assert build_rivals(lone) == {}
    apart = scored(tuned=80, base=20)
    shorter = pa.concat_tables([apart.samples["choice"].slice(0, 150)])
    assert build_rivals(replace(apart, samples={"choice": shorter})) == {}
