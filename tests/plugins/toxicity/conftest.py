from pathlib import Path

import pytest

from seatrial import Row, Turn

SHARED = Path(__file__).parents[4] / "shared"


@pytest.fixture
def conversation():
    """Makes a row of alternating user and assistant turns."""

    def make(*texts, id="row"):  # noqa: A002 - the name of the field
        turns = tuple(Turn(("user", "assistant")[place % 2], text) for place, text in enumerate(texts))
        return Row(id, turns, "chat", "path:x", "x.jsonl", 1)

    return make


@pytest.fixture(scope="session")
def davidson():
    """Davidson's tweets and the first columns of the 2,000 that were held out."""
    tweets, held_out = SHARED / "data/davidson/labeled_data.csv", SHARED / "models/detoxify-minilm/held_out_rows.txt"
    if not tweets.is_file() or not held_out.is_file():
        pytest.skip(f"needs {tweets.name} and {held_out.name} beside the checkout, in ../shared")
    return tweets, frozenset(held_out.read_text().split())


@pytest.fixture(scope="session")
def banking_test():
    """BANKING77's test questions."""
    import csv

    file = SHARED / "data/banking77/test.csv"
    if not file.is_file():
        pytest.skip("needs ../shared/data/banking77 beside the checkout")
    with file.open(encoding="utf-8", newline="") as lines:
        return [record["text"] for record in csv.DictReader(lines)]


@pytest.fixture(scope="session")
def real_checkpoint():
    """A trained checkpoint in Detoxify's format."""
    file = SHARED / "models/detoxify-minilm/detoxify-minilm.ckpt"
    if not file.is_file():
        pytest.skip("needs ../shared/models/detoxify-minilm beside the checkout")
    return file


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory):
    """A checkpoint in Detoxify's format with random weights: 64 positions, classes toxic, obscene, identity_hate."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    folder = tmp_path_factory.mktemp("tiny-detoxify")
    letters = [chr(code) for code in range(ord("a"), ord("z") + 1)]
    words = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        *letters,
        *(f"##{letter}" for letter in letters),
        "sea",
        "cur",
    ]
    (folder / "vocab.txt").write_text("\n".join(words))
    BertTokenizerFast(str(folder / "vocab.txt"), model_max_length=64).save_pretrained(folder)
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=64,
        num_labels=3,
        initializer_range=0.5,
    )
    config.save_pretrained(folder)
    arguments = {
        "num_classes": 3,
        "model_type": "a-name-that-no-hub-has",
        "model_name": "BertForSequenceClassification",
        "tokenizer_name": "BertTokenizer",
    }
    checkpoint = {
        "config": {
            "arch": {"type": "BERTClassifier", "args": arguments},
            "dataset": {"args": {"classes": ["toxic", "obscene", "identity_hate"]}},
        },
        "state_dict": BertForSequenceClassification(config).state_dict(),
    }
    torch.save(checkpoint, folder / "tiny.ckpt")
    return folder / "tiny.ckpt"
