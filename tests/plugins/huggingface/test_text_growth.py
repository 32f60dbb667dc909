from __future__ import annotations

import json
import shutil

import pytest

from seatrial import Turn
from seatrial.errors import SourceError, StageError
from seatrial_plugins.huggingface.chat import ChatTokenizer
from seatrial_plugins.huggingface.text_growth import check_growth
from seatrial_plugins.huggingface.tokenizer_files import read_tokenizer


def replace(pattern, content, kind="String"):
    return {"type": "Replace", "pattern": {kind: pattern}, "content": content}


def sequence(*steps, name="normalizers"):
    return {"type": "Sequence", name: list(steps)}


@pytest.fixture
def tokenizer_with(tiny_target, tmp_path):
    """Writes the tiny tokenizer with other steps."""

    def write(**parts):
        folder = shutil.copytree(tiny_target.folder, tmp_path / "model")
        known = json.loads((folder / "tokenizer.json").read_text())
        (folder / "tokenizer.json").write_text(json.dumps({**known, **parts}))
        return folder

    return write


GROWING = {
    "doubling": sequence(*[replace("a", "aa")] * 40),
    "in turns": sequence(*[replace("a", "bb"), replace("b", "aa")] * 20),
    "across two": sequence(*[replace("aa", "ab"), replace("ba", "cccc"), replace("c", "aa")] * 20),
    "between characters": sequence(*[replace("x*", "y", "Regex")] * 40),
    "by a pattern that Python does not know": sequence(*[replace(r"\p{L}*", "y", "Regex")] * 40),
    "nested": sequence(sequence(*[replace("a", "aa")] * 6), sequence(*[replace("a", "aa")] * 6)),
    "at once": replace("a", "b" * 2_000),
    "of nothing": sequence(*[replace("", "b" * 50)] * 2),
    "after Unicode": sequence({"type": "NFKC"}, {"type": "Lowercase"}, {"type": "NFKD"}, {"type": "NFKC"}),
}


@pytest.mark.parametrize("normalizer", GROWING.values(), ids=GROWING)
def test_a_tokenizer_that_grows_text_is_refused_before_it_is_loaded(tokenizer_with, normalizer):
    with pytest.raises(
        SourceError, match=r"tokenizer\.json: its normalizer may make 1,000 characters and more of one \(the"
    ):
        read_tokenizer(tokenizer_with(normalizer=normalizer))


def test_so_is_a_decoder(tokenizer_with):
    decoder = sequence(*[replace("a", "aa")] * 40, name="decoders")
    with pytest.raises(SourceError, match=r"tokenizer\.json: its decoder may make"):
        read_tokenizer(tokenizer_with(decoder=decoder))


PUBLISHED = {
    "llama 2": sequence({"type": "Prepend", "prepend": "▁"}, replace(" ", "▁")),
    "bert": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "lowercase": True},
    "albert": sequence(
        replace("``", '"'),
        replace("''", '"'),
        {"type": "NFKD"},
        {"type": "StripAccents"},
        {"type": "Lowercase"},
        replace(" {2,}", " ", "Regex"),
    ),
    "ligatures": sequence(*(replace(chr(0xFDF0 + n), "صلى الله عليه وسلم") for n in range(12))),
    "none": None,
    "odd": {"type": 5, "content": ["a"], "pattern": "b"},
}


@pytest.mark.parametrize("normalizer", PUBLISHED.values(), ids=PUBLISHED)
def test_published_steps_are_taken(tokenizer_with, normalizer):
    check_growth(tokenizer_with(normalizer=normalizer))


def test_a_pattern_that_takes_exponential_time_is_an_error_of_its_text(tokenizer_with):
    split = {"type": "Split", "pattern": {"Regex": "(q+)+z"}, "behavior": "Isolated", "invert": False}
    chat = ChatTokenizer(tokenizer_with(pre_tokenizer=split), chat=True, system=None)
    assert chat.tokenize(["where"])
    with pytest.raises(
        StageError, match=r"the model's tokenizer gives up on a text \(.*; get the model's own tokenizer"
    ):
        chat.prompts([[Turn("user", "q" * 40)]])
