"""A suite's filter: built as the suite says, and what the suite does about its findings."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from seatrial.data.findings import Action, Finding
from seatrial.data.policy import Applied, apply
from seatrial.plugin.component import FilterComponent
from seatrial.rows import Row
from seatrial.runs.recipe import MADE, Recipe
from seatrial.runs.store import digest_json

__all__ = ["SuiteFilter"]


@dataclass(frozen=True, slots=True)
class SuiteFilter:
    """One filter of a run. It may go to another process, where it is built again as its recipe says."""

    alias: str
    component: FilterComponent[Any]
    plugin: str
    """The providing distribution."""
    version: str
    """That distribution's."""
    filter: Any
    """A `RowFilter`, `CorpusFilter` or `SplitFilter`, as `component.place` says."""
    recipe: Recipe
    actions: Action | Mapping[str, Action] | None
    reads: Mapping[str, str] = field(default_factory=dict)
    """The sources that its options name: address → digest."""

    @property
    def key(self) -> str:
        """Equal for filters that find the same, with the same consequences."""
        actions = self.actions if self.actions is None or isinstance(self.actions, str) else dict(self.actions)
        reads = dict(self.reads) | dict(getattr(self.filter, "reads", {}))
        # What was not installed when a run began may be when it goes on: then it sees more.
        return digest_json([self.alias, self.recipe.key, actions, reads, self.unseen])

    @property
    def options(self) -> Mapping[str, Any]:
        """As the suite gives them, complete."""
        return self.recipe.options

    @property
    def weak(self) -> bool:
        """Whether it rests on a weak detector, and says so."""
        return bool(getattr(self.filter, "weak", False))

    @property
    def unseen(self) -> str:
        """What it does not look for although one might expect it, if it says so."""
        return str(getattr(self.filter, "unseen", ""))

    @property
    def alone(self) -> bool:
        """Whether a split filter looks at train rows that there is nothing to compare with."""
        return bool(getattr(self.filter, "alone", False))

    @property
    def drops(self) -> bool:
        """Whether any finding of it takes a row out."""
        actions = self.actions
        if isinstance(actions, str):
            return actions == "drop"
        return any((actions or {}).get(rule.name, rule.action) == "drop" for rule in self.component.rules)

    def who(self, stage: str) -> str:
        """Stage, filter and plugin, for errors."""
        return f"{stage}: filter {self.alias} (plugin {self.plugin})"

    def apply(
        self, rows: Sequence[Row], findings: Iterable[Finding], *, stage: str, already_dropped: Collection[str] = ()
    ) -> Applied:
        """What its findings about those rows come to."""
        return apply(
            rows,
            findings,
            stage=stage,
            filter=self.alias,
            plugin=self.plugin,
            rules={rule.name: rule for rule in self.component.rules},
            actions=self.actions,
            already_dropped=already_dropped,
        )

    def __reduce__(self) -> tuple[Callable[..., SuiteFilter], tuple[Any, ...]]:
        """Carry the recipe, not what was built; of the component, what it says of itself, not functions of its options."""
        component = replace(self.component, build=self.recipe.build, uses={}, metrics=())
        said = (
            *(self.alias, component, self.plugin, self.version),
            *(self.recipe, self.actions, self.reads),
        )
        return _built_again, said


def _built_again(
    alias: str,
    component: FilterComponent[Any],
    plugin: str,
    version: str,
    recipe: Recipe,
    actions: Action | Mapping[str, Action] | None,
    reads: Mapping[str, str],
) -> SuiteFilter:
    return SuiteFilter(alias, component, plugin, version, recipe.make(MADE), recipe, actions, reads)
