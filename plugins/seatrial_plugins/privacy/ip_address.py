"""IP addresses that can be somebody's."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable

from seatrial_plugins.privacy.datum import Datum
from seatrial_plugins.privacy.number_words import before

__all__ = ["IPAddressRecogniser"]

_V4 = re.compile(
    r"(?<![0-9A-Za-z_.-])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![0-9A-Za-z_]|-(?![0-9]{1,3}(?![0-9]))|\.[0-9]|[ \xa0]?[$€£%])"
)
_V6 = re.compile(
    r"(?<![0-9A-Za-z_:.])(?:[0-9A-Fa-f]{0,4}:){2,7}(?:(?:[0-9]{1,3}\.){3}[0-9]{1,3}|[0-9A-Fa-f]{1,4})?"
    r"(?:%[0-9A-Za-z]{1,15})?(?![0-9A-Za-z_:])"
)
_SLICE = re.compile(r"[\w\])]\[[^\[\]]{0,40}$")
# a[1::2]

_NUMBERING = re.compile(
    r"(?:\bv|\bver\.?|versions?|releases?|rev(?:ision)?\.?|builds?|firmware|driver|patch|update|upgrade|sdk|section|clause|"
    r"chapter|article|paragraph|§|\boid|\b(?:since|as of|prior to|introduced in|(?:add|fix|deprecat|remov)ed in))[\s:=#(\"']*(?:number|no\.?)?[\s:=#(\"']*$"
    r"|(?:up|down)grad\w+ (?:\w+ )?(?:(?:from )?[0-9.]+ to|from|to) $",
    re.IGNORECASE,
)
# Four small numbers with dots after one of these words number a version or a section.
_SOFTWARE = re.compile(
    r"\b(?:chrome|chromium|firefox|safari|opera|nginx|apache|httpd|tomcat|openssl|openssh|curl|python|java|jdk|jre|php|ruby|"
    r"perl|mysql|mariadb|postgres(?:ql)?|sqlite|redis|mongodb|elasticsearch|docker|kubernetes|android|ios|ipados|macos|"
    r"windows|linux|kernel|ubuntu|debian|excel|studio|acrobat|flash|directx|cuda|photoshop|wordpress|drupal|qt|\.net|oracle|"
    r"weblogic|websphere|db2|hana|sharepoint|jboss|wildfly|solr|kafka|hadoop|grafana|jenkins|gitlab|confluence|jira|node\.js|"
    r"npm|ios xe|junos|pan-os|fortios)[ -]$",
    re.IGNORECASE,
)
# After one of these names they may be a version or the machine that it runs on: a private network's is the machine's.
_COMPARED = re.compile(r"(?:(\w*)[ \"']*(?:[=~<>!]=|[\^~]>?) ?|[\w)]/)$")
# So do they after a comparison (`torch==2.1.0.1`) or a name's slash (`Chrome/1.2.3.4`), not after a URL's.
_MACHINE = re.compile(
    r"\b(?:ip|ipv4|addr\w*|hosts?|server|client|ping|dns|from|login|ssh|gateway|router|proxy|src|dst)\b[^\n]{0,16}$",
    re.IGNORECASE,
)
_WORDS_BEFORE = 40
_SMALL = 32
# Versions and sections have four small parts, of the world's addresses one in 5,000. A private network's are often small.

_GIVEN_OUT = tuple(
    ipaddress.IPv6Network(network) for network in ("2000::/3", "fc00::/7", "fe80::/10", "64:ff9b::/96", "::ffff:0:0/96")
)
"""What an interface's IPv6 address can begin with (IANA's registry, RFC 4193, 4291, 6052): slices, times and names
with colons do not."""


class IPAddressRecogniser:
    """Finds IPv4 and IPv6 addresses, except those that name no machine of anybody's."""

    kind = "ip"
    label = "IP"
    name = "IP address"
    sign = re.compile(r"[0-9]\.[0-9]{1,3}\.[0-9]|:[0-9A-Fa-f]{0,4}:")

    def find(self, text: str) -> Iterable[Datum]:
        """Every address; notations of one IPv6 address have one value."""
        found = list(_four(text)) if text.count(".") >= 3 else []
        if text.count(":") >= 2:
            found += _six(text)
        end = 0
        for datum in sorted(found, key=lambda datum: (datum.start, -datum.end)):
            if datum.start >= end:
                end = datum.end
                yield datum


def _six(text: str) -> Iterable[Datum]:
    for candidate in _V6.finditer(text):
        written = candidate.group()
        if not any(map(str.isdigit, written)) or _SLICE.search(before(text, candidate.start(), _WORDS_BEFORE)):
            continue
        try:
            address = ipaddress.IPv6Address(written)
        except ValueError:
            continue
        if any(address in network for network in _GIVEN_OUT):
            yield Datum(candidate.start(), candidate.end(), address.compressed)


def _four(text: str) -> Iterable[Datum]:
    for candidate in _V4.finditer(text):
        try:
            address = ipaddress.IPv4Address(candidate.group())
        except ValueError:
            continue
        nobodys = address.is_loopback or address.is_unspecified or address.is_multicast or address.is_reserved
        if not nobodys and not _is_numbering(text, *candidate.span(), address):
            yield Datum(candidate.start(), candidate.end(), address.compressed)


def _is_numbering(text: str, start: int, end: int, address: ipaddress.IPv4Address) -> bool:
    words = before(text, start, _WORDS_BEFORE)
    if _NUMBERING.search(words):
        return True
    has_port = text[end : end + 1] == ":"
    if _SOFTWARE.search(words) and not address.is_private and not has_port:
        return True
    compared = _COMPARED.search(words)
    if compared and not _MACHINE.search(compared.group(1) or ""):
        return True
    return max(address.packed) < _SMALL and not address.is_private and not has_port and not _MACHINE.search(words)
