"""The parent holds the exit code: it is the child's own, whatever processes a component starts."""

from __future__ import annotations

import subprocess
import sys

import pytest

FORKING = """
import os, sys, time
from seatrial.supervision import supervised

def work():
    own = os.getpid()
    os.fork()
    if os.getpid() == own:
        time.sleep(0.3)  # its copy is done first
        return {code}
    return {of_copy}

sys.exit(supervised(work, lambda said, code: None))
"""


@pytest.mark.parametrize(("code", "of_copy"), [(1, 0), (0, 1), (3, 3)])
def test_the_copy_of_a_component_that_forks_tells_no_code(code, of_copy):
    text = FORKING.format(code=code, of_copy=of_copy)
    assert subprocess.run([sys.executable, "-c", text], timeout=60, check=False).returncode == code
