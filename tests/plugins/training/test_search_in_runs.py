"""A search through a whole run: settings of LoRA trained at once, and the training that takes what was found."""

from __future__ import annotations

import json

import pytest

from seatrial.cli import main

from .test_methods_in_runs import TEST, TRAIN, labelled

SUITE = """
name: searched
model: {{source: "package:seatrial_suites/tiny_llama", loader: random, device: cpu}}
data: {{train: {{source: "path:{rows}"}}, test: {{source: "path:{test}"}}, split: {{validation: 0.2}}}}
train: {{method: lora, lr: 1.0e-5, r: 2, epochs: 2, batch_size: 4, target_modules: all-linear}}
search:
  over: {{lr: {{min: 1.0e-5, max: 5.0e-2, log: true}}, r: [2, 4], alpha: {{min: 4, max: 32}}}}
  trials: 4
  at_once: 4
  share: 0.8
  finalists: 1
  sampler: tpe
  pruner: none
score: [{{choice: {{systems: [tuned]}}}}]
baselines: []
report: [html]
"""


@pytest.fixture(scope="module")
def suite(tmp_path_factory):
    folder = tmp_path_factory.mktemp("searched")
    rows, test = folder / "rows.jsonl", folder / "test.jsonl"
    for file, pairs in ((rows, TRAIN), (test, TEST)):
        file.write_text("".join(json.dumps(record) + "\n" for record in labelled(pairs)))
    path = folder / "suite.yaml"
    path.write_text(SUITE.format(rows=rows, test=test))
    return path


def test_the_command_searches_and_the_run_trains_with_what_it_found(suite, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("SEATRIAL_CACHE", str(tmp_path / "cache"))
    with pytest.raises(SystemExit) as ended:
        main(["search", str(suite), "--json", "--runs", str(tmp_path / "runs")])
    assert ended.value.code == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["together"] for one in found["trials"]] == [4] * 4
    own = next(one for one in found["finalists"] if one["drawn"])
    assert found["chosen"]["loss"] < own["loss"]
    assert {one["together"] for one in found["finalists"]} == {2}
    with pytest.raises(SystemExit) as ended:
        main(["run", str(suite), "--quiet", "--runs", str(tmp_path / "runs")])
    assert ended.value.code == 4, "no gate decides"
    (run,) = (tmp_path / "runs").glob("*/manifest.json")
    trained = json.loads((run.parent / "nodes/train-seed=0.json").read_text())["facts"]
    assert {name: trained["options"][name] for name in found["options"]} == found["options"]
    assert trained["validation_loss"] == pytest.approx(found["chosen"]["loss"], abs=1e-4)
    assert "Which settings were tried?" in (run.parent / "report/index.html").read_text(encoding="utf-8")
