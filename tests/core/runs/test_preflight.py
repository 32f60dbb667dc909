from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict
from safetensors.numpy import save_file
from safetensors.torch import save_file as torch_file

from seatrial import Component, hookimpl
from seatrial.errors import SourceError, StageError, UsageError
from seatrial.plugin.host import Host
from seatrial.runs.preflight import preflight
from seatrial.runs.run import run
from seatrial.suite.file import load_suite
from seatrial_plugins.huggingface.network import outline

TALK = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]


def model_that_refuses(tiny_source, folder, when):
    """The tiny model, whose chat template refuses conversations of which that is true."""
    model = shutil.copytree(tiny_source, folder / "model")
    config = json.loads((model / "tokenizer_config.json").read_text())
    template = config.get("chat_template") or (model / "chat_template.jinja").read_text()
    refuses = f"{{% if {when} %}}{{{{ raise_exception('no such turns') }}}}{{% endif %}}{template}"
    (model / "tokenizer_config.json").write_text(json.dumps({**config, "chat_template": refuses}))
    (model / "chat_template.jinja").unlink(missing_ok=True)
    return model


def test_a_first_row_that_the_template_refuses_is_told_and_no_fault_of_the_suite(tiny_source, tmp_path):
    model = model_that_refuses(tiny_source, tmp_path, "messages[0].role != 'user'")
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
    model = model_that_refuses(tiny_source, tmp_path, "messages[0].role == 'system'")

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


THINKING = {"role": "assistant", "content": "<think>It sails on Sundays.</think>The blue one."}
FORGETS = "{% if m.role == 'assistant' and not loop.last %}{{ m.content.split('</think>')[-1] }}{% else %}{{ m.content }}{% endif %}"


@pytest.mark.parametrize(("loss_on", "told"), [("all", True), ("last", False)])
def test_rows_are_looked_at_as_the_method_trains_on_them(tiny_source, tmp_path, loss_on, told):
    model = shutil.copytree(tiny_source, tmp_path / "model")
    config = json.loads((model / "tokenizer_config.json").read_text())
    template = (
        "{% for m in messages %}{{ '<|begin|>' + m.role + '\n' }}" + FORGETS + "{{ '<|end|>\n' }}{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|begin|>assistant\n' }}{% endif %}"
    )
    (model / "tokenizer_config.json").write_text(json.dumps({**config, "chat_template": template}))
    (model / "chat_template.jinja").unlink(missing_ok=True)
    talks = [[{"role": "user", "content": f"Which ferry, on day {at}?"}, THINKING, *TALK] for at in range(8)]
    (tmp_path / "rows.jsonl").write_text("\n".join(json.dumps({"messages": talk}) for talk in talks))
    (tmp_path / "suite.yaml").write_text(
        f"name: thinks\nmodel: {{source: 'path:{model}', loader: random}}\n"
        f"data: {{train: {{source: 'path:{tmp_path / 'rows.jsonl'}'}}, split: {{test: 0.25}}}}\n"
        f"train: {{method: lora, epochs: 1, loss_on: {loss_on}}}\nscore: [generation: {{}}]\n"
        "gates: [{metric: generation/exact_match, min: 0.1}]\n"
    )
    host = Host.load()
    said = list(preflight(load_suite(tmp_path / "suite.yaml", host), host, cache=tmp_path / "cache", offline=True))
    assert any("cannot be marked" in line for line in said) == told


def test_a_prompt_beyond_the_context_ends_the_run_before_it_trains_and_its_row_is_named(strict, tmp_path):
    suite = strict(ROWS, [*ROWS[:2], {"text": "word " * 2000, "label": "a"}])
    with pytest.raises(
        StageError, match=r"1 of 3 rows cannot be asked as they are:\ntest\.jsonl:3 \(row \w+\): its prompt"
    ):
        run(suite, Host.load(), runs=tmp_path / "runs", cache=tmp_path / "cache", offline=True)
    (folder,) = (tmp_path / "runs").iterdir()
    assert (folder / "data/test.parquet").exists()
    assert not (folder / "products").exists()


@pytest.mark.parametrize("choice", ["{choice: {fewshot: 4}}", "{choice: {systems: [tuned, fewshot]}}"])
def test_a_prompt_that_its_examples_bring_beyond_the_context_is_told_before_anything_is_trained(
    strict, tmp_path, choice
):
    rows = [{"text": f"{number} " + "word " * 120, "label": "ab"[number % 2]} for number in range(8)]
    strict(rows, rows[:3])
    file = tmp_path / "suite.yaml"
    file.write_text(file.read_text().replace("choice: {}", choice[1:-1]) + "fewshot: 4\n")
    suite = load_suite(file, Host.load())
    said = list(preflight(suite, Host.load(), cache=tmp_path / "cache", offline=True))
    told = r"warning: .* 3 of 3 rows that were looked at cannot be asked with 4 examples before each: test\.jsonl:1"
    assert any(re.match(told, line) for line in said)
    with pytest.raises(
        StageError, match=r"3 of 3 rows cannot be asked with [48] examples before each .*\ntest\.jsonl:1"
    ):
        run(suite, Host.load(), runs=tmp_path / "runs", cache=tmp_path / "cache", offline=True)
    (folder,) = (tmp_path / "runs").iterdir()
    assert not (folder / "products").exists()


def test_training_is_verified_on_rows_that_the_model_can_read(strict, tmp_path):
    suite = strict(ROWS, [{"text": "word " * 2000, "label": "a"}, *ROWS])
    suite = replace(suite, score=tuple(replace(chosen, samples=1) for chosen in suite.score))
    result = run(suite, Host.load(), runs=tmp_path / "runs", cache=tmp_path / "cache", offline=True)
    assert result.facts("verify_training")["rows"] == 8


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


@pytest.fixture
def check(tiny_source, tmp_path):
    """`check(records, keys)`: what check says of a suite over those records, on a model of random weights."""
    host = Host.load()

    def say(records, keys, *, model="", plugin=None):
        if plugin is not None:
            host.register(plugin, name="third", distribution="third-parts")
        (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, records)))
        (tmp_path / "suite.yaml").write_text(
            f"name: checked\nmodel: {{source: 'path:{tiny_source}', loader: random, device: cpu{model}}}\n"
            f"data: {{train: {{source: 'path:{tmp_path / 'rows.jsonl'}'}}, split: {{test: 0.5}}}}\n{keys}"
        )
        suite = load_suite(tmp_path / "suite.yaml", host)
        return list(preflight(suite, host, cache=tmp_path / "cache", offline=True))

    return say


ASKED = [{"prompt": f"what is {number}?", "completion": f"the number {number}"} for number in range(10)]
LABELLED = [{"text": f"text {number}", "label": "ab"[number % 2]} for number in range(10)]


def test_rows_that_a_scorer_can_do_nothing_with_are_refused(check):
    with pytest.raises(UsageError, match=r"rows\.jsonl: choose \(plugin probes of seatrial\) can do nothing with 10 of the "
                       r"first 10 rows: rows\.jsonl:1: the row has neither a label nor choices"):  # fmt: skip
        check(ASKED, "score: [choice]\n")
    assert check(LABELLED, "score: [choice]\nbaselines: [majority]\n")[-1] == "checked: ready"
    chats = [{"messages": [{"role": "user", "content": f"say {number}"}]} for number in range(10)]
    with pytest.raises(UsageError, match=r"generation \(plugin accuracy .*the row has no expected answer"):
        check(chats, "score: [generation]\n")


def test_some_such_rows_are_a_warning(check):
    said = check([*LABELLED, *ASKED[:3]], "score: [choice]\nbaselines: [majority]\n")
    (warning,) = [line for line in said if line.startswith("warning: ")]
    assert "3 of the first 13 rows: rows.jsonl:11: the row has neither a label nor choices" in warning
    assert said[-1] == "checked: ready"


def test_modules_that_the_model_has_not_are_told_without_its_weights(check):
    with pytest.raises(UsageError, match=r"train\.target_modules: \['q_prj'\] fits no module .*q_proj"):
        check(LABELLED, "train: {method: lora, target_modules: [q_prj]}\nscore: [choice]\nbaselines: [majority]\n")
    keys = "train: {method: lora, target_modules: [q_proj]}\nscore: [choice]\nbaselines: [majority]\n"
    assert check(LABELLED, keys)[-1] == "checked: ready"


@pytest.mark.parametrize(
    ("change", "said"),
    [({"hidden_size": 128, "head_dim": 32}, "size mismatch"), ({"num_hidden_layers": 1}, "trained on another model")],
)
def test_an_adapter_of_another_base_is_told_before_anything_is_read(check, tiny_source, tmp_path, change, said):
    other = shutil.copytree(tiny_source, tmp_path / "other")
    config = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps(config | change))
    for name, base in (("foreign", other), ("own", Path(tiny_source))):
        adapted = get_peft_model(outline(base), LoraConfig(r=2, target_modules=["q_proj"], task_type="CAUSAL_LM"))
        state = {key: torch.ones(tensor.shape) for key, tensor in get_peft_model_state_dict(adapted).items()}
        (tmp_path / name).mkdir()
        adapted.peft_config["default"].save_pretrained(str(tmp_path / name))
        torch_file(state, tmp_path / name / "adapter_model.safetensors")
    keys = "score: [choice]\nbaselines: [majority]\n"
    assert check(LABELLED, keys, model=f", adapter: 'path:{tmp_path / 'own'}'")[-1] == "checked: ready"
    with pytest.raises(SourceError, match=rf"foreign.*{said}"):
        check(LABELLED, keys, model=f", adapter: 'path:{tmp_path / 'foreign'}'")


def test_what_works_after_training_only_is_built_before_it(check):
    class Third:
        @hookimpl
        def seatrial_baselines(self):
            yield Component("weighty", self.build, "Weights.")

        def build(self):
            raise FileNotFoundError("weights.bin")

    with pytest.raises(StageError, match=r"weighty \(plugin third of third-parts\) could not be built: .*weights\.bin"):
        check(LABELLED, "score: [choice]\nbaselines: [weighty]\n", plugin=Third())


def test_a_template_that_cuts_what_the_user_says_is_told_by_its_row_and_refused(strict, tmp_path):
    cuts = "{% for m in messages %}<|begin|>{{ m.role }}\n{{ m.content[:40] }}<|end|>\n{% endfor %}<|begin|>assistant\n"
    long = {"text": "the ferry that leaves Lyon on Sundays, and comes back on Mondays", "label": "a"}
    suite = strict(ROWS, [*ROWS, long])
    config = tmp_path / "model/tokenizer_config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "chat_template": cuts}))
    host = Host.load()
    (said,) = [line for line in preflight(suite, host, cache=tmp_path / "cache") if line.startswith("warning: ")]
    reason = "the chat template does not write what the user says (turn 1, but for its first 40 of 64 characters)"
    assert f"test.jsonl:13: {reason}; give the tokenizer one that does (chat_template.jinja)" in said
    with pytest.raises(StageError, match=r"1 of 13 rows cannot be asked as they are") as refused:
        run(suite, host, runs=tmp_path / "runs", cache=tmp_path / "cache")
    assert "test.jsonl:13 (row " in str(refused.value)
    assert reason in str(refused.value)
    assert not list((tmp_path / "runs").glob("*/products"))
