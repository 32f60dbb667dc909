"""A suite's filter: built as the suite says, and what the suite does about its findings."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from seatrial.data.findings import Action, Finding
from seatrial.data.policy import Applied, apply
from seatrial.plugin.component import Component
from seatrial.rows import Row
from seatrial.runs.recipe import MADE, Recipe

__all__ = ["SuiteFilter"]


@dataclass(frozen=True, slots=True)
class SuiteFilter:
    """One filter of a run. It may go to another process, where it is built again as its recipe says."""

    alias: str
    component: Component[Any]
    plugin: str
    version: str
    """The providing distribution's."""
    filter: Any
    """A `RowFilter`, `CorpusFilter` or `SplitFilter`, as `component.place` says."""
    recipe: Recipe
    options: Mapping[str, Any]
    actions: Action | Mapping[str, Action] | None
    reads: Mapping[str, str] = field(default_factory=dict)
    """The sources that its options name: address → digest."""

    def parts(self) -> object:
        """What its findings and their consequences depend on."""
        return {
            "alias": self.alias,
            "name": self.component.name,
            "plugin": [self.plugin, self.version, self.component.version],
            "options": dict(self.options),
            "reads": dict(self.reads) | dict(getattr(self.filter, "reads", {})),
            "rules": {rule.name: rule.version for rule in self.component.rules},
            "actions": self.actions if self.actions is None or isinstance(self.actions, str) else dict(self.actions),
            "unseen": self.unseen,  # what was not installed when a run began may be when it goes on
        }

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
            *(self.recipe, self.options, self.actions, self.reads),
        )
        return _built_again, said


def _built_again(
    alias: str,
    component: Component[Any],
    plugin: str,
    version: str,
    recipe: Recipe,
    options: Mapping[str, Any],
    actions: Action | Mapping[str, Action] | None,
    reads: Mapping[str, str],
) -> SuiteFilter:
    return SuiteFilter(alias, component, plugin, version, recipe.make(MADE), recipe, options, actions, reads)
