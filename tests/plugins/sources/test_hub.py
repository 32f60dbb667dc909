"""`hf:` against a hub cache made by hand, offline, and against a hub that a test plays, online."""

import os
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import pytest
from huggingface_hub import constants, errors

from seatrial.errors import SourceError
from seatrial_plugins.sources import hf

COMMIT = "0123456789abcdef0123456789abcdef01234567"
CARD = """---
configs:
- config_name: main
  data_files:
  - {split: train, path: main/train-*}
  - {split: test, path: main/test-*}
---
# A data set
"""
DATA = {
    "README.md": CARD,
    "main/train-00000-of-00002.jsonl": '{"n": 1}\n',
    "main/train-00001-of-00002.jsonl": '{"n": 2}\n',
    "main/test-00000-of-00001.jsonl": '{"n": 3}\n',
    "loader.py": "raise RuntimeError\n",
}
MODEL = {"config.json": "{}", "model.safetensors": "", "tokenizer.json": "{}", "pytorch_model.bin": "never"}


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """Puts a repository into a hub cache as the hub's own library lays it out."""
    root = tmp_path / "hub"
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(root))

    def put(kind, files, *, only=None, ref="main"):
        folder = root / f"{kind}s--org--name"
        for name, text in files.items():
            if only is not None and name not in only:
                continue
            blob = folder / "blobs" / f"{abs(hash(name)):x}"
            link = folder / "snapshots" / COMMIT / name
            for file in (blob, link):
                file.parent.mkdir(parents=True, exist_ok=True)
            blob.write_text(text)
            if not link.exists():
                link.symlink_to(os.path.relpath(blob, link.parent))
        if ref:
            (folder / "refs").mkdir(parents=True, exist_ok=True)
            (folder / "refs" / ref).write_text(COMMIT)

    return put


@pytest.fixture
def resolve(tmp_path):
    def resolving(address, kind="data", *, offline=True):
        return hf().resolve(address, kind=kind, cache=tmp_path / "cache", offline=offline)

    return resolving


def refusal(resolve, address, kind="data", *, offline=True):
    with pytest.raises(SourceError) as caught:
        resolve(address, kind, offline=offline)
    return str(caught.value)


def contents(path):
    files = sorted(file for file in path.rglob("*") if file.is_file())
    return {file.relative_to(path).as_posix(): file.read_text() for file in files}


def test_one_file_is_given_as_it_is(hub, resolve):
    hub("dataset", DATA)
    found = resolve("hf:org/name/test")
    assert found.path.name == "test-00000-of-00001.jsonl"
    assert found.path.read_text() == '{"n": 3}\n'
    assert found.facts == {"repository": "org/name", "commit": COMMIT, "files": 1}


def test_several_files_are_given_as_a_folder_with_nothing_else_in_it(hub, resolve):
    hub("dataset", DATA)
    found = resolve("hf:org/name:main/train")
    assert contents(found.path) == {name: DATA[name] for name in DATA if "train-" in name}
    assert found.facts["files"] == 2
    assert resolve("hf:org/name:main/train").path == found.path


def test_a_commit_and_a_branch_name_the_same_files(hub, resolve):
    hub("dataset", DATA, ref="v1")
    assert resolve(f"hf:org/name@{COMMIT}/test").path == resolve("hf:org/name@v1/test").path
    assert refusal(resolve, "hf:org/name/test") == (
        "hf:org/name/test: revision main is not in the local cache of the hub; run once without --offline, or name files of "
        "this machine with path:"
    )


def test_a_model_and_a_data_set_of_one_name_are_kept_apart(hub, resolve):
    hub("model", MODEL)
    assert contents(resolve("hf:org/name", "model").path) == {
        name: MODEL[name] for name in ("config.json", "model.safetensors", "tokenizer.json")
    }
    assert "is not in the local cache" in refusal(resolve, "hf:org/name/train")


def test_a_snapshot_with_shards_missing_is_not_read_as_a_smaller_data_set(hub, resolve):
    hub("dataset", DATA, only={"README.md", "main/train-00000-of-00002.jsonl"})
    assert refusal(resolve, "hf:org/name/train") == (
        "hf:org/name/train: revision main is there in part: 1 of 2 files main/train-*.jsonl; run once without --offline, or "
        "name files of this machine with path:"
    )


def test_a_broken_card_is_refused(hub, resolve):
    hub("dataset", {**DATA, "README.md": "---\nconfigs: [\n---\n"})
    assert refusal(resolve, "hf:org/name/train").startswith(
        "hf:org/name/train: the metadata of its data card is broken: "
    )


def test_what_was_asked_for_online_is_found_offline_and_no_more_than_that(hub, resolve, monkeypatch):
    asked = []

    class Api:
        def dataset_info(self, repo, *, revision):
            assert (repo, revision) == ("org/name", "main")
            return SimpleNamespace(sha=COMMIT, siblings=[SimpleNamespace(rfilename=name) for name in DATA])

    def download(repo, *, repo_type, revision, allow_patterns, local_files_only):
        assert (repo, repo_type, revision) == ("org/name", "dataset", COMMIT)
        asked.append((allow_patterns, local_files_only))
        if not local_files_only:
            hub("dataset", DATA, only=set(allow_patterns), ref=None)
        return str(Path(constants.HF_HUB_CACHE) / "datasets--org--name" / "snapshots" / COMMIT)

    monkeypatch.setattr(huggingface_hub, "HfApi", Api)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    found = resolve("hf:org/name/test", offline=False)
    assert asked == [(["README.md"], False), (["main/test-00000-of-00001.jsonl"], False)]
    assert resolve("hf:org/name/test").path == found.path
    assert refusal(resolve, "hf:org/name/train") == (
        "hf:org/name/train: revision main is there in part: main/train-00000-of-00002.jsonl is missing from the local cache "
        "of the hub; run once without --offline, or name files of this machine with path:"
    )


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (errors.GatedRepoError, "is gated; ask for access on the hub, then log in with `hf auth login`"),
        (
            errors.RepositoryNotFoundError,
            "the hub has no repository org/name that this machine may read; check the name, or log in with `hf auth login`",
        ),
        (errors.RevisionNotFoundError, "the repository has no revision 'v9'"),
        (
            ConnectionError,
            (
                "the hub cannot be reached (ConnectionError: no route); try again, or run with --offline if it has been "
                "downloaded before"
            ),
        ),
    ],
)
def test_what_the_hub_refuses_says_what_to_do(resolve, monkeypatch, error, message):
    class Api:
        def model_info(self, repo, *, revision):
            # The hub's errors want an HTTP response that their makers keep changing; their kind is what counts.
            made = error.__new__(error)
            made.args = ("no route",)
            raise made

    monkeypatch.setattr(huggingface_hub, "HfApi", Api)
    assert refusal(resolve, "hf:org/name@v9", "model", offline=False) == f"hf:org/name@v9: {message}"


def test_offline_opens_no_connection(hub, resolve, monkeypatch):
    def connecting(*arguments, **options):
        raise AssertionError("a connection was opened")

    monkeypatch.setattr("socket.socket.connect", connecting)
    hub("dataset", DATA)
    assert resolve("hf:org/name/test").path.is_file()
    assert "is not in the local cache" in refusal(resolve, "hf:org/other/test")
