"""Formats of tokens, as their providers document them, that detect-secrets 1.5 does not know or knows older forms of."""

from __future__ import annotations

import re

__all__ = ["PROVIDER_TOKEN", "URL_PASSWORD", "assigned_secrets"]

_FORMATS = {
    "GitHub, fine-grained": r"github_pat_[0-9A-Za-z_]{36,255}",
    "npm": r"npm_[0-9A-Za-z]{36}",
    "Hugging Face": r"(?:hf|api_org)_[0-9A-Za-z]{34}",
    "OpenAI, project or service": r"sk-(?:proj|svcacct|admin)-[0-9A-Za-z_-]{40,255}",
    "Anthropic": r"sk-ant-[a-z]{3,5}[0-9]{2}-[0-9A-Za-z_-]{80,255}",
    "Google": r"AIza[0-9A-Za-z_-]{35}",
    "Google OAuth": r"GOCSPX-[0-9A-Za-z_-]{28}",
    "Groq": r"gsk_[0-9A-Za-z]{52}",
    "Replicate": r"r8_[0-9A-Za-z]{37}",
    "Databricks": r"dapi[0-9a-f]{32}(?:-[0-9])?",
    "DigitalOcean": r"do[opr]_v1_[0-9a-f]{64}",
    "Shopify": r"shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}",
    "Slack, application": r"xapp-[0-9]-[0-9A-Z]{8,16}-[0-9]{8,16}-[0-9a-f]{32,64}",
    "Stripe, webhook": r"whsec_[0-9A-Za-z]{32,64}",
}
PROVIDER_TOKEN = re.compile(rf"(?<![0-9A-Za-z])(?:{'|'.join(_FORMATS.values())})(?![0-9A-Za-z])")

URL_PASSWORD = re.compile(
    r"(?<=://)[\w.~!$&'()*+,;=%-]{0,64}:"
    r"(?!(?:\w{0,24}[_-])?(?:pass(?:word|wd|phrase)?|pwd|secret|token|key)@)(?P<secret>[\w.~!$&'()*+,;=:%-]{1,256})@(?=[\w\[])",
    re.ASCII,
)
"""RFC 3986's userinfo: detect-secrets leaves out passwords with the signs that RFC 3986 calls sub-delims, and takes the
`user:password@host` of a manual for one."""

_ASSIGNED = re.compile(
    r"(?:(?P<pass>passw(?:or)?d|passwd|pwd|passphrase)|(?:api|access|private|secret)_?key|secret|token)"
    r"[\"']?\]?[ \t]{0,4}(?::|=>?|:=)[ \t]{0,4}"
    r"(?:(?P<quote>[\"'`])(?P<quoted>[^\s\"'`]{8,256})(?P=quote)|(?P<bare>[0-9A-Za-z+/=]{20,256})(?=[\s,;&]|$))",
    re.IGNORECASE,
)
_REFERENCE = re.compile(r"[${(<\[%]|\.\w+\(|^(?:env|os|process|config|secrets?)\b")
# `${DB_PASSWORD}`, `<your key>`, `{{ secrets.KEY }}`: where the secret is, not what it is.

_PUBLIC = re.compile(r"public\w{0,8}\Z", re.IGNORECASE)


def assigned_secrets(text: str) -> list[re.Match[str]]:
    """Values that are set in code or configuration under a name like `api_key`, and look drawn by lot.

    detect-secrets' detector by keyword takes words for secrets too, so what is set must be quoted, or long, mix letters
    with digits or small ones with capitals, and be no reference to where the secret is kept.
    """
    return [match for match in _ASSIGNED.finditer(text) if _looks_drawn(match)]


def _looks_drawn(match: re.Match[str]) -> bool:
    value = match["quoted"] or match["bare"]
    if _REFERENCE.search(value) or _PUBLIC.search(match.string, max(0, match.start() - 16), match.start()):
        return False
    enough = 8 if match["pass"] and match["quoted"] else 16
    letters = sum(map(str.isalpha, value))
    capitals = sum(map(str.isupper, value))
    # A name in camel case has few capitals, one in capitals has all.
    mixed = (letters and any(map(str.isdigit, value))) or letters / 4 < capitals < letters * 3 / 4
    return bool(mixed) and len(value) >= enough and len(set(value)) >= enough / 2
