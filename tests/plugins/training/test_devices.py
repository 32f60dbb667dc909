"""A training that two processes share comes to what one process comes to: the same loss curve, the same product."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from datetime import UTC, datetime

import pytest
import torch
from safetensors.torch import load_file
from tests import warm_processes

from seatrial.errors import SuiteError, TrainingError, UsageError
from seatrial.plugin.host import Host
from seatrial.rows.table import write_rows
from seatrial.runs.engines import processes
from seatrial.runs.keys import canonical
from seatrial.runs.plan import plan_stages
from seatrial.runs.readiness import unready
from seatrial.runs.run import run, suite_digest
from seatrial.runs.run_folder import RunFolder
from seatrial.runs.shared_training import SharedTraining, train_here
from seatrial.runs.stages.train import Train
from seatrial.runs.workbench import Workbench
from seatrial.suite.file import load_suite
from seatrial.training import SharesTraining
from seatrial_plugins.huggingface import random
from seatrial_plugins.training import Lora
from seatrial_plugins.training.devices import draws_of, look_at_devices
from seatrial_plugins.training.group import Group
from seatrial_plugins.training.plan import shares

from . import one_of_two

CASES = [("data", name) for name in one_of_two.DATA] + [("sharded", name) for name in one_of_two.SHARDED]


def free_ports(count):
    held = [socket.socket() for _ in range(count)]
    for one in held:
        one.bind(("127.0.0.1", 0))
    found = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return found


@pytest.fixture(scope="module")
def by_two(tmp_path_factory):
    """The folder of what two processes trained."""
    folder = tmp_path_factory.mktemp("two")
    one_of_two.target_in(folder / "cache")
    ports = free_ports(2)
    started = [
        warm_processes.start(one_of_two.main, rank, ports, folder, said=folder / f"rank-{rank}") for rank in (0, 1)
    ]
    try:
        for rank, process in enumerate(started):
            process.join(240)
            assert process.exitcode == 0, (folder / f"rank-{rank}.err").read_text()[-3000:]
    finally:
        for process in started:
            process.kill()
            process.join()
    return folder


@pytest.mark.parametrize(("parallel", "name"), CASES)
def test_two_processes_come_to_what_one_does(by_two, tmp_path, parallel, name):
    method = getattr(one_of_two, parallel.upper())[name]
    tokens = one_of_two.TOKENS.get(name, 4096) if parallel == "sharded" else 4096
    one_of_two.trained(method, tmp_path / "alone" / "it", tokens)
    alone, shared = (
        json.loads((folder / "told.json").read_text())
        for folder in (tmp_path / "alone" / "it", by_two / parallel / name)
    )
    assert (alone["facts"]["devices"], shared["facts"]["devices"]) == (1, 2)
    assert shared["facts"]["parallel"] == parallel
    for told in ("loss", "validation_loss", "learning_rate", "grad_norm"):
        expected = [step[told] for step in alone["steps"] if told in step]
        assert [step[told] for step in shared["steps"] if told in step] == pytest.approx(expected, rel=1e-5, abs=1e-5)
    assert [step["step"] for step in shared["steps"]] == [step["step"] for step in alone["steps"]]
    files = {path.name for path in (tmp_path / "alone" / "it" / "output").iterdir()}
    assert {path.name for path in (by_two / parallel / name / "output").iterdir()} == files
    for file in (name for name in files if name.endswith(".safetensors")):
        one, two = (
            load_file(folder / "output" / file) for folder in (tmp_path / "alone" / "it", by_two / parallel / name)
        )
        assert one.keys() == two.keys()
        for tensor, value in one.items():
            torch.testing.assert_close(two[tensor], value, atol=1e-5, rtol=0)


@pytest.fixture
def shared(tmp_path, tiny_target):
    """A training of thirteen rows as the host hands it to processes."""
    bench = Workbench(Host.load(), cache=tmp_path / "cache", offline=True)
    options = {"r": 4, "lr": 5e-3, "epochs": 4, "batch_size": 4, "save_every": 2}
    for name, rows in (("train", one_of_two.ROWS[:13]), ("validation", one_of_two.ROWS[13:])):
        write_rows(tmp_path / f"{name}.parquet", rows)
    for name in ("output", "checkpoints"):
        (tmp_path / name).mkdir()
    return SharedTraining(
        bench.recipe("methods", "lora", bench.validated("methods", "lora", options)),
        bench.recipe("models", "random", bench.validated("models", "random", {"device": "cpu"})),
        tiny_target,
        tmp_path / "train.parquet",
        tmp_path / "validation.parquet",
        tmp_path / "output",
        tmp_path / "checkpoints",
        seed=3,
        devices=2,
        parallel="data",
    )


def test_a_process_that_dies_ends_the_training_which_one_process_brings_to_its_end(shared, tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "_Context", warm_processes.PoolContext)
    steps = []

    def kill(step):
        steps.append(step)
        if step["step"] == 5:
            (pool,) = processes._pools
            pool._context.started[1].kill()

    with pytest.raises(
        TrainingError, match=r"process \d of the 2 that trained was killed by SIGKILL .*were ended"
    ) as told:
        train_here(shared, kill)
    assert "the newest checkpoint" in str(told.value)
    assert not list(shared.output.iterdir())
    rest = []
    trained = shared.method.make({}).train(shared.job(rest.append))
    first = trained.facts["resumed_from_step"]
    assert first in {2, 4, 6}
    one_of_two.trained(shared.method.make({}), tmp_path / "whole" / "it", 4096)
    whole = json.loads((tmp_path / "whole" / "it" / "told.json").read_text())["steps"]
    losses = {
        (step["step"], kind): step[kind] for step in whole for kind in ("loss", "validation_loss") if kind in step
    }
    for step in [*(step for step in steps if step["step"] <= first), *rest]:
        kind = "loss" if "loss" in step else "validation_loss"
        assert step[kind] == pytest.approx(losses[step["step"], kind], abs=1e-5)
    assert rest[-1]["step"] == whole[-1]["step"]
    one, two = (
        load_file(folder / "adapter_model.safetensors")
        for folder in (tmp_path / "whole" / "it" / "output", shared.output)
    )
    for name, tensor in one.items():
        torch.testing.assert_close(two[name], tensor, atol=1e-5, rtol=0)


def test_rows_are_shared_by_their_tokens():
    assert shares([5, 1, 9, 3, 4], 1) == [[0, 1, 2, 3, 4]]
    assert shares([5, 1, 9, 3, 4], 2) == [[2, 3], [0, 1, 4]]
    assert shares([7], 3) == [[0], [], []]
    assert shares([], 2) == [[], []]


def test_one_process_adds_up_and_gathers_what_it_has():
    tensor = torch.ones(2)
    Group().add_up([tensor])
    assert tensor.tolist() == [1.0, 1.0]
    assert (Group().gathered("a"), Group().told("b")) == (["a"], "b")


def test_gpus_that_are_not_there_are_told(monkeypatch):
    (said,) = look_at_devices("cpu", 2, "data")
    assert "no GPU is used: 2 processes" in said
    with pytest.raises(UsageError, match=r"model\.device: cuda:1 names one device, and 2 processes"):
        list(look_at_devices("cuda:1", 2, "data"))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(UsageError, match="4 processes need a GPU each, and this machine has 1"):
        list(look_at_devices("auto", 4, "data"))


def test_float8_is_refused_where_weights_are_sharded(tiny_target):
    method = Lora(fp8=True)
    assert isinstance(method, SharesTraining)
    model = random(device="cpu").trainable(tiny_target)
    with pytest.raises(UsageError, match=r"train\.fp8: .*parallel: sharded"):
        list(method.check_devices(model, 2, "sharded"))
    assert list(method.check_devices(model, 2, "data"))


SUITE = """
name: shared
model: {{source: "package:seatrial_suites/tiny_llama", loader: random, device: cpu}}
data: {{train: {{source: "path:{folder}/train.jsonl"}}, test: {{source: "path:{folder}/test.jsonl"}}}}
train: {{method: lora, r: 4, lr: 5.0e-3, epochs: 2, batch_size: 4}}
score: [choice]
baselines: []
fewshot: 0
gates: [{{metric: choice/accuracy, min: 0.1}}]
report: [json]
"""


@pytest.fixture
def suite(tmp_path):
    """The file of a suite with few rows."""
    for name, rows in (("train", one_of_two.ROWS[:13]), ("test", one_of_two.ROWS[13:])):
        lines = [json.dumps({"text": f"{name}: {row.input_text}", "label": row.label}) for row in rows]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines))
    (tmp_path / "suite.yaml").write_text(SUITE.format(folder=tmp_path))
    return tmp_path / "suite.yaml"


def trained_in(runs):
    """What the only run below a folder logged and told of its training."""
    (folder,) = runs.iterdir()
    (record,) = folder.glob("nodes/train*.json")
    steps = [json.loads(line) for line in (folder / "training" / "seed-0.jsonl").read_text().splitlines()]
    return steps, json.loads(record.read_text())["facts"]


@pytest.mark.slow
def test_a_launchers_processes_share_one_run(suite, tmp_path):
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    launcher += [
        "--master-port",
        str(*free_ports(1)),
        "-m",
        "seatrial",
        "run",
        str(suite),
        "--runs",
        str(tmp_path / "two"),
    ]
    environment = os.environ | {"SEATRIAL_CACHE": str(tmp_path / "cache"), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(launcher, env=environment, capture_output=True, text=True, check=False, timeout=400)
    assert done.stdout.count("Report: ") == 1, done.stderr[-3000:]
    host = Host.load()
    alone = run(load_suite(suite, host), host, runs=tmp_path / "one", cache=tmp_path / "cache")
    assert f"exitcode  : {alone.exit_code} " in done.stderr  # torchrun makes 1 of it, and tells
    (steps, facts), (expected, told) = trained_in(tmp_path / "two"), trained_in(tmp_path / "one")
    assert (facts["devices"], told["devices"]) == (2, 1)
    assert [step["loss"] for step in steps] == pytest.approx([step["loss"] for step in expected], abs=1e-5)


def planned(suite, tmp_path, *overrides):
    """The training's node of a suite, and what is said of it before it runs."""
    host = Host.load()
    bench = Workbench(host, cache=tmp_path / "cache", offline=True)
    with bench.closing:
        folder = RunFolder.create(tmp_path / "plans", "shared", datetime.now(UTC))
        stages = plan_stages(load_suite(suite, host, overrides=overrides), bench, folder)
        (train,) = (stage for stage in stages if isinstance(stage, Train))
        return canonical(train), list(unready([train], [], bench))


def test_what_devices_draw_apart_is_kept_for_their_number_alone(suite, tmp_path):
    (one, _), (two, _) = planned(suite, tmp_path), planned(suite, tmp_path, "train.devices=2")
    assert one == two
    drops = "train.dropout=0.1"
    (one, _), (two, _) = planned(suite, tmp_path, drops), planned(suite, tmp_path, drops, "train.devices=2")
    assert (one["apart"], two["apart"]) == (1, 2)
    assert {**one, "apart": 2} == two


def test_a_models_own_dropout_is_seen(tiny_target):
    model = random(device="cpu").trainable(tiny_target)
    assert not Lora().draws(model)
    assert Lora(dropout=0.1).draws(model)
    assert draws_of(model.config() | {"attention_dropout": 0.1})
    assert draws_of({"text_config": {"resid_pdrop": 0.1}})


def test_shards_of_one_process_are_told_to_be_none(suite, tmp_path):
    _, said = planned(suite, tmp_path, "train.parallel=sharded")
    assert any("sharded does nothing where one process trains" in line for line in said)


def test_devices_that_a_method_cannot_use_are_refused_when_the_suite_is_read(suite):
    host = Host.load()
    with pytest.raises(SuiteError, match=r"train\.devices: .*'qlora' cannot be shared"):
        load_suite(suite, host, overrides=["train={method: qlora, devices: 2}"])
    with pytest.raises(SuiteError, match=r"'dpo' cannot be shared by devices as 'sharded'; it can be: .*data"):
        load_suite(suite, host, overrides=["train={method: dpo, devices: 2, parallel: sharded}"])
    two = load_suite(suite, host, overrides=["train.devices=2"])
    assert (two.train.devices, two.resolved()["train"]["parallel"]) == (2, "data")
    assert suite_digest(two, host, only_data=False) == suite_digest(load_suite(suite, host), host, only_data=False)
