import csv
import hashlib
import json
import shutil
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
    with pytest.raises(SourceError, match=r"no Detoxify checkpoint: it lacks `config\.arch\.args` \(dict\)"):
        detoxify(checkpoint=str(tmp_path / "other.ckpt"))
    with pytest.raises(SourceError, match="there is no checkpoint"):
        detoxify(checkpoint=str(tmp_path / "missing.ckpt"))


def test_outputs_beyond_the_named_classes_are_left_out_as_detoxify_leaves_them(tiny_checkpoint, tmp_path):
    """The published unbiased models have 16 outputs and 7 classes: the others are identities."""
    folder = shutil.copytree(tiny_checkpoint.parent, tmp_path / "wide")
    changed("config.dataset.args.classes", ["toxic", "obscene"])(folder / "tiny.ckpt")
    found = detoxify(checkpoint=str(folder / "tiny.ckpt"), device="cpu")
    assert found.labels == ("toxicity", "obscene")
    ours = [[answer[label] for label in found.labels] for answer in found.detect(TEXTS)]
    assert np.abs(np.array(ours) - predicted(tiny_checkpoint, TEXTS, tmp_path)[:, :2]).max() < 1e-5
    assert found.detect(TEXTS)[0].keys() == {"toxicity", "obscene"}


def test_another_tokenizer_is_told_from_the_one_before(tiny_checkpoint, tmp_path):
    folder = shutil.copytree(tiny_checkpoint.parent, tmp_path / "other")

    def reads():
        return detoxify(checkpoint=str(folder / "tiny.ckpt"), device="cpu").reads

    before = reads()
    (folder / "README.md").write_text("not read")
    assert reads() == before
    settings = folder / "tokenizer_config.json"
    settings.write_text(settings.read_text() + "\n")
    assert {name for name, digest in reads().items() if digest != before[name]} == {
        "detoxify/tiny.ckpt, config and tokenizer"
    }


@pytest.fixture
def broken(tiny_checkpoint, tmp_path):
    """Loads a copy of the tiny checkpoint that was broken."""

    def load(change):
        folder = shutil.copytree(tiny_checkpoint.parent, tmp_path / "broken")
        change(folder / tiny_checkpoint.name)
        return detoxify(checkpoint=str(folder / tiny_checkpoint.name), device="cpu")

    return load


def changed(place, value):
    """The checkpoint with another value at a place in it, such as `config.arch.args.model_name`."""
    import torch

    def change(file):
        held = torch.load(file, weights_only=True)
        *outer, last = place.split(".", 3 if place.startswith("config") else 1)
        part = held
        for key in outer:
            part = part[key]
        if value is None:
            del part[last]
        else:
            part[last] = value
        torch.save(held, file)

    return change


def nowhere_finite(shape):
    import torch

    return torch.full(shape, float("nan"))


def beside(name, data):
    return lambda file: (file.parent / name).write_bytes(data)


def without_vocabulary(file):
    for name in ("tokenizer.json", "vocab.txt"):
        (file.parent / name).unlink()


NO_CHECKPOINT, OTHER_FOLDER = "is no Detoxify checkpoint: it lacks", "name the folder that belongs to it in the option"
BROKEN = {
    "cut": (
        lambda file: file.write_bytes(file.read_bytes()[:-10]),
        r"is damaged, or was cut short; get it again \(OSError",
    ),
    "half": (lambda file: file.write_bytes(file.read_bytes()[:9_000]), "is damaged, or was cut short; get it again"),
    "empty": (lambda file: file.write_bytes(b""), r"is damaged, or was cut short; get it again \(EOFError"),
    "a web page": (lambda file: file.write_bytes(b"<!DOCTYPE html>"), "is damaged, or holds Python objects beside"),
    "no state": (changed("state_dict", None), rf"{NO_CHECKPOINT} `state_dict` \(dict\)"),
    "no architecture": (
        changed("config.arch.args.model_name", None),
        rf"{NO_CHECKPOINT} `config\.arch\.args\.model_name`",
    ),
    "classes in a text": (
        changed("config.dataset.args.classes", "toxic"),
        rf"{NO_CHECKPOINT} `config\.dataset\.args\.cl",
    ),
    "a class twice": (changed("config.dataset.args.classes", ["a", "a", "b"]), "classes must name each output once"),
    "classes in lists": (changed("config.dataset.args.classes", [["a"], ["b"]]), "classes must name each output once"),
    "a class twice, by an older name": (
        changed("config.dataset.args.classes", ["toxic", "obscene", "toxicity"]),
        "classes must name each output once",
    ),
    "four classes": (
        changed("config.dataset.args.classes", ["a", "b", "c", "d"]),
        "names 4 classes for the 3 outputs of its model",
    ),
    "a tensor lost": (
        changed("state_dict.classifier.weight", None),
        r"it lacks the tensor classifier\.weight, which its",
    ),
    "a tensor of another shape": (
        changed("state_dict.classifier.weight", nowhere_finite((2, 2))),
        rf"{OTHER_FOLDER} `config` \(tensors of other shapes\)",
    ),
    "numbers that are none": (
        changed("state_dict.classifier.weight", nowhere_finite((3, 16))),
        r"its tensor classifier\.weight holds numbers that are not finite",
    ),
    "another architecture": (
        changed("config.arch.args.model_name", "RobertaForSequenceClassification"),
        r"it lacks the tensor \S+ and 24 others, which its architecture RobertaForSequenceClassification has",
    ),
    "no architecture of transformers": (
        changed("config.arch.args.model_name", "NeverHeardOf"),
        r"names the architecture 'NeverHeardOf'; transformers \S+ has no sequence classifier of this name",
    ),
    "something of transformers that is no model": (
        changed("config.arch.args.model_name", "AutoModelForSequenceClassification"),
        "has no sequence classifier of this name",
    ),
    "config cut": (beside("config.json", b"{"), rf"{OTHER_FOLDER} `config` \(OSError"),
    "tokenizer cut": (
        beside("tokenizer.json", b"{"),
        r"there is no tokenizer that transformers can load; .*JSONDecodeError",
    ),
    "no vocabulary": (without_vocabulary, "no vocabulary, so that every text would read alike|no tokenizer that"),
}


@pytest.mark.parametrize(("change", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_broken_checkpoint_is_refused_and_never_scores(broken, change, reason, capfd):
    with pytest.raises(SourceError, match=reason) as refused:
        broken(change)
    assert "tiny.ckpt" in str(refused.value) or "broken" in str(refused.value)
    assert "REPORT" not in "".join(capfd.readouterr())


def test_code_beside_a_checkpoint_is_neither_run_nor_asked_about(broken, monkeypatch, tmp_path):
    """Detoxify's own loader asks at the terminal, and runs it where the answer is yes."""

    def with_code(file):
        changed("config.arch.args.tokenizer_name", "AutoTokenizer")(file)
        evil = {"AutoTokenizer": ["evil.Evil", "evil.Evil"], "AutoConfig": "evil.Evil"}
        for name, more in (
            ("config.json", {"model_type": "evil", "auto_map": evil}),
            ("tokenizer_config.json", {"tokenizer_class": "Evil", "auto_map": evil}),
        ):
            kept = json.loads((file.parent / name).read_text())
            (file.parent / name).write_text(json.dumps(kept | more))
        (file.parent / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Evil: pass\n")

    monkeypatch.setattr("builtins.input", lambda *_: pytest.fail("asked at the terminal"))
    with pytest.raises(SourceError, match="no tokenizer that transformers can load"):
        broken(with_code)
    assert not (tmp_path / "ran").exists()


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
    assert found.reads["detoxify/tiny.ckpt"] == digest
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
    assert (found.name, found.reads["detoxify/original"]) == ("detoxify/original", digest)


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
    with pytest.raises(UsageError, match="'abacus' cannot be used"):
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
