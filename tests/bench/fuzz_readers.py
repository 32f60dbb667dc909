"""Fuzzed files: each goes through all data stages; none may end in a traceback, and read = kept + dropped in every one.

    python tests/bench/fuzz_readers.py [--files 2000] [--command-line 200] [--seed 0] [--keep FOLDER]

Files of every built-in format, with records of every layout, are made and then broken, in one way or in several: JSON cut,
spliced and bent, encodings mixed, NUL bytes, deep nesting, huge lines and records, gzip truncated, damaged and in several
members, compressions that no reader takes, keys and values of wrong types, tables with ragged rows and open quotes, YAML
that refers to itself, Parquet with odd columns and flipped bytes, files named for what they are not, folders of such files;
suites name a reader with options, columns, a format or a limit. A file of which no row is usable ends in a message with
exit code 2, and all its records in the ledger.

What was read is counted a second time, without the readers: the lines of JSON Lines that are not blank, broken or not, and
the records of JSON and Parquet that were left whole. Some of the files, evenly drawn, go through `seatrial data` in a
process of its own, as a user's would, the others through the same stages in this one. The table counts a file in every
row that names what was done to it. `fuzzed_files`, beside this script, makes and runs them.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from fuzzed_files.chance import Chance
from fuzzed_files.files import fuzzed
from fuzzed_files.passage import Passage
from fuzzed_files.tally import Tally

from seatrial.plugin.host import Host


def main() -> None:
    options = arguments()
    host = Host.load()
    tally = Tally()
    alone = {round(place * options.files / max(options.command_line, 1)) for place in range(options.command_line)}
    for number in range(options.files) if options.only is None else [options.only]:
        with tempfile.TemporaryDirectory() as folder:
            made = fuzzed(Path(folder), Chance(options.seed * 1_000_003 + number))
            by_command = number in alone
            outcome = Passage(Path(folder), made, host).outcome(by_command=by_command)
            tally.add(outcome, made, f"{number}: {made.file.name}", by_command=by_command)
            if outcome.wrong:
                way = "seatrial data" if by_command else "in this process"
                print(f"file {number} ({', '.join([made.file.name, *made.keys, way])}): {outcome.wrong}", flush=True)
                if options.keep:
                    keep(made.file, options.keep / f"{number}-{made.file.name}")
    print(tally)
    sys.exit(bool(tally.failures))


def keep(file: Path, target: Path) -> None:
    """Copy a file, or a folder of them."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if file.is_dir():
        shutil.copytree(file, target, dirs_exist_ok=True)
    else:
        shutil.copyfile(file, target)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=2_000)
    parser.add_argument("--command-line", type=int, default=200, help="how many of them go through `seatrial data`")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="this file alone, by its number")
    parser.add_argument("--keep", type=Path, help="where files that failed are copied to")
    return parser.parse_args()


if __name__ == "__main__":
    main()
