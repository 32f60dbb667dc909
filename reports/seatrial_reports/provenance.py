"""Provenance: what the run was made of, where it ran, how long each stage took, and how to repeat it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePath

from seatrial.runs.events import Record
from seatrial.runs.result import Result
from seatrial.terminal.figures import count
from seatrial.terminal.legible import one_line
from seatrial_reports.facts import entries, flag, flat, mapping, number, sequence, text
from seatrial_reports.numbers import duration, memory

__all__ = ["FactGroup", "Provenance", "StageLine", "build_provenance", "machine"]

_FILES = 20
"""Files whose digests are listed."""

_ELSEWHERE = {
    *(
        "packages",
        "installed",
        "plugins",
        "components",
        "command",
        "stages",
        "model",
        "sources",
        "hardware",
        "git",
        "seatrial",
    ),
}
"""Keys of the manifest that are told elsewhere."""


@dataclass(frozen=True, slots=True)
class StageLine:
    """One stage's cost."""

    stage: str
    took: str
    peak: str
    resumed: bool
    width: float
    """Percent of the longest stage."""
    note: str
    """What of it each system took, where the stage says so."""


@dataclass(frozen=True, slots=True)
class FactGroup:
    """Facts about one thing."""

    name: str
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Provenance:
    """Everything that repeating the run needs."""

    machine: str
    """The hardware in one line."""
    groups: tuple[FactGroup, ...]
    packages: tuple[tuple[str, str], ...]
    """Those whose versions can move a score, and those that brought plugins."""
    installed: tuple[tuple[str, str], ...]
    """All that were installed."""
    stages: tuple[StageLine, ...]
    took: str
    """The stages together."""
    elapsed: str
    """From the first start to the end of the last stage; "" where that is not known."""
    run_again: str
    run_resolved: str
    """The same from the suite as it was resolved, saved in the run folder."""
    code: str
    """The commit, and whether it says all; "" outside of a repository."""
    gate_again: str
    """"" where nothing was decided."""
    report_again: str
    tell_why: str
    """Tells what became of one row: a command that ends in ROW."""
    ledger: str
    """Where the findings stand."""


def build_provenance(result: Result) -> Provenance:
    """From the manifest and the stages' records."""
    longest = max((record.seconds for record in result.records), default=0.0)
    folder = shlex.quote(one_line(result.folder.as_posix()))
    resolved = shlex.quote(one_line((result.folder / "suite.yaml").as_posix()))
    return Provenance(
        machine=machine(result),
        groups=tuple(FactGroup(name, tuple(facts)) for name, facts in _groups(result) if facts),
        packages=tuple(flat(mapping(result.manifest, "packages"))),
        installed=tuple(flat(mapping(result.manifest, "installed"))),
        stages=tuple(
            StageLine(
                stage=record.stage,
                took=duration(record.seconds),
                peak=memory(record.peak_bytes) if record.peak_bytes else "",
                resumed=record.resumed,
                width=round(100 * record.seconds / longest, 2) if longest else 0.0,
                note=_note(record),
            )
            for record in result.records
        ),
        took=duration(sum(record.seconds for record in result.records)),
        elapsed=_elapsed(result),
        run_again=_command(result),
        run_resolved=f"seatrial {'data' if result.only_data else 'run'} {resolved}",
        code=_code(mapping(result.manifest, "git")),
        gate_again=f"seatrial gate {folder}" if result.verdict else "",
        report_again=f"seatrial report {folder}",
        tell_why=f"seatrial why {folder} ROW",
        ledger=one_line((result.folder / "ledger.parquet").as_posix()),
    )


# ---- what it was made of --------------------------------------------------------------------------------------------


def machine(result: Result) -> str:
    """`NVIDIA H100 80GB HBM3; Intel(R) Xeon(R) Processor, 16 cores, 125.9 GiB`."""
    hardware = mapping(result.manifest, "hardware")
    gpus = [text(gpu, "name") for gpu in entries(hardware, "gpus")]
    counted = [
        name if gpus.count(name) == 1 else f"{gpus.count(name)} × {name}" for name in dict.fromkeys(gpus) if name
    ]
    cores, size = number(hardware, "cores"), number(hardware, "memory_bytes")
    host = (
        text(hardware, "processor"),
        f"{count(cores)} core{'' if cores == 1 else 's'}" if cores else "",
        memory(size) if size else "",
    )
    return "; ".join(part for part in (", ".join(counted), ", ".join(part for part in host if part)) if part)


def _groups(result: Result) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    manifest = result.manifest
    model = mapping(manifest, "model")
    yield "Model", _named(flat(model))
    yield "Model as it was loaded", _named(flat(mapping(result.facts("verify_training"), "model")))
    for record in result.records:
        if requests := mapping(record.facts, "requests"):
            yield f"Requests of {record.instance}", _named(flat(requests))
    yield "What was trained", _products(result)
    yield "Data", [*_sources(result), *_files(result), *_tables(result)]
    yield "Machine", _named(flat(mapping(manifest, "hardware")))
    code = {name: manifest[name] for name in ("seatrial", "git") if name in manifest}
    yield "Code", [*_named(flat(code)), *_plugins(result)]
    yield "Run", _named(flat({name: value for name, value in manifest.items() if name not in _ELSEWHERE}))


def _named(facts: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(_spaced(name), _written(name, value)) for name, value in facts]


def _spaced(name: str) -> str:
    """`gpus[0].memory.total` as `gpu 0 memory total`."""
    numbered = re.sub(r"s\[(\d+)\]", r" \1", name.removesuffix("_bytes"))
    return numbered.replace("_", " ").replace(".", " ").replace("sha256", "SHA-256")


def _written(name: str, value: str) -> str:
    if not value.isdecimal():
        return value
    if name.endswith("_bytes"):
        return memory(float(value))
    return count(int(value)) if name.endswith("parameters") else value


def _sources(result: Result) -> list[tuple[str, str]]:
    """A line a source: its address, and what is known of it."""
    lines = []
    for source in entries(result.manifest, "sources"):
        facts = ", ".join(f"{_spaced(name)} {written}" for name, written in flat(mapping(source, "facts")))
        lines.append(("source", f"{text(source, 'address')}{f' ({facts})' if facts else ''}"))
    return lines


def _files(result: Result) -> list[tuple[str, str]]:
    """The digests of the files that rows were read from."""
    files = [file for file in entries(result.facts("read"), "files") if text(file, "sha256")]
    lines = [(f"SHA-256 of {text(file, 'file')}, as it was read", text(file, "sha256")) for file in files[:_FILES]]
    if len(files) > _FILES:
        lines.append(("more files that were read", f"{count(len(files) - _FILES)}, with digests in nodes/read.json"))
    return lines


def _tables(result: Result) -> list[tuple[str, str]]:
    """The digests of the rows, as they were read and as they were divided: equal rows, equal digest."""
    found = {
        path: digest
        for record in result.records
        for path, digest in record.outputs.items()
        if path.startswith("data/") and path.endswith(".parquet")
    }
    return [(f"SHA-256 of {path}", digest) for path, digest in found.items()]


def _products(result: Result) -> list[tuple[str, str]]:
    """The digests of what training left, or of what the suite brought in its place."""
    trained = {record.stage: record.facts for record in result.records if record.stage.partition("[")[0] == "train"}
    found = [
        (f"{stage}: {text(facts, 'product') or 'product'}, SHA-256", text(facts, "product_sha256"))
        for stage, facts in trained.items()
        if text(facts, "product_sha256")
    ]
    brought = text(result.facts("verify_training"), "product_sha256")
    if brought and not trained:
        found.append(("brought by the suite, trained on what is not known: SHA-256", brought))
    return found


def _plugins(result: Result) -> list[tuple[str, str]]:
    """One line a distribution: which plugins it brought."""
    brought: dict[str, list[str]] = {}
    for plugin in entries(result.manifest, "plugins"):
        origin = f"{text(plugin, 'distribution')} {text(plugin, 'version')}".strip()
        brought.setdefault(origin, []).append(text(plugin, "plugin"))
    return [(f"plugins of {origin}", ", ".join(names)) for origin, names in brought.items()]


def _code(git: Mapping[str, object]) -> str:
    commit = text(git, "commit")
    if not commit:
        return ""
    changed = ", with changes that no commit holds" if flag(git, "dirty") else ""
    if "dirty" in git and git["dirty"] is None:
        changed = ", and it was not asked whether with changes, since the checkout names programs to run for that"
    return f"commit {commit[:12]}{changed}"


# ---- how long it took -----------------------------------------------------------------------------------------------


def _note(record: Record) -> str:
    """`tuned 16 s, base 9.7 s`; for training, how long it went without loading."""
    by_system = mapping(record.facts, "seconds")
    listed = [(name, seconds) for name in by_system if (seconds := number(by_system, name)) is not None]
    if len(listed) > 1:
        return ", ".join(f"{name} {duration(seconds)}" for name, seconds in listed)
    trained = number(record.facts, "seconds") if record.stage == "train" else None
    return f"training itself {duration(trained)}" if trained is not None else ""


def _elapsed(result: Result) -> str:
    try:
        begun = datetime.fromisoformat(text(result.manifest, "started"))
        ended = max(record.started + timedelta(seconds=record.seconds) for record in result.records)
        seconds = (ended - begun).total_seconds()
    except (ValueError, TypeError):  # no date, no record, or one of both without a zone
        return ""
    return duration(seconds) if seconds > 0 else ""


# ---- how to repeat it -----------------------------------------------------------------------------------------------


def _command(result: Result) -> str:
    """The command as it was typed: the program without its folder, every argument quoted for a shell."""
    words = [one_line(str(word)) for word in sequence(result.manifest, "command")]
    if not words:
        return ""
    program = PurePath(words[0])
    # `python -m seatrial` hands on the path of the module that it runs.
    started = ["python", "-m", program.parent.name] if program.name == "__main__.py" else [program.name]
    return shlex.join([*started, *words[1:]])
