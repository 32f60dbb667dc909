"""E-mail addresses: RFC 5322 and 6531, the domain checked against the public suffix list."""

from __future__ import annotations

import re
from collections.abc import Iterable

import tldextract

from seatrial_plugins.privacy.datum import Datum
from seatrial_plugins.privacy.notations import UNSPACED

__all__ = ["EmailAddressRecogniser", "public_suffixes"]

_LOCAL_PART = 64
# RFC 5321. What stands before an @ is read backwards no further than this, what stands behind it for 255 characters
# (RFC 1035): a long run of letters costs no more than a short one.

_AT = re.compile(r"(?<=[\w!#$%&'*+\-/=?^`{|}~\"])@(?=([^\W_][^\W_.-]*(?:[.-]+[^\W_]+)+))")
# An @ that could join a local part and a domain of two labels; a mention ("@ana") costs no search.
_DOMAIN = 254

_TEXT_BACKWARDS = re.compile(r"[\w!#$%&'*+\-/=?^`{|}~.]+")
_QUOTED_BACKWARDS = re.compile(r'"[^"\\@<>\r\n]{1,62}"(?![\w.])')
# RFC 5322's dot-atom (with RFC 6531's letters) and its quoted string, of reversed text.

_DECORATION = "!#$%&'*+-/=?^`{|}~."
# RFC 5322 allows these at the beginning of a local part; in a text they belong to what stands around an address.
_KEY = re.compile(
    r"(?:.*[/?&|;#])?(?:e-?mail|user(?:name)?|login|from|to|cc|bcc|account|contact|address|recipient)=", re.IGNORECASE
)
_URL = re.compile(r"//|[?&]\w+=")
_USER_OF_URL = re.compile(r"[A-Za-z]://[^\s/@]*$")
_BEFORE = 300

_ASCII_END = re.compile(f"(?<=[{UNSPACED}])[A-Za-z0-9][!-?A-Z^-~]*$")
_ASCII_BEGINNING = re.compile(r"[A-Za-z0-9.-]+")
# Some scripts put no space between a word and an address.


def public_suffixes() -> tldextract.TLDExtract:
    """The public suffix list of the installed package; its default is to fetch the list first."""
    return tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, fallback_to_snapshot=True)


class EmailAddressRecogniser:
    """Finds e-mail addresses; `git@host`, the login of a repository, is nobody's."""

    kind = "email"
    label = "EMAIL"
    name = "e-mail address"
    sign = re.compile("@")

    def __init__(self) -> None:
        self._suffixes = public_suffixes()

    def find(self, text: str) -> Iterable[Datum]:
        """Every address; letter case makes no difference to its value."""
        searched = 0
        for sign in _AT.finditer(text):
            place = sign.start()
            domain = self._domain(sign.group(1)[:_DOMAIN])
            if not domain:
                continue
            local = _local_part(text, searched, place, of_ascii=domain.isascii())
            if local and local.lower() != "git":
                searched = place + 1 + len(domain)
                yield Datum(place - len(local), searched, f"{local}@{domain}".lower())

    def _domain(self, run: str) -> str:
        """The domain name that a run of letters, digits, dots and hyphens begins with, or ""."""
        ascii_beginning = _ASCII_BEGINNING.match(run)
        for candidate in (run, ascii_beginning.group() if ascii_beginning else ""):
            domain = candidate.partition("..")[0].rstrip(".-")
            if "." in domain and self._suffixes(domain).suffix:  # alone, too: `mail.pl` is one
                return domain
        return ""


def _local_part(text: str, start: int, end: int, *, of_ascii: bool) -> str:
    """What stands before the @ at `end`, and belongs to the address."""
    reversed_text = text[max(start, end - _LOCAL_PART - 1) : end][::-1]
    quoted = _QUOTED_BACKWARDS.match(reversed_text)
    if quoted:
        return quoted.group()[::-1]
    match = _TEXT_BACKWARDS.match(reversed_text)
    if not match or match.group().startswith("."):
        return ""
    run = match.group()[::-1].rpartition("..")[2]
    earlier = text[max(start, end - _BEFORE) : end - len(run)]
    if _USER_OF_URL.search(earlier + run):
        return ""
    if "=" in run or "/" in run:
        run = run[_beginning(run, earlier) :]
    if of_ascii and not run.isascii():
        ascii_end = _ASCII_END.search(run)
        run = ascii_end.group() if ascii_end else run
    return run.lstrip(_DECORATION)


def _beginning(run: str, earlier: str) -> int:
    """Where an address begins that stands in a URL's query, or after `email=`."""
    if _URL.search(run) or _URL.search(earlier.rsplit(maxsplit=1)[-1] if earlier.strip() else ""):
        return max(run.rfind(sign) for sign in "/?&=") + 1
    key = _KEY.match(run)
    return key.end() if key else 0
