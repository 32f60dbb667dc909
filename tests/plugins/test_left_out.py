"""A plugin that is left out takes its own components along, and nobody else's."""

from __future__ import annotations

import pytest

from seatrial.plugin.host import Host
from seatrial.plugin.kinds import KIND_TABLE

WHOLE = Host.load()
BUILT_IN = [plugin.name for plugin in WHOLE.plugins() if plugin.distribution == "seatrial"]


def provided(host: Host) -> set[tuple[str, str, str]]:
    return {(each.plugin, kind, name) for kind in KIND_TABLE for name, each in host.components(kind).items()}


def test_all_are_named():
    assert len(BUILT_IN) > 15


@pytest.mark.parametrize("name", BUILT_IN)
def test_without_it_only_its_components_are_gone(name):
    left = Host.load(blocked=[name])
    assert provided(left) == {each for each in provided(WHOLE) if each[0] != name}
    assert [plugin.name for plugin in left.plugins() if plugin.blocked] == [name]
