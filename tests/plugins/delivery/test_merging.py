"""The probe and the scorer of merged models, on a model that only says how it would differ."""

from __future__ import annotations

import pytest

from seatrial import Row, System, Task, Transcript, Turn
from seatrial.errors import StageError, UsageError
from seatrial.model import MergeDifference
from seatrial.rows.table import RowList
from seatrial_plugins.delivery import merge_probe, merging, merging_metrics


class Differing:
    def __init__(self, found=None):
        self.facts = {}
        self.found = found
        self.asked = []

    def merge_differences(self, prompts, answers, *, merge_in, tools=()):
        self.asked.append((merge_in, list(answers)))
        if self.found is None:
            raise UsageError("cannot be merged: it stands before the prompt")
        return [MergeDifference(2, self.found, 0.01, 0.5) for _ in prompts]


def rows(*targets):
    asked = Turn("user", "Where?")
    return [
        Row(str(n), (asked, Turn("assistant", target)) if target else (asked,), "chat", "rows", "rows.jsonl", n + 1)
        for n, target in enumerate(targets)
    ]


def scored(model, asked, **options):
    task = Task("test", RowList(asked))
    transcripts = list(merge_probe(**options).run(System("tuned", "tuned", model), task, asked, lambda *_: None))
    assert all(isinstance(one, Transcript) for one in transcripts)
    return list(merging(**options).score(transcripts, task))


def test_each_row_has_the_differences_of_each_sum():
    model = Differing(0.25)
    first, second = scored(model, rows("billing", "delivery"))
    assert first.values == second.values
    assert first.values == {
        "logprob_difference": 0.25,
        "kl": 0.01,
        "agreement": 0.5,
        "logprob_difference@own": 0.25,
        "kl@own": 0.01,
        "agreement@own": 0.5,
    }
    assert model.asked == [("float32", ["billing", "delivery"]), ("own", ["billing", "delivery"])]
    assert {metric.column for metric in merging_metrics()} == first.values.keys()


def test_what_cannot_be_merged_and_what_is_no_number_has_no_score():
    (sample,) = scored(Differing(), rows("billing"))
    assert sample.values == {}
    assert "stands before the prompt" in sample.error
    (sample,) = scored(Differing(float("nan")), rows("billing"), merge_in=["float32"])
    assert sample.values == {}
    assert "logprob_difference is nan" in sample.error


def test_a_row_without_an_answer_is_an_error_of_its_own():
    one, other = scored(Differing(0.1), rows("billing", ""), merge_in=["own"])
    assert one.values["kl@own"] == 0.01
    assert "no expected answer" in other.error
    assert dict(merge_probe().problems(rows("billing", ""))) == {"1": "the row has no expected answer"}


def test_a_model_without_an_adapter_is_named():
    with pytest.raises(StageError, match="base has no adapter"):
        list(merge_probe().run(System("base", "base", object()), Task("test", RowList([])), [], lambda *_: None))


@pytest.mark.parametrize("wrong", [[], ["own", "own"]])
def test_sums_are_named_once(wrong):
    with pytest.raises(UsageError, match="merge_in"):
        merging_metrics(merge_in=wrong)
