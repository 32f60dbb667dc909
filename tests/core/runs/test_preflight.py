from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import save_file

from seatrial.errors import SourceError
from seatrial.plugin.host import Host
from seatrial.runs.preflight import preflight
from seatrial.suite.file import load_suite


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


@pytest.mark.parametrize(
    ("broken", "reason"),
    [("adapter_model.safetensors", "is damaged, was cut short"), ("adapter_config.json", "is no JSON; get it again")],
)
def test_a_broken_adapter_is_told_before_anything_is_read(tiny_source, tmp_path, broken, reason):
    (tmp_path / "adapter").mkdir()
    save_file({"weight": np.zeros(1, np.float32)}, tmp_path / "adapter/adapter_model.safetensors")
    (tmp_path / "adapter/adapter_config.json").write_text("{}")
    (tmp_path / "adapter" / broken).write_bytes(b"{")
    (tmp_path / "rows.jsonl").write_text('{"text": "a", "label": "x"}\n')
    (tmp_path / "suite.yaml").write_text(
        f"name: broken\nmodel: {{source: 'path:{tiny_source}', loader: random, adapter: 'path:{tmp_path / 'adapter'}'}}\n"
        f"data: {{train: {{source: 'path:{tmp_path / 'rows.jsonl'}'}}, split: {{test: 0.5}}}}\n"
        "score: [choice: {}]\ngates: [{metric: choice/accuracy, min: 0.1}]\n"
    )
    host = Host.load()
    suite = load_suite(tmp_path / "suite.yaml", host)
    with pytest.raises(SourceError, match=rf"{broken}: {reason}"):
        next(preflight(suite, host, cache=tmp_path / "cache", offline=True))
    assert not list((tmp_path / "cache").rglob("*.safetensors"))
