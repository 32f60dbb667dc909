"""The keys of an engine: where filters work, and with how many processes."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from seatrial.suite.strict import Keys

__all__ = ["ENGINES", "LocalKeys", "RayKeys"]


class LocalKeys(Keys):
    """This machine: one process, and one for each core where there is work for them."""

    workers: int | None = Field(
        default=None, ge=1, description="the most processes; as many as there are cores if absent, 1 for no others"
    )


class RayKeys(Keys):
    """Ray Data, on this machine or on a cluster whose machines all see the run folder (extra `distributed`)."""

    workers: int | None = Field(
        default=None, ge=1, description="how many processes work at once; as many as Ray has CPUs if absent"
    )
    address: str | None = Field(
        default=None, description="a running cluster, such as auto or ray://head:10001; one on this machine if absent"
    )


ENGINES: Mapping[str, type[Keys]] = {"local": LocalKeys, "ray": RayKeys}
"""What a suite may name under `data.engine`."""
