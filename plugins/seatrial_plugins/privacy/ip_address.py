"""IP addresses that can be somebody's."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

from seatrial_plugins.privacy.datum import Datum

__all__ = ["IPAddressRecogniser"]

_V4 = re.compile(r"(?<![\w.,-])(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\d)", re.ASCII)
_V6 = re.compile(
    r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}(?:(?:\d{1,3}\.){3}\d{1,3}|[0-9A-Fa-f]{1,4})?(?![\w:])", re.ASCII
)

_NUMBERING = re.compile(
    r"(?:\bv|\bver\.?|version|release|build|firmware|driver|update|upgrade|section|clause|chapter|article|paragraph|§)"
    r"[\s:=#(]*(?:number|no\.?)?[\s:=#(]*$",
    re.IGNORECASE,
)
# Four small numbers with dots after one of these words number a version or a section.
_WORDS_BEFORE = 32


class IPAddressRecogniser:
    """Finds IPv4 and IPv6 addresses, except those that name no machine of anybody's."""

    kind = "ip"
    name = "IP address"

    def find(self, text: str) -> Iterable[Datum]:
        """Every address; notations of one IPv6 address have one value."""
        for pattern in (_V4, _V6):
            for candidate in pattern.finditer(text):
                address = _address(candidate.group())
                if address is None or (address.version == 4 and _is_numbering(text, candidate.start())):
                    continue
                yield Datum(candidate.start(), candidate.end(), address.compressed)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address, or None for what is none, or is loopback, unspecified, multicast or a mask."""
    if ":" in text and not any(character.isdigit() for character in text):
        return None  # `bad::cafe` is more often code than a network
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    # ::/8 is reserved as a whole, and holds the IPv4 addresses in IPv6's notation.
    reserved = address.version == 4 and address.is_reserved
    nobodys = address.is_loopback or address.is_unspecified or address.is_multicast or reserved
    return None if nobodys else address


def _is_numbering(text: str, start: int) -> bool:
    return bool(_NUMBERING.search(text[max(0, start - _WORDS_BEFORE) : start]))
