"""Output that survives its reader and its encoding."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import pytest

from seatrial.display.streams import forgiving, lasting_streams

WRITES = """
import sys
from seatrial.display.streams import lasting_streams
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
    code = "from seatrial.display.streams import lasting_streams\nwith lasting_streams(): print('short')"
    done = subprocess.run([sys.executable, "-c", code], stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_closed_stream_takes_everything(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    with lasting_streams():
        print("lost")
        assert not sys.stdout.isatty()
    assert sys.stdout is None


def test_other_errors_of_writing_are_told(monkeypatch):
    class Full(io.StringIO):
        def write(self, text):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(sys, "stdout", Full())
    with pytest.raises(OSError, match="No space left"), lasting_streams():
        print("lost")


def test_what_an_encoding_lacks_is_replaced():
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    forgiving(stream).write("stages: read → clean")
    stream.flush()
    assert stream.buffer.getvalue() == b"stages: read ? clean"
