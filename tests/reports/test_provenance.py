"""What a run was made of, on which machine, how long it took, and how to repeat it."""

from dataclasses import replace
from pathlib import Path

from seatrial_reports.provenance import build_provenance, machine


def test_the_machine_is_one_line(run):
    hardware = {"gpus": [{"name": "A"}, {"name": "A"}, {"name": "B"}], "processor": "C", "cores": 1}
    assert machine(run(manifest={"hardware": hardware})) == "2 × A, B; C, 1 core"
    assert machine(run()) == ""


def test_stages_tell_what_they_took_and_how_long_it_was_from_start_to_end(run, record):
    records = [
        record("read", 2.0, 10),
        record("train", 30.0, 12, seconds=25.0),
        record("score[choice]", 8.0, 42, seconds={"tuned": 5.0, "base": 2.0}),
    ]
    where = build_provenance(run(records=records, manifest={"started": "2026-11-03T09:41:12+00:00"}))
    assert [stage.note for stage in where.stages] == ["", "training itself 25 s", "tuned 5.0 s, base 2.0 s"]
    assert (where.took, where.elapsed) == ("40 s", "50 s")
    naive = {"started": "2026-11-03T09:41:12"}
    assert build_provenance(run(records=records, manifest=naive)).elapsed == ""
    assert build_provenance(run(manifest=naive)).elapsed == ""


def test_a_run_started_as_a_module_is_repeated_as_one(run):
    command = ["/venv/site-packages/seatrial/__main__.py", "run", "x"]
    again = build_provenance(run(manifest={"command": command, "git": {"commit": "c0ffee" * 7, "dirty": True}}))
    assert again.run_again == "python -m seatrial run x"
    assert again.run_resolved == "seatrial run runs/x/suite.yaml"
    assert again.code == "commit c0ffeec0ffee, with changes that no commit holds"
    data = build_provenance(run(verdict=None))
    assert (data.run_resolved, data.gate_again, data.code) == ("seatrial data runs/x/suite.yaml", "", "")


def test_facts_stand_in_groups_with_readable_names(plain_result):
    reading = replace(plain_result.records[0], outputs={"data/raw.parquet": "ab", "ledger/read.parquet": "cd"})
    divided = replace(plain_result.records[4], outputs={"data/train.parquet": "ef", "ledger.parquet": "01"})
    records = [reading, *plain_result.records[1:4], divided, *plain_result.records[5:]]
    where = build_provenance(replace(plain_result, records=records))
    groups = {group.name: dict(group.facts) for group in where.groups}
    assert list(groups) == ["Model", "Model as it was loaded", "What was trained", "Data", "Machine", "Code", "Run"]
    assert groups["Model"]["parameters"] == "134,515,008"
    assert groups["Data"] == {
        "source": "package:corpus/english (version 1.2.0)",
        "SHA-256 of data/raw.parquet": "ab",
        "SHA-256 of data/train.parquet": "ef",
    }
    assert groups["What was trained"] == {"train: adapter, SHA-256": "cd" * 32}
    assert groups["Machine"]["memory"] == "8.0 GiB"
    assert groups["Machine"]["gpu 0 name"] == "Example GPU"
    assert groups["Run"]["suite SHA-256"] == "0f" * 32
    assert groups["Code"]["git dirty"] == "yes"


def test_of_what_a_suite_brought_it_is_said_that_its_training_is_not_known(run, record):
    brought = build_provenance(run(records=[record("verify_training", rows=8, product_sha256="ab" * 32)]))
    (group,) = brought.groups
    ((name, digest),) = group.facts
    assert "trained on what is not known" in name
    assert digest == "ab" * 32


def test_each_training_of_several_seeds_has_its_digest(run, record):
    seeds = [record(f"train[seed={seed}]", product="adapter", product_sha256=f"{seed}" * 64) for seed in (1, 2)]
    (group,) = build_provenance(run(records=seeds)).groups
    assert group.facts == (
        ("train[seed=1]: adapter, SHA-256", "1" * 64),
        ("train[seed=2]: adapter, SHA-256", "2" * 64),
    )


def test_the_command_is_quoted_for_a_shell(plain_result):
    manifest = {**plain_result.manifest, "command": ["/a b/seatrial", "run", "it's", "$(rm -rf ~)", "two\nlines"]}
    again = build_provenance(replace(plain_result, manifest=manifest, folder=Path("runs/a b")))
    assert again.run_again == """seatrial run 'it'"'"'s' '$(rm -rf ~)' 'two lines'"""
    assert again.gate_again == "seatrial gate 'runs/a b'"
