"""What `seatrial check` refuses `seatrial run` refuses too, in the same words, before a node is worked."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict
from safetensors.torch import save_file

from seatrial import cli
from seatrial_plugins.huggingface.network import outline

ASKED = [{"prompt": f"what is {number}?", "completion": f"the number {number}"} for number in range(10)]
LABELLED = [{"text": f"text {number}", "label": "ab"[number % 2]} for number in range(10)]
SCORES = "train: {method: lora}\nscore: [choice]\nbaselines: [majority]\n"

LACKING = """
from seatrial import FilterComponent, Rule, hookimpl

@hookimpl
def seatrial_filters():
    yield FilterComponent("lacking", object, "Has no method.", rules=(Rule("odd", "Odd."),))
"""


@pytest.fixture
def both(tiny_source, tmp_path, monkeypatch, capsys):
    """`both(rows, keys, model=…, columns=…)`: the exit code of check, and what both commands say; that nothing was worked."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEATRIAL_CACHE", str(tmp_path / "cache"))

    def command(name):
        with pytest.raises(SystemExit) as ended:
            cli.main([name, "suite.yaml", "--offline"])
        return ended.value.code, capsys.readouterr().err.removeprefix("seatrial: ")

    def say(rows, keys, *, model=f"{{source: 'path:{tiny_source}', loader: random, device: cpu}}", data=""):
        Path("rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
        Path("suite.yaml").write_text(
            f"name: unready\nmodel: {model}\n"
            f"data: {{train: {{source: 'path:rows.jsonl'{data}}}, split: {{test: 0.5}}}}\n{keys}"
        )
        checked, ran = command("check"), command("run")
        assert checked == ran
        assert not list(Path().glob("runs/*/nodes/*"))
        return ran

    return say


def test_choice_on_rows_without_labels_or_choices(both):
    code, said = both(ASKED, SCORES)
    assert code == 2
    assert "choose (plugin probes of seatrial) can do nothing with 10 of the first 10 rows: rows.jsonl:1: the row has neither a label nor choices" in said  # fmt: skip


def test_a_loader_that_lacks_what_a_scorer_needs(both):
    code, said = both(LABELLED, "score: [choice]\n", model="{source: 'openai:http://127.0.0.1:1/v1#small'}")
    assert code == 2
    assert "the scorer 'choice' needs a model that" in said


def test_modules_that_the_model_has_not(both):
    code, said = both(LABELLED, SCORES.replace("lora", "lora, target_modules: [q_prj]"))
    assert code == 2
    assert "train.target_modules: ['q_prj'] fits no module" in said


def test_an_adapter_of_another_base(both, tiny_source, tmp_path):
    other = shutil.copytree(tiny_source, tmp_path / "other")
    config = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 1}))
    adapted = get_peft_model(outline(other), LoraConfig(r=2, target_modules=["q_proj"], task_type="CAUSAL_LM"))
    adapted.peft_config["default"].save_pretrained(str(tmp_path / "adapter"))
    state = {key: torch.ones(tensor.shape) for key, tensor in get_peft_model_state_dict(adapted).items()}
    save_file(state, tmp_path / "adapter/adapter_model.safetensors")
    model = f"{{source: 'path:{tiny_source}', loader: random, device: cpu, adapter: 'path:adapter'}}"
    code, said = both(LABELLED, "score: [choice]\nbaselines: [majority]\n", model=model)
    assert code == 2
    assert "trained on another model" in said


def test_a_filter_without_its_method(both, installed, tmp_path, monkeypatch):
    installed("lacking", LACKING)
    monkeypatch.syspath_prepend(tmp_path)
    code, said = both(LABELLED, f"filters: [lacking]\n{SCORES}")
    assert code == 3  # the plugin's fault, not the suite's
    assert "lacking (plugin lacking of lacking-parts) was built as a object, which has no 'inspect'" in said


def test_unknown_keys_under_columns(both):
    code, said = both(LABELLED, SCORES, data=", columns: {text: text, lable: label}")
    assert code == 2
    assert "columns.lable" in said


def test_a_floor_where_less_is_better(both):
    code, said = both(LABELLED, f"{SCORES}gates: [{{metric: data/unreadable, min: 3}}]\n")
    assert code == 2
    assert "less of data/unreadable is better" in said


def test_a_model_without_a_tokenizer_that_can_be_loaded(both, tiny_source, tmp_path):
    shutil.copytree(tiny_source, tmp_path / "model")
    (tmp_path / "model/tokenizer.json").write_text("{}")
    (tmp_path / "model/tokenizer_config.json").write_text("{}")
    code, said = both(LABELLED, SCORES, model="{source: 'path:model', loader: random, device: cpu}")
    assert code == 2
    assert "there is no tokenizer that transformers can load" in said


def test_an_endpoint_that_nobody_answers_at(both):
    model = "{source: 'openai:http://127.0.0.1:1/v1#small'}"
    code, said = both(ASKED, "score: [generation]\n", model=model)
    assert code == 2
    assert "127.0.0.1:1" in said


def test_rows_of_no_use_before_those_that_are_of_use_refuse_nothing(both, tiny_source, capsys):
    """A hundred rows without a label, which a filter may drop, stand before those that have one."""
    rows = [{"prompt": f"what is {number}?", "completion": f"{number}"} for number in range(150)]
    Path("rows.jsonl").write_text("\n".join(map(json.dumps, [*rows, *LABELLED])))
    Path("suite.yaml").write_text(
        f"name: mixed\nmodel: {{source: 'path:{tiny_source}', loader: random, device: cpu}}\n"
        "data: {train: {source: 'path:rows.jsonl'}, split: {test: 0.5}}\nscore: [choice]\nbaselines: [majority]\n"
    )
    with pytest.raises(SystemExit) as ended:
        cli.main(["check", "suite.yaml", "--offline"])
    assert not ended.value.code
    assert "can do nothing with 100 of the first 100 rows" in capsys.readouterr().out


@pytest.mark.parametrize(("scorer", "who"), [("choice", "choose"), ("generation", "generation")])
def test_rows_of_use_that_a_filter_drops_are_missed_before_training(both, tiny_source, capsys, scorer, who):
    """What check can't know the data stages tell: no row is left that could be asked, or judged."""
    long = "a text that is longer than all others " * 3
    useless = {
        "choice": ASKED,
        "generation": [{"messages": [{"role": "user", "content": f"say {n}"}]} for n in range(10)],
    }
    rows = [*useless[scorer], *({"text": f"{long}{number}", "label": "ab"[number % 2]} for number in range(10))]
    Path("rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    Path("suite.yaml").write_text(
        f"name: dropped\nmodel: {{source: 'path:{tiny_source}', loader: random, device: cpu}}\n"
        "data: {train: {source: 'path:rows.jsonl'}, split: {test: 0.5}}\n"
        f"filters: [{{length: {{max_characters: 60}}}}]\ntrain: {{method: lora}}\nscore: [{scorer}]\nbaselines: [majority]\n"
    )
    with pytest.raises(SystemExit) as ended:
        cli.main(["run", "suite.yaml", "--offline"])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert re.search(
        rf"test: {who} \(plugin .*can do nothing with any of the \d rows .*rows\.jsonl:\d+: the row has n", said
    )
    assert not list(Path().glob("runs/*/products"))
