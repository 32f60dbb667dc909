"""Keys, tokens and passwords in their providers' own formats, and long strings that give nothing away.

The pieces are joined here, so that no scanner takes this file for a leak.
"""

from __future__ import annotations

import base64
import json
import random
import string
import uuid

from privacy_corpus.example import Drawn, Families, LookAlikes
from privacy_corpus.text import chosen, groups, hexadecimal, of

__all__ = ["FAMILIES", "LOOK_ALIKES"]

_WORD = string.ascii_letters + string.digits
_URLSAFE = _WORD + "-_"
_BASE64 = _WORD + "+/"
_BASE32 = string.ascii_uppercase + "234567"

_FRAMES = (
    "{}",
    "my key is {}",
    "export TOKEN={}",
    '"{}"',
    "token: {}\nuser: jo",
    "Authorization: Bearer {}",
    "curl -H 'X-Key: {}' https://api.example",
    "key = '{}'  # don't share",
    "I pasted {} by mistake, what now?",
    "({})",
    '{"key": "{}"}',
    "It is {}.",
)


def _frame(draw: random.Random) -> str:
    return draw.choice(_FRAMES)


def _token(draw: random.Random, *pieces: str | tuple[str, int]) -> Drawn:
    """Literals and (alphabet, length), in order."""
    return "".join(piece if isinstance(piece, str) else of(draw, *piece) for piece in pieces), _frame(draw)


def _encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _jwt(draw: random.Random) -> Drawn:
    header = {"alg": chosen(draw, "HS256", "RS256", "none"), "typ": "JWT"}
    payload = {"sub": of(draw, string.digits, 10), "iat": draw.randint(10**9, 2 * 10**9), "name": of(draw, _WORD, 8)}
    return f"{_encoded(header)}.{_encoded(payload)}.{of(draw, _URLSAFE, 43)}", _frame(draw)


def _private_key(draw: random.Random) -> Drawn:
    kind = chosen(draw, "RSA ", "EC ", "", "OPENSSH ", "ENCRYPTED ", "DSA ")
    body = "\n".join(of(draw, _BASE64, 64) for _ in range(draw.randint(3, 25))) + "\n" + of(draw, _BASE64, 30) + "=="
    return f"-----BEGIN {kind}" + f"PRIVATE KEY-----\n{body}\n-----END {kind}PRIVATE KEY-----", chosen(
        draw, "{}", "my key:\n{}\nok?"
    )


def _basic_auth(draw: random.Random) -> Drawn:
    password = of(draw, _WORD + "!$%*-._", draw.randint(6, 20))
    scheme = chosen(draw, "https", "postgresql", "mongodb+srv", "redis", "amqp", "ftp", "mysql")
    return (
        password,
        f"{scheme}://{chosen(draw, 'jo', 'admin', 'svc-1', 'root')}:{{}}@{chosen(draw, 'db.example.com', 'db', 'localhost')}:5432/x",
    )


def _assigned(draw: random.Random) -> Drawn:
    value = of(draw, _WORD, draw.randint(20, 40))
    name = chosen(
        draw,
        "api_key",
        "API_KEY",
        "secret_key",
        "password",
        "DB_PASSWORD",
        "client_secret",
        "auth_token",
        "access_token",
    )
    return value, chosen(draw, f'{name} = "{{}}"', f"{name}='{{}}'", f'"{name}": "{{}}"', f"export {name}='{{}}'")


def _password(draw: random.Random) -> str:
    """Letters in both cases, a digit and, half of the time, a sign."""
    drawn = [of(draw, string.ascii_uppercase, 2), of(draw, string.ascii_lowercase, 5), of(draw, string.digits, 2)]
    return "".join(drawn) + chosen(draw, "", of(draw, "!#*+^~", 1)) + of(draw, _WORD, draw.randint(1, 5))


def _setting(draw: random.Random) -> Drawn:
    if draw.random() < 0.5:
        name = chosen(draw, "DB_PASSWORD", "password", "MYSQL_ROOT_PASSWORD", "pass", "spring.datasource.password")
        return _password(draw), name + chosen(draw, "={}", ": {}", " = {}\nport = 5432", "={}\nUSER=jo")
    name = chosen(
        draw, "api-key", "X-API-Key", "API key", "X-Auth-Token", "client_secret", "SECRET_KEY", "aws_secret_access_key"
    )
    return of(draw, chosen(draw, _WORD, "0123456789abcdef", _BASE64), 40), name + chosen(draw, ": {}", "={}", " = {}\n")


def _header(draw: random.Random) -> Drawn:
    if draw.random() < 0.3:
        pair = f"{of(draw, string.ascii_lowercase, 5)}:{_password(draw)}"
        return base64.b64encode(pair.encode()).decode(), "Authorization: Basic {}\nAccept: */*"
    token = of(draw, chosen(draw, _WORD, _URLSAFE), draw.randint(28, 60)) + "0"
    return token, chosen(
        draw, "Authorization: Bearer {}", '"authorization": "Bearer {}"', "-H 'Authorization: Bearer {}'"
    )


def _connection(draw: random.Random) -> Drawn:
    return _password(draw), chosen(
        draw,
        "Server=db;Database=x;User Id=sa;Password={};",
        "Data Source=h,1433;Uid=jo;Pwd={};Encrypt=yes",
        "jdbc:mysql://h/db?user=jo&password={}",
        "jdbc:sqlserver://h:1433;user=sa;password={};databaseName=x",
        "jdbc:oracle:thin:scott/{}@//h:1521/x",
        "host=h dbname=x user=jo password={} sslmode=require",
    )


def _signed(draw: random.Random) -> Drawn:
    if draw.random() < 0.5:
        return of(draw, _WORD, 41) + "%2B%3D", "https://x.blob.example/c/b?sv=2022-11-02&sr=b&sig={}"
    return hexadecimal(draw, 64), "https://b.example/k?X-Amz-Date=20240101T000000Z&X-Amz-Signature={}"


def _command(draw: random.Random) -> Drawn:
    return _password(draw), chosen(
        draw,
        "curl -u jo:{} https://a.example/",
        "curl --user 'jo:{}' https://a.example/",
        "mysql -u root -p{} shop",
        "sshpass -p {} ssh jo@h",
        "docker login -u jo -p {} r.example",
        "tool login --password {}",
    )


def _prefixed(draw: random.Random) -> Drawn:
    upper = string.ascii_uppercase + string.digits
    pieces: tuple[tuple[str | tuple[str, int], ...], ...] = (
        ("sk" + "-or-v1-", ("0123456789abcdef", 64)),
        ("ya" + "29.", (_URLSAFE, 120)),
        ("xox" + "c-", (string.digits, 12), "-", (string.digits, 12), "-", (_WORD, 40)),
        ("hv" + "s.", (_URLSAFE, 90)),
        ("sec" + "ret_", (_WORD, 43)),
        ("lin" + "_api_", (_WORD, 40)),
        ("ATA" + "TT3x", (_URLSAFE, 180), "=", (upper, 8)),
        ("NRA" + "K-", (upper, 27)),
        ("ke" + "y-", ("0123456789abcdef", 32)),
        ("gls" + "a_", (_WORD, 32), "_", ("0123456789abcdef", 8)),
        ("dck" + "r_pat_", (_URLSAFE, 27)),
        ("pu" + "l-", ("0123456789abcdef", 40)),
    )
    return _token(draw, *draw.choice(pieces))


FAMILIES: Families = {
    "AWS access key": (8, lambda d: _token(d, chosen(d, "AKIA", "ASIA"), (_BASE32, 16))),
    "GitHub": (8, lambda d: _token(d, "gh" + chosen(d, "p", "o", "u", "s", "r") + "_", (_WORD, 36))),
    "GitHub, fine-grained": (3, lambda d: _token(d, "github" + "_pat_", (_WORD, 22), "_", (_WORD, 59))),
    "GitLab": (5, lambda d: _token(d, "glp" + "at-", (_WORD + "-_", 19), (_WORD, 1))),
    "Slack": (
        5,
        lambda d: _token(
            d, "xox" + chosen(d, "b", "p"), "-", (string.digits, 11), "-", (string.digits, 12), "-", (_WORD, 24)
        ),
    ),
    "Stripe": (5, lambda d: _token(d, chosen(d, "sk", "rk") + "_li" + "ve_", (_WORD, 24))),
    "OpenAI": (3, lambda d: _token(d, "sk" + "-", (_WORD, 20), "T3Blbk" + "FJ", (_WORD, 20))),
    "OpenAI, project": (
        5,
        lambda d: _token(d, "sk" + "-proj-", (_URLSAFE, 74), "T3Blbk" + "FJ", (_URLSAFE, 73), (_WORD, 1)),
    ),
    "Anthropic": (4, lambda d: _token(d, "sk" + "-ant-api03-", (_URLSAFE, 93), "AA")),
    "Hugging Face": (5, lambda d: _token(d, "h" + "f_", (string.ascii_letters, 34))),
    "Google": (5, lambda d: _token(d, "AI" + "za", (_URLSAFE, 34), (_WORD, 1))),
    "SendGrid": (2, lambda d: _token(d, "S" + "G.", (_URLSAFE, 22), ".", (_URLSAFE, 42), (_WORD, 1))),
    "npm": (3, lambda d: _token(d, "np" + "m_", (_WORD, 36))),
    "PyPI": (2, lambda d: _token(d, "py" + "pi-AgEIcHlwaS5vcmc", (_URLSAFE, 150), (_WORD, 1))),
    "Telegram": (2, lambda d: _token(d, (string.digits[1:], 9), ":AA", (_URLSAFE, 32), (_WORD, 1))),
    "Twilio": (2, lambda d: _token(d, "S" + "K", ("0123456789abcdef", 32))),
    "Mailchimp": (1, lambda d: _token(d, ("0123456789abcdef", 32), f"-us{d.randint(1, 21)}")),
    "DigitalOcean": (1, lambda d: _token(d, "dop" + "_v1_", ("0123456789abcdef", 64))),
    "Azure storage": (
        2,
        lambda d: (of(d, _BASE64, 86) + "==", "AccountName=x;AccountKey={};EndpointSuffix=core.windows.net"),
    ),
    "JSON web token": (6, _jwt),
    "private key": (5, _private_key),
    "password in a URL": (7, _basic_auth),
    "assigned": (11, _assigned),
    "in a setting": (9, _setting),
    "in a header": (5, _header),
    "in a connection string": (5, _connection),
    "in a signed address": (2, _signed),
    "in a command": (3, _command),
    "newer prefix": (8, _prefixed),
}


def _certificate(draw: random.Random) -> str:
    body = "\n".join(of(draw, _BASE64, 64) for _ in range(6))
    return f"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----"


LOOK_ALIKES: LookAlikes = {
    "git commit": lambda d: f"fixed in {hexadecimal(d, 40)}",
    "short commit": lambda d: f"see {hexadecimal(d, 7)}..{hexadecimal(d, 7)}",
    "MD5": lambda d: f"md5 {hexadecimal(d, 32)}",
    "SHA-256": lambda d: f"sha256:{hexadecimal(d, 64)}",
    "UUID": lambda d: str(uuid.UUID(int=d.getrandbits(128), version=4)),
    "image in base64": lambda d: f"data:image/png;base64,iVBORw0KGgo{of(d, _BASE64, 400)}==",
    "words in base64": lambda d: base64.b64encode(of(d, string.ascii_lowercase + " ", 60).encode()).decode(),
    "public key": lambda d: f"ssh-rsa AAAAB3NzaC1yc2E{of(d, _BASE64, 300)} jo@laptop",
    "certificate": _certificate,
    "lock file": lambda d: f'"integrity": "sha512-{of(d, _BASE64, 86)}=="',
    "publishable key": lambda d: "pk_" + f"li{'ve'}_{of(d, _WORD, 24)}",
    "masked": lambda d: chosen(
        d, "ghp_" + "*" * 36, "AKIA" + "*" * 16, "sk-..." + of(d, _WORD, 4), "sk_li" + "ve_" + "•" * 12
    ),
    "stand-in": lambda d: chosen(
        d,
        "api_key = 'YOUR_API_KEY'",
        'token: "<your token here>"',
        "password=${DB_PASSWORD}",
        'api_key="xxxxxxxxxxxxxxxxxxxxxxxx"',
        "key: {{ secrets.API_KEY }}",
    ),
    "read from elsewhere": lambda d: chosen(
        d,
        'api_key = os.environ["API_KEY"]',
        "password = getpass.getpass()",
        "secret = config.get('secret')",
        "token = request.headers.get('Authorization')",
        "const apiKey = process.env.API_KEY",
    ),
    "prose": lambda d: chosen(
        d,
        "I forgot my password and my secret question",
        "What is a private key?",
        "The token expired yesterday",
        "password: must have 8 letters and a digit",
        "Reset your password: click the link below",
        "Your password: 8characters or more, one of them a digit",
        "the bearer of this token is entitled to 12 basic services",
        "docker run -u 1000:1000 node",
    ),
    "heading only": lambda d: "the file starts with -----BEGIN " + "PRIVATE KEY----- I think",
    "URL with a port": lambda d: (
        f"https://{chosen(d, 'a', 'b')}.example.com:8{of(d, string.digits, 3)}/@{of(d, string.ascii_lowercase, 6)}"
    ),
    "URL with a user": lambda d: f"https://{of(d, string.ascii_lowercase, 6)}@git.example.com/repo.git",
    "identifier": lambda d: chosen(
        d,
        "hf_hub_download_with_retries_and_cache",
        "npm_config_registry_authentication_token",
        "sk-learn-contrib-project-template-2024",
        "test_github_pat_is_refused_when_it_is_old",
    ),
    "three with dots": lambda d: f"{of(d, _WORD, 12)}.{of(d, _WORD, 20)}.{of(d, _WORD, 20)}",
    "capitals": lambda d: of(d, string.ascii_uppercase, 20),
    "colour": lambda d: f"#{hexadecimal(d, 6)} on #{hexadecimal(d, 8)}",
    "entity tag": lambda d: f'ETag: "{hexadecimal(d, 32)}"',
    "digits": lambda d: groups(of(d, string.digits, 24), 4),
    "video": lambda d: f"https://youtu.be/{of(d, _URLSAFE, 11)}",
    "wallet": lambda d: f"0x{hexadecimal(d, 40)}",
    "sequence": lambda d: of(d, "ACGT", 60),
}
