"""A transcript: one row asked of one system, with all that was answered; and transcripts as a table."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Response", "Transcript", "read_transcripts", "transcript_schema", "transcripts_to_table"]

_REASONING = re.compile(r"<think>.*?(?:</think>|\Z)|\A(?:(?!<think>).)*?</think>", re.DOTALL)
"""As DeepSeek-R1, Qwen3 and their kin write it; templates that open it for the model leave the closing tag alone."""


@dataclass(frozen=True, slots=True)
class Response:
    """What a system answered to one request."""

    text: str
    """The text it wrote, the label it named, or the option that it was asked about."""
    logprob: float | None = None
    """The sum of the natural log probabilities of the text's tokens; None where the system tells none."""
    tokens: int | None = None
    """How many tokens the text has."""
    finished: bool | None = None
    """Whether it ended by itself; False where the token limit cut it off, None where that is no question."""

    @property
    def answer(self) -> str:
        """The text without its reasoning, `<think>…</think>`; nothing where it was cut off while it reasoned."""
        return _REASONING.sub("", self.text) if "think>" in self.text else self.text


@dataclass(frozen=True, slots=True)
class Transcript:
    """One row (or one named request) asked of one system."""

    row: str
    """The row's id, or a stable name of the request where there is no row (`request-017`)."""
    responses: tuple[Response, ...] = ()
    """In the order of the requests: of a row that is asked about its options, one for each option."""
    prompt_hash: str = ""
    """Digest of exactly what the system was given: paired tests refuse samples whose prompts differ."""
    detail: Mapping[str, object] = field(default_factory=dict)
    """What else the probe saw: the attacked text and its changes, the times of each token. JSON values."""
    error: str | None = None
    """Why the system could not be asked, or did not answer."""


def transcript_schema() -> pa.Schema:
    """The Arrow schema of `transcripts/<task>/<probe>/<system>.parquet`; `detail` is JSON text."""
    import pyarrow as pa

    response = pa.struct(
        [("text", pa.string()), ("logprob", pa.float64()), ("tokens", pa.int64()), ("finished", pa.bool_())]
    )
    return pa.schema(
        [
            ("row", pa.string()),
            ("prompt_hash", pa.string()),
            ("error", pa.string()),
            ("responses", pa.list_(response)),
            ("detail", pa.string()),
        ]
    )


def transcripts_to_table(transcripts: Iterable[Transcript]) -> pa.Table:
    """Transcripts as a table of `transcript_schema()`."""
    import pyarrow as pa

    records = [
        {
            "row": one.row,
            "prompt_hash": one.prompt_hash,
            "error": one.error,
            "responses": [
                {"text": said.text, "logprob": said.logprob, "tokens": said.tokens, "finished": said.finished}
                for said in one.responses
            ],
            "detail": json.dumps(dict(one.detail), ensure_ascii=False, sort_keys=True),
        }
        for one in transcripts
    ]
    return pa.Table.from_pylist(records, schema=transcript_schema())


def transcripts_of(table: pa.Table | pa.RecordBatch) -> Iterator[Transcript]:
    """The transcripts of a table of `transcript_schema()`; read by columns, since the options of a task are many."""
    said = table["responses"]
    responses = map(Response, *(part.to_pylist() for part in said.flatten().flatten()))
    counts = said.value_lengths().fill_null(0).to_pylist()
    rest = (table[name].to_pylist() for name in ("row", "prompt_hash", "detail", "error"))
    for count, row, prompt_hash, detail, error in zip(counts, *rest, strict=True):
        yield Transcript(row, tuple(islice(responses, count)), prompt_hash or "", json.loads(detail), error)


def read_transcripts(path: Path) -> Iterator[Transcript]:
    """The transcripts of a file, in order; a batch of them is held at a time."""
    import pyarrow.parquet as pq

    for batch in pq.ParquetFile(path).iter_batches():
        yield from transcripts_of(batch)
