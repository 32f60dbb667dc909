import csv
import hashlib
from pathlib import Path

import numpy as np
import pytest

from seatrial.errors import SourceError, UsageError
from seatrial_plugins.toxicity import detoxify

LABELS = ("toxicity", "obscene", "identity_attack")


@pytest.fixture(scope="module")
def tiny(tiny_checkpoint):
    return detoxify(checkpoint=str(tiny_checkpoint), device="cpu", batch_tokens=12)


def scores(detector, texts):
    return np.array([[answer[label] for label in LABELS] for answer in detector.detect(texts)])


def predicted(checkpoint, texts, tmp_path):
    """What Detoxify itself says of the texts; its checkpoint must name a local folder."""
    import torch
    from detoxify import Detoxify

    loaded = torch.load(checkpoint, weights_only=True)
    loaded["config"]["arch"]["args"]["model_type"] = str(checkpoint.parent)
    torch.save(loaded, tmp_path / "local.ckpt")
    answer = Detoxify(checkpoint=str(tmp_path / "local.ckpt")).predict(texts)
    return np.array([answer[label] for label in LABELS]).T


TEXTS = ["sea", "you cur", "the sea is a cruel mistress to a cur", "ship ship", "a"]


def test_scores_equal_detoxify_predict(tiny, tiny_checkpoint, tmp_path):
    assert np.abs(scores(tiny, TEXTS) - predicted(tiny_checkpoint, TEXTS, tmp_path)).max() < 1e-5


def test_classes_get_their_standard_names(tiny):
    assert tiny.labels == LABELS
    assert not tiny.weak
    assert tiny.name == "detoxify/tiny.ckpt"


def test_no_texts_and_empty_texts(tiny):
    assert tiny.detect([]) == []
    assert tiny.detect(["", " \n"]) == [dict.fromkeys(LABELS, 0.0)] * 2


def test_order_is_that_of_the_texts(tiny):
    assert np.allclose(scores(tiny, TEXTS), scores(tiny, TEXTS[::-1])[::-1], atol=1e-6)


def test_odd_texts_get_probabilities(tiny):
    found = scores(tiny, ["\ud800", "船 🚢", "\x00", "x" * 100_000])
    assert ((found >= 0) & (found <= 1)).all()


def test_a_long_text_scores_as_its_worst_piece(tiny):
    calm, rude = "sea " * 400, "cur " * 62
    long, calm_alone, rude_alone = scores(tiny, [calm + rude + calm, calm, rude])
    worse = rude_alone > calm_alone + 1e-3
    assert worse.any()
    assert (long[worse] > calm_alone[worse] + 1e-4).all()
    assert (long >= calm_alone - 1e-6).all()


def test_a_checkpoint_with_pickled_objects_is_refused(tmp_path):
    import torch

    (tmp_path / "config.json").write_text("{}")
    torch.save({"config": tmp_path, "state_dict": {}}, tmp_path / "evil.ckpt")
    with pytest.raises(SourceError, match="executes no pickles"):
        detoxify(checkpoint=str(tmp_path / "evil.ckpt"))


def test_what_is_no_checkpoint_is_refused(tmp_path):
    import torch

    torch.save({"weights": torch.zeros(2)}, tmp_path / "other.ckpt")
    with pytest.raises(SourceError, match="no Detoxify checkpoint: it lacks 'config'"):
        detoxify(checkpoint=str(tmp_path / "other.ckpt"))
    with pytest.raises(SourceError, match="there is no checkpoint"):
        detoxify(checkpoint=str(tmp_path / "missing.ckpt"))


def test_an_architecture_that_is_not_here_is_named(tiny_checkpoint, tmp_path):
    alone = tmp_path / "alone.ckpt"
    alone.write_bytes(tiny_checkpoint.read_bytes())
    with pytest.raises(SourceError, match=r"built on a-name-that-no-hub-has.*in the option `config`"):
        detoxify(checkpoint=str(alone))
    found = detoxify(checkpoint=str(alone), config=str(tiny_checkpoint.parent), device="cpu")
    assert found.labels == LABELS
    with pytest.raises(SourceError, match=r"holds no config\.json"):
        detoxify(checkpoint=str(alone), config=str(tmp_path))


@pytest.mark.parametrize("switch", ["SEATRIAL_OFFLINE", "HF_HUB_OFFLINE"])
def test_offline_fetches_nothing(monkeypatch, tmp_path, switch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv(switch, "1")
    monkeypatch.setattr("torch.hub.download_url_to_file", lambda *_, **__: pytest.fail("reached for the network"))
    with pytest.raises(SourceError, match="'unbiased' are not on this machine, and the run is offline"):
        detoxify(model="unbiased")


def test_a_local_checkpoint_is_held_against_its_hash(tiny_checkpoint):
    digest = hashlib.sha256(tiny_checkpoint.read_bytes()).hexdigest()
    found = detoxify(checkpoint=str(tiny_checkpoint), sha256=digest.upper(), device="cpu")
    assert found.reads == {"detoxify/tiny.ckpt": digest}
    other = "0" * 64
    with pytest.raises(SourceError, match=f"its SHA-256 is {digest}, and {other} was expected"):
        detoxify(checkpoint=str(tiny_checkpoint), sha256=other)


@pytest.mark.parametrize("options", [{"sha256": "0" * 64}, {"checkpoint": "x", "sha256": "c1212f89"}])
def test_a_hash_of_nothing_or_half_a_hash_is_refused(options):
    with pytest.raises(UsageError, match="sha256 is"):
        detoxify(**options)


def test_a_published_model_in_the_cache_is_held_against_its_release(monkeypatch, tmp_path, tiny_checkpoint):
    from detoxify.detoxify import MODEL_URLS

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("SEATRIAL_OFFLINE", "1")
    kept = tmp_path / "hub" / "checkpoints" / "toxic_original-c1212f89.ckpt"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(tiny_checkpoint.read_bytes())
    with pytest.raises(
        SourceError, match=r"not the checkpoint that was meant: its SHA-256 is .*c1212f89… was expected"
    ):
        detoxify()
    digest = hashlib.sha256(kept.read_bytes()).hexdigest()
    kept = kept.rename(kept.with_name(f"tiny-{digest[:8]}.ckpt"))
    monkeypatch.setitem(MODEL_URLS, "original", f"https://example.org/{kept.name}")
    found = detoxify(config=str(tiny_checkpoint.parent), device="cpu")
    assert (found.name, found.reads) == ("detoxify/original", {"detoxify/original": digest})


@pytest.mark.parametrize("model", ["original", "unbiased", "multilingual", "original-small", "unbiased-small"])
def test_every_published_model_is_pinned(monkeypatch, tmp_path, model):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.delenv("SEATRIAL_OFFLINE", raising=False)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    asked = []

    def download(url, file, hash_prefix, progress):
        asked.append((url, hash_prefix))
        Path(file).write_bytes(b"something else")

    monkeypatch.setattr("torch.hub.download_url_to_file", download)
    with pytest.raises(SourceError, match="was expected"):
        detoxify(model=model)
    ((url, pinned),) = asked
    assert len(pinned) == 8
    assert f"-{pinned}.ckpt" in url


def test_a_failed_download_says_what_else_to_do(monkeypatch, tmp_path):
    def fail(*_, **__):
        raise OSError("no route to host")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.delenv("SEATRIAL_OFFLINE", raising=False)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr("torch.hub.download_url_to_file", fail)
    with pytest.raises(SourceError, match="no route to host; see to the network"):
        detoxify()


def test_wrong_options_are_refused(tiny_checkpoint):
    with pytest.raises(UsageError, match="batch_tokens must be at least 1"):
        detoxify(checkpoint=str(tiny_checkpoint), batch_tokens=0)
    with pytest.raises(UsageError, match="no device 'abacus'"):
        detoxify(checkpoint=str(tiny_checkpoint), device="abacus")


@pytest.mark.slow
@pytest.mark.data
def test_a_trained_checkpoint_scores_as_its_author_measured(real_checkpoint, davidson, tmp_path):
    from sklearn.metrics import roc_auc_score

    tweets, held = davidson
    with tweets.open(encoding="utf-8", newline="") as lines:
        records = [record for record in csv.DictReader(lines) if record[""] in held]
    texts = [record["tweet"] for record in records]
    found = scores(detoxify(checkpoint=str(real_checkpoint)), texts)
    first = predicted(real_checkpoint, texts[:100], tmp_path)
    assert np.abs(found[:100] - first).max() < 1e-3
    classes = np.array([int(record["class"]) for record in records])
    assert roc_auc_score(classes < 2, found[:, 0]) == pytest.approx(0.988, abs=0.002)
    # Obscene, as its author's README has it: .984. It does not say of which tweets; those that are hateful or offensive
    # and that somebody called offensive give that figure, and in the train rows the scores rise with those votes.
    votes = np.array([int(record["offensive_language"]) for record in records])
    assert roc_auc_score((classes < 2) & (votes > 0), found[:, 1]) == pytest.approx(0.984, abs=0.001)
    assert roc_auc_score(classes == 0, found[:, 2]) == pytest.approx(0.845, abs=0.002)
