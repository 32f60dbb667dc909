"""E-mail addresses: presidio's pattern, the domain checked against the public suffix list."""

from __future__ import annotations

import re
from collections.abc import Iterable

import tldextract
from presidio_analyzer.predefined_recognizers import EmailRecognizer

from seatrial_plugins.privacy.datum import Datum

__all__ = ["EmailAddressRecogniser"]

_LOCAL_PART = 96
# RFC 5321 allows 64 characters. Only the word round each @ is searched, because presidio's pattern takes quadratic time
# on a long run of letters.

_AT = re.compile(r"(?<=[\w!#$%&'*+\-/=?^`{|}~])@(?=(\w[\w.-]{0,254}))(?=[\w-]{1,63}\.\w)")
# An @ that could join a local part and a domain; a mention ("@ana") costs no search.


class _OfflineEmailRecognizer(EmailRecognizer):
    """presidio's recogniser, without the fetch of the public suffix list that its own check begins with."""

    def __init__(self) -> None:
        super().__init__()
        self._suffixes = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None, fallback_to_snapshot=True)

    def validate_result(self, pattern_text: str) -> bool:
        return bool(self._suffixes(pattern_text).fqdn)


class EmailAddressRecogniser:
    """Finds e-mail addresses; `git@host`, the login of a repository, is nobody's."""

    kind = "email"
    name = "e-mail address"

    def __init__(self) -> None:
        self._recogniser = _OfflineEmailRecognizer()

    def find(self, text: str) -> Iterable[Datum]:
        """Every address; letter case makes no difference to its value."""
        searched = 0
        for sign in _AT.finditer(text):
            place = sign.start()
            word = text[max(searched, place - _LOCAL_PART) : place].rsplit(maxsplit=1)[-1] + "@" + sign.group(1)
            base = sign.end(1) - len(word)
            for match in self._recogniser.analyze(word, ["EMAIL_ADDRESS"]):
                start, end = base + match.start, base + match.end
                if start <= place < end and not text[start:end].lower().startswith("git@"):
                    searched = end
                    yield Datum(start, end, text[start:end].lower())
