"""A server that fails as it is told to: a fault injector for the client, which stands in for no model."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

__all__ = ["Fault", "FaultyServer", "faulty_server", "said"]


def said(text: str, **choice: object) -> dict[str, object]:
    """A chat completion that says `text`."""
    return {
        "model": "served-name",
        "choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop", **choice}],
        "usage": {"completion_tokens": 3},
    }


@dataclass(frozen=True)
class Fault:
    """One answer: JSON or bytes with a status, or what befalls the connection."""

    body: object = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    befalls: str = ""
    """`reset` sends a TCP reset; `truncate` less than was announced; `hang` nothing; `drip` a byte now and then."""


class FaultyServer(ThreadingHTTPServer):
    """Plays its faults in the order of the requests; then it answers with their messages' last text, in capitals."""

    daemon_threads = True

    def __init__(self, *faults: Fault) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.faults = list(faults)
        self.requests: list[dict] = []
        self.headers_seen: list[Mapping[str, str]] = []
        self.times: list[float] = []
        self.at_once = self.most_at_once = 0
        self.lock = threading.Lock()
        self.ended = threading.Event()
        self.seconds = 0.0
        self.connections: list[socket.socket] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def get_request(self):
        connection, address = super().get_request()
        self.connections.append(connection)
        return connection, address

    def kill(self) -> None:
        """End as a killed process does: nobody listens, and what is connected breaks off."""
        self.shutdown()
        self.socket.close()
        for connection in self.connections:
            with contextlib.suppress(OSError):  # one that has ended already
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request, client_address) -> None:
        """Clients that went away are what is tested."""


class _Handler(BaseHTTPRequestHandler):
    server: FaultyServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(Fault({"object": "list", "data": []}))

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["content-length"])))
        server = self.server
        with server.lock:
            server.requests.append(request)
            server.headers_seen.append(dict(self.headers))
            server.times.append(time.monotonic())
            fault = server.faults.pop(0) if server.faults else None
            server.at_once += 1
            server.most_at_once = max(server.most_at_once, server.at_once)
        try:
            server.ended.wait(server.seconds)
            self._answer(fault or Fault(said(request["messages"][-1]["content"].upper())))
        finally:
            with server.lock:
                server.at_once -= 1

    def _answer(self, fault: Fault) -> None:
        if fault.befalls == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(self.connection.detach())
            self.close_connection = True
            return
        if fault.befalls == "hang":
            self.server.ended.wait(600)
            self.close_connection = True
            return
        body = fault.body if isinstance(fault.body, bytes) else json.dumps(fault.body).encode()
        self.send_response(fault.status)
        for name, value in fault.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body) + (fault.befalls in {"truncate", "drip"})))
        self.end_headers()
        if fault.befalls == "drip":
            for byte in body:
                if self.server.ended.wait(0.1):
                    break
                self.wfile.write(bytes([byte]))
        else:
            self.wfile.write(body)
        self.close_connection = fault.befalls != ""

    def log_message(self, *arguments) -> None:
        """Tests' output is not its place."""


@contextlib.contextmanager
def faulty_server(*faults: Fault) -> Iterator[FaultyServer]:
    server = FaultyServer(*faults)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.ended.set()
        server.shutdown()
        server.server_close()
        thread.join()
