"""Code: a row's tests, run on what was answered."""

import json
import sys

import pytest

from seatrial import Response, Row, Task, Transcript, Turn, UsageError
from seatrial.rows import Check
from seatrial.rows.table import RowList
from seatrial_plugins.code import build_code, code_metrics
from seatrial_plugins.code.program import program_of
from seatrial_plugins.code.sandbox import Ended, Sandbox

PROMPT = 'from typing import List\n\n\ndef total(numbers: List[int]) -> int:\n    """Their sum."""\n'
TEST = "def check(candidate):\n    assert candidate([1, 2]) == 3\n    assert candidate([]) == 0\n"
CHECK = Check("python", TEST, "total", PROMPT)


def row(name: str = "1") -> Row:
    turns = (Turn("user", PROMPT), Turn("assistant", "    return sum(numbers)\n"))
    return Row(name, turns, "check", "path:x", "x", 1, expected=CHECK)


def judged(*answers: str, **options):
    said = Transcript("1", tuple(map(Response, answers)), "hash")
    scorer = build_code(allow_code=True, answers=len(answers), **options)
    (sample,) = scorer.score([said], Task("test", RowList([row()])))
    return sample


def test_it_is_off_unless_the_suite_allows_it():
    with pytest.raises(UsageError, match="allow_code: true"):
        build_code()


@pytest.mark.parametrize(
    "answer",
    [
        "    return sum(numbers)\n",
        "return sum(numbers)",
        "    return sum(numbers)\n\nprint(total([1]))\nthis is prose",
        "def total(numbers):\n    return sum(numbers)",
        "Here it is:\n```python\ndef total(numbers: List[int]) -> int:\n    return sum(numbers)\n```\nand\n```\nx(\n```",
        "```\n    return sum(numbers)\n```",
        "1. So:\n   ```python\n   def total(numbers):\n       return sum(numbers)\n   ```\n2. Done.",
        "~~~python\ndef total(numbers):\n    return sum(numbers)\n~~~",
        (
            "```python\ndef add(a, b):\n    return a + b\n```\n```python\ntotal([1]) + nothing\n```\nand\n```python\n"
            "from functools import reduce\ndef total(numbers):\n    return reduce(add, numbers, 0)\n```"
        ),
    ],
)
def test_the_program_is_found_in_what_was_said(answer):
    made = {"__name__": "x"}
    exec(compile(program_of(CHECK, answer), "x", "exec"), made)
    assert made["total"]([2, 3]) == 5


def test_a_right_answer_passes_a_wrong_one_fails_and_says_how():
    right = judged("    return sum(numbers)\n")
    assert (dict(right.values), right.detail["ended"]) == ({"pass@1": 1.0}, ["ran to its end"])
    wrong = judged("    return 3\n")
    assert (dict(wrong.values), wrong.detail["ended"]) == ({"pass@1": 0.0}, ["AssertionError"])
    assert judged("I can't do that.").values == {"pass@1": 0.0}
    assert judged("<think>```\n    return 3\n```</think>    return sum(numbers)\n").values == {"pass@1": 1.0}
    assert judged("import sys; sys.exit(-1)\ndef total(numbers): ...\n").values == {"pass@1": 0.0}


def test_a_program_that_found_no_processor_is_run_again_by_itself(monkeypatch):
    ended = [Ended(False, "out of time", starved=True), Ended(True, "ran to its end")]
    monkeypatch.setattr(Sandbox, "run", lambda *_: ended.pop(0))
    assert judged("    return sum(numbers)\n").values == {"pass@1": 1.0}
    monkeypatch.setattr(Sandbox, "run", lambda *_: Ended(False, "out of time", starved=True))
    sample = judged("    return sum(numbers)\n")
    assert ("too busy" in sample.error, dict(sample.values)) == (True, {})


def test_several_answers_have_pass_at_k_and_pass_hat_k():
    sample = judged(
        "    return sum(numbers)\n", "    return 3\n", "    return sum(numbers)\n", "    nonsense(\n", k=[1, 2]
    )
    assert dict(sample.values) == pytest.approx(
        {"pass@1": 0.5, "pass@2": 5 / 6, "pass^2": 1 / 6, "flaky": 1.0, "answer_variance": 1 / 3}
    )
    assert {metric.column for metric in code_metrics(answers=4, k=[1, 2])} == set(sample.values)
    assert sample.prediction == "    return 3\n"


def test_a_k_beyond_the_answers_is_refused():
    with pytest.raises(UsageError, match="k is 5, and each row gets 2 answers"):
        code_metrics(answers=2, k=[5])


def test_what_cannot_be_judged_is_an_error():
    scorer = build_code(allow_code=True)
    plain = Row("2", (Turn("user", "Hi"), Turn("assistant", "Ho")), "chat", "path:x", "x", 1)
    said = [Transcript("1", error="too long"), Transcript("2", (Response("x"),)), Transcript("3", ())]
    found = list(scorer.score(said, Task("test", RowList([row("1"), plain, row("3")]))))
    assert found[0].error == "too long"
    assert "no tests to run" in found[1].error
    assert "0 answers" in found[2].error
    assert [name for name, _ in scorer.problems([row(), plain])] == ["2"]
    assert all(not one.values for one in found)


@pytest.mark.parametrize(
    ("code", "entry_point", "reason"),
    [
        ("", "", "no tests"),
        ("# assert f(1) == 2", "", "ever run"),
        (TEST, "", "no `entry_point`"),
        ("def test_f():\n    assert f(1) == 2", "", "ever run"),
        ("import unittest\nclass T(unittest.TestCase):\n    def test(self): assert f(1) == 2", "", "ever run"),
        ("def t(): assert f(1) == 2\nif __name__ == '__main__':\n    t()", "", "ever run"),
        ("assert True\nassert sum([1]) == 1", "", "name nothing"),
        ("assert (", "", "no Python"),
        ("def check(candidate):\n    assert True", "f", "never uses f"),
        ("async def check(candidate):\n    assert candidate(1)", "f", "coroutine"),
        ("def test(candidate):\n    assert candidate(1)", "f", "define no `check`"),
        ("assert f(1) == 2", "", None),
        ("def t(): assert f(1) == 2\nt()", "", None),
        ("for x in range(3):\n    assert f(x) == x", "", None),
        ("def check(candidate):\n    assert all(map(lambda x: candidate(x) == x, range(3)))", "f", None),
        (TEST, "total", None),
    ],
)
def test_a_row_whose_tests_would_pass_anything_is_not_judged(code, entry_point, reason):
    tested = Row("1", (Turn("user", "?"),), "check", "path:x", "x", 1, expected=Check("python", code, entry_point))
    found = [said for _, said in build_code(allow_code=True).problems([tested])]
    assert len(found) == bool(reason)
    assert all(reason in said for said in found)


@pytest.mark.slow
def test_a_whole_run_from_a_file_to_a_gate(seatrial, tmp_path):
    """The suite has to allow it; then HumanEval's rows are asked, run and gated."""
    (tmp_path / "coder_of_two.py").write_text(
        "def make():\n    return lambda messages: '    return sum(numbers)' if 'sum' in messages[-1]['content'] else '    pass'\n"
    )
    items = [
        {"task_id": f"t/{name}", "prompt": PROMPT.replace("Their", name), "entry_point": "total", "test": TEST}
        for name in ("One", "Two", "Three")
    ]
    (tmp_path / "items.jsonl").write_text("".join(json.dumps(one) + "\n" for one in items))
    suite = tmp_path / "suite.yaml"
    told = (
        "name: coder\nmodel: {source: 'python:coder_of_two:make'}\n"
        f"data:\n  tests: {{he: {{source: 'path:{tmp_path / 'items.jsonl'}'}}}}\n"
        "score:\n  - code: {on: he, ALLOWED}\n"
        "gates:\n  - {metric: code/pass@1, min: 0.2}\nreport: [markdown]\n"
    )
    suite.write_text(told.replace("ALLOWED", "seconds: 3"))
    code, said = seatrial("check", suite)
    assert code != 0
    assert "allow_code: true" in said
    suite.write_text(told.replace("ALLOWED", "allow_code: true"))
    code, said = seatrial("run", suite)
    sys.modules.pop("coder_of_two", None)
    assert (code, "PASS" in said) == (0, True), said
