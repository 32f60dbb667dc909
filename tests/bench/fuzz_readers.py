"""Fuzzed files: each goes through all data stages; none may end in a traceback, and read = kept + dropped in every one.

    python tests/bench/fuzz_readers.py [--files 2000] [--seed 0] [--keep FOLDER]

Files of every built-in format are made and then broken, in one way or in several: JSON cut, spliced and bent, encodings
mixed, NUL bytes, deep nesting, huge lines, gzip truncated and damaged, keys and values of wrong types, tables with ragged
rows and open quotes, YAML that refers to itself, Parquet with odd columns and flipped bytes, files named for what they
are not. A file of which no row is usable ends in a message with exit code 2, and all its records in the ledger.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import random
import shutil
import string
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from seatrial.errors import SeatrialError
from seatrial.host import Host
from seatrial.suite.file import load_suite
from seatrial.trial.run import run

FILTERS = "[unicode, schema, {length: {max_characters: 5000}}, privacy, duplicates, near_duplicates, leakage]"
SUITE = """\
name: fuzzed
seed: 1
data:
  train: {{source: "path:{file}"{reader}}}
  split: {{test: 0.3}}
filters: {filters}
report: []
"""


def main() -> None:
    options = arguments()
    host = Host.load()
    outcomes: Counter[str] = Counter()
    failures = 0
    slowest = (0.0, "")
    for number in range(options.files):
        with tempfile.TemporaryDirectory() as folder:
            file, reader = fuzzed(Path(folder), random.Random(options.seed * 1_000_003 + number))
            outcome = put_through(Path(folder), file, reader, host)
            outcomes[outcome.word] += 1
            slowest = max(slowest, (outcome.seconds, f"{number}: {file.name}"))
            if outcome.wrong:
                failures += 1
                print(f"file {number} ({file.name}, reader {reader or 'by its ending'}): {outcome.wrong}", flush=True)
                if options.keep:
                    options.keep.mkdir(parents=True, exist_ok=True)
                    shutil.copy(file, options.keep / f"{number}-{file.name}")
    print(f"{options.files} files: {', '.join(f'{count} {word}' for word, count in outcomes.most_common())}")
    print(f"slowest: {slowest[0]:.1f} s, file {slowest[1]}; failures: {failures}")
    sys.exit(bool(failures))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file."""

    word: str
    seconds: float
    wrong: str = ""
    """What should not have happened."""


def put_through(folder: Path, file: Path, reader: str, host: Host) -> Outcome:
    """Run the data stages on one file, and count what was read, kept and dropped."""
    suite_file = folder / "suite.yaml"
    named = f", reader: {reader}" if reader else ""
    suite_file.write_text(SUITE.format(file=file, reader=named, filters=FILTERS), encoding="utf-8")
    started = time.perf_counter()
    try:
        suite = load_suite(suite_file, host, only_data=True)
        result = run(suite, host, runs=folder / "runs", cache=folder / "cache", only_data=True)
    except SeatrialError as error:
        return _refused(folder, error, time.perf_counter() - started)
    except Exception:
        return Outcome("with a traceback", time.perf_counter() - started, traceback.format_exc())
    seconds = time.perf_counter() - started
    read = result.facts("read")["read"]
    kept = sum(pq.read_metadata(result.folder / f"data/{split}.parquet").num_rows for split in SPLITS)
    dropped = sum(result.ledger["decisive"].to_pylist())
    wrong = "" if read == kept + dropped else f"{read} read, {kept} kept, {dropped} dropped"
    if rows := [entry for entry in result.ledger.to_pylist() if not entry["rule"] or not entry["file"]]:
        wrong = wrong or f"{len(rows)} entries of the ledger give no rule or no file"
    return Outcome("read", seconds, wrong)


SPLITS = ("train", "validation", "test")


def _refused(folder: Path, error: SeatrialError, seconds: float) -> Outcome:
    """No row was usable: then the message says how many records there were, and each stands in the ledger."""
    if error.exit_code != 2 or "no row could be read" not in str(error):
        return Outcome("refused", seconds, f"{type(error).__name__}, exit code {error.exit_code}: {error}")
    (ledger,) = folder.glob("runs/*/ledger/read.parquet")
    entries = pq.read_table(ledger)
    told = f"({len(entries)} unusable records"
    wrong = (
        "" if told in str(error) and all(entries["decisive"].to_pylist()) else f"{len(entries)} entries, but: {error}"
    )
    return Outcome("without a usable row", seconds, wrong)


# ---- making files ----------------------------------------------------------------------------------------------------


def fuzzed(folder: Path, draw: random.Random) -> tuple[Path, str]:
    """A broken file, and the reader to name for it; "" where its ending chooses."""
    form = draw.choice(list(FORMS))
    records = [record(draw) for _ in range(draw.choice([0, 1, 5, 20, 60]))]
    data = FORMS[form](records, draw)
    whole = form in {"jsonl", "json"}  # what is broken in one record there leaves the others
    for _ in range(draw.choice([0, 1, 1, 1, 2, 3] if whole else [0, 0, 0, 1, 1, 2])):
        data = draw.choice(BREAKS)(data, draw)
    packed = draw.random()
    if packed < 0.15:
        data = gzip.compress(data)
        data = draw.choice([data, data[: draw.randrange(len(data) + 1)], flip(data, draw), gzip.compress(data)])
    ending = draw.choice([form, form, form, form, draw.choice(list(FORMS))])
    ending = {"chatterbot": "yml", "langchain": "json"}.get(ending, ending)
    file = folder / f"file.{ending}{'.gz' if packed < 0.15 or packed > 0.98 else ''}"
    file.write_bytes(data)
    return file, form if form in {"chatterbot", "langchain"} or draw.random() < 0.2 else ""


def record(draw: random.Random) -> object:
    """A record in some layout, now and then with a wrong type in it."""
    text = " ".join("".join(draw.choices(string.ascii_lowercase, k=4)) for _ in range(draw.randrange(1, 12)))
    made = draw.choice(
        [
            {"text": text, "label": draw.choice(["a", "b", 1, True, None, "", 1.5])},
            {"prompt": text, "completion": text[::-1]},
            {"messages": [{"role": draw.choice(["user", "tool", "Ann"]), "content": text}, {"role": "assistant"}]},
            {"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": text}]},
            {"conversations": [{"from": "human", "value": text}, {"from": "gpt", "value": draw.choice([text, None])}]},
            {"question": text, "choices": draw.choice([["x", "y"], {"A": "x", "B": "y"}, "x", []]), "answer": "A"},
            {"instruction": text, "input": None, "output": text},
        ]
    )
    if draw.random() < 0.3:
        made[draw.choice(list(made))] = odd(draw, draw.randrange(3))
    return odd(draw, 2) if draw.random() < 0.05 else made


def odd(draw: random.Random, depth: int) -> object:
    """Any value."""
    flat = [
        None,
        True,
        -1,
        0,
        10**400,
        1e308,
        2.5,
        "",
        " ",
        "\u202e",
        "\ud83d",
        "a\0b",
        "é",
        "x" * 300,
        "user@example.org",
    ]
    if depth == 0 or draw.random() < 0.5:
        return draw.choice(flat)
    if draw.random() < 0.5:
        return [odd(draw, depth - 1) for _ in range(draw.randrange(4))]
    return {
        draw.choice(["role", "text", "", "\ud800", "label"]): odd(draw, depth - 1) for _ in range(draw.randrange(4))
    }


def plain(draw: random.Random) -> object:
    """A text, mostly."""
    return odd(draw, 0) if draw.random() < 0.2 else f"{draw.choice(['where', 'when', 'why'])} {draw.randrange(50)}?"


def encoded(text: str, draw: random.Random) -> bytes:
    """Mostly UTF-8."""
    encoding = draw.choice(["utf-8"] * 20 + ["utf-8-sig", "utf-16", "latin-1", "utf-32"])
    return text.encode(encoding, "surrogatepass" if encoding.startswith("utf-8") else "replace")


def as_json_lines(records: Sequence[object], draw: random.Random) -> bytes:
    escaped = draw.random() < 0.5
    return encoded("".join(json.dumps(one, ensure_ascii=escaped) + "\n" for one in records), draw)


def as_json(records: Sequence[object], draw: random.Random) -> bytes:
    indent = draw.choice([None, 1])
    whole: object = records if draw.random() < 0.9 else {"data": records}
    return encoded(json.dumps(whole, ensure_ascii=draw.random() < 0.5, indent=indent), draw)


def as_table(delimiter: str) -> Callable[[Sequence[object], random.Random], bytes]:
    def made(records: Sequence[object], draw: random.Random) -> bytes:
        usual = [["text", "label"], ["prompt", "completion"], ["x", "text", "label"]]
        header = draw.choice([*usual, *usual, ["text", "label", "text"], [""], []])
        lines = [delimiter.join(header)]
        for _ in records:
            cells = [str(plain(draw)) for _ in range(max(0, len(header) + draw.choice([0] * 8 + [-1, 1])))]
            quoted = [f'"{cell}"' if draw.random() < 0.3 else cell for cell in cells]
            lines.append(delimiter.join(quoted))
        return encoded(draw.choice(["\n", "\r\n", "\r"]).join(lines), draw)

    return made


def as_yaml(records: Sequence[object], draw: random.Random) -> bytes:
    text = "".join(f"- {json.dumps(one)}\n" for one in records)
    extra = [
        *("", "", "", ""),
        "- &a [*a]\n",
        "- !!python/object:os.system {}\n",
        "- <<: {a: 1}\n",
        "\t- x\n",
        "- {text: no, label: 0o7}\n",
    ]
    bomb = "".join(f"{chr(97 + n)}: &{chr(97 + n)} [{', '.join([f'*{chr(96 + n)}'] * 9)}]\n" for n in range(1, 9))
    return encoded(text + draw.choice([*extra, f"a: &a [x]\n{bomb}"]), draw)


def as_chatterbot(records: Sequence[object], draw: random.Random) -> bytes:
    said = "".join(f"- - {json.dumps(plain(draw))}\n  - {json.dumps(odd(draw, 1))}\n" for _ in records)
    return encoded(f"categories:\n- {draw.choice(['AI', '[]', '5', ''])}\nconversations:\n{said}", draw)


def as_langchain(records: Sequence[object], draw: random.Random) -> bytes:
    def message() -> dict[str, object]:
        kind = draw.choice(["human", "human", "ai", "ai", "system", "tool", "chat", 5])
        said = {"content": plain(draw)}
        return {"type": kind, "data": draw.choice([said, said, said, said, {"content": odd(draw, 1)}, odd(draw, 1)])}

    return as_json([[message() for _ in range(draw.randrange(4))] for _ in records], draw)


def as_parquet(records: Sequence[object], draw: random.Random) -> bytes:
    n = len(records)
    kinds = [
        pa.array([str(odd(draw, 0)).encode("utf-8", "replace").decode() for _ in range(n)]),
        pa.array([draw.choice([None, "a", "b"]) for _ in range(n)], pa.string()).dictionary_encode(),
        pa.array([b"\xff\xfe"] * n, pa.binary()),
        pa.array([None] * n, pa.null()),
        pa.array([2**62] * n, pa.timestamp("us")),
        pa.array([[("k", 1)]] * n, pa.map_(pa.string(), pa.int64())),
        pa.array([[{"role": "user", "content": "hi"}]] * n),
        pa.array([1.5] * n, pa.float32()),
        pa.Array.from_buffers(
            pa.string(), n, [None, pa.array([*range(n + 1)], pa.int32()).buffers()[1], pa.py_buffer(b"\xff" * n)]
        ),
    ]
    names = draw.sample(["text", "label", "messages", "prompt", "completion", "x"], k=draw.randrange(1, 5))
    table = pa.table({name: draw.choice(kinds) for name in names})
    if draw.random() < 0.6:
        table = pa.table({"text": kinds[0], "label": kinds[1], "x": draw.choice(kinds)})
    if draw.random() < 0.3:
        table = table.replace_schema_metadata({b"huggingface": draw.choice([b"{", b'{"info": 5}', b"[]", b"\xff"])})
    stream = io.BytesIO()
    pq.write_table(table, stream)
    return stream.getvalue()


FORMS: dict[str, Callable[[Sequence[object], random.Random], bytes]] = {
    "jsonl": as_json_lines,
    "json": as_json,
    "csv": as_table(","),
    "tsv": as_table("\t"),
    "yaml": as_yaml,
    "parquet": as_parquet,
    "chatterbot": as_chatterbot,
    "langchain": as_langchain,
}


# ---- breaking them ---------------------------------------------------------------------------------------------------


def place(data: bytes, draw: random.Random) -> int:
    return draw.randrange(len(data) + 1)


def cut(data: bytes, draw: random.Random) -> bytes:
    return data[: place(data, draw)]


def flip(data: bytes, draw: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(draw.randrange(1, 6)):
        if changed:
            changed[draw.randrange(len(changed))] = draw.randrange(256)
    return bytes(changed)


def splice(data: bytes, draw: random.Random) -> bytes:
    at = place(data, draw)
    bits = [
        b"\0",
        b"\0" * 5_000,
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"\r",
        b'"',
        b"'",
        b"{",
        b"]",
        b",,",
        b"\xe9",
        b"NaN",
        b"-Infinity",
    ]
    bits += [
        b"\\ud800",
        b"\x1b[31m",
        "\u2028".encode(),
        b"\n\n\n",
        b"1e999",
        b'{"a":1,"a":2}',
        b"\x00\x01\x02",
        b"*a",
        b"\t",
    ]
    return data[:at] + draw.choice(bits) + data[at:]


def repeat(data: bytes, draw: random.Random) -> bytes:
    return data + data[place(data, draw) :]


def recode(data: bytes, draw: random.Random) -> bytes:
    """One half of it in another encoding."""
    at = place(data, draw)
    other = (
        data[at:]
        .decode("utf-8", "replace")
        .encode(draw.choice(["utf-16-le", "latin-1", "cp1252", "utf-32-be"]), "replace")
    )
    return data[:at] + other


def nest(data: bytes, draw: random.Random) -> bytes:
    depth = draw.choice([50, 1_000, 100_000])
    opening = draw.choice([b"[", b'{"a":', b"- ", b"("]) * depth
    return data + b"\n" + opening + b"\n" if draw.random() < 0.5 else opening + data


def lengthen(data: bytes, draw: random.Random) -> bytes:
    """A line longer than readers take."""
    line = draw.choice([b"x", b'"', b"a,", b'{"text": "', b"  "]) * draw.choice([10_000, 2_000_000, 6_000_000])
    return data + line[:12_000_000] + draw.choice([b"", b"\n", b'", "label": "a"}\n'])


def nothing(data: bytes, draw: random.Random) -> bytes:
    del data
    return draw.choice(
        [b"", b"\n", b" \n\t\n", b"\xef\xbb\xbf", b"null", b"[]", b"{}", b"PAR1", b"PK\x03\x04", draw.randbytes(200)]
    )


BREAKS = [cut, cut, *[flip] * 3, *[splice] * 5, repeat, repeat, recode, nest, lengthen, nothing]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="where files that failed are copied to")
    return parser.parse_args()


if __name__ == "__main__":
    main()
