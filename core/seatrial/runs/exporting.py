"""Exporting: what a run trained, as a folder that other programs open, with a card that says what it was shown to be."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import permutations
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from seatrial.errors import SourceError, StoreError, UsageError, did_you_mean
from seatrial.model import Exports, Product
from seatrial.plugin.component import ReportComponent
from seatrial.runs import contracts, digests
from seatrial.runs.events import Record
from seatrial.runs.run_folder import RunFolder
from seatrial.runs.saved import load_result, suite_of
from seatrial.runs.stages import blame
from seatrial.runs.store import atomic_folder, cache_folder, digest_path
from seatrial.runs.workbench import Workbench
from seatrial.suite.complaints import listed

if TYPE_CHECKING:
    from seatrial.plugin.host import Host
    from seatrial.runs.result import Result

__all__ = ["ExportAs", "export_run"]

_log = logging.getLogger("seatrial.runs.exporting")

ExportAs = Literal["merged", "adapter"]

_REFUSED = frozenset({"fail", "error"})
"""An error goes before a failure, so it may hide one; and where a score is missing, nobody knows."""


@dataclass(frozen=True, slots=True)
class _Trained:
    product: Product
    seed: int


def export_run(
    path: Path,
    host: Host,
    *,
    to: Mapping[ExportAs, Path],
    seed: int | None = None,
    failed: bool = False,
    card: str | None = None,
    cache: Path | None = None,
    offline: bool = False,
) -> list[Path]:
    """Write what a run trained into folders of their own; returns them.

    A model whose run failed, or is an error, leaves it only on demand: in a folder of its own nothing but its card tells it from
    one that passed, and cards are not read by programs.

    Args:
        path: The run folder.
        host: The loaded plugins.
        to: `merged`: the whole model, what was trained folded into the weights; `adapter`: the adapter alone. Each a folder
            that is not there, or empty.
        seed: Of which training, where there were several.
        failed: Export also where the verdict is FAIL or ERROR; the card says so in its first line.
        card: The report that is written beside the weights; where none is named, one that is about models, the suite's before
            others; where none is installed, none.
        cache: As for `run`.
        offline: As for `run`.

    Raises:
        UsageError: a folder is taken, nothing was trained, the verdict is FAIL or ERROR, or the model cannot be exported like that.
        StoreError: the run is not finished, or a file of it is not as it was written.
    """
    if not to:
        raise UsageError(
            "nothing to export to: name a folder for the whole model (--merged) or for the adapter (--adapter)"
        )
    folder = RunFolder.open(path)
    for target in to.values():
        _refuse_taken(target, folder)
    _refuse_nested(list(to.values()))
    digests.refuse_altered(folder, but=digests.REPORTED)
    result = load_result(path, host)
    trained = _trained(result, seed)
    if "adapter" in to and trained.product.kind != "adapter":
        raise UsageError(
            f"{path}: what was trained is whole weights and no adapter; export the whole model alone (--merged)"
        )
    if result.verdict is not None and result.verdict.state in _REFUSED and not failed:
        raise UsageError(
            f"{path}: the verdict is {result.verdict.state.upper()}: {result.verdict.reason}; a model that is not shown to have "
            "done what was asked is exported with `--failed` alone, and its card says so"
        )
    writer = _card(host, result, card)
    suite = suite_of(folder, host)
    bench = Workbench(host, cache=cache or cache_folder(), offline=offline)
    bench.date = folder.began()
    bench.set_model(suite.model, suite.date)
    with bench.closing:
        model = bench.on_trial()
        _refuse_other_weights(model.target.digest, result, model.address)
        loader, who = model.loader, f"loader {model.recipe.who.partition(' ')[0]}"
        plugin = bench.provided("models", suite.model.loader.name).distribution if suite.model else ""
        if not isinstance(loader, Exports):
            raise UsageError(f"{path}: {model.recipe.who} cannot export what it opens")
        model.check(trained.product)
        own = _of_training(result, trained.seed)
        told = own.facts("verify_training").get("model")
        asked = told if isinstance(told, Mapping) else {}
        with _new_folders([*to.values()]) as parts:
            for kind, part in zip(to, parts, strict=True):
                with blame("export", who, plugin):
                    if kind == "merged":
                        loader.export_merged(model.target, trained.product, part, asked=asked)
                    else:
                        loader.export_adapter(model.target, trained.product, part)
                if writer is not None:
                    with blame("export", f"report {writer.name}", writer.plugin):
                        paths = writer.write(own, part)
                        contracts.files(paths, part, f"export: report {writer.name} (plugin {writer.plugin})")
    return list(to.values())


@contextmanager
def _new_folders(targets: Sequence[Path]) -> Iterator[list[Path]]:
    """Folders to write into, which become the targets where all of these are still free by then, and else none of them."""
    with ExitStack() as written:
        yield [written.enter_context(atomic_folder(target, anew=True)) for target in targets]
        for target in targets:
            if target.is_symlink() or (target.exists() and (not target.is_dir() or any(target.iterdir()))):
                raise UsageError(
                    f"{target}: was filled by something else while the model was written; name another folder"
                )


@dataclass(frozen=True, slots=True)
class _Card:
    name: str
    plugin: str
    report: object

    def write(self, result: Result, folder: Path) -> object:
        return self.report.write(result.handed_out(), folder)  # type: ignore[attr-defined]  # held by its kind's protocol


def _card(host: Host, result: Result, named: str | None) -> _Card | None:
    """The report, with the options that the suite gives it; None where none was named and none is about models."""
    name = _about_models(host, result) if named is None else named
    if name is None:
        _log.warning("no report that is about models is installed: what is exported carries no card")
        return None
    provided = host.find("reports", name)
    if provided is None:
        names = host.names("reports")
        raise UsageError(f"{name}: no such report{did_you_mean(name, names)}; there are: {listed(names)}")
    return _Card(name, provided.distribution, provided.component.build(**_reports_of(result).get(name, {})))


def _about_models(host: Host, result: Result) -> str | None:
    """The report about models that the suite names, else the first one."""
    found = [
        name
        for name, one in host.components("reports").items()
        if isinstance(one.component, ReportComponent) and one.component.describes == "model"
    ]
    asked = _reports_of(result)
    return min(found, key=lambda name: (name not in asked, name), default=None)


def _reports_of(result: Result) -> Mapping[str, Mapping[str, object]]:
    """Each report that the suite names, with its options."""
    entries = result.suite.get("report")
    found: dict[str, Mapping[str, object]] = {}
    for entry in entries if isinstance(entries, list) else ():
        found |= {name: held or {} for name, held in entry.items()} if isinstance(entry, Mapping) else {str(entry): {}}
    return found


def _of_training(result: Result, seed: int) -> Result:
    """The run as the card of one training sees it."""
    others = {"train", "verify_training"}
    records = [one for one in result.records if one.base not in others or one.instance == f"seed={seed}"]
    first = next(iter(sorted((result.folder / "training").glob("*.jsonl"))), None)
    own = first is not None and first.stem == f"seed-{seed}"
    return replace(result, records=records, training=result.training if own else ())


def _refuse_taken(target: Path, folder: RunFolder) -> None:
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise UsageError(f"{target}: is no folder; name one that is not there yet")
    if target.is_dir() and any(target.iterdir()):
        raise UsageError(f"{target}: is not empty; name a folder that is not there yet")
    if target.resolve().is_relative_to(folder.path.resolve()):
        raise UsageError(f"{target}: lies in the run folder, whose files are recorded; name one outside of it")


def _refuse_nested(targets: Sequence[Path]) -> None:
    for one, other in permutations([target.resolve() for target in targets], 2):
        if one.is_relative_to(other):
            raise UsageError(
                f"{one}: the whole model and the adapter need a folder each, and none in the other's ({other})"
            )


def _trained(result: Result, seed: int | None) -> _Trained:
    """The product of the training, or of the one with that seed, as whole as it was left."""
    found = {number: record for record in result.records if record.base == "train" for number in _seed_of(record)}
    if not found:
        raise UsageError(f"{result.folder}: nothing was trained in this run, so there is nothing to export")
    if seed is None and len(found) > 1:
        raise UsageError(f"{result.folder}: it trained with the seeds {listed([*map(str, found)])}; name one: --seed")
    if seed is not None and seed not in found:
        raise UsageError(
            f"{result.folder}: nothing was trained with seed {seed}; there are: {listed([*map(str, found)])}"
        )
    chosen = next(iter(found)) if seed is None else seed
    facts, folder = found[chosen].facts, result.folder / f"products/seed-{chosen}"
    digest, kind = str(facts.get("product_sha256")), facts.get("product")
    if not folder.is_dir() or digest_path(folder) != digest:
        what = "damaged: it is not as the training left it" if folder.is_dir() else "not there"
        raise StoreError(
            f"{folder}: what was trained is {what}; `seatrial verify {result.folder}` names the files; get the run folder again "
            "from who made it, or train again"
        )
    assert kind in {"adapter", "weights", "classifier"}
    return _Trained(Product(kind, folder, digest), chosen)


def _seed_of(record: Record) -> Iterator[int]:
    number = record.instance.removeprefix("seed=")
    if number.isdecimal():
        yield int(number)


def _refuse_other_weights(digest: str | None, result: Result, address: str) -> None:
    """Refuse a base that is not the run's: the adapter would be merged into other weights than it was scored on."""
    model = result.manifest.get("model")
    then = model.get("sha256") if isinstance(model, Mapping) else None
    if digest != then:
        raise SourceError(
            f"{address}: its weights have the digest {str(digest)[:16]}…, and the run was made with {str(then)[:16]}…; bring those "
            "back, or run the suite again"
        )
