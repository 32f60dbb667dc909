"""Output that survives its reader and its encoding."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from seatrial.terminal.streams import forgiving, lasting_streams

WRITES = """
import sys
from seatrial.terminal.streams import lasting_streams
with lasting_streams():
    for number in range(100_000):
        print("line", number)
    print("end", file=sys.stderr)
sys.exit(4)
"""


def test_a_reader_that_leaves_changes_neither_what_follows_nor_the_exit_code():
    process = subprocess.Popen(
        [sys.executable, "-c", WRITES], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "line 0\n"
    process.stdout.close()
    assert process.stderr.read() == "end\n"
    assert process.wait(60) == 4


def test_a_short_answer_that_nobody_reads_is_no_error():
    reader, writer = os.pipe()
    os.close(reader)
    code = "from seatrial.terminal.streams import lasting_streams\nwith lasting_streams(): print('short')"
    done = subprocess.run([sys.executable, "-c", code], stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_closed_stream_takes_everything(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    with lasting_streams():
        print("lost")
        assert not sys.stdout.isatty()
    assert sys.stdout is None


class Full(io.StringIO):
    def write(self, text):
        raise OSError(28, "No space left on device")


def test_other_errors_of_writing_are_told_once_with_the_name_of_the_stream(monkeypatch):
    full = Full()
    monkeypatch.setattr(sys, "stdout", full)
    with lasting_streams():
        with pytest.raises(OSError, match="No space left on device: 'standard output'"):
            print("lost")
        print("lost too")
    assert sys.stdout is full


def test_what_standard_error_cannot_take_is_told_to_nobody(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Full())
    with lasting_streams():
        print("lost", file=sys.stderr)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
def test_a_full_disk_under_buffered_output_is_met_when_it_is_flushed_and_not_when_the_process_ends():
    code = (
        "import sys\nfrom seatrial.terminal.streams import lasting_streams\nwith lasting_streams():\n    print('short')\n"
        "    try: sys.stdout.flush()\n    except OSError as error: print(error, file=sys.stderr)\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", code],
            stdout=full, stderr=subprocess.PIPE, text=True, env=environment, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "[Errno 28] No space left on device: 'standard output'\n")


def test_what_an_encoding_lacks_is_replaced():
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    forgiving(stream).write("stages: read → clean")
    stream.flush()
    assert stream.buffer.getvalue() == b"stages: read ? clean"
