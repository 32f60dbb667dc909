"""A checkout that names programs to be run has none of them run, and the commit is known all the same."""

import subprocess

import pytest

from seatrial.runs.environment import git_state

RUN = {
    "core.fsmonitor": "{evil}",
    "core.hooksPath": "{hooks}",
    "core.pager": "{evil}",
    "diff.external": "{evil}",
    "core.sshCommand": "{evil}",
    "core.editor": "{evil}",
    "filter.x.clean": "{evil}",
    "filter.x.smudge": "{evil}",
    "filter.x.process": "{evil}",
    "diff.x.textconv": "{evil}",
    "alias.status": "!{evil}",
    "alias.rev-parse": "!{evil}",
    "include.path": "{included}",
}
"""Keys of a repository's configuration that name programs."""


@pytest.fixture
def checkout(tmp_path):
    folder, evil, hooks = tmp_path / "checkout", tmp_path / "evil.sh", tmp_path / "hooks"
    evil.write_text(f'#!/bin/sh\necho run >> "{tmp_path}/ran"\ncat\n')
    evil.chmod(0o755)
    hooks.mkdir()
    for hook in ("post-index-change", "post-checkout", "reference-transaction"):
        (hooks / hook).symlink_to(evil)
    (tmp_path / "included").write_text(f"[core]\n\tfsmonitor = {evil}\n")

    def git(*arguments):
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)

    folder.mkdir()
    git("init", "-q")
    (folder / "file").write_text("a\n")
    (folder / ".gitattributes").write_text("file filter=x diff=x\n")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    (folder / "file").write_text("b\n")

    def configured(*keys):
        for key in keys:
            named = RUN[key].format(evil=evil, hooks=hooks, included=tmp_path / "included")
            git("config", key, named)
        return folder

    return configured


@pytest.mark.parametrize("key", RUN)
def test_nothing_that_a_checkout_names_is_run(checkout, tmp_path, attempts, key):
    found = git_state(checkout(key))
    attempts("checkouts").note(key, "it was run" if (tmp_path / "ran").exists() else "")
    assert len(found["commit"]) == 40
    assert found["dirty"] is (None if key in {"filter.x.clean", "filter.x.process"} else True)


def test_git_itself_would_run_one(checkout, tmp_path):
    subprocess.run(["git", "-C", checkout("core.fsmonitor"), "status"], capture_output=True, check=True)
    assert (tmp_path / "ran").exists()


def test_a_folder_outside_of_a_repository_has_no_commit(tmp_path):
    assert git_state(tmp_path) is None
