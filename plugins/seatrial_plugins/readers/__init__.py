"""Readers: files become records, one by one. Each also reads its files compressed with gzip.

A record that cannot be decoded is a record with a problem, and so is what is wrong with a file as a whole. Nothing is
left out but blank lines.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from seatrial import Component, hookimpl
from seatrial.sources import Reader

__all__ = ["chatterbot", "csv", "json", "jsonl", "langchain", "parquet", "seatrial_readers", "tsv", "yaml"]


def jsonl() -> Reader:
    """JSON Lines: one JSON value a line."""
    from seatrial_plugins.readers.json_lines import JsonLines

    return JsonLines()


def json() -> Reader:
    """One JSON list of records; a file that holds a JSON value a line is read as JSON Lines."""
    from seatrial_plugins.readers.json_list import JsonList

    return JsonList()


def csv(*, delimiter: str = ",", quote: str = '"', names: list[str] | None = None) -> Reader:
    """A table in text, its first line naming the columns; a quoted cell may run over several lines.

    Args:
        delimiter: the character between cells.
        quote: the character around cells that hold a delimiter; "" where quotes are plain text.
        names: the columns' names, for a file whose first line is data already.
    """
    from seatrial_plugins.readers.delimited import Delimited

    return Delimited((".csv",), delimiter=delimiter, quote=quote, names=names)


def tsv(*, quote: str | None = None, names: list[str] | None = None) -> Reader:
    """A table in text with tabs between its cells.

    Args:
        quote: the character around cells that hold a tab; "" where quotes are plain text. By default found out: they stand
            around cells where reading them so gives rows of one width.
        names: the columns' names, for a file whose first line is data already.
    """
    from seatrial_plugins.readers.delimited import Delimited

    return Delimited((".tsv",), delimiter="\t", quote=quote, names=names)


def parquet() -> Reader:
    """Parquet; numbers of a column that the file declares as class labels become the labels' names."""
    from seatrial_plugins.readers.parquet_rows import ParquetRows

    return ParquetRows()


def yaml() -> Reader:
    """YAML with one list of records. Plain scalars mean what they do in JSON: `no` and dates stay text."""
    from seatrial_plugins.readers.yaml_list import YamlList

    return YamlList()


def chatterbot(*, task: Literal["topic", "dialogue"] = "topic") -> Reader:
    """ChatterBot's corpus: YAML with `categories` and `conversations`, each a list of utterances.

    Args:
        task: `topic` gives each conversation's first utterance, labelled with the file's first category; `dialogue`
            gives the whole conversation, its speakers taken in turn as user and assistant.
    """
    from seatrial_plugins.readers.chatterbot_corpus import ChatterbotCorpus

    return ChatterbotCorpus(task)


def langchain() -> Reader:
    """Message dumps of LangChain (`messages_to_dict`, `dumpd`) in JSON or JSON Lines, as chat messages."""
    from seatrial_plugins.readers.langchain_dump import LangchainDump

    return LangchainDump()


@hookimpl
def seatrial_readers() -> Iterable[Component[Reader]]:
    """The built-in file formats."""
    yield Component("jsonl", jsonl, "JSON Lines (.jsonl, .jsonlines, .ndjson): one JSON value a line.")
    yield Component("json", json, "JSON (.json): one list of records.")
    yield Component("csv", csv, "CSV (.csv): a table whose first line names the columns.", version="2")
    yield Component("tsv", tsv, "TSV (.tsv): as CSV, with tabs; quotes are mostly plain text.", version="2")
    yield Component("parquet", parquet, "Parquet (.parquet).")
    yield Component("yaml", yaml, "YAML (.yaml, .yml): one list of records.")
    yield Component(
        "chatterbot", chatterbot, "ChatterBot's corpus: dialogues in YAML, by category. Chosen by name only."
    )
    yield Component("langchain", langchain, "LangChain's message dumps in JSON or JSON Lines. Chosen by name only.")
