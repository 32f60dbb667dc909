from __future__ import annotations

import shutil

import pytest

from seatrial.errors import SourceError
from seatrial_plugins.huggingface.tokenizer_files import read_tokenizer


def test_a_folders_tokenizer_is_read(tiny_source):
    assert read_tokenizer(tiny_source)("hello")["input_ids"]


@pytest.mark.parametrize("data", [b"", b"{", b"{}", b"[]", b"\xff\xfe"])
def test_a_broken_file_is_refused_by_its_folder(tiny_source, tmp_path, data):
    folder = shutil.copytree(tiny_source, tmp_path / "model")
    (folder / "tokenizer.json").write_bytes(data)
    with pytest.raises(
        SourceError, match=r"no tokenizer that transformers can load; add the model's tokenizer\.json"
    ) as refused:
        read_tokenizer(folder)
    assert str(folder) in str(refused.value)


def test_a_tokenizer_of_special_tokens_alone_is_refused(tmp_path):
    """transformers makes one where a BERT's vocabulary is missing, and every word is unknown to it."""
    from transformers import BertConfig, BertTokenizerFast

    (tmp_path / "vocab.txt").write_text("[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nsea\n")
    BertTokenizerFast(str(tmp_path / "vocab.txt")).save_pretrained(tmp_path)
    BertConfig().save_pretrained(tmp_path)
    assert len(read_tokenizer(tmp_path)) == 6
    for name in ("vocab.txt", "tokenizer.json"):
        (tmp_path / name).unlink(missing_ok=True)
    with pytest.raises(SourceError, match=r"no vocabulary, so that every text would read alike|no tokenizer that"):
        read_tokenizer(tmp_path)
