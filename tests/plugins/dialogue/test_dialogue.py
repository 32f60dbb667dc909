"""Dialogue: what was said is taken up, scripts hold, and facts over several turns are the same facts."""

import json
from types import MappingProxyType

import pytest

from seatrial import Generation, Response, Row, System, Task, Transcript, Turn
from seatrial.errors import StageError
from seatrial.evaluation.matching import says
from seatrial.rows import Check
from seatrial.rows.table import RowList
from seatrial_plugins.dialogue import build_converse, build_script, build_shard, build_sharded, build_slot_recall
from seatrial_plugins.dialogue.sgd_reader import SgdReader
from seatrial_plugins.dialogue.shards import shards_of


def row(name="1", said="Hi", check=None, answer=None, turns=()) -> Row:
    spoken = turns or (Turn("user", said), *(() if answer is None else (Turn("assistant", answer),)))
    return Row(name, tuple(spoken), "chat", "path:x", "x", 1, expected=check)


class Listener:
    """Says again all that the user has said; refuses a conversation with a certain word."""

    facts = MappingProxyType({})

    def __init__(self) -> None:
        self.batches = []

    def generate(self, prompts, *, max_new_tokens, stop=()):
        if any("refused" in turn.content for prompt in prompts for turn in prompt):
            raise StageError("too long")
        self.batches.append(len(prompts))
        assert all(prompt[-1].role == "user" for prompt in prompts)
        return [Generation(" ".join(t.content for t in p if t.role == "user"), 1, True) for p in prompts]


def asked(transcribed, probe, rows):
    model = Listener()
    return model, transcribed(probe, System("tuned", "tuned", model), Task("t", RowList(rows)), None)


def judged(scorer, rows, transcripts):
    return list(scorer.score(transcripts, Task("t", RowList(rows))))


def test_words_are_found_whatever_their_case_and_punctuation():
    assert says("At the Jack-in-the-Box, SF.", "jack in the box")
    assert not says("There are 12 of them", "1")
    assert not says("anything", "…")


def test_sgd_is_read_reply_by_reply(tmp_path):
    frames = [{"state": {"slot_values": {"city": ["NY", "New York"], "when": ["dontcare"], "seats": ["2"]}}}]
    turns = [
        {"speaker": "USER", "utterance": "2 seats in NY", "frames": frames},
        {"speaker": "SYSTEM", "utterance": "When?", "frames": []},
        {"speaker": "USER", "utterance": "Any time", "frames": frames},
        {"speaker": "SYSTEM", "utterance": "A show in New York for 2?"},
    ]
    file = tmp_path / "d.json"
    file.write_text(
        json.dumps([{"dialogue_id": "7", "services": ["Events_1"], "turns": turns}, {"turns": 3}], indent=1)
    )
    first, second, broken = SgdReader().read(file)
    assert (first.value["check"]["code"], first.value["group"], first.line) == ({}, "7", 2)
    assert second.value["check"] == {"kind": "recall", "code": {"city": ["NY", "New York"], "seats": ["2"]}}
    assert [one["role"] for one in second.value["messages"]] == ["user", "assistant"] * 2
    assert "no dialogue" in broken.problem
    for cut in ("", ",", ", "):
        file.write_text(f"[{json.dumps({'dialogue_id': '7', 'turns': turns})}{cut}")
        assert [one.lost for one in SgdReader().read(file)] == [False, False, True]
    file.write_text("[{]")
    assert [one.lost for one in SgdReader().read(file)] == [True]


def test_recall_tells_what_a_reply_takes_up_and_what_had_to_be_remembered():
    check = Check("recall", json.dumps({"city": ["NY", "New York"], "seats": ["2"]}))
    turns = (
        Turn("user", "in NY"),
        Turn("assistant", "How many?"),
        Turn("user", "2"),
        Turn("assistant", "2 in New York"),
    )
    rows = [row("1", check=check, turns=turns), row("2", check=Check("recall", "{}"), answer="x"), row("3", answer="x")]
    said = [Transcript(one.id, (Response("2 tickets in new york!"),)) for one in rows]
    full, none, error = judged(build_slot_recall(), rows, said)
    assert dict(full.values) == {"slot_recall": 1, "all_slots": 1, "earlier_recall": 1}
    assert (set(none.values.values()), none.error) == ({None}, None)
    assert "no slots to recall" in error.error
    (some,) = judged(build_slot_recall(), rows[:1], [Transcript("1", (Response("2 tickets"),))])
    assert dict(some.values) == {"slot_recall": 0.5, "all_slots": 0, "earlier_recall": 0}
    assert some.detail["left_out"] == ["city"]


def test_a_script_is_followed_and_its_assertions_held(transcribed):
    steps = [{"contains": ["rome"]}, {"user": "And Bern?", "contains": "Bern", "lacks": ["Rome"]}]
    rows = [
        row("1", "To Rome", Check("script", json.dumps(steps))),
        row("2", "To Rome", Check("script", json.dumps(steps[:1]))),
        row("3", "refused", Check("script", json.dumps(steps))),
        row("4", "Hi", Check("script", json.dumps([{"user": "x", "contains": ["y"]}]))),
    ]
    model, found = asked(transcribed, build_converse(), rows)
    assert [len(one.responses) for one in found] == [2, 1, 0, 0]
    assert model.batches == [1, 1, 1]  # a refused batch is asked row by row, then the one that goes on
    first, second, third, fourth = judged(build_script(), rows, found)
    assert dict(first.values) == {"conversation": 0, "turns": 0.5}
    assert first.detail["turns"][1]["broken"] == ["says 'Rome'"]
    assert dict(second.values) == {"conversation": 1, "turns": 1}
    assert "turn 1: too long" in third.error
    assert "own prompt" in fourth.error
    assert [name for name, _ in build_converse().problems(rows)] == ["4"]


@pytest.mark.parametrize("phrase", ["!!!", "#", ""])
def test_a_phrase_that_nothing_can_say_is_refused(phrase):
    scripted = row("1", check=Check("script", json.dumps([{"contains": ["x"], "lacks": [phrase]}])))
    ((_, reason),) = build_converse().problems([scripted])
    assert "turn 1" in reason
    assert repr(phrase) in reason
    ((_, reason),) = build_slot_recall().problems([row("1", check=Check("recall", json.dumps({"city": [phrase]})))])
    assert "'city'" in reason


def test_silence_holds_nothing_and_reasoning_says_nothing():
    steps = [{"lacks": ["Rome"]}, {"user": "?", "contains": ["Bern"]}]
    rows = [row("1", check=Check("script", json.dumps(steps)))]
    said = Transcript("1", (Response(" "), Response("<think>Bern?</think>Basel")))
    (sample,) = judged(build_script(), rows, [said])
    assert [turn["broken"] for turn in sample.detail["turns"]] == [["says nothing"], ["does not say 'Bern'"]]


@pytest.mark.parametrize(
    ("text", "shards"),
    [
        (
            "Ann has 3 pears. Mr. Lee gives her 2. How many has she?",
            ("How many has she?", "Ann has 3 pears.", "Mr. Lee gives her 2."),
        ),
        ("Pay $3.50 each. Is it much? There are 2.", ("Is it much?", "Pay $3.50 each.", "There are 2.")),
        ("How many?", ()),
        ("", ()),
    ],
)
def test_facts_are_told_apart_by_rule(text, shards):
    assert shards_of(text) == shards


def test_whole_and_sharded_are_of_one_row(transcribed):
    rows = [
        row("1", "Ann has 3 pears. She gets 2. How many has she?", answer="2"),
        row("2", "How many?", answer="2"),
        row("3", "It is refused. Why?", answer="2"),
    ]
    _, found = asked(transcribed, build_shard(), rows)
    assert [one.text for one in found[0].responses] == [
        "Ann has 3 pears. She gets 2. How many has she?",
        "How many has she?",
        "How many has she? Ann has 3 pears.",
        "How many has she? Ann has 3 pears. She gets 2.",
    ]
    first, second, third = judged(build_sharded(match="number"), rows, found)
    assert dict(first.values) == {"whole": 1, "sharded": 1, "difference": 0}
    assert (set(second.values.values()), second.error, third.error) == ({None}, None, "turn 1: too long")
    lost = Transcript("1", (Response("It is 2."), Response("?"), Response("3")), detail={"shards": ["a?", "b"]})
    assert judged(build_sharded(match="number"), rows[:1], [lost])[0].values["difference"] == -1
    assert judged(build_sharded(), rows[:1], [lost])[0].values["whole"] == 1


@pytest.mark.slow
def test_a_whole_run_over_dialogues(seatrial, tmp_path):
    """SGD by path, a script and a sharded question beside each other, with a gate each."""
    (tmp_path / "echo_of_users.py").write_text(
        "def make():\n    return lambda said: ' '.join(m['content'] for m in said if m['role'] == 'user')\n"
    )
    turns = [
        {"speaker": "USER", "utterance": "A show in NY", "slots": {"city": ["NY"]}},
        {"speaker": "SYSTEM", "utterance": "When?", "slots": {}},
        {"speaker": "USER", "utterance": "Today", "slots": {"city": ["NY"], "date": ["today"]}},
        {"speaker": "SYSTEM", "utterance": "Booked in NY.", "slots": {}},
    ]
    (tmp_path / "sgd.json").write_text(json.dumps([{"dialogue_id": "1", "services": [], "turns": turns}]))
    steps = [{"contains": ["Rome"]}, {"user": "And Bern?", "contains": ["Rome", "Bern"]}]
    scripted = {"messages": [{"role": "user", "content": "Rome?"}], "check": {"kind": "script", "code": steps}}
    (tmp_path / "script.jsonl").write_text(json.dumps(scripted))
    (tmp_path / "facts.jsonl").write_text(json.dumps({"prompt": "Ann has 3. How many?", "completion": "3"}))
    suite = tmp_path / "suite.yaml"
    suite.write_text(
        "name: talk\nmodel: {source: 'python:echo_of_users:make'}\n"
        f"data:\n  tests:\n    sgd: {{source: 'path:{tmp_path / 'sgd.json'}', reader: sgd}}\n"
        f"    script: {{source: 'path:{tmp_path / 'script.jsonl'}'}}\n"
        f"    facts: {{source: 'path:{tmp_path / 'facts.jsonl'}'}}\n"
        "score:\n  - slot_recall: {on: sgd}\n  - script: {on: script}\n  - sharded: {on: facts}\n"
        "gates:\n  - {metric: slot_recall/all_slots, min: 0.005}\nreport: [markdown]\n"
    )
    code, said = seatrial("run", suite)
    assert code == 0, said
    (run,) = (tmp_path / "runs").iterdir()
    scores = {
        one["metric"]: (one["value"], one["n"]) for one in json.loads((run / "scores.json").read_text())["scores"]
    }
    assert (scores["slot_recall/earlier_recall"], scores["script/conversation"]) == ((1, 1), (1, 1))
    assert (scores["sharded/whole"], scores["sharded/sharded"], scores["sharded/lost"]) == ((1, 1), (1, 1), (0, 1))
