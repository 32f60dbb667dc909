"""ChatterBot's corpus: a conversation, a record, as a topic's message or as a dialogue."""

from collections import Counter
from pathlib import Path

import pytest

from seatrial.rows.formats import parse
from seatrial_plugins import readers
from seatrial_plugins.sources import package

CORPUS = """\
categories:
- AI
- robots
conversations:
- - Are you there?
  - Yes
  - 42
- - "Is this: odd?"
-
  - On its own line
- a text
- []
- - - nested
"""


@pytest.fixture
def read(tmp_path):
    def reading(text, **options):
        path = tmp_path / "ai.yml"
        path.write_text(text)
        return list(readers.chatterbot(**options).read(path))

    return reading


def test_a_topic_is_the_first_utterance_and_the_first_category(read):
    records = read(CORPUS)
    assert [(r.line, r.value) for r in records if not r.problem] == [
        (5, {"text": "Are you there?", "label": "AI"}),
        (8, {"text": "Is this: odd?", "label": "AI"}),
        (10, {"text": "On its own line", "label": "AI"}),
    ]
    assert [(r.line, r.problem) for r in records if r.problem] == [
        (11, "the conversation is one text, not a list of utterances"),
        (12, "the conversation has no utterance"),
        (13, "an utterance is a list, not a text"),
    ]
    assert records[3].excerpt == "a text"


def test_a_dialogue_takes_its_speakers_in_turn_and_its_words_as_written(read):
    parsed = parse(read(CORPUS, task="dialogue")[0].value)
    assert [(turn.role, turn.content) for turn in parsed.turns] == [
        ("user", "Are you there?"),
        ("assistant", "Yes"),
        ("user", "42"),
    ]
    assert (parsed.format, parsed.slice) == ("chat", "AI")


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("conversations: [[a]]", 1, "`categories:` names no category, so its conversations have none"),
        ("categories: []\nconversations: [[a]]", 1, "`categories:` names no category, so its conversations have none"),
        ("categories: [a]\nconversations: x", 1, "there is no list `conversations:`"),
        ("categories: [a]\nconversations: []", 2, "`conversations:` is empty"),
        ("- a", 1, "the top level is a list, not a mapping with `categories:` and `conversations:`"),
        (
            "categories: [a\nx: 1",
            2,
            "broken YAML: did not find expected ',' or ']' at column 2; what follows here is lost",
        ),
    ],
)
def test_a_file_without_category_or_conversations_is_a_problem(read, text, line, problem):
    assert [(r.line, r.problem) for r in read(text)] == [(line, problem)]


def test_what_stands_before_a_break_is_kept(read):
    first, last = read("categories: [a]\nconversations:\n- - x\n  - y\n- - [\n")
    assert first.value == {"text": "x", "label": "a"}
    assert last.problem.startswith("broken YAML: ")


@pytest.mark.parametrize("task", ["topic", "dialogue"])
def test_the_english_corpus_has_its_known_counts(task):
    found = package().resolve("package:chatterbot_corpus/data/english", kind="data", cache=Path(), offline=True)
    files = sorted(found.path.glob("*.yml"))
    records = {file.name: list(readers.chatterbot(task=task).read(file)) for file in files}
    assert (len(records), sum(map(len, records.values()))) == (21, 2026)
    broken = [(name, r.line, r.problem) for name in records for r in records[name] if r.problem]
    assert broken == [("trivia.yml", 35, "the conversation is one text, not a list of utterances")]
    support = [parse(record.value).turns[0].content for record in records["tech_support.yml"]]
    assert (len(support), len(set(support))) == (1050, 10)
    if task == "topic":
        # 745 distinct messages have one label: compared as written, once the broken conversation is left out.
        pairs = {(r.value["text"], r.value["label"]) for file in records.values() for r in file if not r.problem}
        labels = Counter(text for text, _ in pairs)
        assert (len(labels), sum(count == 1 for count in labels.values())) == (748, 745)
