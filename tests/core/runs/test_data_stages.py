"""The data stages on several processes: the same rows and the same ledger as on one."""

import multiprocessing
import os
import signal
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seatrial import Finding, Grouping, Measured, Metric, Row, Rule, Span, SplitFindings, Turn
from seatrial.data.ledger import write_ledger
from seatrial.data.searching import search_all
from seatrial.errors import ContractError, StageError
from seatrial.rows.table import rows_of, write_rows
from seatrial.runs.engines.local import LocalEngine
from seatrial.runs.events import Artifact
from seatrial.runs.run_folder import RunFolder
from seatrial.runs.stages.clean import Clean
from seatrial.runs.stages.decontaminate import Decontaminate
from seatrial.runs.stages.deduplicate import Deduplicate

METRICS = (
    Metric("found", "", "exact", "lower", "Rows that it found."),
    Metric("lost", "", "exact", "lower", "Rows that it lost: told by no toy."),
)
ONE, TWO = LocalEngine(workers=1), LocalEngine(workers=2, worth=0)


class Sevens:
    """Rows whose number is a multiple of seven; those of fourteen get another text."""

    def inspect(self, rows):
        for row in rows:
            number = int(row.turns[0].content.split()[1])
            if number % 14 == 0:
                yield Finding(row.id, "fourteen", spans=(Span(0, 0, 4, "TEXT"),))
            elif number % 7 == 0:
                yield Finding(row.id, "seven", f"{number} is one", score=number)


class Fives:
    def inspect(self, rows):
        return [Finding(row.id, "five") for row in rows if row.line % 5 == 0]


class Counts(Sevens):
    """Counts its findings, and rows by whether an earlier filter has changed them."""

    def count(self, rows, findings):
        changed = sum(row.text.startswith("TEXT") for row in rows)
        return {"found": len(findings), "changed": changed, "as read": len(rows) - changed}

    def conclude(self, counts):
        return Measured({"found": counts.get("found", 0)}, {"lost": "as if"}, {"counts": counts})


class Breaks:
    def inspect(self, rows):
        if any(row.line > 5_000 for row in rows):
            raise ZeroDivisionError("as if")
        return []


class LastDigits:
    """Keeps the first row of each last three digits."""

    def signatures(self, rows):
        return pa.table({"id": [row.id for row in rows], "end": [row.turns[0].content[-3:] for row in rows]})

    def group(self, signatures, lookup):
        first = {}
        clusters = {}
        findings = []
        for name, end in zip(signatures["id"].to_pylist(), signatures["end"].to_pylist(), strict=True):
            kept = first.setdefault(end, name)
            if kept != name:
                assert lookup(kept).turns[0].content.endswith(end)
                clusters |= {name: kept, kept: kept}
                findings.append(Finding(name, "copy", matched_row=kept))
        return Grouping(reversed(findings), clusters)


class Short(LastDigits):
    def signatures(self, rows):
        return super().signatures(rows[1:])


@dataclass
class SameText:
    """Train rows that say what a held-out row says, looked up in the index or compared at once."""

    searches: bool = True

    def compare(self, train, held_out):
        return search_all(self, train, held_out)

    def index(self, held_out):
        return {row.text: place for place, row in enumerate(held_out)}

    def search(self, index, rows):
        found = [(row.id, index[row.text]) for row in rows if row.text in index]
        return pa.table({"row": [name for name, _ in found], "item": [item for _, item in found]}, SAME)

    def conclude(self, index, found, train, held_out):
        assert len(train)
        assert len({row.text for row in held_out}) == len(index)
        for name, item in zip(found["row"].to_pylist(), found["item"].to_pylist(), strict=True):
            yield Finding(name, "same", matched_row=held_out[item].id)


SAME = pa.schema([("row", pa.string()), ("item", pa.int64())])


class OnlyCompares:
    def compare(self, train, held_out):
        return SameText().compare(train, held_out)


def rows(count=6_500):
    for number in range(count):
        yield Row(f"r{number}", (Turn("user", f"text {number:05}"),), "chat", "s", "f", number + 1)


@pytest.fixture
def folder(tmp_path):
    def make(name, table="raw", given=None):
        run = RunFolder(tmp_path / name)
        (run / "data").mkdir(parents=True)
        write_rows(run / f"data/{table}.parquet", given or rows())
        return run

    return make


def nothing(done, total, values):
    pass


class Kept:
    """An engine whose processes stay from one stage to the next: starting two is a second of each."""

    def __init__(self, work):
        self.work = work

    @contextmanager
    def open(self):
        yield self.work


@pytest.fixture(scope="module")
def two():
    with TWO.open() as work:
        executor = work._shared()._pool.executor
        list(executor.map(time.sleep, [0.5, 0.5]))  # they are there before the first test
        assert len(executor._processes) == 2
        yield Kept(work)
        assert work._count == 2, "a stage gave up working on two"


@pytest.fixture
def both(folder, two):
    """The stage's artifacts on one process and on two."""

    def run_both(stage_of, table="raw", given=None, **more):
        artifacts = []
        for name, engine in (("one", ONE), ("two", two)):
            run = folder(name, table, given and list(given))
            files = Artifact({table: run / f"data/{table}.parquet", **more})
            artifacts.append(stage_of(engine).run(files, run, nothing))
        return artifacts

    return run_both


def ledgers(folder):
    """Those of the stages before, empty."""
    files = {}
    for stage in ("read", "clean", "deduplicate"):
        files[f"ledger:{stage}"] = folder / f"{stage}.parquet"
        with write_ledger(files[f"ledger:{stage}"]):
            pass
    return files


def leaking(engine, suite_filter, build, metrics=()):
    return Decontaminate([suite_filter(build, (Rule("same", "s"),), place="splits", metrics=metrics)], engine)


def tables(artifact):
    return {name: pq.read_table(path) for name, path in artifact.files.items()}


def test_cleaning_on_two_processes_gives_what_it_gives_on_one(both, suite_filter):
    rules = (Rule("seven", "7"), Rule("fourteen", "14", "repair"))
    filters = [suite_filter(Sevens, rules), suite_filter(Fives, (Rule("five", "5", "flag"),))]
    one, two = both(lambda engine: Clean(filters, engine))
    assert tables(one) == tables(two)
    assert one.facts == two.facts
    clean = tables(one)["clean"]
    assert len(clean) == one.facts["rows_out"] == 6_500 - 464
    texts = [row.text for row in rows_of(clean)]
    assert texts[:2] == ["TEXT 00000", "text 00001"]
    assert "TEXT 06496" in texts
    sevens = [entry for entry in tables(one)["ledger:clean"].to_pylist() if entry["rule"] == "seven"]
    assert [entry["row"] for entry in sevens] == [f"r{n}" for n in range(7, 6_500, 14)]
    assert sevens[0]["score"] == 7.0
    # Row by row: how the work was cut into pieces, which depends on how long it takes, is not to be seen.
    places = [int(row[1:]) for row in tables(one)["ledger:clean"]["row"].to_pylist()]
    assert places == sorted(places)


def test_what_filters_count_is_added_up_over_processes(both, suite_filter):
    rules = (Rule("seven", "7"), Rule("fourteen", "14", "repair"))
    filters = [suite_filter(Counts, rules, alias=name, metrics=METRICS) for name in ("first", "second")]
    one, two = both(lambda engine: Clean(filters, engine))
    assert one.facts == two.facts
    first, second = one.facts["filters"]
    assert (first["measures"], first["missing"]) == ({"found": 929}, {"lost": "as if"})
    assert first["facts"] == {"counts": {"as read": 6_500, "changed": 0, "found": 929}}
    # Filters see each other's repairs, and rows that are on their way out.
    assert second["facts"] == {"counts": {"as read": 6_035, "changed": 465, "found": 929}}


def test_a_counting_filter_concludes_where_no_row_came(folder, suite_filter):
    run = folder("empty", given=())
    write_rows(run / "data/raw.parquet", ())
    stage = Clean([suite_filter(Counts, (Rule("seven", "7"),), metrics=METRICS)], ONE)
    facts = stage.run(Artifact({"raw": run / "data/raw.parquet"}), run, nothing).facts
    assert facts["filters"][0]["measures"] == {"found": 0}


def test_what_a_counting_filter_raises_names_it(folder, suite_filter):
    class Miscounts(Counts):
        def conclude(self, counts):
            raise ZeroDivisionError("as if")

    run = folder("broken")
    rules = (Rule("seven", "7"), Rule("fourteen", "14", "repair"))
    with pytest.raises(StageError, match=r"clean: filter toy \(plugin toys\) raised ZeroDivisionError: as if"):
        Clean([suite_filter(Miscounts, rules)], ONE).run(Artifact({"raw": run / "data/raw.parquet"}), run, nothing)


def test_comparing_on_two_processes_gives_what_it_gives_on_one(both, suite_filter):
    filters = [suite_filter(LastDigits, (Rule("copy", "c"),), place="corpus")]
    one, two = both(lambda engine: Deduplicate(filters, engine), "clean")
    assert tables(one) == tables(two)
    assert one.facts == two.facts
    assert tables(one)["deduplicated"]["id"].to_pylist() == [f"r{n}" for n in range(1_000)]
    assert len(tables(one)["clusters"]) == 6_500


def test_splits_that_are_given_are_compared_each_by_itself(both, suite_filter):
    given = [replace(row, split="test" if place % 2 else "train") for place, row in enumerate(rows(4_000))]
    filters = [suite_filter(LastDigits, (Rule("copy", "c"),), place="corpus")]
    one, two = both(lambda engine: Deduplicate(filters, engine), "clean", given)
    assert tables(one) == tables(two)
    assert len(tables(one)["deduplicated"]) == 1_000
    by_split = {row.id: row.split for row in given}
    for entry in tables(one)["ledger:deduplicate"].to_pylist():
        assert by_split[entry["row"]] == by_split[entry["matched_row"]] == entry["split"]


@pytest.mark.parametrize("build", [SameText, OnlyCompares])
def test_searching_on_two_processes_gives_what_comparing_gives(both, suite_filter, build, tmp_path):
    given = [replace(row, split="train") for row in rows(6_000)]
    given += [replace(row, id=f"t{row.id}", split="test") for row in rows(30)]
    one, two = both(lambda engine: leaking(engine, suite_filter, build), "split", given, **ledgers(tmp_path))
    assert tables(one) == tables(two)
    assert one.facts == two.facts
    assert one.facts["splits"] == {"train": 5_970, "validation": 0, "test": 30}
    assert [(e["row"], e["matched_row"]) for e in tables(one)["ledger"].to_pylist()] == [
        (f"r{n}", f"tr{n}") for n in range(30)
    ]


class Measures(SameText):
    """The same, and how many held-out rows it found."""

    def conclude(self, index, found, train, held_out):
        findings = list(super().conclude(index, found, train, held_out)) if len(held_out) else []
        return SplitFindings(
            iter(findings), {"found": len(findings)}, {"lost": "as if"}, {"groups": {"toys": {"items": len(held_out)}}}
        )


@pytest.mark.parametrize("processes", [1, 2])
def test_what_a_split_filter_measures_is_among_the_facts(folder, suite_filter, processes, two, tmp_path):
    engine = ONE if processes == 1 else two
    given = [replace(row, split="train") for row in rows(6_000)]
    given += [replace(row, id=f"t{row.id}", split="test") for row in rows(30)]
    run = folder("run", "split", given)
    stage = leaking(engine, suite_filter, Measures, METRICS)
    (facts,) = stage.run(Artifact({"split": run / "data/split.parquet", **ledgers(tmp_path)}), run, nothing).facts[
        "filters"
    ]
    assert facts["dropped"] == 30
    assert (facts["measures"], facts["missing"]) == ({"found": 30}, {"lost": "as if"})
    assert facts["facts"] == {"groups": {"toys": {"items": 30}}}


@pytest.mark.parametrize("reads", [{}, {"path:items.jsonl": "digest"}])
def test_without_held_out_rows_a_filter_runs_where_it_has_benchmarks(folder, suite_filter, reads, tmp_path):
    run = folder("run", "split", [replace(row, split="train") for row in rows(10)])
    one = suite_filter(Measures, (Rule("same", "s"),), place="splits")
    filters = [replace(one, reads=reads, component=replace(one.component, metrics=METRICS))]
    artifact = Artifact({"split": run / "data/split.parquet", **ledgers(tmp_path)})
    (facts,) = Decontaminate(filters, ONE).run(artifact, run, nothing).facts["filters"]
    assert facts["measures"] == ({"found": 0} if reads else {})
    assert facts["missing"] == (
        {"lost": "as if"} if reads else dict.fromkeys(("found", "lost"), "there are no held-out rows")
    )


@pytest.mark.parametrize(("split", "asked"), [("train", True), ("test", False)])
def test_a_filter_that_speaks_of_train_alone_runs_wherever_there_is_train(folder, suite_filter, split, asked, tmp_path):
    run = folder("run", "split", [replace(row, split=split) for row in rows(10)])
    alone = type("Alone", (Measures,), {"alone": True})
    artifact = Artifact({"split": run / "data/split.parquet", **ledgers(tmp_path)})
    (facts,) = (
        Decontaminate([suite_filter(alone, (Rule("same", "s"),), place="splits", metrics=METRICS)], ONE)
        .run(artifact, run, nothing)
        .facts["filters"]
    )
    assert facts["measures"] == ({"found": 0} if asked else {})


class Strict(Measures):
    """The same for validation rows, of which it says so."""

    def of_validation(self):
        return OfValidation()


class OfValidation(SameText):
    def conclude(self, index, found, train, held_out):
        findings = list(super().conclude(index, found, train, held_out))
        assert {row.split for row in train} == {"validation"}
        assert {row.split for row in held_out} <= {"test", "other"}
        return SplitFindings(iter(findings), {"lost": len(findings)}, facts={"seen": len(held_out)})


class StrictAtOnce(OnlyCompares):
    def of_validation(self):
        return OnlyCompares()


def three_splits(test=range(30), other=range(100, 110), validation=range(20, 60), train=range(25, 6_000)):
    texts = {"train": train, "validation": validation, "test": test, "other": other}
    for split, numbers in texts.items():
        yield from (
            Row(f"{split}{n}", (Turn("user", f"text {n:05}"),), "chat", "s", "f", 1, split=split) for n in numbers
        )


@pytest.mark.parametrize("build", [Strict, StrictAtOnce])
def test_validation_rows_are_held_against_every_other_evaluation_set(both, suite_filter, build, tmp_path):
    def stage(engine):
        metrics = METRICS if build is Strict else ()
        return replace(leaking(engine, suite_filter, build, metrics), sets=("train", "validation", "test", "other"))

    given = list(three_splits(validation=range(20, 110)))
    one, two = both(stage, "split", given, **ledgers(tmp_path))
    assert tables(one) == tables(two)
    assert one.facts == two.facts
    entries = [(e["row"], e["split"], e["matched_row"]) for e in tables(one)["ledger"].to_pylist()]
    of_validation = [(row, matched) for row, split, matched in entries if split == "validation"]
    assert of_validation == [(f"validation{n}", f"test{n}") for n in range(20, 30)] + [
        (f"validation{n}", f"other{n}") for n in range(100, 110)
    ]
    assert one.facts["splits"]["validation"] == 70
    assert one.facts["splits"]["test"] == 30
    assert one.facts["splits"]["other"] == 10
    assert one.facts["dropped"] == len(entries)
    (facts,) = one.facts["filters"]
    if build is Strict:
        assert (facts["measures"], facts["missing"]) == ({"found": 85, "lost": 20}, {})
        assert facts["facts"]["validation"] == {"seen": 40}


@pytest.mark.parametrize(
    ("validation", "action", "said"),
    [
        (range(30), "drop", ["30 of 30 validation rows in what scores are computed on; without them 0 are left"]),
        (range(20, 60), "drop", ["10 of 40 validation rows in what scores are computed on; without them 30 are left"]),
        (range(20, 60), "flag", ["10 of 40 validation rows in what scores are computed on, and 10 of them stay"]),
        (range(29, 60), "drop", []),
        (range(40, 60), "flag", []),
    ],
)
def test_a_validation_set_that_overlaps_the_test_set_is_a_warning(
    folder, suite_filter, validation, action, said, tmp_path
):
    run = folder("run", "split", list(three_splits(other=(), validation=validation)))
    stage = Decontaminate([suite_filter(Strict, (Rule("same", "s", action),), place="splits", metrics=METRICS)], ONE)
    facts = stage.run(Artifact({"split": run / "data/split.parquet", **ledgers(tmp_path)}), run, nothing).facts
    warnings = [one for one in facts["warnings"] if "validation" in one]
    assert [found in one for found, one in zip(said, warnings, strict=True)] == [True] * len(said)
    left = len(validation) if action == "flag" else len(set(validation) - set(range(30)))
    assert facts["splits"]["validation"] == left


def test_a_benchmark_that_changed_makes_the_stage_run_again(suite_filter):
    one = suite_filter(SameText, (Rule("same", "s"),), place="splits")
    changed = replace(one, reads={"path:items.jsonl": "another digest"})
    assert one.key != changed.key


def test_weights_that_changed_make_the_stage_run_again(suite_filter):
    class Weighs(Fives):
        def __init__(self, digest=""):
            self.reads = {"weights": digest} if digest else {}

    rules = (Rule("five", "5"),)
    plain, first, second = (suite_filter(lambda digest=digest: Weighs(digest), rules) for digest in ("", "one", "two"))
    assert plain.key == suite_filter(Fives, rules).key
    assert len({one.key for one in (plain, first, second)}) == 3


@pytest.mark.parametrize("processes", [1, 2])
def test_a_filter_that_raises_is_named_wherever_it_runs(folder, suite_filter, processes, two):
    engine = ONE if processes == 1 else two
    run = folder("run")
    stage = Clean([suite_filter(Breaks, (), alias="breaks")], engine)
    with pytest.raises(StageError, match=r"clean: filter breaks \(plugin toys\) raised ZeroDivisionError: as if"):
        stage.run(Artifact({"raw": run / "data/raw.parquet"}), run, nothing)
    assert sorted(path.name for path in Path(run / "data").iterdir()) == ["raw.parquet"]


class NeedyError(Exception):
    def __init__(self, *, reason):
        super().__init__(f"no more for {reason}")
        self.lock = threading.Lock()


class Ends:
    """Ends in the way it is told to, in a worker."""

    def __init__(self, way):
        self.way = way

    def inspect(self, rows):
        if multiprocessing.parent_process():
            if self.way == "raise":
                raise NeedyError(reason="none")
            if self.way == "exit":
                os._exit(0)
            os.kill(os.getpid(), signal.SIGKILL)
        return []


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ("raise", r" raised NeedyError: no more for none, at row r\d+ \(f:\d+\)$"),
        ("exit", ": the process that it worked in ended with exit code 0$"),
        (
            "kill",
            r": the process that it worked in was killed by SIGKILL \(was it out of memory\?\); fewer .*workers: 1",
        ),
    ],
)
def test_a_filter_that_ends_its_worker_is_named(folder, suite_filter, way, said):
    run = folder("run")
    filters = [suite_filter(Fives, (Rule("five", "5"),)), suite_filter(partial(Ends, way), (), alias="ends")]
    with pytest.raises(StageError, match=rf"^clean: filter ends \(plugin toys\){said}"):
        Clean(filters, TWO).run(Artifact({"raw": run / "data/raw.parquet"}), run, nothing)


def test_a_filter_that_signs_too_few_rows_is_refused(folder, suite_filter):
    run = folder("run", "clean")
    stage = Deduplicate([suite_filter(Short, (Rule("copy", "c"),), place="corpus")], ONE)
    with pytest.raises(ContractError, match="gave 199 signatures for 200 rows; it must give one a row, in order"):
        stage.run(Artifact({"clean": run / "data/clean.parquet"}), run, nothing)


@pytest.mark.parametrize("splits", [("train", "train"), ("test", "test"), ("train", "test"), ("train", "validation")])
def test_any_split_may_be_empty(both, suite_filter, splits, tmp_path):
    given = [replace(row, split=splits[place % 2]) for place, row in enumerate(rows(20))]
    one, two = both(lambda engine: leaking(engine, suite_filter, SameText), "split", given, **ledgers(tmp_path))
    assert tables(one) == tables(two)
    assert one.facts == two.facts
    assert sum(one.facts["splits"].values()) == 20


def test_progress_runs_from_nothing_to_all(folder, suite_filter):
    filters = [suite_filter(LastDigits, (Rule("copy", "c"),), place="corpus", alias=name) for name in ("one", "two")]
    run, told = folder("run", "clean"), []
    stage = Deduplicate(filters, ONE)
    stage.run(
        Artifact({"clean": run / "data/clean.parquet"}), run, lambda done, total, values: told.append((done, total))
    )
    assert told[0] == (0, 200)
    assert told[-1] == (200, 200)
    assert (30, 200) in told
    assert told == sorted(told)
