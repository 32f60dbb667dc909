"""Leaving a plugin out takes its own components, and nobody else's."""

from __future__ import annotations

import pytest

from seatrial.plugin.host import Host
from seatrial.plugin.kinds import KINDS

WHOLE = Host.load()


def components(host):
    return {(kind, name): one.plugin for kind in KINDS for name, one in host.components(kind).items()}


@pytest.mark.parametrize("plugin", [info.name for info in WHOLE.plugins() if info.distribution == "seatrial"])
def test_only_its_components_are_gone(plugin):
    left = components(Host.load(blocked=[plugin]))
    assert left == {key: owner for key, owner in components(WHOLE).items() if owner != plugin}
    assert set(Host.load(blocked=[plugin]).suites()) == (set() if plugin == "suites" else set(WHOLE.suites()))
