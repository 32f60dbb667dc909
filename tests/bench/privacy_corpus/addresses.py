"""IP addresses (RFC 791, 4291, 5952), and what has dots and colons like one."""

from __future__ import annotations

import ipaddress
import random

from privacy_corpus.example import Drawn, Families, LookAlikes
from privacy_corpus.text import chosen, date, digits, hexadecimal

__all__ = ["FAMILIES", "LOOK_ALIKES"]

_FRAMES = (
    "{}",
    "the server is at {}.",
    "login from {} failed",
    "ping {}",
    "({})",
    '{"ip": "{}", "port": 22}',
    "client {}, server: a.example",
    '{} - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 200 2326',
    "my IP address is {}, can you unblock it?",
    "X-Forwarded-For: {}",
    "a;{};b",
    "Blocked {} after 5 attempts.",
    "remote_addr={} status=403",
    "Die Adresse {} ist gesperrt",
    "from={}>",
    "'{}'",
    "Is {} yours?",
    "地址是{}吗",
)


def _frame(draw: random.Random) -> str:
    return draw.choice(_FRAMES)


def _v4(draw: random.Random) -> str:
    net = draw.random()
    if net < 0.15:
        return f"192.168.{draw.randint(0, 255)}.{draw.randint(1, 254)}"
    if net < 0.25:
        return f"10.{draw.randint(0, 255)}.{draw.randint(0, 255)}.{draw.randint(1, 254)}"
    if net < 0.3:
        return f"172.{draw.randint(16, 31)}.{draw.randint(0, 255)}.{draw.randint(1, 254)}"
    first = draw.choice([n for n in range(1, 224) if n not in {10, 127}])
    return f"{first}.{draw.randint(0, 255)}.{draw.randint(0, 255)}.{draw.randint(1, 254)}"


def _v6(draw: random.Random) -> ipaddress.IPv6Address:
    first = chosen(draw, "2001", "2a00", "2a02", "2600", "2409", "2804", "fd" + hexadecimal(draw, 2), "fe80")
    rest = [hexadecimal(draw, 4) for _ in range(7)]
    hole = draw.randint(0, 6)
    for place in range(hole, min(7, hole + draw.choice((0, 2, 3, 4)))):
        rest[place] = "0"
    return ipaddress.IPv6Address(":".join([first, *rest]))


def _canonical(draw: random.Random) -> Drawn:
    return str(_v6(draw)), _frame(draw)


def _leading_zeros(draw: random.Random) -> Drawn:
    return _v6(draw).exploded, _frame(draw)


def _partly_zeros(draw: random.Random) -> Drawn:
    groups = [group.lstrip("0") or "0" for group in _v6(draw).exploded.split(":")]
    return ":".join(groups), _frame(draw)


FAMILIES: Families = {
    "IPv4": (42, lambda d: (_v4(d), _frame(d))),
    "IPv4 and port": (10, lambda d: (_v4(d), f"http://{{}}:{d.randint(80, 65535)}{chosen(d, '/', '', '/a?b=1')}")),
    "IPv4 in a URL": (4, lambda d: (_v4(d), f"https://{{}}/{chosen(d, 'index.html', 'v1/users', '')}")),
    "IPv4 network": (5, lambda d: (_v4(d), f"route {{}}/{d.randint(8, 32)} via eth0")),
    "IPv4 of a login": (2, lambda d: (_v4(d), chosen(d, "ssh root@{}", "scp a.txt me@{}:/tmp"))),
    "IPv4 range": (2, lambda d: (_v4(d), "block {}-254 please")),
    "IPv6": (20, _canonical),
    "IPv6 in full": (4, _leading_zeros),
    "IPv6, zeros written": (3, _partly_zeros),
    "IPv6, upper case": (2, lambda d: (str(_v6(d)).upper(), _frame(d))),
    "IPv6 in a URL": (3, lambda d: (str(_v6(d)), f"http://[{{}}]:{d.randint(80, 9999)}/")),
    "IPv6 network": (2, lambda d: (str(_v6(d)), f"allow {{}}/{d.choice((48, 64, 128))}")),
    "IPv6 with a zone": (1, lambda d: (f"fe80::{hexadecimal(d, 4)}:{digits(d, 3)}%eth0", _frame(d))),
    "IPv4 in IPv6": (1, lambda d: (f"::ffff:{_v4(d)}", _frame(d))),
}


def _version(draw: random.Random) -> str:
    return ".".join(str(draw.randint(0, top)) for top in (30, 40, 99, 255))


LOOK_ALIKES: LookAlikes = {
    "version": lambda d: f"version {_version(d)}",
    "v": lambda d: f"v{_version(d)}",
    "release": lambda d: f"{chosen(d, 'Release', 'Build', 'firmware', 'ver.', 'rev', 'patch')} {_version(d)} is out",
    "version after a name": lambda d: (
        f"{chosen(d, 'nginx', 'Chrome', 'OpenSSL', 'Python', 'Android Studio')} {_version(d)}"
    ),
    "version after a slash": lambda d: f"{chosen(d, 'Chrome', 'Edg', 'curl', 'Firefox')}/{_version(d)} Safari/537.36",
    "assembly": lambda d: f"System.Core, Version={d.randint(1, 8)}.0.0.0, Culture=neutral",
    "requirement": lambda d: (
        f"pip install {chosen(d, 'torch', 'opencv-python', 'pylint')}{chosen(d, '==', '>=', '~=')}{_version(d)}"
    ),
    "upgrade": lambda d: f"upgraded from {_version(d)} to version {_version(d)}",
    "file name": lambda d: (
        f"{chosen(d, 'setup', 'app', 'libfoo')}-{_version(d)}{chosen(d, '.exe', '.tar.gz', '.zip', '.jar')}"
    ),
    "library": lambda d: f"libssl.so.{_version(d)}",
    "long version": lambda d: f"{_version(d)}.{d.randint(0, 9)}",
    "build over 255": lambda d: f"Windows {d.randint(6, 10)}.0.{d.randint(10000, 22621)}.{d.randint(256, 3999)}",
    "section": lambda d: f"see {chosen(d, 'section', 'clause', '§', 'chapter', 'Article')} {_version(d)}",
    "heading": lambda d: (
        f"{d.randint(1, 9)}.{d.randint(1, 9)}.{d.randint(1, 9)}.{d.randint(1, 9)} Installation and setup"
    ),
    "OID": lambda d: f"OID 1.3.6.1.4.1.{d.randint(1, 50000)}.{d.randint(1, 9)}",
    "OID, short": lambda d: f"oid 2.5.29.{d.randint(1, 60)}",
    "mask": lambda d: f"netmask {chosen(d, '255.255.255.0', '255.255.0.0', '255.255.255.192')}",
    "loopback": lambda d: f"listening on {chosen(d, '127.0.0.1', '0.0.0.0', '[::1]', '[::]')}:{d.randint(80, 9000)}",
    "octet over 255": lambda d: f"{d.randint(256, 999)}.{d.randint(0, 255)}.{d.randint(0, 255)}.{d.randint(0, 255)}",
    "slice": lambda d: f"x = a[{chosen(d, '', '1', '0', '10')}::{chosen(d, '2', '3', '-1', '10')}]",
    "scope": lambda d: chosen(d, "std::vector<int>", "core::fmt::Debug", "A::B", "Foo::bad::cafe", "std::cafe::add"),
    "MAC": lambda d: ":".join(hexadecimal(d, 2) for _ in range(6)),
    "MAC, upper": lambda d: ":".join(hexadecimal(d, 2).upper() for _ in range(6)),
    "time": lambda d: f"{date(d)} {d.randint(0, 23):02}:{d.randint(0, 59):02}:{d.randint(0, 59):02}",
    "time code": lambda d: (
        f"at {d.randint(0, 23):02}:{d.randint(0, 59):02}:{d.randint(0, 59):02}:{d.randint(0, 24):02}"
    ),
    "score": lambda d: f"sets {':'.join(str(d.randint(0, 7)) for _ in range(2))}, {d.randint(0, 7)}:{d.randint(0, 7)}",
    "fingerprint": lambda d: "MD5:" + ":".join(hexadecimal(d, 2) for _ in range(16)),
    "thousands": lambda d: f"{d.randint(1, 250)}.{d.randint(100, 255)}.{d.randint(100, 255)}.{d.randint(100, 255)} €",
    "date": lambda d: f"on {date(d)} at {d.randint(1, 12)}.{d.randint(10, 59)}",
    "coordinates": lambda d: f"{d.uniform(-90, 90):.6f},{d.uniform(-180, 180):.6f}",
}
