"""A real server: `transformers serve`, an OpenAI-compatible one from a package, with the tiny model, on loopback."""

from __future__ import annotations

import shutil
import socket
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests import warm_processes

MODEL = "tiny"
"""What the server calls the model: the name of its folder, which it is started beside."""


@dataclass
class Server:
    """A server's process, and where it listens. It can be killed and started again."""

    folder: Path
    port: int
    process: warm_processes.Process | None = None

    @property
    def address(self) -> str:
        return f"openai:http://127.0.0.1:{self.port}/v1#{MODEL}"

    @property
    def log(self) -> str:
        return "".join((self.folder / f"server.{name}").read_text() for name in ("out", "err"))

    def requests(self) -> int:
        """How many completions it has answered, by its own log."""
        return self.log.count('"POST /v1/chat/completions HTTP/1.1" 200')

    def start(self, seconds: float = 180) -> None:
        arguments = ["serve", MODEL, "--device", "cpu", "--host", "127.0.0.1", "--port", str(self.port)]
        self.process = warm_processes.start(
            warm_processes.module,
            "transformers.cli.transformers",
            arguments,
            said=self.folder / "server",
            folder=self.folder,
        )
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            assert self.process.exitcode is None, self.log
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5):
                    return
            except OSError:
                time.sleep(0.2)
        raise AssertionError(self.log)

    def kill(self) -> None:
        """As the system's memory killer would."""
        if self.process is not None:
            self.process.kill()
            self.process.join()
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
