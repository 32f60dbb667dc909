"""Tokens from a tiktoken file: ranks and places, and what is said where there is no file or no library."""

from __future__ import annotations

import base64
import sys

import pytest

from seatrial.errors import SourceError, UsageError
from seatrial_plugins.decontamination.tiktoken_file import TiktokenFile


@pytest.fixture
def file(tmp_path):
    """Every byte, and two merges: `ab`, and a space before it."""
    path = tmp_path / "tiny.tiktoken"
    ranks = [bytes([byte]) for byte in range(256)] + [b"ab", b" ab"]
    path.write_bytes(b"".join(base64.b64encode(token) + b" %d\n" % rank for rank, token in enumerate(ranks)))
    return path


def test_tokens_are_ranks_and_know_their_places(file):
    pytest.importorskip("tiktoken")
    tokens = TiktokenFile(str(file))
    text = " ab abc 你"
    codes = tokens.read([text, ""])
    # The three bytes of the Chinese character are a token each.
    assert codes[0].tolist() == [257, 257, ord("c"), ord(" "), *"你".encode()]
    assert len(codes[1]) == 0
    assert tokens.learn([text])[0].tolist() == codes[0].tolist()
    assert tokens.spans(text) == [(0, 3), (3, 6), (6, 7), (7, 8), (8, 9), (8, 9), (8, 9)]


def test_a_file_that_is_none_is_named(tmp_path):
    pytest.importorskip("tiktoken")
    with pytest.raises(SourceError, match=r"gone.tiktoken: no such file"):
        TiktokenFile(str(tmp_path / "gone.tiktoken"))
    broken = tmp_path / "broken.tiktoken"
    broken.write_text("not base64 at all\n")
    with pytest.raises(SourceError, match=r"broken.tiktoken can't be read: "):
        TiktokenFile(str(broken))


def test_without_the_library_it_is_said_what_to_install(file, monkeypatch):
    monkeypatch.setitem(sys.modules, "tiktoken", None)
    with pytest.raises(UsageError, match="pip install tiktoken"):
        TiktokenFile(str(file))


def test_decon_counts_in_the_files_tokens_where_one_is_named(file, hits):
    pytest.importorskip("tiktoken")
    question = " ".join(f"w{number}" for number in range(30))
    other = " ".join(f"x{number}" for number in range(30))
    assert hits("olmo_decon", [question], [question, other], tokenizer=None, tiktoken=str(file)) == [
        ("train0", "test0", 1.0)
    ]
