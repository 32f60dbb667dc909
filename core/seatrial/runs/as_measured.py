"""As measured: what a finished run's scores are is what its scorers said when they scored, not what they would say today."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from seatrial.evaluation.scores import Metric
from seatrial.plugin.host import Provided
from seatrial.plugin.kinds import Kind
from seatrial.runs.run_folder import RunFolder
from seatrial.runs.store import digest_json
from seatrial.stored import undamaged
from seatrial.suite.catalogue import Catalogue
from seatrial.verdict.codec import from_json, to_json

__all__ = ["AsMeasured", "noted"]


def noted(scorer: str, options: Mapping[str, Any], metrics: Iterable[Metric]) -> dict[str, Any]:
    """What a score node keeps of its metrics, as JSON values."""
    return {"scorer": scorer, "options": digest_json(options), "listed": [to_json(metric) for metric in metrics]}


class AsMeasured:
    """The components of a host, but that a scorer's metrics are those that a run noted for the same options.

    A scorer may read them out of files that have changed since, or are not there any more: a metric's direction would turn
    a gate round, and a run that was handed on could not be read.
    """

    def __init__(self, catalogue: Catalogue, folder: RunFolder) -> None:
        self._catalogue = catalogue
        self._known: dict[str, dict[str, tuple[Metric, ...]]] = {}
        with undamaged(folder / "nodes"):
            for marker in folder.markers():
                found = marker.facts.get("metrics")
                if marker.stage.startswith("score[") and found:
                    listed = tuple(from_json(Metric, one) for one in found["listed"])
                    self._known.setdefault(found["scorer"], {})[found["options"]] = listed

    def find(self, kind: Kind, name: str, /) -> Provided | None:
        """The component of that name, or None."""
        provided = self._catalogue.find(kind, name)
        if provided is None or kind != "scorers" or name not in self._known:
            return provided
        metrics = _remembered(self._known[name], provided.component.metrics_for)
        return replace(provided, component=replace(provided.component, metrics=metrics))

    def names(self, kind: Kind, /) -> list[str]:
        """The names of all components of a kind, sorted."""
        return self._catalogue.names(kind)


def _remembered(
    known: Mapping[str, tuple[Metric, ...]], otherwise: Callable[[Mapping[str, Any]], tuple[Metric, ...]]
) -> Callable[..., tuple[Metric, ...]]:
    def metrics(**options: Any) -> tuple[Metric, ...]:
        return known.get(digest_json(options)) or otherwise(options)

    return metrics
