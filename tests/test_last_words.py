"""A test process that ends in the middle of a test is heard of."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = f"""
import importlib.util
spec = importlib.util.spec_from_file_location("last_words", {str(Path(__file__).with_name("last_words.py"))!r})
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
pytest_configure = module.pytest_configure
"""
TESTS = """
import os

def test_writes():
    os.write(2, b"of an earlier test")

def test_ends():
    os.write(2, b"libgomp: Thread creation failed")
    os._exit(1)
"""


@pytest.fixture
def tested(tmp_path):
    """Runs pytest on a file of tests, with or without more arguments."""
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_some.py").write_text(TESTS)

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments, "test_some.py"],
            cwd=tmp_path, env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    return run


def test_the_test_and_what_was_held_back_are_told(tested):
    done = tested()
    assert done.returncode == 1
    assert "The process of the tests ended without a summary: test_some.py::test_ends\n" in done.stderr
    assert "It had written:\nlibgomp: Thread creation failed" in done.stderr
    assert "of an earlier test" not in done.stderr


def test_where_nothing_is_held_back_nothing_is_told(tested):
    done = tested("-s")
    assert done.returncode == 1
    assert done.stderr == "of an earlier testlibgomp: Thread creation failed"


def test_tests_that_are_over_are_not_told_of(tested):
    done = tested("-k", "writes")
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 passed" in done.stdout
