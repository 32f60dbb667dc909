"""A real server: `transformers serve`, an OpenAI-compatible one from a package, with the tiny model, on loopback."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

MODEL = "tiny"
"""What the server calls the model: the name of its folder, which it is started beside."""


@dataclass
class Server:
    """A server's process, and where it listens. It can be killed and started again."""

    folder: Path
    port: int
    process: subprocess.Popen | None = None

    @property
    def address(self) -> str:
        return f"openai:http://127.0.0.1:{self.port}/v1#{MODEL}"

    @property
    def log(self) -> str:
        return (self.folder / "server.log").read_text()

    def requests(self) -> int:
        """How many completions it has answered, by its own log."""
        return self.log.count('"POST /v1/chat/completions HTTP/1.1" 200')

    def start(self, seconds: float = 180) -> None:
        command = [sys.executable, "-m", "transformers.cli.transformers", "serve", MODEL, "--device", "cpu"]
        environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(self.folder / "hub"), "OMP_NUM_THREADS": "1"}
        with (self.folder / "server.log").open("a") as log:
            self.process = subprocess.Popen(
                [*command, "--host", "127.0.0.1", "--port", str(self.port)],
                cwd=self.folder, env=environment, stdout=log, stderr=log,
            )  # fmt: skip
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            assert self.process.poll() is None, self.log
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5):
                    return
            except OSError:
                time.sleep(0.2)
        raise AssertionError(self.log)

    def kill(self) -> None:
        """As the system's memory killer would."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None


def _serve(target, folder: Path) -> Iterator[Server]:
    from transformers.utils.import_utils import is_serve_available

    if not is_serve_available():
        pytest.skip("transformers serve needs fastapi, uvicorn and openai; requirements.lock has them")
    shutil.copytree(target.folder, folder / MODEL)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        server = Server(folder, free.getsockname()[1])
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="session")
def tiny_server(tiny_target, tmp_path_factory) -> Iterator[Server]:
    """The server, for all tests that leave it alive."""
    yield from _serve(tiny_target, tmp_path_factory.mktemp("server"))


@pytest.fixture
def mortal_server(tiny_target, tmp_path) -> Iterator[Server]:
    """A server that may be killed."""
    yield from _serve(tiny_target, tmp_path)
