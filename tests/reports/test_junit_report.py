"""junit.xml: a case a gate; only blocking gates can fail a build, and nothing undecided passes."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from seatrial.verdict import Decision, Verdict
from seatrial_reports.junit_report import JunitReport, suite_element


def decided(result, outcome, severity):
    decision = Decision("choice/accuracy", outcome, severity, "choice/accuracy ≥ 0.8", "because")
    return replace(result, verdict=Verdict("pass", "said", (decision,)))


def test_it_holds_every_gate_with_the_time_of_its_stage(plain_result, tmp_path):
    (path,) = JunitReport().write(plain_result, tmp_path)
    root = ET.parse(path).getroot()
    cases = root.findall("testcase")
    assert [case.get("name") for case in cases] == [d.condition for d in plain_result.verdict.decisions]
    assert [case.get("time") for case in cases] == ["23.500", "23.500", "50.000", "0.000", "0.000"]
    assert (root.get("tests"), root.get("failures"), root.get("errors"), root.get("skipped")) == ("5", "0", "0", "0")
    assert cases[2].find("system-out").text.startswith("warn, inconclusive: the bounds do not decide")


@pytest.mark.parametrize(("outcome", "tag"), [("fail", "failure"), ("error", "error"), ("inconclusive", "skipped")])
def test_a_blocking_gate_that_does_not_pass_shows(plain_result, outcome, tag):
    suite = suite_element(decided(plain_result, outcome, "block"))
    assert [child.tag for child in suite[0]] == [tag]
    assert suite[0][0].get("message") == "because"


@pytest.mark.parametrize("severity", ["warn", "info"])
def test_other_gates_fail_no_build(plain_result, severity):
    suite = suite_element(decided(plain_result, "fail", severity))
    assert suite.get("failures") == "0"
    assert suite[0][0].text == f"{severity}, fail: because"


def test_a_suite_without_gates_does_not_pass(plain_result):
    suite = suite_element(replace(plain_result, verdict=Verdict("inconclusive", "no gates", ())))
    assert suite.get("skipped") == suite.get("tests") == "1"
    assert suite[0][0].get("message") == "no gates"


def test_hostile_text_is_well_formed_xml(build_result, payloads, tmp_path):
    result = build_result(lambda text: f"{text} {' '.join(payloads)}")
    (path,) = JunitReport().write(result, tmp_path)
    root = ET.parse(path).getroot()
    assert {element.tag for element in root.iter()} == {"testsuite", "testcase", "system-out"}
    assert "‹U+202E›" in root.get("name")
