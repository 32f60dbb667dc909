"""Which files an address of the hub means: by the data card, else by names; never a script, never a pickle."""

import pytest

from seatrial.errors import SourceError
from seatrial_plugins.sources.hub_address import HubAddress, parse_address
from seatrial_plugins.sources.hub_files import data_files, model_files


def chosen(listing, rest="", card=None, kind="data"):
    address = parse_address(f"hf:org/name{rest}", kind)
    return model_files(address, listing) if kind == "model" else data_files(address, listing, card or {})


def refusal(*arguments, **options):
    with pytest.raises(SourceError) as caught:
        chosen(*arguments, **options)
    return str(caught.value)


@pytest.mark.parametrize(
    ("address", "revision", "config", "rest"),
    [
        ("hf:org/name", "main", None, None),
        ("hf:org/name@v1.0", "v1.0", None, None),
        ("hf:org/name@0123abc:cfg/train", "0123abc", "cfg", "train"),
        ("hf:org/name:cfg", "main", "cfg", None),
        ("hf:org/name/train", "main", None, "train"),
        ("hf:org/name@refs/convert/parquet:cfg/train", "refs/convert/parquet", "cfg", "train"),
        ("hf:org/name@refs/pr/7/test", "refs/pr/7", None, "test"),
    ],
)
def test_an_address_is_taken_apart(address, revision, config, rest):
    assert parse_address(address, "data") == HubAddress(address, "org/name", revision, config, rest)


@pytest.mark.parametrize(
    ("address", "kind", "message"),
    [
        ("hf:gpt2", "model", "is no address of the hub; write hf:org/name[@revision][/file]"),
        ("hf:org/name@", "data", "is no address of the hub; write hf:org/name[@revision][:config][/split]"),
        ("hf:org/na me", "data", "is no address of the hub; write hf:org/name[@revision][:config][/split]"),
        ("hf:org/name/a/b", "data", "'a/b' is no split's name; write hf:org/name[@revision][:config][/split]"),
        ("hf:org/name:c", "model", "a model has no configuration 'c'; write hf:org/name[@revision][/file]"),
    ],
)
def test_what_is_no_address_is_refused(address, kind, message):
    with pytest.raises(SourceError) as caught:
        parse_address(address, kind)
    assert str(caught.value) == f"{address}: {message}"


@pytest.mark.parametrize(
    ("listing", "split", "files"),
    [
        (
            [
                "README.md",
                "data/train-00000-of-00002.parquet",
                "data/train-00001-of-00002.parquet",
                "data/test-00000-of-00001.parquet",
            ],
            "train",
            ["data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet"],
        ),
        (
            ["data/train_sft-00000-of-00001.parquet", "loader.py"],
            "train_sft",
            ["data/train_sft-00000-of-00001.parquet"],
        ),
        (["train.csv", "test.csv", "dev.csv"], "validation", ["dev.csv"]),
        (["my-eval.jsonl.gz", "my-training.jsonl.gz"], "test", ["my-eval.jsonl.gz"]),
        (["train/a.json", "train/b.json", "test/train_a.json"], "train", ["train/a.json", "train/b.json"]),
        (["contest.csv", "trained.csv"], "train", ["contest.csv", "trained.csv"]),
        ([".gitattributes", ".cache/x.json", "dataset_infos.json", "rows.tsv"], "train", ["rows.tsv"]),
    ],
)
def test_without_a_card_names_tell_the_splits(listing, split, files):
    assert chosen(listing, f"/{split}") == files


CARD = {
    "configs": [
        {
            "config_name": "main",
            "default": True,
            "data_files": [
                {"split": "train", "path": "main/train-*"},
                {"split": "test", "path": ["main/test-*", "x.json"]},
            ],
        },
        {
            "config_name": "socratic",
            "data_dir": "socratic",
            "data_files": {"train": "**/tr*.json", "test": "te?[0-9].json"},
        },
        {"config_name": "plain", "data_files": "all.csv"},
        {"config_name": "list", "data_files": ["a.csv", "b/*.csv"]},
        {"config_name": "folder", "data_dir": "./folder/"},
    ]
}
LISTING = [
    *("main/train-0.parquet", "main/test-0.parquet", "x.json", "all.csv", "a.csv", "b/c.csv", "b/c/d.csv"),
    *("socratic/train.json", "socratic/deep/er/tr.json", "socratic/tes1.json", "socratic/tesx.json"),
    *("folder/train.json", "folder/test.json"),
]


@pytest.mark.parametrize(
    ("rest", "files"),
    [
        ("/train", ["main/train-0.parquet"]),
        (":main/test", ["main/test-0.parquet", "x.json"]),
        (":socratic/train", ["socratic/deep/er/tr.json", "socratic/train.json"]),
        (":socratic/test", ["socratic/tes1.json"]),
        (":plain", ["all.csv"]),
        (":list/train", ["a.csv", "b/c.csv"]),
        (":folder/test", ["folder/test.json"]),
    ],
)
def test_the_card_tells_the_splits_where_it_can(rest, files):
    assert chosen(LISTING, rest, CARD) == files


def test_a_configuration_without_a_card_is_a_folder():
    listing = ["en/train.csv", "en/test.csv", "de/train/0000.parquet"]
    assert chosen(listing, ":en/test") == ["en/test.csv"]
    assert chosen(listing, ":de") == ["de/train/0000.parquet"]
    assert refusal(listing, ":dee") == (
        "hf:org/name:dee: there is no configuration 'dee', on the data card or as a folder (did you mean 'de'?)"
    )


def test_what_the_address_leaves_open_or_gets_wrong_is_refused():
    listing = ["train.csv", "test.csv"]
    assert refusal(listing) == (
        "hf:org/name: has several splits and the address names none; write hf:org/name/NAME with one of: train, test"
    )
    assert refusal(listing, "/tests") == "hf:org/name/tests: there is no split 'tests' (did you mean 'test'?)"
    assert refusal(listing, "/zzz") == "hf:org/name/zzz: there is no split 'zzz'; there are: train, test"
    card = {"configs": [{"config_name": "en", "data_files": "a.csv"}, {"config_name": "de", "data_files": "b.csv"}]}
    assert refusal(["a.csv"], "@v1", card) == (
        "hf:org/name@v1: has several configurations and the address names none; write hf:org/name@v1:NAME with one of: en, de"
    )
    assert refusal(["a.csv"], ":fr", card) == ("hf:org/name:fr: there is no configuration 'fr'; there are: en, de")
    assert refusal(["a.csv"], "", {"configs": [{"data_files": 7}]}) == (
        "hf:org/name: the data card's data_files are of no known form; name the files by path:"
    )


def test_a_data_set_that_needs_a_script_is_refused():
    assert refusal(["name.py", "README.md", "images.zip"]) == (
        "hf:org/name: holds no file of a kind that can be read (.jsonl, .jsonlines, .ndjson, .json, .csv, .tsv, .parquet, .yaml, .yml), "
        "and scripts of a data set are never run; its conversion to Parquet may be at @refs/convert/parquet"
    )


def test_of_a_model_only_safetensors_config_and_tokenizer_are_taken():
    listing = [
        *(
            ".gitattributes",
            "README.md",
            "config.json",
            "tokenizer.json",
            "tokenizer.model",
            "merges.txt",
            "chat_template.jinja",
        ),
        *("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json"),
        *(
            "pytorch_model.bin",
            "modeling_x.py",
            "onnx/model.onnx",
            "model.gguf",
            "original/params.json",
            "consolidated.safetensors",
        ),
    ]
    assert chosen(listing, kind="model") == [
        *("chat_template.jinja", "config.json", "merges.txt"),
        *("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json"),
        *("tokenizer.json", "tokenizer.model"),
    ]


def test_of_several_gguf_files_the_address_names_one():
    assert chosen(["README.md", "x-Q4_1.gguf"], kind="model") == ["x-Q4_1.gguf"]
    two = ["x-Q4_1.gguf", "x-Q8_0.gguf"]
    assert chosen(two, "/x-Q8_0.gguf", kind="model") == ["x-Q8_0.gguf"]
    assert refusal(two, kind="model") == (
        "hf:org/name: holds several GGUF files and the address names none; write hf:org/name/FILE with one of: "
        "x-Q4_1.gguf, x-Q8_0.gguf"
    )
    assert refusal(two, "/x-Q8.gguf", kind="model") == (
        "hf:org/name/x-Q8.gguf: the repository holds no file 'x-Q8.gguf' (did you mean 'x-Q8_0.gguf'?)"
    )


def test_pickled_weights_are_refused():
    assert refusal(["config.json", "pytorch_model.bin"], kind="model") == (
        "hf:org/name: holds neither safetensors nor GGUF weights, and pickled weights are never loaded; convert the model "
        "to safetensors"
    )
