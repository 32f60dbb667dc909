"""A launcher's processes: torchrun and `accelerate launch` start one command several times, and tell each which one it is."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping

from seatrial.errors import UsageError
from seatrial.training import Launch

__all__ = ["launched"]

_NAMES = ("WORLD_SIZE", "RANK", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
_MORE = ("LOCAL_WORLD_SIZE", "GROUP_RANK", "GROUP_WORLD_SIZE", "ROLE_RANK", "ROLE_WORLD_SIZE", "ROLE_NAME")
_PREFIX = "TORCHELASTIC_"
_HOSTED = "TORCHELASTIC_USE_AGENT_STORE"


def launched(environment: MutableMapping[str, str]) -> Launch | None:
    """Which of a launcher's processes this is; None where it is the only one.

    The variables that say so are taken out of the environment: a library that reads them would take this process for a part
    of a group, and wait for others that never come. Those that train are told otherwise.

    Raises:
        UsageError: the variables contradict each other, or hold no numbers.
    """
    if "WORLD_SIZE" not in environment and "RANK" not in environment:
        return None
    launch = _read(environment)
    for name in list(environment):
        if name in _NAMES or name in _MORE or name.startswith(_PREFIX):
            del environment[name]
    return launch if launch.world > 1 else None


def _read(environment: Mapping[str, str]) -> Launch:
    world = _number(environment, "WORLD_SIZE", least=1)
    rank = _number(environment, "RANK", least=0, default="0" if world == 1 else None)
    _refuse_beyond(environment, "RANK", rank, "WORLD_SIZE", world)
    local = _number(environment, "LOCAL_RANK", least=0, default=str(rank))
    if world == 1:
        return Launch(rank, world, local, 1, "", 0, hosted=True)
    if not environment.get("MASTER_ADDR", "").strip():
        raise UsageError(
            f"the environment variable MASTER_ADDR is not set, and WORLD_SIZE={world} processes cannot find each other; {_DO}"
        )
    port = _number(environment, "MASTER_PORT", least=1, most=_LAST_PORT)
    beside = _number(environment, "LOCAL_WORLD_SIZE", least=1, most=world, default=str(world))
    _refuse_beyond(environment, "LOCAL_RANK", local, "LOCAL_WORLD_SIZE", beside)
    attempt = "-".join(environment.get(f"{_PREFIX}{name}", "") for name in ("RUN_ID", "RESTART_COUNT"))
    hosted = environment.get(_HOSTED) == "True"
    return Launch(rank, world, local, beside, environment["MASTER_ADDR"].strip(), port, hosted, attempt)


_LAST_PORT = 65_535
_MOST = 1 << 20
"""Processes: more than any machine room has."""

_DO = (
    "start with `torchrun --nproc-per-node N -m seatrial run SUITE`, which sets it, or unset WORLD_SIZE and RANK to run in one "
    "process"
)


def _refuse_beyond(environment: Mapping[str, str], name: str, number: int, of: str, count: int) -> None:
    if number >= count:
        raise UsageError(f"{_said(name, environment)}, of {of}={count} processes: it is a number below that; {_DO}")


def _number(
    environment: Mapping[str, str], name: str, *, least: int, most: int = _MOST, default: str | None = None
) -> int:
    value = environment.get(name, default)
    if value is None:
        others = ", ".join(f"{one}={environment[one]}" for one in _NAMES if one in environment)
        raise UsageError(f"the environment variable {name} is not set, and {others} is: a launcher sets both; {_DO}")
    try:
        number = int(value)
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        to = f" and at most {most}" if most < _MOST else ""
        raise UsageError(
            f"{_said(name, environment)}: it is a whole number of at least {least}{to}, as a launcher sets it; {_DO}"
        )
    return number


def _said(name: str, environment: Mapping[str, str]) -> str:
    return f"the environment variable {name} is {environment.get(name, '')!r:.40}"
