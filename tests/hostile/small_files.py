"""Reads hostile files of a few kilobytes or megabytes within 2 GB and prints what came of each, as JSON.

small_files.py FOLDER
"""

from __future__ import annotations

import gzip
import json
import resource
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from seatrial.plugin.host import Host

MEGABYTE = 1 << 20
BLANK, LETTERS = b" " * MEGABYTE, b"a" * MEGABYTE


def packed(*parts):
    def write(path):
        with gzip.open(path, "wb", compresslevel=1) as file:
            for part, times in parts:
                for _ in range(times):
                    file.write(part)

    return write


def text(said):
    return lambda path: path.write_text(said, encoding="utf-8", errors="surrogatepass")


def table(**columns):
    return lambda path: pq.write_table(pa.table(columns), path, compression="zstd")


LAUGHS = "".join(f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12))

FILES = {
    "blank.json.gz": packed((b"[", 1), (BLANK, 400), (b"]", 1)),
    "string.json.gz": packed((b'[{"text":"', 1), (LETTERS, 400), (b'"}]', 1)),
    "line.jsonl.gz": packed((b'{"text":"', 1), (LETTERS, 400), (b'"}\n', 1)),
    "field.csv.gz": packed((b'text,label\n"', 1), (LETTERS, 400)),
    "columns.csv.gz": packed((b"a," * 500_000, 100)),
    "text.yaml.gz": packed((b"- text: ", 1), (LETTERS, 400)),
    "items.yaml.gz": packed((b"- {a: [", 1), (b"b," * 500_000, 60), (b"]}\n", 1)),
    "turns.yml.gz": packed((b"conversations:\n", 1), (b"- - a\n  - b\n" * 50_000, 1)),
    "plain.parquet.gz": packed((BLANK, 4200)),
    "long.parquet": table(text=["x" * 300_000_000]),
    "repeated.parquet": table(text=pa.DictionaryArray.from_arrays(pa.array([0] * 300_000, pa.int32()), ["x" * 2_000])),
    "list.parquet": table(text=pa.array([[0] * 60_000_000], pa.list_(pa.int8()))),
    "laughs.yaml": text(f"a0: &a0 [x,x,x]\n{LAUGHS}"),
    "deep.yaml": text("- " + "[" * 100_000),
    "questions.yaml": text("- " + "? " * 30_000),
    "lines.yaml": text('- "' + "\\\n  " * 30_000 + '"'),
    "deep.jsonl": text("[" * 100_000 + "\n" + '{"a":' * 100_000),
    "deep.json": text("[" * 40_000 + "\n" * 40_000),
    "opened.json": text("\n{" * 40_000),
    "strings.json": text('\n[{"a":"' * 20_000),
    "objects.json": text("[\n" + '{"a":\n' * 20_000),
    "digits.jsonl": text('{"a":' + "9" * 3_000_000 + "}\n"),
    "quotes.csv": text('a,b\n"' * 60_000),
    "quotes.tsv": text('a\tb\n"' * 60_000),
}


def main():
    folder = Path(sys.argv[1])
    for name, write in FILES.items():
        write(folder / name)
    host = Host.load()
    readers = [host.find("readers", name).component.build() for name in host.names("readers")]
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + (2 << 30), resource.RLIM_INFINITY))
    told = {}
    for name in FILES:
        path, clock, said = folder / name, time.process_time(), ""
        taken = [one for one in readers if one.by_suffix and name.removesuffix(".gz").endswith(one.suffixes)]
        try:
            records = sum(1 for reader in taken for _ in reader.read(path))
        except BaseException as error:
            said = f"{type(error).__name__}: {str(error)[:200]}"
        else:
            said = "" if records and taken else "no reader takes it, or it gave not so much as a problem"
        told[name] = [said, time.process_time() - clock]
    print(json.dumps(told))


if __name__ == "__main__":
    main()
