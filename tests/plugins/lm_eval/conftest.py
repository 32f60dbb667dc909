"""A folder of task files and rows, and a model of plain text that anyone can follow."""

import json
from types import MappingProxyType

import pytest

from seatrial import Continuation, Generation, System, Task

CHOICES = [
    {"question": "Which flies?", "options": ["a stone", "a bird", "a lake"], "right": 1},
    {"question": "Which swims?", "options": ["a trout", "a roof", "a key"], "right": 0},
    {"question": "Which burns?", "options": ["ice", "sand", "dry wood"], "right": 2},
    {"question": "Which rolls?", "options": ["a ball", "a wall", "a hall"], "right": 0},
]

CHOICE = """
task: things
dataset_path: json
dataset_kwargs: {data_files: {test: choices.jsonl, train: shown.jsonl}}
test_split: test
fewshot_split: train
output_type: multiple_choice
description: "About things.\\n\\n"
doc_to_text: "Q: {{question}}\\nA:"
doc_to_choice: options
doc_to_target: right
metric_list:
  - {metric: acc, aggregation: mean, higher_is_better: true}
  - {metric: acc_norm, aggregation: mean, higher_is_better: true}
metadata: {version: 2.0}
"""


class Knows:
    """Finds the texts that it knows likelier than others, one nat a character; goes on with a fixed answer."""

    facts = MappingProxyType({})

    def __init__(self, known=(), answer="It is 7. Q: and on"):
        self.known, self.answer, self.asked = known, answer, []

    def continuations(self, texts, options):
        self.asked += zip(texts, options, strict=True)
        return [[self._said(option) for option in listed] for listed in options]

    def _said(self, option):
        known = option.strip() in self.known
        return Continuation(-0.5 if known else -float(len(option)), max(len(option.split()), 1), known)

    def whole_texts(self, texts):
        return [Continuation(-2.0 * len(text.split()), len(text.split())) for text in texts]

    def complete(self, texts, *, max_new_tokens, stop=()):
        cuts = [place for word in stop if (place := self.answer.find(word)) >= 0]
        return [Generation(self.answer[: min(cuts, default=None)], max_new_tokens, finished=True) for _ in texts]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Writes files; the folder is where seatrial runs."""
    monkeypatch.chdir(tmp_path)

    def write(**files):
        for name, text in files.items():
            stem, _, ending = name.rpartition("_")
            path = tmp_path / f"{stem}.{ending}"
            path.write_text(text if isinstance(text, str) else "".join(json.dumps(row) + "\n" for row in text))
        return tmp_path

    write(things_yaml=CHOICE, choices_jsonl=CHOICES, shown_jsonl=CHOICES[::-1])
    return write


@pytest.fixture
def judged():
    """The samples of a task that a model was asked."""
    from seatrial_plugins.lm_eval import build_probe, build_scorer

    def ask(model, **options):
        probe, scorer = build_probe(**options), build_scorer(**options)
        rows = scorer.draw({}, (), 0)
        task = Task("set", rows)
        transcripts = probe.run(System("base", "base", model), task, rows, lambda *_: None)
        return list(scorer.score(transcripts, task))

    return ask
