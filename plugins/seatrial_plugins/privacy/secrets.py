"""Keys, tokens and passwords: the detectors of detect-secrets that know a provider's own format.

Its detectors by entropy and by keyword are left out: on prose they find order numbers and the word "password".
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from seatrial_plugins.privacy.datum import Datum

__all__ = ["SecretRecogniser"]

_DETECTORS = (
    ("aws", "AWSKeyDetector"),
    ("azure_storage_key", "AzureStorageKeyDetector"),
    ("basic_auth", "BasicAuthDetector"),
    ("discord", "DiscordBotTokenDetector"),
    ("github_token", "GitHubTokenDetector"),
    ("gitlab_token", "GitLabTokenDetector"),
    ("jwt", "JwtTokenDetector"),
    ("mailchimp", "MailchimpDetector"),
    ("npm", "NpmDetector"),
    ("openai", "OpenAIDetector"),
    ("pypi_token", "PypiTokenDetector"),
    ("sendgrid", "SendGridDetector"),
    ("slack", "SlackDetector"),
    ("square_oauth", "SquareOAuthDetector"),
    ("stripe", "StripeDetector"),
    ("telegram_token", "TelegramBotTokenDetector"),
    ("twilio", "TwilioKeyDetector"),
)
"""Module and class. Left out beside entropy and keyword: Artifactory, whose pattern fits words in capitals
(APARTMENTS); those of IBM and Softlayer, which take any 40 letters after "key"."""

_IN_A_GROUP = frozenset({"AWSKeyDetector", "BasicAuthDetector", "NpmDetector"})
# Their patterns match the assignment or URL round the secret, which is in the first group. In others' patterns a group
# is only part of the token ("ghp"), which is why `analyze_string` is of no use here.

_NEEDS = {"JwtTokenDetector": "eyJ", "NpmDetector": ":_authToken=", "OpenAIDetector": "T3BlbkFJ"}
# Patterns that take quadratic time on a text without the literal that they need.

_STRETCH, _OVERLAP = 4096, 1024
# Characters that one search begins in, and that a match may reach beyond them: what bounds the quadratic patterns.

_TOKEN = re.compile(r"[A-Za-z0-9_\-]*")
_JWT = re.compile(r"[A-Za-z0-9_\-=.]*[A-Za-z0-9_\-=]")

_KEY_BLOCK = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:.{0,16384}?-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----|(?:(?:\s|\\[nr]){0,4}[A-Za-z0-9+/=]{16,}){1,400})",
    re.DOTALL,
)
# With its end, or cut off after some lines of base64; a heading without a key is not a secret. detect-secrets knows
# headings only, which would leave the key itself in the row.

_PLACEHOLDER = re.compile(r"<[A-Z]+_\d+>")


@dataclass(frozen=True, slots=True)
class _Pattern:
    regex: re.Pattern[str]
    detector: str

    @property
    def group(self) -> int:
        return 1 if self.detector in _IN_A_GROUP and self.regex.groups else 0


class SecretRecogniser:
    """Finds secrets whole, however much of one detect-secrets' pattern covers."""

    kind = "secret"
    name = "secret"

    def __init__(self) -> None:
        self._patterns: list[_Pattern] = []
        for module, name in _DETECTORS:
            detector = getattr(importlib.import_module(f"detect_secrets.plugins.{module}"), name)()
            self._patterns.extend(_Pattern(regex, name) for regex in detector.denylist)
            if name == "JwtTokenDetector":
                self._is_jwt = detector.is_formally_valid

    def find(self, text: str) -> Iterable[Datum]:
        """Every secret, in order, without overlaps; the first and longest of those that overlap."""
        found = [Datum(match.start(), match.end(), match.group()) for match in _KEY_BLOCK.finditer(text)]
        for pattern in self._patterns:
            if _NEEDS.get(pattern.detector, "") in text:
                found.extend(self._of_pattern(text, pattern))
        end = 0
        for datum in sorted(found, key=lambda datum: (datum.start, -datum.end)):
            if datum.start >= end:
                end = datum.end
                yield datum

    def _of_pattern(self, text: str, pattern: _Pattern) -> Iterator[Datum]:
        for base in range(0, len(text), _STRETCH):
            for match in pattern.regex.finditer(text, base, base + _STRETCH + _OVERLAP):
                if match.start() < base + _STRETCH:
                    datum = self._whole(text, match, pattern)
                    if datum:
                        yield datum

    def _whole(self, text: str, match: re.Match[str], pattern: _Pattern) -> Datum | None:
        start, end = match.span(pattern.group)
        if pattern.group:
            end = start + len(text[start:end].split(maxsplit=1)[0])
            if _PLACEHOLDER.fullmatch(text, start, end):
                return None  # redacted before
        else:
            if start and text[start - 1].isalnum() and text[start].isalnum():
                return None  # the middle of some longer run: an image in base64, a hash
            token = _JWT if pattern.detector == "JwtTokenDetector" else _TOKEN
            more = token.match(text, end)
            end = more.end() if more else end
            if pattern.detector == "JwtTokenDetector" and not self._is_jwt(text[start:end]):
                return None
        return Datum(start, end, text[start:end])
