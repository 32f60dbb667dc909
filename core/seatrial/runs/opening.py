"""Opening: a system of a finished run as it was asked, in memory again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from seatrial.errors import SourceError, StoreError, UsageError
from seatrial.model import Model, Product
from seatrial.plugin.host import Host
from seatrial.runs import digests
from seatrial.runs.run_folder import RunFolder
from seatrial.runs.saved import suite_of
from seatrial.runs.store import cache_folder, digest_path
from seatrial.runs.workbench import Workbench

__all__ = ["open_model"]


@contextmanager
def open_model(path: Path, host: Host, system: Literal["tuned", "base"], *, seed: int | None) -> Iterator[Model]:
    """The tuned model of a run, or its base, while the block runs.

    Args:
        path: The run folder.
        host: The loaded plugins.
        system: Which.
        seed: Of several trainings, whose; None for the first.

    Raises:
        UsageError: the run has no such system.
        StoreError: a file of the run is damaged.
        SourceError: the weights are gone, or are no longer those of the run.
    """
    folder = RunFolder.open(path)
    digests.refuse_altered(folder)
    suite = suite_of(folder, host)
    if suite.model is None:
        raise UsageError(f"{path}: its suite names no model")
    bench = Workbench(host, cache=cache_folder(), offline=False)
    bench.date = folder.began()
    bench.set_model(suite.model, suite.date)
    with bench.closing:
        product: Product | None = None
        if system == "tuned" and suite.train is not None:
            seeds = suite.training_seeds
            chosen = seeds[0] if seed is None else seed
            if chosen not in seeds:
                raise UsageError(
                    f"{path}: nothing was trained with the seed {seed}; the seeds are {', '.join(map(str, seeds))}"
                )
            done = folder.finished(f"train[seed={chosen}]")
            if done is None:
                raise StoreError(
                    f"{path}: what was trained with the seed {chosen} is not there, or not as it was written"
                )
            product = Product(done[0].facts["product"], done[1].files["product"], str(done[0].facts["product_sha256"]))  # type: ignore[arg-type]  # as `Train` writes it
        elif system == "tuned" and suite.model.adapter is not None:
            brought = bench.resolve(suite.model.adapter, "model").path
            product = Product("adapter", brought, digest_path(brought))
        elif system == "base" and suite.train is None and suite.model.adapter is None:
            raise UsageError(
                f"{path}: the run has no base: its suite trains nothing and brings no adapter; open `tuned`"
            )
        model = bench.on_trial()
        then = folder.read_json("manifest.json").get("model") or {}
        if then.get("sha256") != model.target.digest:
            raise SourceError(f"{model.address}: its weights are not those that the run {path.name} was made with")
        yield model.open(product, frozenset())
