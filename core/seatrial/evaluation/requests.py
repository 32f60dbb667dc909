"""Requests: what the answers of a system elsewhere took, summed up."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable

__all__ = ["summed_up"]


def summed_up(details: Iterable[str]) -> dict[str, float]:
    """Latency, tokens and cost of requests; empty where none was told.

    A sum stands there only where every answered request tells its part: the cost of some is not the cost. What was not asked,
    for an equal request was (`shared`), is in none. Percentiles are the nearest rank's.

    Args:
        details: the `detail` of transcripts that were answered, JSON: `request` of one answer, `requests` of several.
    """
    given = [one.get("requests", [one.get("request")]) for one in map(json.loads, details)]
    told = [one for each in given for one in (each if isinstance(each, list) else [each])]
    told = [one for one in told if not (isinstance(one, dict) and "shared" in one)]
    if not told or not all(isinstance(one, dict) and "seconds" in one for one in told):
        return {}
    seconds = sorted(one["seconds"] for one in told)
    found: dict[str, float] = {
        "requests": len(told),
        "attempts": sum(one.get("attempts", 1) for one in told),
        **{f"seconds_p{q}": seconds[math.ceil(q / 100 * len(seconds)) - 1] for q in (50, 90, 99)},
    }
    for name in ("prompt_tokens", "cost"):
        if all(name in one for one in told):
            found[name] = round(sum(one[name] for one in told), 9)
    return found
