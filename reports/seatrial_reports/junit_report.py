"""junit.xml: gates and stages as test cases, so that a CI server shows the trial among its tests.

Two suites. In `NAME gates`, a blocking gate that fails is a failure, one that lacks its score an error, one that does not
decide is skipped with the reason; `warn` and `info` gates never fail a build: what they found stands in their output.
Gates are not timed one by one: each has an even share of what deciding took. In `NAME stages`, each stage is a case that
passed, with the seconds that it took, so that the times of all cases add up to the work of the run.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path

from seatrial.runs.events import Record
from seatrial.runs.result import Result
from seatrial.runs.store import atomic_file
from seatrial.terminal.legible import one_line
from seatrial.verdict import Decision
from seatrial_reports.facts import mapping, text

__all__ = ["JunitReport", "suites_element"]

_GATE = "gate"
"""The stage that decides."""


class JunitReport:
    """Writes junit.xml."""

    def write(self, result: Result, folder: Path) -> Sequence[Path]:
        """One file."""
        tree = ET.ElementTree(suites_element(result))
        ET.indent(tree)
        path = folder / "junit.xml"
        with atomic_file(path) as part:
            tree.write(part, encoding="utf-8", xml_declaration=True)
        return [path]


def suites_element(result: Result) -> ET.Element:
    """The `<testsuites>`; a suite without gates is one skipped case, since it never passes."""
    name = one_line(str(result.suite.get("name", "suite")))
    suites = ET.Element("testsuites", name=name)
    deciding = next((record for record in result.records if record.stage == _GATE), None)
    _gates(_suite(suites, f"{name} gates", deciding), result, deciding.seconds if deciding else 0.0)
    stages = [record for record in result.records if record.stage != _GATE]
    _stages(_suite(suites, f"{name} stages", stages[0] if stages else None), stages)
    for suite in suites:
        _count(suite, suite.findall("testcase"))
    _count(suites, suites.findall("testsuite/testcase"))
    return suites


def _suite(suites: ET.Element, name: str, first: Record | None) -> ET.Element:
    suite = ET.SubElement(suites, "testsuite", name=name)
    if first is not None:
        suite.set("timestamp", first.started.replace(microsecond=0, tzinfo=None).isoformat())
    return suite


def _gates(suite: ET.Element, result: Result, seconds: float) -> None:
    _properties(suite, result)
    decisions = result.verdict.decisions if result.verdict else ()
    if not decisions:
        case = _case(suite, "gates", seconds)
        ET.SubElement(case, "skipped", message=one_line(_why_none(result)))
    for decision in decisions:
        _outcome(_case(suite, one_line(decision.condition), seconds / len(decisions)), decision)


def _stages(suite: ET.Element, records: Sequence[Record]) -> None:
    for record in records:
        case = _case(suite, one_line(record.stage), record.seconds)
        if record.resumed:
            ET.SubElement(case, "system-out").text = "the result of an earlier process was used, and its time"


def _properties(suite: ET.Element, result: Result) -> None:
    """What a CI server shows beside the cases."""
    manifest = result.manifest
    told = {
        "verdict": result.verdict.state if result.verdict else "",
        "seatrial": text(manifest, "seatrial"),
        "commit": text(mapping(manifest, "git"), "commit"),
        "model": text(mapping(manifest, "model"), "address"),
        "seed": text(manifest, "seed"),
    }
    properties = ET.SubElement(suite, "properties")
    for name, value in told.items():
        if value:
            ET.SubElement(properties, "property", name=name, value=one_line(value))


def _case(suite: ET.Element, name: str, seconds: float) -> ET.Element:
    return ET.SubElement(suite, "testcase", classname=suite.get("name", ""), name=name, time=f"{seconds:.3f}")


def _count(element: ET.Element, cases: Sequence[ET.Element]) -> None:
    element.set("tests", str(len(cases)))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(attribute, str(sum(case.find(tag) is not None for case in cases)))
    element.set("time", f"{sum(float(case.get('time', 0)) for case in cases):.3f}")


def _why_none(result: Result) -> str:
    """Why there is no gate to report."""
    return result.verdict.reason if result.verdict else "the data stages alone were run: nothing was decided"


def _outcome(case: ET.Element, decision: Decision) -> None:
    reason = one_line(decision.reason)
    if not decision.decides or decision.outcome == "pass":
        ET.SubElement(case, "system-out").text = f"{decision.severity}, {decision.outcome}: {reason}"
        return
    tag = {"fail": "failure", "error": "error", "inconclusive": "skipped"}[decision.outcome]
    ET.SubElement(case, tag, message=reason)
