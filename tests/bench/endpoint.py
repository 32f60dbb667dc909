"""How fast an endpoint is asked, and what is asked twice after kills: `python tests/bench/endpoint.py [rate] [kills]`.

The endpoint is `transformers serve` with the tiny model on loopback, which answers one request at a time.

rate    200 requests of 16 tokens each, by the client alone, at concurrency 1 and 8
kills   a run of 200 rows at concurrency 8, killed (SIGKILL) each time that the server has answered ten more, until it is
        done: how many more requests the server answered than there are rows
"""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow.parquet as pq

import seatrial_suites
from seatrial import Resolved, Turn
from seatrial_plugins import endpoints
from seatrial_plugins.huggingface import random

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.plugins.endpoints.conftest import MODEL, Server

ROWS = 200


def served(folder: Path) -> Server:
    source = Path(seatrial_suites.__file__).parent / "tiny_llama"
    loader = random(device="cpu")
    target = loader.resolve("path:tiny_llama", lambda address: Resolved(address, source), folder / "cache")
    shutil.copytree(target.folder, folder / MODEL)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        server = Server(folder, free.getsockname()[1])
    server.start()
    return server


def rate(server: Server) -> None:
    prompts = [(Turn("user", f"Say the word number {number}."),) for number in range(ROWS)]
    for concurrency in (1, 8):
        loader = endpoints.openai(concurrency=concurrency)
        with loader.open(loader.resolve(server.address, lambda _: None, Path())) as model:
            model.generate(prompts[:concurrency], max_new_tokens=16)
            began = time.perf_counter()
            answers = model.generate(prompts, max_new_tokens=16)
            seconds = time.perf_counter() - began
        tokens = sum(answer.tokens or 0 for answer in answers)
        print(f"concurrency {concurrency}: {ROWS / seconds:.1f} requests/s, {tokens / seconds:.0f} tokens/s")


def kills(server: Server, folder: Path) -> None:
    rows = [{"prompt": f"Say the word number {number}.", "completion": "word"} for number in range(ROWS)]
    (folder / "qa.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "suite.yaml").write_text(
        f"name: killed\nmodel: {{source: '{server.address}', concurrency: 8}}\n"
        f"data: {{tests: {{qa: {{source: 'path:{folder / 'qa.jsonl'}'}}}}}}\n"
        "score: [generation: {on: qa, max_new_tokens: 16}]\n"
        "gates: [{metric: generation/exact_match, max: 0.5}]\nreport: []\n"
    )
    killed, done = 0, False
    before = server.requests()
    while not done:
        at = server.requests() + 10
        command = [sys.executable, "-m", "seatrial", "run", "suite.yaml"]
        run = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        while run.poll() is None and server.requests() < at:
            time.sleep(0.005)
        if run.poll() is None and server.requests() - before < ROWS - 10:
            run.send_signal(signal.SIGKILL)
            killed += 1
        _, said = run.communicate()
        done = run.returncode in {0, 3}
        assert done or run.returncode == -signal.SIGKILL, said
    (file,) = folder.glob("runs/*/transcripts/**/*.parquet")
    final = pq.read_table(file).to_pylist()
    assert len(final) == ROWS
    assert all(row["error"] is None for row in final)
    extra = server.requests() - before - ROWS
    print(f"{killed} kills: {ROWS} rows, all answered; {extra} requests more than rows, "
          f"{extra / max(killed, 1):.1f} a kill (in flight when it came: up to 8)")  # fmt: skip


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        server = served(folder)
        try:
            wanted = sys.argv[1:] or ["rate", "kills"]
            if "rate" in wanted:
                rate(server)
            if "kills" in wanted:
                kills(server, folder)
        finally:
            server.kill()


if __name__ == "__main__":
    main()
