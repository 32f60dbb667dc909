from __future__ import annotations

from seatrial_plugins.training.checkpoints import keep_newest, mark_whole, newest_checkpoint


def checkpoint(folder, step, fingerprint="ours", *, whole=True):
    path = folder / f"checkpoint-{step}"
    path.mkdir()
    (path / "adapter_model.safetensors").write_bytes(b"weights")
    if whole:
        mark_whole(path, fingerprint)
    return path


def test_the_newest_whole_checkpoint_is_found_and_broken_ones_go(tmp_path):
    checkpoint(tmp_path, 5)
    newest = checkpoint(tmp_path, 20)
    unfinished = checkpoint(tmp_path, 30, whole=False)
    shortened = checkpoint(tmp_path, 40)
    (shortened / "adapter_model.safetensors").write_bytes(b"weig")
    foreign = checkpoint(tmp_path, 50, "another suite's")
    named = tmp_path / "checkpoint-last"
    named.mkdir()
    assert newest_checkpoint(tmp_path, "ours") == newest
    assert not any(path.exists() for path in (unfinished, shortened, foreign, named))
    assert newest_checkpoint(tmp_path, "ours") == newest


def test_older_checkpoints_go_by_their_steps_and_not_by_their_times(tmp_path):
    for step in (100, 20, 9):
        checkpoint(tmp_path, step)
    (tmp_path / "log.jsonl").touch()
    keep_newest(tmp_path, 2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint-100", "checkpoint-20", "log.jsonl"]
    keep_newest(tmp_path, 2)
    assert len(list(tmp_path.iterdir())) == 3


def test_no_checkpoint_is_none(tmp_path):
    assert newest_checkpoint(tmp_path, "ours") is None
    assert newest_checkpoint(tmp_path / "missing", "ours") is None
