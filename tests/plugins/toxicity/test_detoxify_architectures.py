"""The architectures of Detoxify's published models, in small, with 16 outputs of which 7 have names, as the unbiased ones."""

import json

import numpy as np
import pytest

from seatrial_plugins.toxicity import detoxify

TEXTS = [
    "sea",
    "you cur",
    "the sea is a cruel mistress to a cur",
    "ship ship",
    "a",
    "Ünïcode 船 🚢",
    "<pad> </s> [CLS]",
]
LABELS = ["toxicity", "severe_toxicity", "obscene", "identity_attack", "insult", "threat", "sexual_explicit"]
OF_ROBERTA = {
    **dict.fromkeys(("bos_token", "cls_token"), "<s>"),
    **dict.fromkeys(("eos_token", "sep_token"), "</s>"),
    "pad_token": "<pad>",
    "unk_token": "<unk>",
    "mask_token": "<mask>",
}
OF_ALBERT = {"cls_token": "[CLS]", "sep_token": "[SEP]", "pad_token": "<pad>", "unk_token": "<unk>"}
# Name → special tokens, those in the vocabulary's order, its padding token's id, and the config's own fields.
ARCHITECTURES = {
    "Roberta": (OF_ROBERTA, ("<s>", "<pad>", "</s>", "<unk>", "<mask>"), 1, {"max_position_embeddings": 66}),
    "XLMRoberta": (OF_ROBERTA, ("<s>", "<pad>", "</s>", "<unk>", "<mask>"), 1, {"max_position_embeddings": 66}),
    "Albert": (
        OF_ALBERT,
        ("<pad>", "<unk>", "[CLS]", "[SEP]"),
        0,
        {"max_position_embeddings": 64, "embedding_size": 16},
    ),
}


def vocabulary(name, special, marks):
    """A tokenizer of the architecture's kind, learnt from the texts."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

    if name == "Roberta":
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        letters = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=list(special), initial_alphabet=letters)
    else:
        tokenizer = Tokenizer(models.Unigram())
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
        trainer = trainers.UnigramTrainer(vocab_size=90, special_tokens=list(special), unk_token="<unk>")
    trainer.show_progress = False
    tokenizer.train_from_iterator(TEXTS * 3, trainer)
    first, last = marks["cls_token"], marks["sep_token"]
    ends = [(mark, tokenizer.token_to_id(mark)) for mark in (first, last)]
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{first} $A {last}", special_tokens=ends)
    return tokenizer


@pytest.fixture(params=ARCHITECTURES)
def checkpoint(request, tmp_path):
    """A checkpoint in the form in which Detoxify's releases are."""
    import torch
    import transformers

    name = request.param
    marks, special, padding, own = ARCHITECTURES[name]
    tokenizer = vocabulary(name, special, marks)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    settings = {"tokenizer_class": f"{name}Tokenizer", "model_max_length": 64} | marks
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))
    torch.manual_seed(1)
    config = getattr(transformers, f"{name}Config")(
        vocab_size=tokenizer.get_vocab_size(),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        num_labels=16,
        initializer_range=0.5,
        pad_token_id=padding,
        **own,
    )
    config.save_pretrained(tmp_path)
    model = f"{name}ForSequenceClassification"
    arguments = {"num_classes": 16, "model_type": str(tmp_path), "model_name": model}
    parts = {
        "arch": {"type": name, "args": arguments | {"tokenizer_name": f"{name}Tokenizer"}},
        "dataset": {"args": {"classes": LABELS, "identity_classes": ["male", "female"]}},
    }
    # Releases of before transformers 4.31 hold position ids, which are no parameter.
    state = dict(getattr(transformers, model)(config).state_dict())
    state[f"{name.lower()}.embeddings.position_ids"] = torch.arange(64)[None]
    torch.save({"config": parts, "state_dict": state}, tmp_path / f"{name}.ckpt")
    return tmp_path / f"{name}.ckpt"


def test_every_published_architecture_scores_as_detoxify_predict_does(checkpoint):
    from detoxify import Detoxify

    theirs = Detoxify(checkpoint=str(checkpoint)).predict(TEXTS)
    assert list(theirs) == LABELS
    found = detoxify(checkpoint=str(checkpoint), device="cpu", batch_tokens=40)
    assert found.labels == tuple(LABELS)
    ours = np.array([[answer[label] for label in LABELS] for answer in found.detect(TEXTS)])
    assert np.abs(ours - np.array([theirs[label] for label in LABELS]).T).max() < 1e-5
    assert ours.std(axis=0).max() > 0.01


def test_every_published_architecture_reads_texts_longer_than_its_positions(checkpoint):
    found = detoxify(checkpoint=str(checkpoint), device="cpu")
    long, short = found.detect(["you cur " * 400, "you cur " * 8])
    assert all(0 < long[label] < 1 for label in LABELS)
    assert long != short
