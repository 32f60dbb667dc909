"""junit.xml: one test case a gate, so that a CI server shows the trial among its tests.

A blocking gate that fails is a failure, one that lacks its score an error, one that does not decide is skipped with the
reason. `warn` and `info` gates never fail a build: what they found stands in their output. `time` is what the stage that
produced the metric took, in seconds.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path

from seatrial.display.legible import one_line
from seatrial.reporting import Result
from seatrial.store import atomic_file
from seatrial.verdict import Decision

__all__ = ["JunitReport", "suite_element"]


class JunitReport:
    """Writes junit.xml."""

    def write(self, result: Result, folder: Path) -> Sequence[Path]:
        """One file."""
        tree = ET.ElementTree(suite_element(result))
        ET.indent(tree)
        path = folder / "junit.xml"
        with atomic_file(path) as part:
            tree.write(part, encoding="utf-8", xml_declaration=True)
        return [path]


def suite_element(result: Result) -> ET.Element:
    """The `<testsuite>`; a suite without gates is one skipped case, since it never passes."""
    name = one_line(str(result.suite.get("name", "suite")))
    suite = ET.Element("testsuite", name=name)
    decisions = result.verdict.decisions if result.verdict else ()
    for decision in decisions:
        case = ET.SubElement(
            suite,
            "testcase",
            classname=name,
            name=one_line(decision.condition),
            time=f"{_seconds(result, decision.metric):.3f}",
        )
        _outcome(case, decision)
    if not decisions:
        case = ET.SubElement(suite, "testcase", classname=name, name="gates", time="0.000")
        ET.SubElement(case, "skipped", message=one_line(_why_none(result)))
    suite.set("tests", str(len(suite.findall("testcase"))))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(len(suite.findall(f"testcase/{tag}"))))
    suite.set("time", f"{sum(record.seconds for record in result.records):.3f}")
    return suite


def _why_none(result: Result) -> str:
    """Why there is no gate to report."""
    return result.verdict.reason if result.verdict else "the data stages alone were run: nothing was decided"


def _seconds(result: Result, metric: str) -> float:
    """How long the stage took that the metric comes from: `score/choice` for `choice/accuracy`, `train` for `train/…`."""
    source = metric.partition("/")[0]
    return next((r.seconds for r in result.records if r.stage in {f"score/{source}", source}), 0.0)


def _outcome(case: ET.Element, decision: Decision) -> None:
    reason = one_line(decision.reason)
    if decision.severity != "block" or decision.outcome == "pass":
        ET.SubElement(case, "system-out").text = f"{decision.severity}, {decision.outcome}: {reason}"
        return
    tag = {"fail": "failure", "error": "error", "inconclusive": "skipped"}[decision.outcome]
    ET.SubElement(case, tag, message=reason)
