from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
from safetensors.numpy import save_file

from seatrial.errors import SourceError, StageError
from seatrial.plugin.host import Host
from seatrial.runs.preflight import preflight
from seatrial.runs.run import run
from seatrial.suite.file import load_suite

TALK = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]


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


@pytest.fixture
def strict(tiny_source, tmp_path):
    """A suite whose rows are labelled texts, and whose model's template knows no system turn."""
    model = tmp_path / "model"
    shutil.copytree(tiny_source, model)
    config = json.loads((model / "tokenizer_config.json").read_text())
    template = config.get("chat_template") or (model / "chat_template.jinja").read_text()
    refuses = "{% if messages[0].role == 'system' %}{{ raise_exception('no system turn') }}{% endif %}" + template
    (model / "tokenizer_config.json").write_text(json.dumps({**config, "chat_template": refuses}))
    (model / "chat_template.jinja").unlink(missing_ok=True)

    def made(train, test):
        for name, rows in (("train", train), ("test", test)):
            (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)))
        (tmp_path / "suite.yaml").write_text(
            f"name: strict\nmodel: {{source: 'path:{model}', loader: random}}\n"
            f"data: {{train: {{source: 'path:{tmp_path}/train.jsonl'}}, test: {{source: 'path:{tmp_path}/test.jsonl'}}}}\n"
            "train: {method: lora, epochs: 1}\nscore: [choice: {}]\ngates: [{metric: choice/accuracy, min: 0.1}]\n"
        )
        return load_suite(tmp_path / "suite.yaml", Host.load())

    return made


ROWS = [{"text": f"text number {number}", "label": "ab"[number % 2]} for number in range(12)]


def test_a_row_of_another_kind_and_the_longest_are_told_wherever_they_stand(strict, tmp_path):
    system = {"messages": [{"role": "system", "content": "Hush."}, *TALK]}
    suite = strict([*ROWS, system, *ROWS[:2]], [*ROWS, {"text": "word " * 2000, "label": "a"}])
    said = list(preflight(suite, Host.load(), cache=tmp_path / "cache", offline=True))
    first, second = (line for line in said if line.startswith("warning: "))
    assert "train.jsonl:13: the model's chat template refuses a conversation of system, user, assistant" in first
    assert re.search(
        r"test\.jsonl:13: its prompt and its answer have \d,\d{3} tokens, the model's context 1,024", second
    )
    assert said[-1] == "strict: ready"


def test_a_prompt_beyond_the_context_ends_the_run_before_it_trains_and_its_row_is_named(strict, tmp_path):
    suite = strict(ROWS, [*ROWS[:2], {"text": "word " * 2000, "label": "a"}])
    with pytest.raises(
        StageError, match=r"1 of 3 rows cannot be asked as they are:\ntest\.jsonl:3 \(row \w+\): its prompt"
    ):
        run(suite, Host.load(), runs=tmp_path / "runs", cache=tmp_path / "cache", offline=True)
    (folder,) = (tmp_path / "runs").iterdir()
    assert (folder / "data/test.parquet").exists()
    assert not (folder / "products").exists()


def test_training_is_verified_on_rows_that_the_model_can_read(strict, tmp_path):
    suite = strict(ROWS, [{"text": "word " * 2000, "label": "a"}, *ROWS])
    suite = replace(suite, score=tuple(replace(chosen, samples=1) for chosen in suite.score))
    result = run(suite, Host.load(), runs=tmp_path / "runs", cache=tmp_path / "cache", offline=True)
    assert result.facts("verify_training")["rows"] == 8


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
