"""Rows that show pictures, trained on: the loss that transformers gives, batches that change nothing, and a whole run."""

from __future__ import annotations

import json
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from tests.pictures import digits, kept, painted, shown

import seatrial_suites
from seatrial import TrainingJob, Turn
from seatrial.cli import main
from seatrial.errors import UsageError
from seatrial.plugin.host import Host
from seatrial.rows import Preference
from seatrial.runs.preflight import preflight
from seatrial.runs.run import run
from seatrial.suite.file import load_suite
from seatrial_plugins.huggingface import random
from seatrial_plugins.huggingface.examples import render_examples
from seatrial_plugins.training import Dpo, Full, Lora, PromptTuning
from seatrial_plugins.training.loss import row_losses, summed_loss

from .jobs import adapter_of, killed_and_resumed, options

CPU = torch.device("cpu")
TINY = "package:seatrial_suites/tiny_idefics3"


@pytest.fixture(scope="module")
def target(resolve, tmp_path_factory):
    from pathlib import Path

    shape = Path(seatrial_suites.__file__).parent / "tiny_idefics3"
    return resolve(random(device="cpu"), shape, TINY, tmp_path_factory.mktemp("cache"))


@pytest.fixture
def job(target, tmp_path):
    """Makes a training job on red and green pictures, of which one kind is called `red`."""
    made = []

    def make(validation=(), log=None, checkpoints=None):
        folder = tmp_path / f"job-{len(made)}"
        made.append(folder)
        for name in ("output", "images"):
            (folder / name).mkdir(parents=True)
        kept_there = checkpoints or folder / "checkpoints"
        kept_there.mkdir(exist_ok=True)
        colours = [(color, 30 * at % 256, 9 * at % 256) for at in range(12) for color in (20, 240)]
        seen = [kept(folder / "images", painted(*colour)) for colour in colours]
        pairs = zip(seen, colours, strict=True)
        default = [shown(one, "red" if c[0] > 99 else "dark", name=f"r{n}") for n, (one, c) in enumerate(pairs)]
        return TrainingJob(
            target=target,
            model=random(device="cpu").trainable(target),
            train=default,
            validation=[replace(row, id=f"v{row.id}") for row in default[: len(validation)]],
            output=folder / "output",
            checkpoints=kept_there,
            seed=1,
            log=log or (lambda step: None),
            images=folder / "images",
        )

    return make


@pytest.fixture
def ready(job):
    """Network, examples and how pictures are shown."""
    given = job()
    chat = given.model.chat
    chat.images.look_in(given.images)
    network, packs = given.model.load()
    assert not packs
    return network, list(render_examples(given.train, chat, 512).examples), chat


def test_the_loss_is_that_of_transformers(ready):
    network, examples, chat = ready
    for example in examples[:3]:
        ids = torch.tensor([example.ids])
        labels = torch.full_like(ids, -100)
        labels[0, list(example.targets)] = ids[0, list(example.targets)]
        given = chat.images._tensors([chat.images._opened(image) for image in example.images])
        expected = network(input_ids=ids, labels=labels, use_cache=False, **given).loss * len(example.targets)
        found = summed_loss(network, [example], packs=False, device=CPU, images=chat.images)
        assert found.item() == pytest.approx(expected.item(), rel=1e-5)


def test_a_batch_has_the_losses_and_gradients_of_its_rows(ready):
    network, examples, chat = ready
    batch = [examples[at] for at in (0, 1, 5)]
    together = row_losses(network, batch, packs=False, device=CPU, images=chat.images)
    alone = [row_losses(network, [one], packs=False, device=CPU, images=chat.images) for one in batch]
    torch.testing.assert_close(together, torch.cat(alone), rtol=1e-5, atol=1e-5)

    def gradients(passes):
        network.zero_grad()
        for part in passes:
            summed_loss(network, part, packs=False, device=CPU, images=chat.images).backward()
        return {name: weight.grad.clone() for name, weight in network.named_parameters() if weight.grad is not None}

    whole, parts = gradients([batch]), gradients([[one] for one in batch])
    assert any("vision_model" in name for name in whole)
    for name, gradient in whole.items():
        torch.testing.assert_close(gradient, parts[name], rtol=1e-4, atol=1e-4)


def test_full_fine_tuning_leaves_a_model_that_is_shown_pictures(job):
    given = job()
    facts = Full(lr=1e-3, epochs=1, batch_size=8).train(given).facts
    assert facts["packed"] is False
    shown_in = {row.id: [row.images[0].digest] for row in given.train}
    assert all(one["pictures"] == shown_in[one["row"]] for one in facts["masked_examples"])
    assert (given.output / "preprocessor_config.json").is_file()


def test_a_killed_training_goes_on_to_the_same_adapter(job, tmp_path):
    method = Lora(**options(target_modules="all-linear", epochs=3, batch_size=8, save_every=2))
    whole, resumed = killed_and_resumed(lambda **more: (job(**more), None), tmp_path / "kept", method, range(4))
    assert adapter_of(whole) == adapter_of(resumed)


def test_preferences_about_pictures_are_learned(job):
    given = job()
    rows = [
        replace(
            row,
            turns=(row.turns[0], Turn("assistant", row.label)),
            format="preference",
            expected=Preference((Turn("assistant", row.label),), (Turn("assistant", "neither"),)),
        )
        for row in given.train
    ]
    losses = []
    log = lambda step: losses.append(step.get("loss"))  # noqa: E731
    facts = Dpo(r=4, lr=5e-3, epochs=2).train(replace(given, train=rows, log=log)).facts
    assert facts["rows"] == len(rows)
    assert losses[-1] < losses[0]


def test_prompts_are_not_learned_for_a_model_that_is_shown_pictures(job):
    with pytest.raises(UsageError, match="shown pictures; take lora"):
        PromptTuning().check(job().model)


def test_what_it_costs_is_not_told(job):
    with pytest.raises(UsageError, match=f"{TINY}.*shown pictures"):
        Lora().cost(job())


# ---- the whole way ---------------------------------------------------------------------------------------------------


def write_rows(path, count, labels="013"):
    rows = [
        {"image": {"bytes": data, "path": f"{n}.png"}, "text": "Which digit?", "label": label}
        for n, (data, label) in enumerate(digits(count, labels))
    ]
    pq.write_table(pa.Table.from_pylist(rows), path)


def suite(rows, model=f"{{source: '{TINY}', loader: random, device: cpu}}"):
    return (
        f"name: pictures\nmodel: {model}\nseed: 5\n"
        f"data: {{train: {{source: 'path:{rows}'}}, split: {{test: 0.3}}}}\n"
        "filters: [schema, duplicates, near_duplicates, leakage]\n"
        "train: {method: lora, r: 32, alpha: 32, target_modules: all-linear, lr: 4.0e-3, epochs: 7, batch_size: 12}\n"
        "score: [choice, {generation: {metrics: [exact_match], max_new_tokens: 3, systems: [tuned]}}]\nbaselines: [majority]\nfewshot: 0\n"
        "gates: [{metric: choice/accuracy, min: 0.5}]\nreport: [html, markdown, json]\n"
    )


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    write_rows(folder / "rows.parquet", 150)
    (folder / "suite.yaml").write_text(suite(folder / "rows.parquet"))
    host = Host.load()
    return run(load_suite(folder / "suite.yaml", host), host, runs=folder / "runs", cache=folder / "cache")


def test_a_run_learns_from_pictures_and_passes_its_gate(result):
    value = {(score.metric, score.system): score.value for score in result.scores}
    assert value["choice/accuracy", "tuned"] > 0.8
    assert value["choice/accuracy", "base"] < 0.6
    assert value["generation/exact_match", "tuned"] > 0.8
    assert result.verdict.state == "pass"


def test_reports_show_the_pictures_and_transcripts_their_digests_alone(result):
    folder = result.folder
    page = (folder / "report/index.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") >= 4
    assert "×4" in page
    document = (folder / "report/report.md").read_text(encoding="utf-8")
    assert "](images/" in document
    digests = {path.stem for path in (folder / "data/images").iterdir()}
    assert len(digests) == 150
    for file in (folder / "transcripts").rglob("*.parquet"):
        assert b"IHDR" not in file.read_bytes()
    details = pq.read_table(folder / "samples/choice.parquet", columns=["detail"])["detail"].to_pylist()
    assert {digest for one in details for digest in json.loads(one)["pictures"]} <= digests


def test_why_names_the_picture(result, capsys):
    folder = result.folder
    row = pq.read_table(folder / "data/test.parquet", columns=["id"])["id"][0].as_py()
    with pytest.raises(SystemExit, match=r"^0$"):
        main(["why", str(folder), row])
    assert "image/png, 8 × 8 pixels, data/images/" in capsys.readouterr().out


def test_a_model_that_reads_text_alone_is_refused_with_both_named(tmp_path):
    write_rows(tmp_path / "rows.parquet", 30)
    model = "{source: 'package:seatrial_suites/tiny_llama', loader: random, device: cpu}"
    (tmp_path / "suite.yaml").write_text(suite(tmp_path / "rows.parquet", model))
    host = Host.load()
    with pytest.raises(UsageError, match=r"rows\.parquet:1\).*tiny_llama reads text alone.*random"):
        list(preflight(load_suite(tmp_path / "suite.yaml", host), host))
