"""International bank account numbers by the registry of ISO 13616, and what is written like one."""

from __future__ import annotations

import random
import re
import string

from privacy_corpus.example import Families, LookAlikes
from privacy_corpus.text import chosen, digits, groups, hexadecimal, of, words

__all__ = ["FAMILIES", "LOOK_ALIKES"]

_REGISTRY = """
AD 4n4n12c AE 3n16n AL 8n16c AT 5n11n AZ 4a20c BA 3n3n8n2n BE 3n7n2n BG 4a4n2n8c BH 4a14c BI 5n5n11n2n
BR 8n5n10n1a1c BY 4c4n16c CH 5n12c CR 4n14n CY 3n5n16c CZ 4n6n10n DE 8n10n DJ 5n5n11n2n DK 4n9n1n DO 4c20n
EE 2n2n11n1n EG 4n4n17n ES 4n4n1n1n10n FI 3n11n FK 2a12n FO 4n9n1n FR 5n5n11c2n GB 4a6n8n GE 2a16n GI 4a15c
GL 4n9n1n GR 3n4n16c GT 4c20c HN 4a20n HR 7n10n HU 3n4n1n15n1n IE 4a6n8n IL 3n3n13n IQ 4a3n12n IS 4n2n6n10n
IT 1a5n5n12c JO 4a4n18c KW 4a22c KZ 3n13c LB 4n20c LC 4a24c LI 5n12c LT 5n11n LU 3n13c LV 4a13c LY 3n3n15n
MC 5n5n11c2n MD 2c18c ME 3n13n2n MK 3n10c2n MN 4n12n MR 5n5n11n2n MT 4a5n18c MU 4a2n2n12n3n3a NI 4a20n NL 4a10n
NO 4n6n1n OM 3n16c PK 4a16c PL 8n16n PS 4a21c PT 4n4n11n2n QA 4a21c RO 4a16c RS 3n13n2n RU 9n5n15c SA 2n18c
SC 4a2n2n16n3a SD 2n12n SE 3n16n1n SI 5n8n2n SK 4n6n10n SM 1a5n5n12c SO 4n3n12n ST 4n4n11n2n SV 4a20n TL 3n14n2n
TN 2n3n13n2n TR 5n1n16c UA 6n19c VA 3n15n VG 4a16n XK 4n10n2n YE 4a4n18c
"""
# Country and the structure of its national part: n digits, a letters, c either.
_COUNTRIES = dict(re.findall(r"([A-Z]{2}) (\S+)", _REGISTRY))
_COMMON = words("DE FR GB ES IT NL BE AT CH PL SE PT IE DK NO FI CZ RO HU GR")
_LETTERS = string.ascii_uppercase
_ALPHABETS = {"n": string.digits, "a": _LETTERS, "c": string.digits + _LETTERS}

_FRAMES = (
    "IBAN: {}",
    "My IBAN is {}, please pay by Friday.",
    "{}",
    "Bitte auf {} überweisen",
    "IBAN {} BIC COBADEFFXXX",
    "IBAN {} BIC: DNBANOKK, name: Ola",
    "Mon compte : {} (compte joint)",
    "transfer 250 EUR to {} today",
    '{"iban": "{}", "amount": 12.5}',
    "({})",
    "a,{},b",
    "pay {}.",
    "Konto {} 2 days from today",
    "account={};",
    "ACCOUNT {} FOR RENT ONLY",
    "IBAN:{}",
    "<iban>{}</iban>",
    "请汇款到{}谢谢",
)


def _iban(draw: random.Random) -> str:
    country = draw.choice(_COMMON if draw.random() < 0.5 else list(_COUNTRIES))
    structure = re.findall(r"(\d+)([nac])", _COUNTRIES[country])
    national = "".join(of(draw, _ALPHABETS[kind], int(size)) for size, kind in structure)
    return country + _check(country, national) + national


def _check(country: str, national: str) -> str:
    """The check digits by ISO/IEC 7064, MOD 97-10."""
    number = int("".join(str(int(character, 36)) for character in f"{national}{country}00"))
    return f"{98 - number % 97:02}"


def _frame(draw: random.Random) -> str:
    return draw.choice(_FRAMES)


FAMILIES: Families = {
    "printed": (45, lambda d: (groups(_iban(d), 4), _frame(d))),
    "electronic": (40, lambda d: (_iban(d), _frame(d))),
    "lower case": (4, lambda d: (_iban(d).lower(), _frame(d))),
    "lower case, printed": (2, lambda d: (groups(_iban(d).lower(), 4), _frame(d))),
    "hyphens": (3, lambda d: (groups(_iban(d), 4, by="-"), _frame(d))),
    "no-break spaces": (4, lambda d: (groups(_iban(d), 4, by="\xa0"), _frame(d))),
    "country apart": (2, lambda d: (groups(_iban(d), 4, 30), _frame(d))),
}


def _misspelt(draw: random.Random) -> str:
    iban = _iban(draw)
    wrong = (int(iban[2:4]) + draw.randint(1, 90)) % 97  # another remainder, so never valid
    return groups(f"{iban[:2]}{wrong:02}{iban[4:]}", 4)


LOOK_ALIKES: LookAlikes = {
    "wrong check digits": lambda d: f"reference {_misspelt(d)}",
    "wrong check digits, electronic": lambda d: f"code {_misspelt(d).replace(' ', '')}",
    "too short": lambda d: f"the code {_iban(d)[:12]} is not enough",
    "no such country": lambda d: f"batch {chosen(d, 'ZZ', 'QX', 'AA', 'XX')}{digits(d, 2)} {groups(digits(d, 16), 4)}",
    "VAT number": lambda d: (
        f"VAT {chosen(d, 'DE', 'ATU', 'NL', 'SE', 'ES')}{digits(d, 9)}{chosen(d, '', 'B01', '01', 'X')}"
    ),
    "BIC": lambda d: (
        f"BIC {of(d, _LETTERS, 4)}{chosen(d, 'DE', 'FR', 'GB', 'CH')}{of(d, _LETTERS, 2)}{chosen(d, 'XXX', digits(d, 3), '')}"
    ),
    "product key": lambda d: f"key {groups(of(d, _LETTERS + string.digits, 25), 5, by='-')}",
    "part number": lambda d: f"part {of(d, _LETTERS, 2)}{digits(d, 2)} {digits(d, 4)} {digits(d, 4)}",
    "long part number": lambda d: f"part {of(d, _LETTERS, 2)}{digits(d, 2)}-{groups(digits(d, 18), 4, by='-')}",
    "vehicle": lambda d: f"VIN {of(d, 'ABCDEFGHJKLMNPRSTUVWXYZ0123456789', 17)}",
    "parcel": lambda d: f"tracking {of(d, 'RLCE', 1)}{of(d, _LETTERS, 1)}{digits(d, 9)}{chosen(d, 'GB', 'DE', 'CN')}",
    "hash": lambda d: f"commit {hexadecimal(d, 40).upper()}",
    "UUID": lambda d: groups(hexadecimal(d, 32).upper(), 8, 4, 4, 4, 12, by="-"),
    "order": lambda d: f"order {of(d, _LETTERS, 2)}{digits(d, 20)}",
    "creditor id": lambda d: f"creditor {chosen(d, 'DE', 'FR', 'ES')}{digits(d, 2)}ZZZ{digits(d, 11)}",
    "structured reference": lambda d: f"reference RF{digits(d, 2)} {groups(digits(d, 12), 4)}",
    "words": lambda d: chosen(
        d, "ME12 PLUS YOUR GOOD IDEA WILL WORK", "GO24 TEAM PLAY THIS WEEK", "IT25 NEWS FROM ROME"
    ),
    "LEI": lambda d: f"LEI {digits(d, 4)}00{of(d, _LETTERS + string.digits, 12)}{digits(d, 2)}",
    "ISIN": lambda d: f"ISIN {chosen(d, 'US', 'DE', 'IE', 'LU')}{of(d, _LETTERS + string.digits, 9)}{digits(d, 1)}",
    "sort code": lambda d: f"sort code {groups(digits(d, 6), 2, by='-')}, account {digits(d, 8)}",
}
