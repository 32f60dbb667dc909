from __future__ import annotations

import json
import shutil

import pytest

from seatrial.errors import SourceError
from seatrial.host import Host
from seatrial.suite.file import load_suite
from seatrial.trial.preflight import preflight
from seatrial.trial.run import run


def test_a_first_row_that_the_template_refuses_is_told_and_no_fault_of_the_suite(tiny_source, tmp_path):
    model = tmp_path / "model"
    shutil.copytree(tiny_source, model)
    config = json.loads((model / "tokenizer_config.json").read_text())
    template = config.get("chat_template") or (model / "chat_template.jinja").read_text()
    strict = "{% if messages[0].role != 'user' %}{{ raise_exception('roles must alternate') }}{% endif %}" + template
    (model / "tokenizer_config.json").write_text(json.dumps({**config, "chat_template": strict}))
    if (model / "chat_template.jinja").exists():
        (model / "chat_template.jinja").write_text(strict)
    rows = [[("assistant", "Hello"), ("user", "Hi")], [("user", "Hi"), ("assistant", "Hello")]]
    chats = [{"messages": [{"role": role, "content": said} for role, said in row]} for row in rows]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, chats)))
    (tmp_path / "suite.yaml").write_text(
        f"name: strict\nmodel: {{source: 'path:{model}', loader: random}}\n"
        f"data: {{train: {{source: 'path:{tmp_path / 'rows.jsonl'}'}}, split: {{test: 0.5}}}}\n"
        "score: [generation: {}]\ngates: [{metric: generation/exact_match, min: 0.1}]\n"
    )
    host = Host.load()
    said = list(preflight(load_suite(tmp_path / "suite.yaml", host), host, cache=tmp_path / "cache", offline=True))
    assert any(
        "prompt of it, the model's chat template refuses a conversation of assistant, user" in line for line in said
    )
    assert said[-1] == "strict: ready"


def test_a_tokenizer_that_cannot_be_loaded_is_an_error_and_no_remark(tiny_source, tmp_path):
    shutil.copytree(tiny_source, tmp_path / "model")
    (tmp_path / "model/tokenizer.json").write_text("{}")
    (tmp_path / "model/tokenizer_config.json").write_text("{}")
    (tmp_path / "rows.jsonl").write_text('{"text": "a", "label": "x"}\n')
    (tmp_path / "suite.yaml").write_text(
        f"name: broken\nmodel: {{source: 'path:{tmp_path / 'model'}', loader: random}}\n"
        f"data: {{train: {{source: 'path:{tmp_path / 'rows.jsonl'}'}}, split: {{test: 0.5}}}}\n"
        "score: [choice: {}]\ngates: [{metric: choice/accuracy, min: 0.1}]\n"
    )
    host = Host.load()
    with pytest.raises(SourceError, match="there is no tokenizer that transformers can load"):
        list(preflight(load_suite(tmp_path / "suite.yaml", host), host, cache=tmp_path / "cache", offline=True))


@pytest.fixture
def labelled_suite(tmp_path):
    def make(labels):
        (tmp_path / "rows.csv").write_text("text,label\na,0\nb,1\nc,0\nd,1\n")
        (tmp_path / "suite.yaml").write_text(
            f"name: renamed\ndata: {{train: {{source: 'path:{tmp_path / 'rows.csv'}', labels: {labels}}}}}\n"
        )
        host = Host.load()
        return host, load_suite(tmp_path / "suite.yaml", host, only_data=True)

    return make


def test_a_renamed_label_that_the_data_lacks_is_said_by_check_and_by_the_run(labelled_suite, tmp_path):
    host, suite = labelled_suite('{"0": no, "11": yes}')
    said = "`labels:` renames '11' (did you mean '1'?); the data has no such label, but '0', '1'"
    lines = list(preflight(suite, host, cache=tmp_path, only_data=True))
    assert any(line.startswith("warning: path:") and line.endswith(said) for line in lines)
    result = run(suite, host, runs=tmp_path / "runs", only_data=True)
    (warning,) = result.facts("read")["warnings"]
    assert said in warning


def test_labels_of_which_none_is_in_the_data_are_an_error_of_check_and_of_the_run(labelled_suite, tmp_path):
    host, suite = labelled_suite("{no: '0', yes: '1'}")
    with pytest.raises(
        SourceError, match=r"renames 'no', 'yes'; the data has no such label, but '0', '1'; name them as"
    ):
        list(preflight(suite, host, cache=tmp_path, only_data=True))
    with pytest.raises(SourceError, match="renames 'no', 'yes'"):
        run(suite, host, runs=tmp_path / "runs", only_data=True)


def test_a_look_ends_where_it_has_read_enough(labelled_suite, tmp_path, monkeypatch):
    monkeypatch.setattr("seatrial.trial.stages.read.LOOKED_AT", 2)
    host, suite = labelled_suite('{"0": no, "2": yes}')
    lines = list(preflight(suite, host, cache=tmp_path, only_data=True))
    assert any("what was looked at (2 rows) has no such label, but '0', '1'" in line for line in lines)
