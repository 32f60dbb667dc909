import pytest


def made(folder, kind, **sizes):
    """A randomly initialised model of that kind and a word-piece tokenizer, in a folder."""
    import torch
    from tokenizers import BertWordPieceTokenizer
    from transformers import AutoConfig, AutoModel, PreTrainedTokenizerFast

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
        "ship",
    ]
    backend = BertWordPieceTokenizer({word: index for index, word in enumerate(words)})
    marks = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    PreTrainedTokenizerFast(
        tokenizer_object=backend._tokenizer, model_input_names=["input_ids", "attention_mask"], **marks
    ).save_pretrained(folder)
    torch.manual_seed(0)
    config = AutoConfig.for_model(kind, vocab_size=len(words), pad_token_id=0, **sizes)
    AutoModel.from_config(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory):
    """A folder with a randomly initialised BERT of two layers and a word-piece tokenizer."""
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    return made(tmp_path_factory.mktemp("tiny-bert"), "bert", **sizes)


@pytest.fixture(scope="session")
def wide_bert(tmp_path_factory):
    """The same, as wide as all-MiniLM-L6-v2: wide enough for last bits to hang on the order of sums."""
    sizes = {"hidden_size": 384, "num_hidden_layers": 2, "num_attention_heads": 12, "intermediate_size": 1536}
    return made(tmp_path_factory.mktemp("wide-bert"), "bert", **sizes)


@pytest.fixture(scope="session")
def roberta(tmp_path_factory):
    """A RoBERTa, whose positions begin behind the padding token's index, of 514 positions as the published ones."""
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    return made(tmp_path_factory.mktemp("roberta"), "roberta", **sizes, max_position_embeddings=514)


@pytest.fixture(scope="session")
def mpnet(tmp_path_factory):
    """An MPNet, whose layers are not BERT's: attention knows how far apart two tokens are."""
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    return made(tmp_path_factory.mktemp("mpnet"), "mpnet", **sizes)


@pytest.fixture(scope="session", params=["bert", "roberta", "mpnet"])
def of_34_positions(request, tmp_path_factory):
    """A model with fewer positions than an encoder reads tokens, of each kind."""
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    return made(tmp_path_factory.mktemp(request.param), request.param, **sizes, max_position_embeddings=34)
