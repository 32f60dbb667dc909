"""Fuzzed files: each goes through all data stages; none may end in a traceback, and read = kept + dropped in every one.

    python tests/bench/fuzz_readers.py [--files 2000] [--command-line 200] [--seed 0] [--keep FOLDER]

Files of every built-in format are made and then broken, in one way or in several: JSON cut, spliced and bent, encodings
mixed, NUL bytes, deep nesting, huge lines, gzip truncated and damaged, keys and values of wrong types, tables with ragged
rows and open quotes, YAML that refers to itself, Parquet with odd columns and flipped bytes, files named for what they
are not. A file of which no row is usable ends in a message with exit code 2, and all its records in the ledger.

What was read is counted a second time, without the readers: the lines of JSON Lines that are not blank, broken or not, and
the records of JSON and Parquet that were left whole. Some of the files, evenly drawn, go through `seatrial data` in a
process of its own, as a user's would, the others through the same stages in this one. The table counts a file in every
row that names what was done to it.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import os
import random
import shutil
import string
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from seatrial.errors import SeatrialError
from seatrial.host import Host
from seatrial.reporting import Result
from seatrial.suite.file import load_suite
from seatrial.trial.run import run
from seatrial.trial.saved import load_result
from seatrial_plugins.readers.opening import LIMIT

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
SPLITS = ("train", "validation", "test")
SECONDS = 120
"""How long `seatrial data` may take for one file."""


def main() -> None:
    options = arguments()
    host = Host.load()
    tally = Tally()
    alone = {round(place * options.files / max(options.command_line, 1)) for place in range(options.command_line)}
    for number in range(options.files):
        with tempfile.TemporaryDirectory() as folder:
            made = fuzzed(Path(folder), Chance(options.seed * 1_000_003 + number))
            by_command = number in alone
            outcome = Trial(Path(folder), made, host).outcome(by_command=by_command)
            tally.add(outcome, made, f"{number}: {made.file.name}", by_command=by_command)
            if outcome.wrong:
                way = "seatrial data" if by_command else "in this process"
                named = f"{made.file.name}, reader {made.reader or 'by its ending'}, {way}"
                print(f"file {number} ({named}): {outcome.wrong}", flush=True)
                if options.keep:
                    options.keep.mkdir(parents=True, exist_ok=True)
                    shutil.copy(made.file, options.keep / f"{number}-{made.file.name}")
    print(tally)
    sys.exit(bool(tally.failures))


@dataclass(frozen=True, slots=True)
class Made:
    """A file, and what is known of it."""

    file: Path
    reader: str
    """The reader to name for it; "" where its ending chooses."""
    kinds: frozenset[str]
    """What was done to it."""
    records: int | None
    """How many records there are to read, counted without a reader; None where that can't be told."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file."""

    word: str
    seconds: float
    wrong: str = ""
    """What should not have happened."""
    read: int = 0
    kept: int = 0
    dropped: int = 0


@dataclass(slots=True)
class Tally:
    """What became of all files."""

    failures: int = 0
    by_command: int = 0
    counted: int = 0
    """Files whose records were counted without a reader."""
    outcomes: list[Outcome] = field(default_factory=list)
    kinds: dict[str, list[Outcome]] = field(default_factory=dict)
    slowest: tuple[float, str] = (0.0, "")

    def add(self, outcome: Outcome, made: Made, name: str, *, by_command: bool) -> None:
        self.failures += bool(outcome.wrong)
        self.by_command += by_command
        self.counted += made.records is not None
        self.outcomes.append(outcome)
        for kind in made.kinds:
            self.kinds.setdefault(kind, []).append(outcome)
        if not by_command:
            self.slowest = max(self.slowest, (outcome.seconds, name))

    def __str__(self) -> str:
        lines = [f"{'':32}{'files':>7}{'some row kept':>15}{'none usable':>13}{'read':>9}{'kept':>9}{'dropped':>9}"]
        for kind, outcomes in [*sorted(self.kinds.items()), ("all files", self.outcomes)]:
            usable, none = (sum(each.word == word for each in outcomes) for word in ("read", "without a usable row"))
            counts = [sum(getattr(each, what) for each in outcomes) for what in ("read", "kept", "dropped")]
            lines.append(
                f"{kind:32}{len(outcomes):>7,}{usable:>15,}{none:>13,}" + "".join(f"{count:>9,}" for count in counts)
            )
        words = Counter(each.word for each in self.outcomes)
        lines += [
            f"{len(self.outcomes):,} files: {', '.join(f'{count:,} {word}' for word, count in words.most_common())}",
            f"{self.by_command:,} of them by `seatrial data`; the records of {self.counted:,} were counted a second time",
            f"slowest in this process: {self.slowest[0]:.1f} s, file {self.slowest[1]}; failures: {self.failures}",
        ]
        return "\n".join(lines)


class Trial:
    """One file on its way through the data stages."""

    def __init__(self, folder: Path, made: Made, host: Host) -> None:
        self._folder, self._made, self._host = folder, made, host
        self._suite = folder / "suite.yaml"
        named = f", reader: {made.reader}" if made.reader else ""
        self._suite.write_text(SUITE.format(file=made.file, reader=named, filters=FILTERS), encoding="utf-8")
        self._started = time.perf_counter()

    def outcome(self, *, by_command: bool) -> Outcome:
        """Run the stages on it, and count what was read, kept and dropped."""
        return self._by_command() if by_command else self._in_process()

    def _in_process(self) -> Outcome:
        folder = self._folder
        try:
            suite = load_suite(self._suite, self._host, only_data=True)
            result = run(suite, self._host, runs=folder / "runs", cache=folder / "cache", only_data=True)
        except SeatrialError as error:
            return self._refused(str(error), error.exit_code)
        except Exception:
            return self._failed("with a traceback", traceback.format_exc())
        return self._counted(result)

    def _by_command(self) -> Outcome:
        command = [sys.executable, "-m", "seatrial", "data", str(self._suite), "--runs", str(self._folder / "runs")]
        environment = os.environ | {"SEATRIAL_CACHE": str(self._folder / "cache")}
        try:
            done = subprocess.run(
                command, capture_output=True, encoding="utf-8", env=environment, timeout=SECONDS, check=False
            )
        except subprocess.TimeoutExpired:
            return self._failed("too slow", f"`seatrial data` took more than {SECONDS} s")
        if "Traceback" in done.stdout + done.stderr or done.returncode < 0:
            return self._failed("with a traceback", f"exit code {done.returncode}: {done.stdout}{done.stderr}")
        if done.returncode:
            return self._refused(done.stderr, done.returncode)
        (run_folder,) = self._folder.glob("runs/*")
        return self._counted(load_result(run_folder, self._host))

    def _counted(self, result: Result) -> Outcome:
        seconds = time.perf_counter() - self._started
        read, ledger = result.facts("read")["read"], result.ledger
        kept = sum(pq.read_metadata(result.folder / f"data/{split}.parquet").num_rows for split in SPLITS)
        dropped = sum(ledger["decisive"].to_pylist())
        wrong = "" if read == kept + dropped else f"{read} read, {kept} kept, {dropped} dropped"
        if rows := [entry for entry in ledger.to_pylist() if not entry["rule"] or not entry["file"]]:
            wrong = wrong or f"{len(rows)} entries of the ledger give no rule or no file"
        return Outcome("read", seconds, wrong or self._miscounted(read), read, kept, dropped)

    def _refused(self, message: str, exit_code: int) -> Outcome:
        """No row was usable: then the message says how many records there were, and each stands in the ledger."""
        message = " ".join(message.split())  # a terminal's lines may break it
        if exit_code != 2 or "no row could be read" not in message:
            return self._failed("refused", f"exit code {exit_code}: {message}")
        (ledger,) = self._folder.glob("runs/*/ledger/read.parquet")
        entries = pq.read_table(ledger)
        told = f"({len(entries)} unusable records" in message and all(entries["decisive"].to_pylist())
        wrong = "" if told else f"{len(entries)} entries, but: {message}"
        seconds, count = time.perf_counter() - self._started, len(entries)
        return Outcome("without a usable row", seconds, wrong or self._miscounted(count), count, 0, count)

    def _failed(self, word: str, wrong: str) -> Outcome:
        return Outcome(word, time.perf_counter() - self._started, wrong)

    def _miscounted(self, read: int) -> str:
        expected = self._made.records
        return "" if expected in {None, read} else f"{read} records were read, but there are {expected}"


# ---- making files ----------------------------------------------------------------------------------------------------


class Chance(random.Random):
    """Draws, and what was drawn into a file that is out of the ordinary."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.kinds: set[str] = set()


def fuzzed(folder: Path, draw: Chance) -> Made:
    """A broken file."""
    form = draw.choice(list(FORMS))
    records = [record(draw) for _ in range(draw.choice([0, 1, 5, 20, 60, 60, 60, 60]))]
    data = FORMS[form](records, draw)
    whole = form in {"jsonl", "json"}  # what is broken in one record there leaves the others
    for _ in range(draw.choice([0, 1, 1, 1, 2, 3] if whole else [0, 0, 0, 0, 1, 1, 2])):
        data = draw.choice(BREAKS)(data, draw)
    ending = draw.choice([form] * 9 + [draw.choice(list(FORMS))])
    ending = {"chatterbot": "yml", "langchain": "json"}.get(ending, ending)
    reader = form if form in {"chatterbot", "langchain"} or draw.random() < 0.2 else ""
    if not reader and ending != form:
        draw.kinds.add("named for another format")
    count = counted(data, records, form if reader else ending, draw)
    zipped = draw.random() < 0.15
    if zipped:
        data = compressed(data, draw)
        count = count if "gzip, whole" in draw.kinds else None
    elif draw.random() < 0.02:
        draw.kinds.add("named .gz, and is not")
        zipped, count = True, None
    file = folder / f"file.{ending}{'.gz' if zipped else ''}"
    file.write_bytes(data)
    return Made(file, reader, frozenset(draw.kinds or {"left whole"}), count)


def compressed(data: bytes, draw: Chance) -> bytes:
    """Compressed, and mostly not whole."""
    packed = gzip.compress(data)
    kind = draw.choice(["gzip, whole", "gzip, truncated", "gzip, truncated", "gzip, damaged", "gzip in gzip"])
    draw.kinds.add(kind)
    if kind == "gzip, truncated":
        return packed[: draw.randrange(2, len(packed))]
    if kind == "gzip, damaged":
        at = draw.randrange(2, len(packed))
        return packed[:at] + bytes([packed[at] ^ draw.randrange(1, 256)]) + packed[at + 1 :]
    return gzip.compress(packed) if kind == "gzip in gzip" else packed


def counted(data: bytes, records: Sequence[object], read_as: str, draw: Chance) -> int | None:
    """How many records a reader should find, where that can be told without one. Of nothing, it finds one: nothing."""
    if ENCODINGS & draw.kinds or data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return None
    if read_as == "jsonl":
        lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
        # A line that is too long is one record, whatever it holds: no more of it is looked at.
        return sum(len(line) > LIMIT or bool(line.decode("utf-8", "replace").strip()) for line in lines) or 1
    if read_as in {"json", "parquet"} and draw.kinds <= {"wrong types", "Parquet with odd columns"}:
        return len(records) or (1 if read_as == "json" else None)
    return None


ENCODINGS = {"another encoding", "mixed encodings"}


def record(draw: Chance) -> object:
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
        draw.kinds.add("wrong types")
        made[draw.choice(list(made))] = odd(draw, draw.randrange(3))
    return odd(draw, 2) if draw.random() < 0.05 else made


def odd(draw: Chance, depth: int) -> object:
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


def plain(draw: Chance) -> object:
    """A text, mostly."""
    return odd(draw, 0) if draw.random() < 0.2 else f"{draw.choice(['where', 'when', 'why'])} {draw.randrange(50)}?"


def encoded(text: str, draw: Chance) -> bytes:
    """Mostly UTF-8."""
    encoding = draw.choice(["utf-8"] * 45 + ["utf-8-sig", "utf-16", "latin-1", "utf-32"])
    if not encoding.startswith("utf-8"):
        draw.kinds.add("another encoding")
    return text.encode(encoding, "surrogatepass" if encoding.startswith("utf-8") else "replace")


def as_json_lines(records: Sequence[object], draw: Chance) -> bytes:
    escaped = draw.random() < 0.5
    return encoded("".join(json.dumps(one, ensure_ascii=escaped) + "\n" for one in records), draw)


def as_json(records: Sequence[object], draw: Chance) -> bytes:
    indent = draw.choice([None, 1])
    whole: object = records
    if draw.random() < 0.05:
        draw.kinds.add("JSON that is no list")
        whole = {"data": records}
    return encoded(json.dumps(whole, ensure_ascii=draw.random() < 0.5, indent=indent), draw)


def as_table(delimiter: str) -> Callable[[Sequence[object], Chance], bytes]:
    def made(records: Sequence[object], draw: Chance) -> bytes:
        usual = [["text", "label"], ["prompt", "completion"], ["x", "text", "label"]]
        header = draw.choice([*usual * 5, ["text", "label", "text"], [""], []])
        draw.kinds.add("ragged tables, open quotes")
        lines = [delimiter.join(header)]
        for _ in records:
            cells = [str(plain(draw)) for _ in range(max(0, len(header) + draw.choice([0] * 8 + [-1, 1])))]
            quoted = [f'"{cell}"' if draw.random() < 0.3 else cell for cell in cells]
            lines.append(delimiter.join(quoted))
        return encoded(draw.choice(["\n"] * 4 + ["\r\n"] * 3 + ["\r"]).join(lines), draw)

    return made


def as_yaml(records: Sequence[object], draw: Chance) -> bytes:
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
    ending = draw.choice([*extra, f"a: &a [x]\n{bomb}"])
    if ending:
        draw.kinds.add("odd YAML, bombs")
    return encoded(text + ending, draw)


def as_chatterbot(records: Sequence[object], draw: Chance) -> bytes:
    said = "".join(f"- - {json.dumps(plain(draw))}\n  - {json.dumps(odd(draw, 1))}\n" for _ in records)
    return encoded(f"categories:\n- {draw.choice(['AI'] * 9 + ['[]', '5', ''])}\nconversations:\n{said}", draw)


def as_langchain(records: Sequence[object], draw: Chance) -> bytes:
    def message() -> dict[str, object]:
        kind = draw.choice(["human", "human", "ai", "ai", "system", "tool", "chat", 5])
        said = {"content": plain(draw)}
        return {"type": kind, "data": draw.choice([said, said, said, said, {"content": odd(draw, 1)}, odd(draw, 1)])}

    return as_json([[message() for _ in range(draw.randrange(4))] for _ in records], draw)


def as_parquet(records: Sequence[object], draw: Chance) -> bytes:
    n = len(records)
    draw.kinds.add("Parquet with odd columns")
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
    if draw.random() < 0.8:
        table = pa.table({"text": kinds[0], "label": kinds[1], "x": draw.choice(kinds)})
    if draw.random() < 0.3:
        table = table.replace_schema_metadata({b"huggingface": draw.choice([b"{", b'{"info": 5}', b"[]", b"\xff"])})
    stream = io.BytesIO()
    pq.write_table(table, stream)
    return stream.getvalue()


FORMS: dict[str, Callable[[Sequence[object], Chance], bytes]] = {
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


def place(data: bytes, draw: Chance) -> int:
    return draw.randrange(len(data) + 1)


def cut(data: bytes, draw: Chance) -> bytes:
    draw.kinds.add("cut short")
    return data[: place(data, draw)]


def flip(data: bytes, draw: Chance) -> bytes:
    draw.kinds.add("bytes changed")
    changed = bytearray(data)
    for _ in range(draw.randrange(1, 6)):
        if changed:
            changed[draw.randrange(len(changed))] = draw.randrange(256)
    return bytes(changed)


SPLICED = {
    "NUL bytes": [b"\0", b"\0" * 5_000, b"\x00\x01\x02"],
    "mixed encodings": [b"\xff\xfe", b"\xef\xbb\xbf", b"\xe9"],
    "broken JSON": [b'"', b"'", b"{", b"]", b",,", b"NaN", b"-Infinity", b"\\ud800", b"1e999", b'{"a":1,"a":2}'],
    "odd characters": [b"\r", b"\x1b[31m", "\u2028".encode(), b"\n\n\n", b"*a", b"\t"],
}


def splice(data: bytes, draw: Chance) -> bytes:
    kind = draw.choice(list(SPLICED))
    draw.kinds.add("odd marks spliced in" if kind == "broken JSON" and not is_json(data) else kind)
    at = place(data, draw)
    return data[:at] + draw.choice(SPLICED[kind]) + data[at:]


def is_json(data: bytes) -> bool:
    return data.lstrip()[:1] in {b"{", b"["}


def repeat(data: bytes, draw: Chance) -> bytes:
    draw.kinds.add("a part twice")
    return data + data[place(data, draw) :]


def recode(data: bytes, draw: Chance) -> bytes:
    """One half of it in another encoding."""
    draw.kinds.add("mixed encodings")
    at = place(data, draw)
    encoding = draw.choice(["utf-16-le", "latin-1", "cp1252", "utf-32-be"])
    return data[:at] + data[at:].decode("utf-8", "replace").encode(encoding, "replace")


def nest(data: bytes, draw: Chance) -> bytes:
    draw.kinds.add("deep nesting")
    depth = draw.choice([50, 1_000, 100_000])
    opening = draw.choice([b"[", b'{"a":', b"- ", b"("]) * depth
    return data + b"\n" + opening + b"\n" if draw.random() < 0.5 else opening + data


def lengthen(data: bytes, draw: Chance) -> bytes:
    """A line that may be longer than readers take."""
    draw.kinds.add("huge lines")
    line = draw.choice([b"x", b'"', b"a,", b'{"text": "', b"  "]) * draw.choice([10_000, 2_000_000, 6_000_000])
    return data + line[:12_000_000] + draw.choice([b"", b"\n", b'", "label": "a"}\n'])


def nothing(data: bytes, draw: Chance) -> bytes:
    del data
    draw.kinds.add("nothing in it")
    return draw.choice(
        [b"", b"\n", b" \n\t\n", b"\xef\xbb\xbf", b"null", b"[]", b"{}", b"PAR1", b"PK\x03\x04", draw.randbytes(200)]
    )


BREAKS = [cut, cut, *[flip] * 3, *[splice] * 6, repeat, repeat, recode, recode, nest, nest, lengthen, lengthen, nothing]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=2_000)
    parser.add_argument("--command-line", type=int, default=200, help="how many of them go through `seatrial data`")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="where files that failed are copied to")
    return parser.parse_args()


if __name__ == "__main__":
    main()
