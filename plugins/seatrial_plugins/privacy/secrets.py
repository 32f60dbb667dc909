"""Keys, tokens and passwords: detect-secrets' detectors that know a provider's own format, and newer formats.

Its detectors by entropy and by keyword are left out: on prose they find order numbers and the word "password".
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from seatrial_plugins.privacy.credentials import credentials
from seatrial_plugins.privacy.datum import Datum
from seatrial_plugins.privacy.stretches import stretches
from seatrial_plugins.privacy.token_formats import PROVIDER_TOKEN

__all__ = ["SecretRecogniser"]

_DETECTORS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("aws", "AWSKeyDetector", ("a3t", "abia", "acca", "akia", "asia", "aws")),
    ("azure_storage_key", "AzureStorageKeyDetector", ("accountkey=",)),
    ("discord", "DiscordBotTokenDetector", ()),
    ("github_token", "GitHubTokenDetector", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_")),
    ("gitlab_token", "GitLabTokenDetector", ("gl", "gr1348941")),
    ("jwt", "JwtTokenDetector", ("eyj",)),
    ("mailchimp", "MailchimpDetector", ("-us",)),
    ("npm", "NpmDetector", (":_authtoken=",)),
    ("openai", "OpenAIDetector", ("t3blbkfj",)),
    ("pypi_token", "PypiTokenDetector", ("pypi-age",)),
    ("sendgrid", "SendGridDetector", ("sg.",)),
    ("slack", "SlackDetector", ("xox", "hooks.slack.com")),
    ("square_oauth", "SquareOAuthDetector", ("sq0csp-",)),
    ("stripe", "StripeDetector", ("k_live_",)),
    ("telegram_token", "TelegramBotTokenDetector", ()),
    ("twilio", "TwilioKeyDetector", ("ac", "sk")),
)
"""Module, class, and what one of must stand in a text, in lower case, for a pattern of the class to match.

Left out beside entropy and keyword: Artifactory, whose pattern fits words in capitals (APARTMENTS); those of IBM and
Softlayer, which take any 40 letters after "key"; BasicAuth, see `credentials`."""

_SHORT = frozenset({"JwtTokenDetector", "NpmDetector", "SlackDetector"})
_RUN = re.compile(r"[\dA-Za-z_+/=%.~\\-]{20}")
# Every other detector's tokens hold 20 such characters on end; a text without them is not searched for any.

_IN_A_GROUP = frozenset({"AWSKeyDetector", "NpmDetector"})
# Their patterns match the assignment round the secret, which is in the first group. In others' patterns a group is only
# part of the token ("ghp"), which is why `analyze_string` is of no use here.
_NAME = {"AzureStorageKeyDetector": len("AccountKey=")}
# Its pattern begins with the name of the setting, which stays.

_STRETCH, _OVERLAP = 4096, 1024
# What one search begins in, and how far a match may reach beyond it: some patterns take quadratic time.

_TOKEN = re.compile(r"[A-Za-z0-9_\-]*")
_JWT = re.compile(r"[A-Za-z0-9_\-=.]*[A-Za-z0-9_\-=]")

_KEY_BLOCK = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:.{0,16384}?-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----|(?:(?:\s|\\[nr]){0,4}[A-Za-z0-9+/=]{16,}){1,400})"
    r"|---- BEGIN SSH2 [A-Z ]{0,20}PRIVATE KEY ----.{0,16384}?---- END SSH2 [A-Z ]{0,20}PRIVATE KEY ----"
    r"|PuTTY-User-Key-File-\d:(?:.{0,16384}?\nPrivate-MAC: [0-9a-f]{40,64}|.{0,4096}?\nPrivate-Lines: \d+(?:\s{1,2}[A-Za-z0-9+/=]{16,}){1,400})",
    re.DOTALL,
)
# With its end, or cut off after some lines of base64; a heading without a key is not a secret. detect-secrets knows
# headings only, which would leave the key itself in the row.
_KEY_HEADINGS = ("BEGIN ", "PuTTY-User-Key-File-")

_PLACEHOLDER = re.compile(r"<[A-Z_]+_\d+>")


@dataclass(frozen=True, slots=True)
class _Detector:
    name: str
    needs: tuple[str, ...]
    patterns: tuple[re.Pattern[str], ...]


class SecretRecogniser:
    """Finds secrets whole, however much of one detect-secrets' pattern covers."""

    kind = "secret"
    label = "SECRET"
    name = "secret"
    sign = None

    def __init__(self) -> None:
        self._detectors: list[_Detector] = []
        for module, name, needs in _DETECTORS:
            detector = getattr(importlib.import_module(f"detect_secrets.plugins.{module}"), name)()
            self._detectors.append(_Detector(name, needs, tuple(detector.denylist)))
            if name == "JwtTokenDetector":
                self._is_jwt = detector.is_formally_valid
        self._of_short_tokens = [detector for detector in self._detectors if detector.name in _SHORT]

    def find(self, text: str) -> Iterable[Datum]:
        """Every secret, in order, without overlaps; the first and longest of those that overlap."""
        found = list(self._all(text))
        end = 0
        for datum in sorted(found, key=lambda datum: (datum.start, -datum.end)):
            if datum.start >= end:
                end = datum.end
                yield datum

    def _all(self, text: str) -> Iterator[Datum]:
        folded = _folded(text)
        has_run = bool(_RUN.search(text))
        for detector in self._detectors if has_run else self._of_short_tokens:
            if _holds(folded, detector.needs):
                for pattern in detector.patterns:
                    yield from self._of_pattern(text, pattern, detector.name)
        if has_run:
            yield from (Datum(match.start(), match.end(), match.group()) for match in PROVIDER_TOKEN.finditer(text))
        if any(heading in text for heading in _KEY_HEADINGS):
            yield from (Datum(match.start(), match.end(), match.group()) for match in _KEY_BLOCK.finditer(text))
        yield from (Datum(start, end, text[start:end]) for start, end in credentials(text, folded))

    def _of_pattern(self, text: str, pattern: re.Pattern[str], detector: str) -> Iterator[Datum]:
        for start, end, reach in stretches(text, _STRETCH, _OVERLAP):
            for match in pattern.finditer(text, start, reach):
                if match.start() < end:
                    datum = self._whole(text, match, detector)
                    if datum:
                        yield datum

    def _whole(self, text: str, match: re.Match[str], detector: str) -> Datum | None:
        group = 1 if detector in _IN_A_GROUP and match.re.groups else 0
        start, end = match.span(group)
        if group:
            end = start + len(text[start:end].split(maxsplit=1)[0])
            if _PLACEHOLDER.fullmatch(text, start, end):
                return None  # redacted before
        else:
            if start and text[start - 1].isalnum() and text[start].isalnum():
                return None  # the middle of some longer run: an image in base64, a hash
            token = _JWT if detector == "JwtTokenDetector" else _TOKEN
            more = token.match(text, end)
            end = more.end() if more else end
            if detector == "JwtTokenDetector" and not self._is_jwt(text[start:end]):
                return None
            start += _NAME.get(detector, 0)
        return Datum(start, end, text[start:end])


def _folded(text: str) -> str:
    """The text in lower case, character for character: a capital İ becomes two."""
    lower = text.lower()
    return lower if len(lower) == len(text) else "".join(sign.lower()[:1] for sign in text)


def _holds(folded: str, any_of: tuple[str, ...]) -> bool:
    return not any_of or any(literal in folded for literal in any_of)
