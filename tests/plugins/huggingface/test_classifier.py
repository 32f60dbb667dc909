"""Sequence classifiers: what a head names is an answer; names that nobody gave, and rows that do not fit, are told."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

import seatrial_suites
from seatrial import Row, System, Task, Turn
from seatrial.errors import SourceError, StageError
from seatrial.model import ChecksRows
from seatrial.plugin.host import Host
from seatrial.rows import Image, Text, ToolCall
from seatrial.rows.table import RowList
from seatrial.runs.run import run
from seatrial.suite.file import load_suite
from seatrial_plugins.accuracy.choice import ChoiceScorer
from seatrial_plugins.huggingface import transformers
from seatrial_plugins.probes.choose import Choose

TINY = Path(seatrial_suites.__file__).parent / "tiny_llama"
LABELS = {0: "card", 1: "loan"}


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    """A folder with a small Llama whose head has two named labels."""
    from transformers import AutoModelForSequenceClassification, LlamaConfig

    folder = tmp_path_factory.mktemp("classifier")
    given = json.loads((TINY / "config.json").read_text())
    kept = {name: value for name, value in given.items() if name not in {"architectures", "pad_token_id"}}
    config = LlamaConfig(**kept, id2label=LABELS, pad_token_id=0)
    torch.manual_seed(0)
    AutoModelForSequenceClassification.from_config(config).save_pretrained(folder)
    for file in TINY.iterdir():
        if file.name.startswith("tokenizer"):
            shutil.copyfile(file, folder / file.name)
    return folder


@pytest.fixture
def opened(tmp_path):
    def make(folder):
        loader = transformers(device="cpu")
        find = lambda address: SimpleNamespace(path=folder, address=address)  # noqa: E731
        target = loader.resolve(f"path:{folder.name}", find, tmp_path)
        assert loader.provides(target, None) == {"classifies"}
        return loader.open(target)

    return make


def test_the_label_is_the_likeliest_and_batches_change_nothing(classifier, opened, labelled):
    rows = labelled(*[("my card is lost " * (1 + n % 5), "card") for n in range(12)])
    with opened(classifier) as model:
        together = model.classify(rows)
        assert together == [model.classify([row])[0] for row in rows]
        ids = model.tokenizer(rows[0].input_text, return_tensors="pt")
        logits = model.network(**ids).logits[0]
    assert together[0] == LABELS[int(logits.argmax())]


def test_a_head_that_knows_nothing_names_no_label_and_is_never_right(classifier, opened, labelled, judged):
    rows = labelled(("my card is lost", "card"), ("a loan", "loan"))
    with opened(classifier) as model:
        with torch.no_grad():
            model.network.score.weight.zero_()
        assert model.classify(rows) == ["", ""]
        samples = judged(
            Choose(), ChoiceScorer(), System("tuned", "tuned", model), Task("test", RowList(rows), ("card", "loan"))
        )
    assert [(one.values["correct"], one.prediction) for one in samples] == [(0.0, None), (0.0, None)]


@pytest.mark.parametrize(
    ("names", "told"),
    [
        ({"0": "LABEL_0", "1": "LABEL_1"}, "its labels have no names"),
        ({"0": "card", "1": "card"}, "two of its outputs are called 'card'"),
    ],
)
def test_labels_without_names_of_their_own_are_refused(classifier, opened, tmp_path, names, told):
    folder = shutil.copytree(classifier, tmp_path / "unnamed")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"id2label": names}))
    with pytest.raises(SourceError, match=rf"config\.json: {told}"), opened(folder):
        pass


def test_a_text_beyond_the_context_names_its_row(classifier, opened, labelled):
    (row,) = labelled(("word " * 5000, "card"))
    with opened(classifier) as model, pytest.raises(StageError, match=r"row row-0 \(rows\.jsonl:1\) has [\d,]+ tokens"):
        model.classify([row])


def test_what_is_no_words_is_a_problem_of_its_row(classifier, opened):
    plain = Row("plain", (Turn("user", "Lost my card"),), "chat", "path:x", "rows.jsonl", 1)
    shown = Turn("user", [Text("What is this?"), Image("0" * 64, "image/png", 2, 2)])
    called = Turn("assistant", [Text("Let me look."), ToolCall("look", {}, "c0")])
    rows = [
        plain,
        replace(plain, id="shown", turns=(shown,)),
        replace(plain, id="called", turns=(*plain.turns, called, *plain.turns), tools=({"name": "look"},)),
    ]
    with opened(classifier) as model:
        assert isinstance(model, ChecksRows)
        assert list(model.problems(rows)) == [
            ("shown", "the classifier reads words alone, and the row has images; take such rows out"),
            ("called", "the classifier reads words alone, and the row has tool calls and tools; take such rows out"),
        ]


def test_scores_that_are_not_finite_are_no_label(classifier, opened, labelled):
    with opened(classifier) as model:
        next(model.network.parameters()).data.fill_(float("nan"))
        with pytest.raises(StageError, match="the classifier's scores are not finite"):
            model.classify(labelled(("a", "card")))


def test_a_classifier_is_on_trial_with_gates(classifier, tmp_path):
    rows = [{"text": f"text {n}", "label": LABELS[n % 2]} for n in range(20)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    suite = tmp_path / "suite.yaml"
    suite.write_text(
        f"name: classifier\nmodel: {{source: 'path:{classifier}', device: cpu}}\n"
        f"data: {{test: {{source: 'path:{tmp_path}/rows.jsonl'}}}}\nscore: [choice]\n"
        "gates: [{metric: choice/accuracy, min: 0.9}]\nreport: [json]\n"
    )
    host = Host.load()
    result = run(load_suite(suite, host), host, runs=tmp_path / "runs", cache=tmp_path / "cache")
    (score,) = [score for score in result.scores if score.metric == "choice/accuracy"]
    assert (score.system, score.n) == ("base", 20)
    assert result.verdict.state == "fail"
