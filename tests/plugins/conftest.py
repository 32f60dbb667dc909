import pytest


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


@pytest.fixture(scope="session")
def evaluate_modules(tmp_path_factory):
    """Where `evaluate` copies the modules that it loads: one folder, since Python imports them all as one package."""
    import evaluate

    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("evaluate")
        patch.setattr(evaluate.config, "HF_MODULES_CACHE", folder / "modules")
        patch.setattr(evaluate.config, "HF_METRICS_CACHE", folder / "metrics")
        yield folder


@pytest.fixture
def seatrial(tmp_path, monkeypatch, capsys):
    """The command line, in a folder of its own, in this process; gives the exit code and what was printed."""
    from seatrial import cli

    monkeypatch.chdir(tmp_path)
    for name, value in {"NO_COLOR": "1", "COLUMNS": "200", "SEATRIAL_CACHE": str(tmp_path / "cache")}.items():
        monkeypatch.setenv(name, value)

    def run(*arguments):
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            cli.main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return stopped.value.code, printed.out + printed.err

    return run
