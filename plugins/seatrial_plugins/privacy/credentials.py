"""Credentials by where they stand: set under a name such as `api_key`, in a header, an address, a connection string, a command.

What stands there need not have any provider's format, so it must look drawn by lot where the place alone says too little.
Each pattern begins with a word that is looked up first: texts without it, most of them, cost next to nothing.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from seatrial_plugins.privacy.notations import UNSPACED

__all__ = ["credentials"]

_REFERENCE = re.compile(
    r"^[<\[({]|[$%#]\{|\$\(|\{\{|^\$[A-Za-z_]\w*$|^%\w+%$|\.\w+\(|^(?:env|os|process|config|secrets?)\b"
    r"|^[a-z_]+(?:\.[A-Za-z_]\w*)+$|^(?:arn|ref|file|https?|vault|ssm|op):|[*•]{3}|[xX.]{4}"
    r"|(?:^|[_-])(?:your|example|placeholder|changeme|dummy|sample)(?![a-z])",
    re.IGNORECASE,
)
# `${DB_PASSWORD}`, `<your key>`, `{{ secrets.KEY }}`, `settings.password1`: where the secret is, not what it is.
_MASK = re.compile(r"^\$(?:[A-Z][A-Z_]+|(?i:\w*(?:pass|pwd|secret)\w*))$|^%\w+%$|[*•]{3}")
# What little of these an address can hold.
_NAMED = re.compile(
    r"(?:\w{0,24}[_-]|my|the|user|db)?(?:pass(?:word|wd|phrase|code)?|pwd|secret|token|key)\d{0,3}", re.IGNORECASE
)
# `user:password@host` in a manual.
_PUBLIC = re.compile(r"public\w{0,8}\Z", re.IGNORECASE)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_PATH = re.compile(r"(?:~|\.{0,2})/\w|[A-Za-z]:\\")
_WORDS = re.compile(r"\d{1,4}[-\w]?[a-z]+(?:-[a-z]+)*|[a-z]+(?:-[a-z]+)+-?\d{1,4}")
# `8-digit`, `16characters`: after "password:" a sentence may go on.
_PARTS = re.compile(r"[-_.]")
_TRAILING = ".,:?"

_PW = (
    r"pass(?:w(?:or)?[dt]|phrase|code)|pwd|(?<![a-z])pass|kennwort|contrase[ñn]a|mot de passe|senha|wachtwoord|hasło|пароль"
    r"|密[码碼]|パスワード|비밀번호"
)
_ABROAD = (
    "kennwort",
    "contrase",
    "mot de passe",
    "senha",
    "wachtwoord",
    "hasło",
    "пароль",
    "密码",
    "密碼",
    "パスワード",
    "비밀번호",
)
_OF_KEYS = ("api", "access", "private", "secret", "account", "encryption", "signing", "auth", "subscription")
_KEY = rf"(?:{'|'.join(rf'(?<={word})|(?<={word}[_ -])' for word in _OF_KEYS)})key|secret[_-]key[_-]base|secret|token|authorization"

_AMPERSAND = r"&(?=[^\s&;=])(?![\w.-]{1,40}=)"
# A password may hold one; elsewhere it parts the fields of an address, or commands.

_ASSIGNED = re.compile(
    rf"(?:(?P<pass>{_PW})|{_KEY})"
    r"(?:\\?[\"']?\]?[ \t]{0,4}(?:[:：は是为為는은]|=>?|:=|[ \t]value=)[ \t]{0,4}|(?<=[a-zа-я]) (?:is|was|ist|lautet|es|est|é):? |(?P<tag>>))"
    r"(?:\\?(?P<quote>[\"'`])(?P<quoted>[^\s\"'`]{8,256}?)\\?(?P=quote)"
    rf"|(?P<bare>(?:[^\s\"'`<>,;&|(){{}}\[\]\\{UNSPACED}]|{_AMPERSAND}){{8,256}})(?=[\s,;&|\"'`<)\]}}{UNSPACED}]|$))",
    re.IGNORECASE,
)
_OPTION = re.compile(
    rf"--(?:\w{{1,20}}-)?(?:(?P<pass>{_PW})|(?:api|access|secret)-key|secret|token)[ \t]+[\"']?"
    r"(?P<secret>[^\s\"'`<>-][^\s\"'`<>]{5,255})",
    re.IGNORECASE,
)
_LOGIN = re.compile(
    r"(?<![\w-])-(?:u|-user|-proxy-user)[ =]?[\"']?[^\s:\"'/=]{1,64}:(?P<secret>[^\s\"':/][^\s\"']{2,255})"
)
_LOGS_IN = re.compile(r"\b(?:curl|wget|https?|xh|aria2c)\b(?:[^\n]|\\\n)*\Z")
_PASSWORD_OF = re.compile(
    r"(?:(?:mysql|mariadb)\w{0,8}\b[^\n|;&]{0,200}?[ \t]-p|sshpass[ \t]+-p[ \t]?"
    r"|(?:login|sqlcmd|redis-cli)\b[^\n|;&]{0,200}?[ \t](?:-p|-P|-a)[ \t]+)"
    r"[\"']?(?P<secret>[^\s\"'-][^\s\"']{2,255})"
)
_NETRC = re.compile(
    r"machine[ \t]+(?:\S{1,200}[.:]\S{1,200}|localhost)\s+login\s+\S{1,255}\s+password\s+(?P<secret>\S{3,256})",
    re.IGNORECASE,
)
_NET_USE = re.compile(
    r"net use[ \t]+(?=[^\n]{0,300}/user:)(?:[a-z]:[ \t]+)?\\\\\S+[ \t]+(?:/user:\S+[ \t]+)?(?P<secret>[^\s/*\"'][^\s\"']{2,255})",
    re.IGNORECASE,
)

_BEARER = re.compile(
    r"(?:bearer|authorization[\"']?[ \t]{0,2}[:=][ \t]{0,2}[\"']?(?:token|apikey|api-key|bot|sso-key|key|ssws|splunk))[ \t]+[\"']?"
    r"(?P<secret>[0-9A-Za-z._~+/=-]{16,4096})",
    re.IGNORECASE,
)
_BASIC = re.compile(r"\bbasic[ \t]+[\"']?(?P<secret>[0-9A-Za-z+/]{6,512}={0,2})(?![0-9A-Za-z+/=])", re.IGNORECASE)

_URL_PASSWORD = re.compile(r"://[\w.~!$&'()*+,;=%-]{0,64}:(?P<secret>[\w.~!$&'()*+,;=:%-]{1,256})@(?=[\w\[])", re.ASCII)
# RFC 3986's userinfo: detect-secrets leaves out passwords with the signs that RFC 3986 calls sub-delims, and takes the
# `user:password@host` of a manual for one.
_ORACLE = re.compile(
    r"(?:jdbc:oracle:\w{2,5}:|sqlplus[ \t]+)[^\s/@:]{1,64}/(?P<secret>[^\s@\"'/]{1,128})@", re.IGNORECASE
)
_SIGNED = re.compile(
    r"(?<![a-z])(?:sig|signature|security-token)=(?P<secret>[0-9A-Za-z%+/=_.-]{20,2048})", re.IGNORECASE
)

_FIELD = re.compile(
    rf"(?<![0-9_-])(?:password|passwd|pwd|pass|secret|key)=(?P<secret>(?:[^;&\s\"'<>]|{_AMPERSAND}){{3,256}})(?<!,)",
    re.IGNORECASE,
)
_CONNECTION = re.compile(
    r"jdbc:|(?<![a-z])(?:server|data ?source|host(?:name)?|user(?: ?id|name)?|uid|database|dbname|initial catalog|endpoint|"
    r"driver|dsn|accountname)[ \t]?=",
    re.IGNORECASE,
)
_REACH = 300
# Characters of a line or an address in which another field of the same connection must stand.


@dataclass(frozen=True, slots=True)
class _Place:
    """A place where credentials stand."""

    begins: tuple[str, ...]
    """What the pattern begins with, in lower case: where none of these stands, it cannot match."""
    pattern: re.Pattern[str]
    """Has the group `secret`, or `quoted` and `bare`."""
    accepts: Callable[[re.Match[str], str], bool]
    """Whether what stands there is a secret, by the match and the value."""
    refers: re.Pattern[str] = _REFERENCE
    """Values that only say where the secret is."""


def credentials(text: str, folded: str) -> Iterator[tuple[int, int]]:
    """Where secrets stand in a text, place by place; they may overlap.

    Args:
        text: any.
        folded: the same in lower case, character for character.
    """
    for word, place in _BEGINNINGS:
        start = folded.find(word)
        while start >= 0:
            match = place.pattern.match(text, start)
            start = folded.find(word, start + 1)
            if match is None:
                continue
            group = next(name for name in ("secret", "quoted", "bare") if match.groupdict().get(name))
            ends = group != "quoted" and not text[match.end() : match.end() + 1].strip()
            value = match[group].rstrip(_TRAILING) if ends else match[group]
            if not place.refers.search(value) and place.accepts(match, value):
                yield match.start(group), match.start(group) + len(value)


def _drawn(value: str, enough: int) -> bool:
    """Whether a value looks drawn by lot: long, of many signs, letters mixed with digits or small ones with capitals.

    detect-secrets' detector by keyword takes words for secrets, too.
    """
    letters, capitals = sum(map(str.isalpha, value)), sum(map(str.isupper, value))
    # A name in camel case has few capitals, one in capitals has all.
    mixed = (letters and any(map(str.isdigit, value))) or letters / 4 < capitals < letters * 3 / 4
    return bool(mixed) and len(value) >= enough and len(set(value)) >= enough / 2


def _is_assigned(match: re.Match[str], value: str) -> bool:
    if _PUBLIC.search(match.string, max(0, match.start() - 16), match.start()) or _NAMED.fullmatch(value):
        return False
    if match["quoted"]:
        return _drawn(value, 8 if match["pass"] else 16)
    if match["tag"] and not match.string.startswith("</", match.end()):
        return False
    if match["pass"]:
        return _drawn(value, 8) and not _PATH.match(value) and not _WORDS.fullmatch(value)
    return _drawn(value, 16) and (bool(_UUID.fullmatch(value)) or _drawn(max(_PARTS.split(value), key=len), 12))


def _is_option(match: re.Match[str], value: str) -> bool:
    return _drawn(value, 6 if match["pass"] else 12) and not _NAMED.fullmatch(value)


def _is_login(match: re.Match[str], value: str) -> bool:
    logs_in = _LOGS_IN.search(match.string, max(0, match.start() - _REACH), match.start())
    return not _NAMED.fullmatch(value) and (bool(logs_in) or _drawn(value, 8))


def _is_bearer(_: re.Match[str], value: str) -> bool:
    return _drawn(value, 16) and _drawn(max(_PARTS.split(value), key=len), 10)


def _is_basic(_: re.Match[str], value: str) -> bool:
    """Whether it is base64 of `user:password`."""
    try:
        said = base64.b64decode(value + "=" * (-len(value) % 4), validate=True).decode("utf-8")
    except ValueError:
        return False
    user, _colon, password = said.partition(":")
    return bool(user and password) and said.isprintable()


def _is_password(_: re.Match[str], value: str) -> bool:
    return not _NAMED.fullmatch(value)


def _is_field(match: re.Match[str], value: str) -> bool:
    start, end = match.span()
    text = match.string
    first = text.rfind("\n", max(0, start - _REACH), start) + 1 or max(0, start - _REACH)
    last = text.find("\n", end, end + _REACH)
    others = _CONNECTION.search(text, first, start) or _CONNECTION.search(
        text, end, last if last >= 0 else end + _REACH
    )
    return bool(others) and not _NAMED.fullmatch(value) and not any(sign in value for sign in "(){}[]")


def _is_signature(_: re.Match[str], value: str) -> bool:
    return _drawn(value, 20)


_PLACES = (
    _Place(("pass", "pwd", "key", "secret", "token", "authorization", *_ABROAD), _ASSIGNED, _is_assigned),
    _Place(("--",), _OPTION, _is_option),
    _Place(("-u", "--user", "--proxy-user"), _LOGIN, _is_login),
    _Place(("mysql", "mariadb", "sshpass", "login", "sqlcmd", "redis-cli"), _PASSWORD_OF, _is_password),
    _Place(("machine",), _NETRC, _is_password),
    _Place(("net use",), _NET_USE, _is_password),
    _Place(("bearer", "authorization"), _BEARER, _is_bearer),
    _Place(("basic",), _BASIC, _is_basic),
    _Place(("://",), _URL_PASSWORD, _is_password, _MASK),
    _Place(("jdbc:oracle:", "sqlplus"), _ORACLE, _is_password, _MASK),
    _Place(("sig=", "signature=", "security-token="), _SIGNED, _is_signature),
    _Place(("password=", "passwd=", "pwd=", "pass=", "secret=", "key="), _FIELD, _is_field),
)
_BEGINNINGS = tuple((word, place) for place in _PLACES for word in place.begins)
