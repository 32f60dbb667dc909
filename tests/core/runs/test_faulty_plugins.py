"""A plugin that breaks its contract is named, with the stage and the row where there is one; never a bare traceback."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from seatrial import Component, FilterComponent, Finding, GateComponent, Rule, Sample, ScorerComponent, Span, hookimpl
from seatrial.data.filters import Grouping, Measured, SplitFindings
from seatrial.errors import ContractError, StageError
from seatrial.evaluation.scores import Metric
from seatrial.plugin.host import Host
from seatrial.runs.run import run
from seatrial.suite.file import load_suite
from seatrial.verdict import Decision

RULES = (Rule("odd", "Odd."),)
WHO = r"\(plugin faulty-parts\)"


def inspecting(answer):
    """A row filter whose `inspect` is `answer`."""
    return type("Inspecting", (), {"inspect": lambda self, rows: answer(rows)})


def raising_at(text):
    def inspect(rows):
        return [Finding(row.id, "odd") for row in rows if row.input_text == text and 1 / 0]

    return inspect


def ending(rows):
    sys.exit(0)


def failing_together(rows):
    """Raises where there are several rows, and otherwise where there is one."""
    return 1 / 0 if len(rows) > 1 else rows[1]


def spanning(*span):
    return lambda rows: [Finding(rows[0].id, "odd", spans=(Span(*span),))]


@pytest.fixture
def with_filter(tmp_path):
    """Runs a suite's data stages with a filter `odd` of that class."""
    lines = [json.dumps({"text": f"text {number}", "label": "ab"[number % 2]}) for number in range(1000)]
    (tmp_path / "rows.jsonl").write_text("\n".join(lines))
    (tmp_path / "suite.yaml").write_text(
        f"name: faulty\ndata: {{train: {{source: 'path:{tmp_path}/rows.jsonl'}}, split: {{test: 0.5}}}}\nfilters: [odd]\n"
    )

    def go(build, place="rows", metrics=()):
        class Plugin:
            @hookimpl
            def seatrial_filters(self):
                yield FilterComponent("odd", build, "Odd.", rules=RULES, place=place, metrics=metrics)

        host = Host.load()
        host.register(Plugin(), name="faulty", distribution="faulty-parts")
        suite = load_suite(tmp_path / "suite.yaml", host, only_data=True)
        return run(suite, host, runs=tmp_path / "runs", only_data=True)

    return go


def test_a_filter_that_raises_is_named_with_the_row_that_it_was_at_and_its_traceback_is_kept(with_filter, tmp_path):
    with pytest.raises(StageError) as caught:
        with_filter(inspecting(raising_at("text 6")))
    said = str(caught.value)
    assert said.startswith(
        "clean: filter odd (plugin faulty-parts) raised ZeroDivisionError: division by zero, at row "
    )
    assert "(rows.jsonl:7); the traceback is in " in said
    log = Path(said.rpartition(" ")[2])
    assert "in inspect" in json.loads(log.read_text().splitlines()[-1])["trace"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda rows: None, "gave None where it must give a series of Finding"),
        (lambda rows: 5, "gave an int where it must give a series of Finding"),
        (lambda rows: ["x"], "gave a str in a series that must be of Finding"),
        (
            lambda rows: [Finding(rows[0].id, "odd", detail=5)],
            r"made a finding about row '\w+': its `detail` is an int, not",
        ),
        (lambda rows: [Finding(rows[0].id, "odd", score="high")], "its `score` is a str, neither a number nor None"),
        (lambda rows: [Finding(rows[0].id, "odd", score=float("nan"))], "its `score` is nan, no number"),
        (lambda rows: [Finding(rows[0].id, "odd", score=float("-inf"))], "its `score` is -inf, no number"),
        (lambda rows: [Finding(rows[0].id, "odd", spans=None)], "its `spans` is None, no tuple of Span"),
        (lambda rows: [Finding(rows[0].id, "odd", spans=("x",))], "its `spans` hold a str, not a Span"),
        (spanning(0, "0", 1), "of a span, its `start` is a str, not a whole number"),
        (spanning(0, 0.0, 1), "of a span, its `start` is a float, not a whole number"),
        (spanning(0, 0, True), "of a span, its `end` is a bool, not a whole number"),
        (spanning(0, 0, 1, 5), "of a span, its `replacement` is an int, neither text nor None"),
        (spanning(0, 0, 1, "\ud800"), "the `replacement` of a span holds half a character"),
        (
            lambda rows: [Finding(rows[0].id, "odd", matched_row=7)],
            "its `matched_row` is an int, neither text nor None",
        ),
        (lambda rows: [Finding(7, "odd")], "about a row by no id: its `row` is an int, not text"),
        (
            lambda rows: [Finding(rows[0].input_text, "odd")],
            r"about a row by no id, but by a text of 6 characters, which it was not given",
        ),
    ],
)
def test_what_is_no_finding_is_named_by_its_type(with_filter, answer, said):
    with pytest.raises(ContractError, match=rf"^clean: filter odd {WHO} .*{said}"):
        with_filter(inspecting(answer))


def test_a_filter_that_ends_the_process_does_not(with_filter):
    with pytest.raises(StageError, match=rf"clean: filter odd {WHO} raised SystemExit: 0, at row"):
        with_filter(inspecting(ending))


def test_what_a_row_says_is_not_in_the_error_of_a_filter_that_gives_rows_for_ids(with_filter):
    with pytest.raises(ContractError) as caught:
        with_filter(inspecting(lambda rows: [Finding(rows[0], "odd")]))
    assert "a row by no id: its `row` is a Row, not text" in str(caught.value)
    assert "text 0" not in str(caught.value)


def test_no_row_is_blamed_where_it_takes_several_to_fail(with_filter):
    with pytest.raises(StageError, match=r"raised ZeroDivisionError: division by zero; the traceback is in "):
        with_filter(inspecting(failing_together))


def test_a_traceback_with_half_a_character_is_kept(with_filter):
    def inspect(rows):
        raise ValueError("half \ud800")

    with pytest.raises(StageError, match="raised ValueError: half \ud800") as caught:
        with_filter(inspecting(inspect))
    log = Path(str(caught.value).rpartition(" ")[2])
    assert "ValueError: half \ud800" in json.loads(log.read_text().splitlines()[-1])["trace"]


@pytest.mark.parametrize(
    ("count", "conclude", "said"),
    [
        (None, Measured(), "gave None where it must give a Mapping"),
        ({"rows": "3"}, Measured(), "counted a str by a str; it must count whole numbers by names"),
        ({}, None, "gave None where it must give a Measured"),
        ({}, Measured({"share": "3"}), "its `measures` say a str for 'share', not a number"),
        (
            {},
            Measured(facts={"first": object()}),
            "told facts that JSON cannot hold: .*object is not JSON serializable",
        ),
        ({}, Measured(facts={"first": float("nan")}), "told facts that JSON cannot hold"),
    ],
)
def test_a_counting_filter_that_counts_and_tells_no_numbers_is_named(with_filter, count, conclude, said):
    counting = type(
        "Counting",
        (inspecting(lambda rows: []),),
        {"count": lambda self, rows, findings: count, "conclude": lambda self, counts: conclude},
    )
    with pytest.raises(ContractError, match=rf"^clean: filter odd {WHO}.*{said}"):
        with_filter(counting)


class Comparing:
    table: object = None

    def signatures(self, rows):
        return pa.table({"id": [row.id for row in rows]}) if self.table is None else self.table

    def group(self, signatures, lookup):
        return None


def test_a_corpus_filter_must_give_a_table_and_a_grouping(with_filter):
    with pytest.raises(ContractError, match=rf"deduplicate: filter odd {WHO} gave None where it must give a Grouping"):
        with_filter(Comparing, place="corpus")
    with pytest.raises(ContractError, match=rf"deduplicate: filter odd {WHO} gave a list where it must give a Table"):
        with_filter(type("Listing", (Comparing,), {"table": [1]}), place="corpus")


def test_clusters_are_of_ids(with_filter):
    class Numbering(Comparing):
        def group(self, signatures, lookup):
            return Grouping([], dict.fromkeys(signatures["id"].to_pylist(), 7))

    with pytest.raises(ContractError, match=rf"deduplicate: filter odd {WHO} put a str into a cluster by an int"):
        with_filter(Numbering, place="corpus")

    class Inventing(Comparing):
        def group(self, signatures, lookup):
            return Grouping([], dict.fromkeys([*signatures["id"].to_pylist(), "f00d"], "all"))

    with pytest.raises(
        ContractError, match=rf"deduplicate: filter odd {WHO} put row 'f00d' into a cluster.*none of the"
    ):
        with_filter(Inventing, place="corpus")


def comparing(answer):
    return type("Splits", (), {"compare": lambda self, train, held_out: answer})


SHARE = Metric("share", "", "exact", "lower", "A share.")


@pytest.mark.parametrize(
    ("measures", "missing", "said"),
    [
        (
            {"share": 0.5, "rows": 3},
            {},
            "measured 'rows', which is none of its metrics; those that it declares are: share",
        ),
        ({"share": 0.5}, {"rows": "why"}, "measured 'rows', which is none of its metrics"),
        ({}, {}, "declares the metric 'share', and gave neither a measure of it nor a reason"),
        ({"share": 10**400}, {}, "its `measures` say for 'share' a number that is too large"),
        ({"share": 0.5}, {"share": "not looked"}, "gave a measure of 'share', and a reason in `missing`"),
        ({"share": float("nan")}, {}, "measured nan for 'share'"),
        ({"share": float("inf")}, {}, "measured inf for 'share'"),
    ],
)
def test_a_split_filter_must_measure_what_it_declares(with_filter, measures, missing, said):
    with pytest.raises(ContractError, match=rf"decontaminate: filter odd {WHO}:? ?{said}"):
        with_filter(comparing(SplitFindings([], measures, missing)), place="splits", metrics=(SHARE,))


def test_a_matched_row_must_be_one_that_the_filter_was_given(with_filter):
    class Matching:
        def compare(self, train, held_out):
            yield Finding(next(iter(train)).id, "odd", matched_row="nobody's")

    with pytest.raises(
        ContractError, match=rf"decontaminate: filter odd {WHO} made a finding about row '\w+' that matches "
    ):
        with_filter(Matching, place="splits")


def test_a_split_filter_must_give_findings(with_filter):
    with pytest.raises(
        ContractError, match=rf"decontaminate: filter odd {WHO} gave None where it must give a series of Finding"
    ):
        with_filter(comparing(None), place="splits")
    with pytest.raises(ContractError, match=rf"decontaminate: filter odd {WHO} gave a str in a series"):
        with_filter(comparing(["x"]), place="splits")
    with pytest.raises(
        ContractError, match=rf"decontaminate: filter odd {WHO} told facts that JSON cannot hold: .*int64"
    ):
        with_filter(comparing(SplitFindings([], facts={"pairs": np.int64(3)})), place="splits")


def test_a_searching_filter_must_give_tables(with_filter):
    searching = {
        "index": lambda self, held_out: None,
        "search": lambda self, index, rows: [],
        "conclude": lambda self, index, found, train, held_out: [],
        "compare": lambda self, train, held_out: [],
    }
    with pytest.raises(ContractError, match=rf"decontaminate: filter odd {WHO} gave a list where it must give a Table"):
        with_filter(type("Searching", (), searching), place="splits")


# ---- scorers, gates, reports, readers --------------------------------------------------------------------------------


class Parts:
    """One component of each kind, giving back what it is told to."""

    def __init__(self, **answers):
        self.answers = {"read": None, "score": None, "decide": None, "write": None} | answers

    def _answer(self, name):
        answer = self.answers[name]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _samples(self, transcripts):
        answer = self._answer("score")
        return answer(list(transcripts)) if callable(answer) else answer

    @hookimpl
    def seatrial_readers(self):
        reader = type("R", (), {"suffixes": (".odd",), "by_suffix": True, "read": lambda s, file: self._answer("read")})
        yield Component("odd", reader, "Odd.")

    @hookimpl
    def seatrial_scorers(self):
        metric = Metric("right", "right", "proportion", "higher", "Right.")
        scorer = type("S", (), {"score": lambda s, transcripts, task: self._samples(transcripts)})
        yield ScorerComponent(
            "odd", scorer, "Odd.", probe="choose", dimension="accuracy", metrics=(metric,), comparable=False
        )

    @hookimpl
    def seatrial_gates(self):
        def build(*, metric: str) -> object:
            decide = lambda s, evidence: self._answer("decide")  # noqa: E731
            return type("G", (), {"metric": metric, "decide": decide})()

        yield GateComponent("odd", build, "Odd.")

    @hookimpl
    def seatrial_reports(self):
        yield Component("odd", type("W", (), {"write": lambda s, result, folder: self._answer("write")}), "Odd.")


@pytest.fixture
def trial(tmp_path):
    lines = [json.dumps({"text": f"text {number}", "label": "ab"[number % 2]}) for number in range(10)]
    (tmp_path / "rows.jsonl").write_text("\n".join(lines))
    (tmp_path / "rows.odd").write_text("odd")

    def go(parts, *, source="rows.jsonl", gate="{metric: odd/right, gate: odd}", report="[odd]"):
        (tmp_path / "suite.yaml").write_text(
            "name: faulty\nmodel: {source: 'package:seatrial_suites/tiny_llama', loader: random, device: cpu}\n"
            f"data: {{train: {{source: 'path:{tmp_path}/{source}'}}, split: {{test: 0.5}}}}\n"
            f"score: [odd]\ngates: [{gate}]\nreport: {report}\n"
        )
        host = Host.load()
        host.register(parts, name="faulty", distribution="faulty-parts")
        return run(load_suite(tmp_path / "suite.yaml", host), host, runs=tmp_path / "runs", cache=tmp_path / "cache")

    return go


def right(transcripts, **changes):
    return [Sample(**({"row": one.row, "values": {"right": 1.0}} | changes)) for one in transcripts]


BOUND = "{metric: odd/right, min: 0.5}"


def test_a_reader_that_gives_no_records_is_named(trial):
    with pytest.raises(
        ContractError, match=rf"read: reader odd {WHO} gave a str in a series that must be of RawRecord"
    ):
        trial(Parts(read=["line"]), source="rows.odd")
    with pytest.raises(StageError, match=rf"read: reader odd {WHO} raised OSError: no disk"):
        trial(Parts(read=OSError("no disk")), source="rows.odd")


def test_a_scorer_that_gives_no_samples_is_named_with_the_system(trial):
    with pytest.raises(
        ContractError, match=rf"score\[odd\]: scorer odd on base {WHO} gave None where it must give a series of Sam"
    ):
        trial(Parts())
    with pytest.raises(
        StageError, match=rf"score\[odd\]: scorer odd on base {WHO} raised KeyError: 'x'; the traceback is in"
    ):
        trial(Parts(score=KeyError("x")))


@pytest.mark.parametrize(
    ("wrong", "error", "said"),
    [
        ({"values": None}, ContractError, "its `values` is None, not a mapping of columns to numbers"),
        ({"values": {"right": "yes"}}, ContractError, "its `values` say a str for 'right', not a number"),
        ({"values": {"right": True}}, ContractError, "its `values` say a bool for 'right', not a number"),
        ({"prediction": 5}, ContractError, "its `prediction` is an int, neither text nor None"),
        ({"lacks": "right"}, ContractError, "its `lacks` is a str, no tuple of columns"),
        (
            {"detail": {"n": np.int64(3)}},
            ContractError,
            r"made a sample of row '\w+': its `detail` is no JSON: .*int64",
        ),
        ({"detail": {"n": float("nan")}}, ContractError, "its `detail` is no JSON"),
        (
            {"prediction": "\ud800"},
            ContractError,
            r"made a sample of row '\w+': its `prediction` holds half a character",
        ),
    ],
)
def test_a_sample_that_no_table_can_hold_is_named(trial, wrong, error, said):
    with pytest.raises(error, match=rf"score\[odd\]: scorer odd on base {WHO} .*{said}"):
        trial(Parts(score=lambda transcripts: right(transcripts, **wrong)))


def test_a_mapping_that_a_scorer_uses_for_every_row_is_each_rows_own_or_refused(trial):
    def reuses(transcripts):
        values = {}
        for place, one in enumerate(transcripts):
            values["right"] = float(place == 0)
            yield Sample(one.row, values)

    with pytest.raises(ContractError, match=r"scorer odd on base .* gave one and the same dict for row .* make one"):
        trial(Parts(score=lambda transcripts: list(reuses(transcripts)), decide=DECIDED))
    result = trial(Parts(score=reuses, decide=DECIDED), report="[markdown]")
    assert {score.metric: score.value for score in result.scores}["odd/right"] == pytest.approx(1 / 5)


def test_a_gate_that_decides_nothing_never_passes(trial):
    with pytest.raises(
        ContractError, match=rf"gate: gate odd on odd/right {WHO} gave None where it must give a Decision"
    ):
        trial(Parts(score=right))
    with pytest.raises(StageError, match=rf"gate: gate odd on odd/right {WHO} raised KeyError: 'x'"):
        trial(Parts(score=right, decide=KeyError("x")))


DECIDED = Decision("odd/right", "pass", "block", "odd/right ≥ 0.5", "it did well", 1.0)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"value": math.nan}, "value: the number was NaN or infinite"),
        ({"upper": math.inf}, "upper: the number was NaN or infinite"),
        ({"value": None}, "it passed without a value"),
        ({"n": 1000}, "it passed on 1000 rows, and"),
        ({"severity": "info"}, "the suite gives it severity block and it took info"),
        ({"metric": "odd/easy"}, "it was asked about odd/right and decided on odd/easy"),
    ],
)
def test_a_decision_that_is_not_what_was_asked_is_an_error_as_it_is_saved(trial, changes, said):
    result = trial(Parts(score=right, decide=replace(DECIDED, **changes)), report="[]")
    assert (result.exit_code, result.verdict.state) == (3, "error")
    (saved,) = json.loads((result.folder / "verdict.json").read_text())["decisions"]
    assert (saved["outcome"], saved["severity"], saved["metric"]) == ("error", "block", "odd/right")
    assert said in saved["reason"]
    assert saved["reason"] == result.verdict.decisions[0].reason


def test_a_decision_with_a_field_of_another_type_is_named(trial):
    with pytest.raises(
        ContractError, match=rf"gate: gate odd on odd/right {WHO} decided with 'great' as its `outcome`"
    ):
        trial(Parts(score=right, decide=replace(DECIDED, outcome="great")))


def test_a_report_that_names_no_files_is_named(trial):
    with pytest.raises(ContractError, match=rf"report: report odd {WHO} gave None where it must give a series of Path"):
        trial(Parts(score=right), gate=BOUND)
    with pytest.raises(ContractError, match=rf"report: report odd {WHO} gave a str in a series that must be of Path"):
        trial(Parts(score=right, write=["report.odd"]), gate=BOUND)
