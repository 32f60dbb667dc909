"""E-mail addresses (RFC 5322's addr-spec, internationalised by RFC 6531), and what has an @ in it and is none."""

from __future__ import annotations

import random

from privacy_corpus.example import Drawn, Families, LookAlikes
from privacy_corpus.text import chosen, date, digits, hexadecimal, of, price, words

__all__ = ["FAMILIES", "LOOK_ALIKES"]

_FIRST = words(
    "maria john wei fatima olga pierre ingrid kwame aisha joao sven yuki priya carlos elena mohammed anna li noah "
    "chidi siobhan dmitri lucia hans amelie tariq ngozi bjorn mei ana o x jo"
)
_LAST = words(
    "silva smith zhang hassan petrova dupont berg mensah khan santos lindqvist tanaka sharma garcia rossi ali muller "
    "wang brown okafor murphy ivanov moretti schmidt laurent aziz eze olsen chen lopez ng"
)
_UNICODE_LOCALS = ("josé.garcía", "zoë", "müller", "søren.ø", "用户", "иван.петров", "łukasz", "δοκιμή")
_LABELS = words(
    "acme northwind blue-river mail web3 lab42 contoso 163 qq fast-mail tidewater kestrel mx1 students corp uni "
    "post 9to5 a1 quiet-harbour"
)
_ENDS = words(
    "com org net edu gov de fr it nl se es pl ch at co.uk ac.uk com.br co.jp com.au co.in cn ru ke io dev app ai me info "
    "biz eu us ca museum email engineering technology photography xyz africa co.za gob.mx gov.sg"
)
_UNICODE_DOMAINS = ("münchen-post.de", "пример.рф", "例子.中国", "español.com.mx", "smørrebrød.dk", "ουτοπία.gr")

_FRAMES = (
    "Please write to {}.",
    "You can reach me at {}, thanks!",
    "my email is {} and my order hasn't arrived",
    "{}",
    "mailto:{}",
    "From: Someone <{}>\nSubject: hi",
    "({})",
    "[{}]",
    '"{}"',
    "'{}'",
    '{"id": 17, "email": "{}", "ok": true}',
    "17,{},2023-05-06,active",
    "a;{};b",
    "https://x.example/login?user={}&next=1",
    "Contact {} or visit the desk",
    "* {}\n* phone",
    "{}: please advise",
    "cc {}/legal",
    "Schreiben Sie an {}!",
    "Écrivez à {} ; merci",
    "email={}",
    "**{}**",
    "`{}`",
    "Is it {}?",
    "|{}|",
)


def _frame(draw: random.Random) -> str:
    # A brace of JSON would be one of str.format, which is not used: the only `{}` is the datum's place.
    return draw.choice(_FRAMES)


def _domain(draw: random.Random) -> str:
    labels = draw.choices(_LABELS, k=draw.choices((1, 2, 3), (75, 20, 5))[0])
    return ".".join([*labels, draw.choice(_ENDS)])


def _local(draw: random.Random) -> str:
    first, last, n = draw.choice(_FIRST), draw.choice(_LAST), draw.randint(0, 9999)
    return chosen(
        draw,
        f"{first}.{last}",
        f"{first[0]}{last}",
        f"{first}_{last}",
        f"{first}-{last}",
        f"{first}{n}",
        f"{first}.{last}{n % 100}",
        f"{last}.{first[0]}.{n % 10}",
        first,
    )


def _plain(draw: random.Random) -> Drawn:
    return f"{_local(draw)}@{_domain(draw)}", _frame(draw)


def _tagged(draw: random.Random) -> Drawn:
    tag = chosen(draw, "news", "shop-2024", "a.b", "spam", "x1", "lists=")
    return f"{_local(draw)}+{tag}@{_domain(draw)}", _frame(draw)


def _upper(draw: random.Random) -> Drawn:
    address, frame = _plain(draw)
    return chosen(draw, address.upper(), address.title()), frame


def _digits_only(draw: random.Random) -> Drawn:
    return f"{digits(draw, draw.randint(5, 11))}@{_domain(draw)}", _frame(draw)


def _apostrophe(draw: random.Random) -> Drawn:
    local = f"{draw.choice(_FIRST)}.o'{draw.choice(_LAST)}"
    return f"{local}@{_domain(draw)}", draw.choice([frame for frame in _FRAMES if "'{}'" not in frame])


def _atext(draw: random.Random) -> Drawn:
    # Any of RFC 5322's atext, inside the local part.
    inside = draw.choice("!#$%&*/=?^`{|}~")
    frame = draw.choice(["write to {} now", "<{}>", "E-mail: {}", "{} is mine"])
    return f"{draw.choice(_FIRST)}{inside}{draw.choice(_LAST)}@{_domain(draw)}", frame


def _long(draw: random.Random) -> Drawn:
    # RFC 5321 allows 64 octets before the @, and 63 in a label.
    local = of(draw, "abcdefghijklmnopqrstuvwxyz0123456789", draw.randint(40, 64))
    label = of(draw, "abcdefghijklmnopqrstuvwxyz", draw.randint(30, 63))
    return f"{local}@{label}.{draw.choice(_ENDS)}", _frame(draw)


def _punycode(draw: random.Random) -> Drawn:
    domain = chosen(draw, "xn--mnchen-3ya.de", "mail.xn--bcher-kva.example.com", "xn--e1afmkfd.xn--p1ai")
    return f"{_local(draw)}@{domain}", _frame(draw)


def _internationalised(draw: random.Random) -> Drawn:
    local = draw.choice([*_UNICODE_LOCALS, _local(draw)])
    domain = draw.choice([*_UNICODE_DOMAINS, _domain(draw)])
    return f"{local}@{domain}", _frame(draw)


def _quoted(draw: random.Random) -> Drawn:
    local = f'"{draw.choice(_FIRST)} {draw.choice(_LAST)}"'
    return f"{local}@{_domain(draw)}", draw.choice(["write to {} please", "<{}>", "{}", "E-mail: {}."])


def _no_spaces(draw: random.Random) -> Drawn:
    # Chinese, Japanese and Thai put no spaces between words.
    frame = draw.choice(["请发邮件到{}谢谢", "我的邮箱是{}。", "連絡先:{}まで", "อีเมล{}ครับ"])
    return f"{_local(draw)}@{_domain(draw)}", frame


def _ends_sentence(draw: random.Random) -> Drawn:
    frame = draw.choice(["Ask {}...", "Sent by {}.\nBye", "({}).", "It was {}!!", "{}.", "So {},he said", "to {}>"])
    return f"{_local(draw)}@{_domain(draw)}", frame


FAMILIES: Families = {
    "plain": (50, _plain),
    "tagged": (8, _tagged),
    "upper case": (6, _upper),
    "digits only": (5, _digits_only),
    "apostrophe": (3, _apostrophe),
    "other atext": (2, _atext),
    "long": (2, _long),
    "punycode": (2, _punycode),
    "internationalised": (4, _internationalised),
    "quoted": (1, _quoted),
    "no spaces around": (4, _no_spaces),
    "punctuation after": (13, _ends_sentence),
}


def _version(draw: random.Random) -> str:
    return f"{draw.randint(0, 30)}.{draw.randint(0, 40)}.{draw.randint(0, 20)}"


LOOK_ALIKES: LookAlikes = {
    "package": lambda d: f"npm install {chosen(d, 'lodash', 'left-pad', '@types/node', 'vue')}@{_version(d)}",
    "tagged package": lambda d: f"npx {chosen(d, 'react', 'create-app', 'next')}@{chosen(d, 'latest', 'next', 'beta')}",
    "mention": lambda d: f"thanks @{d.choice(_FIRST)}.{d.choice(_LAST)} and @{d.choice(_LAST)}{digits(d, 2)}!",
    "repository": lambda d: (
        f"git clone git@{chosen(d, 'github.com', 'gitlab.com')}:{d.choice(_LAST)}/{d.choice(_LABELS)}.git"
    ),
    "login": lambda d: (
        f"ssh {chosen(d, 'root', 'ubuntu', 'admin')}@{chosen(d, 'localhost', 'server1', 'db', 'build-7')}"
    ),
    "intranet": lambda d: (
        f"{chosen(d, 'root', 'svc')}@{chosen(d, 'nas.local', 'db1.internal', 'pi.lan', 'host.localdomain')}:~$ ls"
    ),
    "price": lambda d: f"{d.randint(2, 90)} units @ {price(d)}",
    "price, close": lambda d: f"{d.randint(2, 90)}@{d.randint(1, 99)}.{d.randint(10, 99)} each",
    "decorator": lambda d: chosen(d, "@app.route('/x')", "@pytest.mark.slow", "@functools.cache", "@Override.x"),
    "retina image": lambda d: f"icon-{d.randint(1, 99)}@{d.randint(2, 3)}x.png",
    "digest": lambda d: f"docker pull {d.choice(_LABELS)}@sha256:{hexadecimal(d, 64)}",
    "matrix product": lambda d: chosen(d, "y = W @ x.T + b", "A@B.T", "q@k.transpose(-2, -1)", "x@self.weight.t()"),
    "systemd unit": lambda d: (
        f"{chosen(d, 'getty', 'user', 'postgresql')}@{chosen(d, 'tty1', '1000', '15-main')}.service"
    ),
    "no domain": lambda d: f"{d.choice(_FIRST)}@{d.choice(_LAST)} said so",
    "no local part": lambda d: f"everyone @{_domain(d)} knows",
    "unfinished": lambda d: f"{d.choice(_FIRST)}@.{d.choice(_ENDS)} or {d.choice(_FIRST)}@ {d.choice(_ENDS)}",
    "no suffix": lambda d: f"name@host.{chosen(d, 'invalid', 'nowhere0', 'c0m', 'lcl', 'txt')}",
    "matrix id": lambda d: f"join #{d.choice(_LABELS)}:chat.example or ask @{d.choice(_FIRST)}:{_domain(d)}",
    "dated file": lambda d: f"backup@{date(d)}.tar",
    "git revision": lambda d: f"git show HEAD@{{{d.randint(1, 30)}}} {hexadecimal(d, 12)}",
    "pip from git": lambda d: f"pip install git+https://{chosen(d, 'github.com', 'codeberg.org')}/a/b@v{_version(d)}",
    "emoticon": lambda d: chosen(d, "@_@ what", ">@< ouch", "(@.@)", "@}->--", "@@@@ sale @@@@"),
    "path": lambda d: f"rsync -a x {chosen(d, 'me', 'deploy')}@{d.choice(_LABELS)}:/srv/www.{d.choice(_ENDS)}/",
    "time": lambda d: f"meeting@{d.randint(8, 18)}.{d.randint(10, 59)} in room {digits(d, 3)}",
}
