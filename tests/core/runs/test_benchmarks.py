"""Benchmarks as components get them: every record an item, or an error that names the record."""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from seatrial import Benchmark, Component, FilterComponent, RawRecord, Use, hookimpl
from seatrial.errors import PluginError, SourceError
from seatrial.plugin.host import Host
from seatrial.runs.workbench import Workbench
from seatrial.suite.benchmark_keys import BenchmarkKeys

HUMANEVAL = [
    {"task_id": "HumanEval/0", "prompt": "def add(a, b):", "canonical_solution": "    return a + b"},
    {"task_id": "HumanEval/1", "prompt": "", "canonical_solution": "    pass"},
    {"task_id": "HumanEval/1", "prompt": "def 你好():", "canonical_solution": "    pass"},
]


@dataclass
class Guard:
    against: Mapping[str, Benchmark]
    encoder: Any

    def compare(self, train, held_out):
        return []


class Plugin:
    @hookimpl
    def seatrial_filters(self):
        def guard(*, against: Mapping[str, Benchmark] = {}, encoder: Any, embed: bool = False) -> Any:
            return Guard(against, encoder)

        uses = {
            "against": Use("benchmarks"),
            "encoder": Use("encoder", "broken", when=lambda options: options["embed"]),
        }
        yield FilterComponent("guard", guard, "Guards.", uses=uses, place="splits")

    @hookimpl
    def seatrial_encoders(self):
        def broken() -> Any:
            raise SourceError("its weights are missing")

        yield Component("broken", broken, "An encoder that cannot be built.")


@pytest.fixture
def bench(tmp_path):
    host = Host.load()
    host.register(Plugin(), name="guard")
    host.check()
    return Workbench(host, cache=tmp_path / "cache", offline=True)


def keys_of(file: Path, **keys: Any) -> dict[str, Any]:
    """As a checked suite has them."""
    return BenchmarkKeys(source=f"path:{file}", **keys).model_dump()


@pytest.fixture
def items(bench, tmp_path):
    def read(records: list[Any], **keys: Any) -> tuple[Any, ...]:
        file = tmp_path / "items.jsonl"
        file.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
        guard = bench.build("filters", "guard", {"against": {"mine": keys_of(file, **keys)}, "embed": False})
        (benchmark,) = guard.against.values()
        assert benchmark.name == "mine"
        return benchmark.items

    return read


def test_the_named_keys_become_the_question_and_the_answer(items):
    first, empty, chinese = items(HUMANEVAL, text="prompt", answer="canonical_solution", id="task_id")
    assert (first.id, first.input_text, first.target) == ("mine/HumanEval/0", "def add(a, b):", "    return a + b")
    assert (empty.id, empty.input_text) == ("mine/HumanEval/1", "")
    assert (chinese.id, chinese.input_text) == ("mine/HumanEval/1.2", "def 你好():")
    assert (first.file, first.line) == ("items.jsonl", 1)


def test_several_keys_are_a_turn_each_and_file_and_line_name_an_item(items):
    (item,) = items([{"passage": "P", "question": "Q", "n": 3}], text=("passage", "question"), answer="n")
    assert [(turn.role, turn.content) for turn in item.turns] == [("user", "P"), ("user", "Q"), ("assistant", "3")]
    assert item.id == "mine/items.jsonl:1"


def test_without_keys_records_are_rows_as_in_data(items):
    question = {"question": "2 + 2?", "choices": ["3", "4"], "answer": 1}
    (item,) = items([question])
    assert (item.input_text, item.target, item.choices) == ("2 + 2?", "4", ("3", "4"))
    (item, _) = items(HUMANEVAL[:2], format="prompt-completion", columns={"completion": "canonical_solution"}, limit=2)
    assert item.target == "    return a + b"


@pytest.mark.parametrize(
    ("records", "keys", "said"),
    [
        ([{"text": "a"}, {"txt": "b"}], {"text": "text"}, r"items.jsonl:2: the record has no key 'text'; .*'txt'"),
        ([["a"]], {"text": "text"}, "items.jsonl:1: the record is not a mapping"),
        ([{"text": 3}], {"text": "text"}, "items.jsonl:1: "),
        ([{"text": "q", "a": None}], {"text": "text", "answer": "a"}, "items.jsonl:1: "),
        ([{"body": "a"}], {}, "items.jsonl:1: the record is in no known layout"),
        ([], {"text": "text"}, "benchmark mine: .*items.jsonl:1: the file is empty"),
    ],
)
def test_a_record_that_is_no_item_ends_the_run_before_it_starts(items, records, keys, said):
    with pytest.raises(SourceError, match=said):
        items(records, **keys)


def test_an_undecodable_record_is_named(bench, tmp_path):
    file = tmp_path / "items.jsonl"
    file.write_text('{"text": "a"}\n{broken\n')
    with pytest.raises(SourceError, match=r"benchmark mine: .*items.jsonl:2: "):
        bench.build("filters", "guard", {"against": {"mine": keys_of(file, text="text")}, "embed": False})


def test_a_file_of_which_records_are_lost_is_named_though_each_record_is_whole(bench, tmp_path, monkeypatch):
    file = tmp_path / "items.jsonl"
    file.write_text('{"text": "a"}\n')
    lost = [RawRecord(1, {"text": "a"}, lost=True)]
    monkeypatch.setattr("seatrial_plugins.readers.json_lines.JsonLines.read", lambda *_: iter(lost))
    with pytest.raises(SourceError, match=r"items.jsonl:1: more of the file could not be read"):
        bench.build("filters", "guard", {"against": {"mine": keys_of(file, text="text")}, "embed": False})


def test_a_folder_of_which_files_are_left_out_is_named(bench, tmp_path):
    (tmp_path / "items").mkdir()
    (tmp_path / "items/a.jsonl").write_text('{"text": "a"}\n')
    (tmp_path / "items/b.jsonl.part").touch()
    with pytest.raises(SourceError, match=r"benchmark mine: .*were left out: b.jsonl.part \(not fetched to its end\)"):
        bench.build("filters", "guard", {"against": {"mine": keys_of(tmp_path / "items", text="text")}, "embed": False})


def test_an_unknown_reader_is_named(items):
    with pytest.raises(PluginError, match="no plugin brings readers called 'parket'"):
        items(HUMANEVAL, text="prompt", reader="parket")


def test_what_the_options_do_not_need_is_not_built(bench):
    assert bench.build("filters", "guard", {"against": {}, "embed": False}).encoder is None
    with pytest.raises(SourceError, match="its weights are missing"):
        bench.build("filters", "guard", {"against": {}, "embed": True})


def test_another_process_can_read_them_again(bench, tmp_path):
    file = tmp_path / "items.jsonl"
    file.write_text('{"text": "a"}\n')
    recipe = bench.recipe("filters", "leakage", {"against": {"mine": keys_of(file, text="text")}, "presets": ["exact"]})
    carried = pickle.loads(pickle.dumps(recipe))
    assert carried.key == recipe.key
    assert carried.make({}).against["mine"].items[0].input_text == "a"
