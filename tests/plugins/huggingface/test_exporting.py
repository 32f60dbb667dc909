"""Exported models say in plain transformers and PEFT what they said when they were scored, and carry their card."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from huggingface_hub import ModelCard
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors import safe_open
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    AutoProcessor,
    AutoTokenizer,
    GenerationConfig,
)

import seatrial
import seatrial_suites
from seatrial.cli import main
from seatrial.errors import UsageError
from seatrial.evaluation.transcript import read_transcripts
from seatrial.model import LocalWeights, Product
from seatrial.rows.table import open_rows
from seatrial_plugins.huggingface import transformers

from .image_models import write_shape

SUITE = {
    "name": "desks",
    "seed": 3,
    "model": {"source": "package:seatrial_suites/tiny_llama", "loader": "random", "device": "cpu"},
    "data": {"split": {"test": 0.5}},
    "train": {"method": "lora", "r": 4, "lr": 5.0e-3, "epochs": 3, "target_modules": "all-linear"},
    "score": [{"choice": {"systems": ["tuned", "base"]}}, {"merging": {"samples": 10}}],
    "baselines": [],
    "gates": [{"metric": "merging/kl", "max": 0.001, "severity": "info"}, {"metric": "choice/accuracy", "min": 0.01}],
    "report": ["json", {"model_card": {"license": "apache-2.0", "language": ["en"]}}],
}
THINGS = {"delivery": "parcel", "billing": "refund"}


def made(folder, **train):
    rows = [
        {"text": f"Where is my {thing}, number {n}?", "label": desk}
        for desk, thing in THINGS.items()
        for n in range(12)
    ]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    data = {**SUITE["data"], "train": {"source": f"path:{folder}/rows.jsonl"}}
    return seatrial.run(
        {**SUITE, "data": data, "train": {**SUITE["train"], **train}}, runs=folder / "runs", progress=False
    )


@pytest.fixture(scope="module")
def trial(tmp_path_factory):
    folder = tmp_path_factory.mktemp("desks")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEATRIAL_CACHE", str(folder / "cache"))
        yield made(folder)


@pytest.fixture(scope="module")
def exported(trial, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exported")
    with pytest.MonkeyPatch.context() as patch:  # the run told its dtype, so this machine's choice is not asked for
        patch.delattr("seatrial_plugins.huggingface.exporting.scored_dtype")
        trial.export(merged=folder / "merged", adapter=folder / "adapter")
    return folder


def base_of(trial):
    (folder,) = (path for path in (trial.folder.parent.parent / "cache/models").glob("random-*") if path.is_dir())
    return AutoModelForCausalLM.from_pretrained(folder)


def as_scored(trial):
    """Each question to the tuned model, as it was transcribed: messages, an answer, its log-likelihood."""
    rows = {row.id: row for row in open_rows(trial.folder / "data/test.parquet")}
    (file,) = (trial.folder / "transcripts/test.choose").glob("tuned*.parquet")
    for said in read_transcripts(file):
        messages = [{"role": turn.role, "content": turn.content} for turn in rows[said.row].prompt]
        yield from ((messages, one.text, one.logprob) for one in said.responses)


@torch.no_grad()
def log_likelihood(model, tokenizer, messages, answer):
    asked = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=True)["input_ids"]
    whole = tokenizer.apply_chat_template([*messages, {"role": "assistant", "content": answer}], return_dict=True)[
        "input_ids"
    ]
    ends = [place for place in range(len(asked), len(whole)) if whole[place] in model.generation_config.eos_token_id]
    ids = torch.tensor([whole[: ends[0] + 1]])
    said = torch.log_softmax(model(input_ids=ids).logits[0, :-1], -1)
    return float(said.gather(1, ids[0, 1:, None])[len(asked) - 1 :].sum())


def assert_as_scored(trial, model, folder):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model.generation_config = GenerationConfig.from_pretrained(folder)
    questions = list(as_scored(trial))
    assert len(questions) >= 8
    for messages, answer, logprob in questions:
        assert log_likelihood(model, tokenizer, messages, answer) == pytest.approx(logprob, abs=2e-3)


def test_the_merged_model_says_in_plain_transformers_what_was_scored(trial, exported):
    model = AutoModelForCausalLM.from_pretrained(exported / "merged").eval()
    assert_as_scored(trial, model, exported / "merged")
    base = base_of(trial).eval()
    base.generation_config = GenerationConfig.from_pretrained(exported / "merged")
    tokenizer = AutoTokenizer.from_pretrained(exported / "merged")
    messages, answer, logprob = next(as_scored(trial))
    assert abs(log_likelihood(base, tokenizer, messages, answer) - logprob) > 0.1  # it was trained


def test_the_adapter_says_in_plain_peft_what_was_scored(trial, exported):
    model = PeftModel.from_pretrained(base_of(trial), exported / "adapter").eval()
    assert_as_scored(trial, model, exported / "adapter")


@pytest.mark.parametrize("kind", ["merged", "adapter"])
def test_there_are_weights_as_safetensors_a_tokenizer_a_template_and_a_card(exported, kind):
    names = {file.name for file in (exported / kind).iterdir()}
    weights = {
        "merged": {"model.safetensors", "config.json"},
        "adapter": {"adapter_model.safetensors", "adapter_config.json"},
    }
    assert weights[kind] <= names
    assert {"tokenizer.json", "tokenizer_config.json", "generation_config.json", "README.md"} <= names
    assert not [name for name in names if name.endswith((".bin", ".pt", ".gguf", ".pkl"))]
    assert AutoTokenizer.from_pretrained(exported / kind).chat_template
    assert str(exported.parent) not in "".join(
        file.read_text() for file in (exported / kind).iterdir() if file.suffix == ".json"
    )


@pytest.mark.parametrize(("kind", "library"), [("merged", "transformers"), ("adapter", "peft")])
def test_the_card_says_what_the_hub_reads_and_what_a_reviewer_asks(trial, exported, kind, library):
    card = ModelCard.load(exported / kind / "README.md")
    data = card.data
    assert (data.library_name, data.license, data.language) == (library, "apache-2.0", ["en"])
    assert data.base_model is None  # it comes from no hub
    assert set(data.tags) >= {"seatrial", "lora"}
    values = {one.metric_name.partition(" ")[0]: one for one in data.eval_results}
    score = next(one for one in trial.result.scores if (one.metric, one.system) == ("choice/accuracy", "tuned"))
    assert values["choice/accuracy"].metric_value == score.value
    assert f"n = {score.n}" in values["choice/accuracy"].metric_name
    assert "PASS" in card.text.split("\n##")[0]
    for said in (
        "24 records were read",
        "Not measured",
        "0.005",
        "choice/accuracy",
        "rows.jsonl",
        trial.result.facts("train")["product_sha256"],
    ):
        assert said in card.text, said


def test_merging_was_measured_and_the_gate_saw_it(trial):
    scores = {one.metric: one for one in trial.result.scores if one.system == "tuned"}
    for end in ("", "@own"):
        assert scores[f"merging/agreement{end}"].value == 1.0
        assert 0 <= scores[f"merging/kl{end}"].value < 1e-6
        assert 0 < scores[f"merging/logprob_difference{end}"].value < 1e-3
    assert {one.metric: one.outcome for one in trial.verdict.decisions}["merging/kl"] == "pass"


def test_vectors_before_the_prompt_are_not_merged_and_every_sample_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("SEATRIAL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setitem(SUITE, "train", {"method": "prompt_tuning", "virtual_tokens": 3, "lr": 0.1, "epochs": 2})
    trial = made(tmp_path)
    missing = [one.missing for one in trial.result.scores if one.metric == "merging/kl" and one.system == "tuned"]
    assert "merge" in missing[0]
    assert {one.metric: one.outcome for one in trial.verdict.decisions}["merging/kl"] == "error"
    with pytest.raises(UsageError, match="nothing to merge"):
        trial.export(merged=tmp_path / "merged")
    trial.export(adapter=tmp_path / "adapter", failed=True)  # a score is missing, so the verdict is an error
    assert (tmp_path / "adapter/adapter_model.safetensors").is_file()


@pytest.mark.parametrize("kind", ["weights", "classifier"])
def test_whole_weights_are_exported_whole_and_not_as_an_adapter(kind, tmp_path):
    from transformers import AutoModelForSequenceClassification

    base, product, out = tmp_path / "base", tmp_path / "product", tmp_path / "out"
    shutil.copytree(Path(seatrial_suites.__file__).parent / "tiny_llama", base)
    auto = AutoModelForCausalLM if kind == "weights" else AutoModelForSequenceClassification
    network = auto.from_config(AutoConfig.from_pretrained(base)).eval()
    network.save_pretrained(product)
    shutil.copyfile(base / "tokenizer.json", product / "tokenizer.json")
    (product / "old.bin").write_bytes(b"pickle")
    out.mkdir()
    loader, left = transformers(device="cpu"), Product(kind, product, "digest")
    target = LocalWeights(f"path:{base}", base, "digest")
    loader.export_merged(target, left, out, asked={})
    ids = torch.tensor([[5, 6, 7]])
    assert torch.equal(auto.from_pretrained(out).eval()(input_ids=ids).logits, network(input_ids=ids).logits)
    names = {file.name for file in out.iterdir()}
    assert "tokenizer.json" in names
    assert not any(name.endswith(".bin") for name in names)
    with pytest.raises(UsageError, match="no adapter; export the whole model"):
        loader.export_adapter(target, left, tmp_path)


def test_settings_that_transformers_reads_and_does_not_write_are_kept_and_no_path_is(trial, tmp_path):
    (own,) = (path for path in (trial.folder.parent.parent / "cache/models").glob("random-*") if path.is_dir())
    base = Path(shutil.copytree(own, tmp_path / "base"))
    (base / "generation_config.json").write_text('{"temperature": 0.6, "top_p": 0.9}')
    target = LocalWeights(f"path:{base}", base, "digest")
    product = Product(
        "adapter", Path(shutil.copytree(trial.folder / "products/seed-3", tmp_path / "product")), "digest"
    )
    said = json.loads((product.folder / "adapter_config.json").read_text())
    (product.folder / "adapter_config.json").write_text(json.dumps({**said, "base_model_name_or_path": target.address}))
    for name in ("merged", "adapter"):
        (out := tmp_path / name).mkdir()
        more = {"asked": {"dtype": "float16"}} if name == "merged" else {}
        getattr(transformers(device="cpu"), f"export_{name}")(target, product, out, **more)
        settings = GenerationConfig.from_pretrained(out)
        assert (settings.temperature, settings.top_p) == (0.6, 0.9)
        assert settings.eos_token_id
        assert not any(str(tmp_path) in file.read_text() for file in out.glob("*.json"))
    with safe_open(tmp_path / "merged/model.safetensors", "pt") as weights:  # not what this machine would choose
        assert {weights.get_tensor(name).dtype for name in weights.keys()} == {torch.float16}  # noqa: SIM118


def test_a_model_that_reads_images_is_exported_with_its_processor(tmp_path):
    base, (product, out) = write_shape("idefics3", tmp_path / "base"), (tmp_path / name for name in ("product", "out"))
    network = AutoModelForImageTextToText.from_config(AutoConfig.from_pretrained(base)).eval()
    network.save_pretrained(base)
    adapted = get_peft_model(network, LoraConfig(target_modules=r".*text_model.*q_proj", init_lora_weights=False))
    adapted.save_pretrained(product, save_embedding_layers=False)
    out.mkdir()
    loader, target = transformers(device="cpu", dtype="float32"), LocalWeights(f"path:{base}", base, "digest")
    assert "merges" not in loader.provides(target, "adapter")
    loader.export_merged(target, Product("adapter", product, "digest"), out, asked={"dtype": "float32"})
    ids = torch.tensor([[5, 6, 7]])
    whole = AutoModelForImageTextToText.from_pretrained(out).eval()
    torch.testing.assert_close(whole(input_ids=ids).logits, adapted.eval()(input_ids=ids).logits)
    assert AutoProcessor.from_pretrained(out).image_processor is not None


def test_the_command_exports_and_answers_as_json(trial, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["export", str(trial.folder), "--adapter", str(tmp_path / "adapter"), "--json"])
    assert ended.value.code == 0
    assert json.loads(capsys.readouterr().out)["exported"] == {"adapter": str(tmp_path / "adapter")}
    with pytest.raises(SystemExit) as ended:
        main(["export", str(trial.folder), "--adapter", str(tmp_path / "adapter")])
    assert ended.value.code == 2
    assert "is not empty" in capsys.readouterr().err
    with pytest.raises(SystemExit) as ended:
        main(["export", str(trial.folder)])
    assert ended.value.code == 2
