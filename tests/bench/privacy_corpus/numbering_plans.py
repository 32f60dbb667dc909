"""How telephone numbers are written in many countries, from their numbering plans.

A template's X is any digit, N one of 2 to 9, Z one of 1 to 9, and [..] one of the alternatives inside.
"""

from __future__ import annotations

import random
import re

__all__ = ["DEFAULT_REGIONS", "PLANS", "fill"]

PLANS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "US": (
        "1",
        (
            "([212|415|303|617|206|312|713|404|305|702|503|919]) NXX-XXXX",
            "[212|415|303|617|206|312|713|404|305|702|503|919]-NXX-XXXX",
            "[212|415|303|617|206|312|713|404|305|702|503|919].NXX.XXXX",
            "1-[800|888|877|866]-NXX-XXXX",
            "([312|646|214])NXX-XXXX",
            "[312|646|214] NXX XXXX",
            "1 ([312|646|214]) NXX-XXXX",
        ),
        ("[212|415|303|617|206] NXX XXXX", "([212|415]) NXX-XXXX", "[646|347]-NXX-XXXX", "[646|347]NXXXXXX"),
    ),
    "GB": (
        "44",
        (
            "020 [7|8]XXX XXXX",
            "0161 [2|4|8]XX XXXX",
            "01223 [3|5]XXXXX",
            "07[4|7|8|9]XX XXXXXX",
            "07[7|8|9]XX XXX XXX",
            "(020) [7|8]XXX XXXX",
            "0800 0XX XXXX",
            "0117 9XX XXXX",
            "(01223) [3|5]XXXXX",
        ),
        ("20 [7|8]XXX XXXX", "7[4|7|8|9]XX XXXXXX", "(0)20 [7|8]XXX XXXX", "7[7|8|9]XXXXXXXX", "161 [2|4|8]XX XXXX"),
    ),
    "CA": ("1", ("([416|514|604]) NXX-XXXX", "[416|514|604]-NXX-XXXX"), ("[416|514|604] NXX XXXX",)),
    "DE": (
        "49",
        ("030 NXXXXXX", "089/NXXXXXX", "0171 NXXXXXX", "0151-NXXXXXXX", "0176 NXXX XXXX", "(040) NXX XX XX"),
        ("30 NXXXXXX", "171 NXXXXXX", "(0)89 NXXXXXX", "151 NXXXXXXX", "176NXXXXXXX"),
    ),
    "FR": (
        "33",
        ("0[1|2|3|4|5] NX XX XX XX", "06 NX XX XX XX", "06.NX.XX.XX.XX", "07 NX XX XX XX", "06NXXXXXXX"),
        ("1 NX XX XX XX", "6 NX XX XX XX", "(0)6 NX XX XX XX"),
    ),
    "ES": (
        "34",
        ("91[2|4|5] XX XX XX", "6[1|2|5] X XX XX XX", "6[2|5]X XXX XXX", "93[2|4] XXX XXX"),
        ("6[2|5]X XXX XXX", "91[2|4] XXX XXX"),
    ),
    "IT": (
        "39",
        ("06 [4|5|8]XXX XXXX", "02 [4|5|8]XXXXXXX", "3[3|4]X XXX XXXX", "347 XXXXXXX"),
        ("06 [4|5|8]XXX XXXX", "3[3|4]X XXX XXXX"),
    ),
    "NL": (
        "31",
        ("020 NXX XXXX", "06 [1|2|4|5]XXXXXXX", "06-[1|2|4|5]XXXXXXX", "010-NXXXXXX"),
        ("20 NXX XXXX", "6 [1|2|4|5]XXXXXXX"),
    ),
    "BE": ("32", ("02 [5|6]XX XX XX", "04[7|8]X XX XX XX"), ("2 [5|6]XX XX XX", "4[7|8]X XX XX XX")),
    "CH": ("41", ("044 [2|3|6]XX XX XX", "07[6|8|9] NXX XX XX"), ("44 [2|3|6]XX XX XX", "7[6|8|9] NXX XX XX")),
    "AT": ("43", ("01 [5|7]XXXXXX", "0664 NXXXXXX", "0650 NXXXXXX"), ("1 [5|7]XXXXXX", "664 NXXXXXX")),
    "PL": ("48", ("22 [5|6|8]XX XX XX", "[50|60|66|79]X XXX XXX"), ("22 [5|6|8]XX XX XX", "[50|60|66|79]X XXX XXX")),
    "SE": ("46", ("08-[5|6]XX XXX XX", "070-[2|3|5|6]XX XX XX"), ("8 [5|6]XX XXX XX", "70 [2|3|5|6]XX XX XX")),
    "NO": ("47", ("2[2|3] XX XX XX", "[40|41|90|91|95]X XX XXX"), ("2[2|3] XX XX XX", "[40|41|90|91|95]X XX XXX")),
    "DK": ("45", ("[20|31|33|40|60] XX XX XX",), ("[20|31|33|40|60] XX XX XX",)),
    "FI": ("358", ("09 [3|4|6]XX XXXX", "040 NXX XXXX", "050 NXX XXXX"), ("40 NXX XXXX", "9 [3|4|6]XX XXXX")),
    "IE": ("353", ("01 [4|6|8]XX XXXX", "08[5|6|7] NXX XXXX"), ("1 [4|6|8]XX XXXX", "8[5|6|7] NXX XXXX")),
    "PT": ("351", ("21[2|4|7] XXX XXX", "9[1|2|3|6]X XXX XXX"), ("21[2|4|7] XXX XXX", "9[1|2|3|6]X XXX XXX")),
    "IN": (
        "91",
        ("0[22|80] [2|4]XXX XXXX", "9[8|9]XXX XXXXX", "9[8|9]XXXXXXXX"),
        ("9[8|9]XXX XXXXX", "-9[8|9]XXX-XXXXX", "9[8|9]XXXXXXXX"),
    ),
    "CN": (
        "86",
        ("010 [6|8]XXX XXXX", "021-[5|6]XXXXXXX", "13[5|6|8|9] XXXX XXXX", "13[5|6|8|9]XXXXXXXX"),
        ("13[5|6|8|9] XXXX XXXX", "10 [6|8]XXX XXXX"),
    ),
    "JP": (
        "81",
        ("03-[3|5]XXX-XXXX", "090-NXXX-XXXX", "080-NXXX-XXXX", "06-6[2|3]XX-XXXX"),
        ("3-[3|5]XXX-XXXX", "90-NXXX-XXXX", "90 NXXX XXXX"),
    ),
    "KR": ("82", ("02-[5|7]XX-XXXX", "010-[2|3|4|5|6|7|8|9]XXX-XXXX"), ("2-[5|7]XX-XXXX", "10-[2|3|4|5]XXX-XXXX")),
    "AU": (
        "61",
        ("02 [8|9]XXX XXXX", "(03) 9XXX XXXX", "04[1|2|3]X XXX XXX"),
        ("2 [8|9]XXX XXXX", "4[1|2|3]X XXX XXX"),
    ),
    "NZ": ("64", ("09 [3|5|6]XX XXXX", "021 [4|5|6]XX XXX"), ("9 [3|5|6]XX XXXX", "21 [4|5|6]XX XXX")),
    "BR": (
        "55",
        ("(11) 9[6|7|8]XXX-XXXX", "(21) [2|3]XXX-XXXX", "11 9[6|7|8]XXX-XXXX"),
        ("11 9[6|7|8]XXX-XXXX", "(21) 9[6|7|8]XXX-XXXX"),
    ),
    "MX": ("52", ("55 [5]XXX XXXX", "(33) 3[6|8]XX XXXX"), ("55 [5]XXX XXXX",)),
    "AR": ("54", ("011 4[3|7|8]XX-XXXX", "(011) 4[3|7|8]XX-XXXX"), ("11 4[3|7|8]XX-XXXX", "9 11 [3|5|6]XXX-XXXX")),
    "ZA": ("27", ("011 [4|7]XX XXXX", "08[2|3|4] NXX XXXX"), ("11 [4|7]XX XXXX", "8[2|3|4] NXX XXXX")),
    "NG": ("234", ("080[3|5] NXX XXXX", "0803NXXXXXX"), ("80[3|5] NXX XXXX",)),
    "KE": ("254", ("07[10|20|22]NXXXXX", "07[10|20|22] NXXXXX"), ("7[10|20|22] NXXXXX",)),
    "RU": (
        "7",
        ("8 (495) NXX-XX-XX", "8 9[03|16|25] NXX-XX-XX", "8-9[03|16|25]-NXX-XX-XX"),
        ("495 NXX-XX-XX", "9[03|16|25] NXX-XX-XX", "(495) NXX-XX-XX"),
    ),
    "TR": (
        "90",
        ("0[532|533|542] NXX XX XX", "(0212) [2|3]XX XX XX"),
        ("[532|533|542] NXX XX XX", "212 [2|3]XX XX XX"),
    ),
    "IL": ("972", ("05[0|2|4]-NXX-XXXX", "03-[5|6]XX-XXXX"), ("5[0|2|4]-NXX-XXXX", "3-[5|6]XX-XXXX")),
    "AE": ("971", ("05[0|5] NXX XXXX", "04 [3|4]XX XXXX"), ("5[0|5] NXX XXXX", "4 [3|4]XX XXXX")),
    "SG": ("65", ("[81|82|91|96]XX XXXX", "6[2|3|5]XX XXXX"), ("[81|82|91|96]XX XXXX", "6[2|3|5]XX XXXX")),
    "HK": ("852", ("[61|65|91|96]XX XXXX", "2[3|5|8]XX XXXX"), ("[61|65|91|96]XX XXXX", "2[3|5|8]XX XXXX")),
    "UA": ("380", ("044 [2|4]XX XX XX", "067 NXX XX XX", "(050) NXX-XX-XX"), ("44 [2|4]XX XX XX", "67 NXX XX XX")),
    "CZ": ("420", ("[602|603|724|777] XXX XXX", "2[2|3]X XXX XXX"), ("[602|603|724|777] XXX XXX",)),
    "GR": ("30", ("21[0] [3|6|8]XX XXXX", "69[4|7]X XXX XXX"), ("210 [3|6|8]XX XXXX", "69[4|7] XXX XXXX")),
}
"""Region → country code, national notations, and what follows `+code` and a space."""

DEFAULT_REGIONS = ("US", "GB")


def fill(draw: random.Random, template: str) -> str:
    """A number of a template."""
    template = re.sub(r"\[([\d|]+)\]", lambda match: draw.choice(match.group(1).split("|")), template)
    drawn = {"X": "0123456789", "N": "23456789", "Z": "123456789"}
    return "".join(draw.choice(drawn[character]) if character in drawn else character for character in template)
