"""Privacy: personal data and secrets in rows, found by pattern and checksum, replaced by typed placeholders."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from seatrial import FilterComponent, Rule, hookimpl
from seatrial.data.filters import Filter, RowFilter

__all__ = ["RULES", "Kind", "privacy", "seatrial_filters"]

Kind = Literal["email", "phone", "iban", "card", "ip", "ssn", "secret"]
"""What can be looked for."""

RULES = (
    Rule("email", "An e-mail address whose domain ends in a public suffix.", action="redact", version="5"),
    Rule(
        "phone",
        "A telephone number: valid in its region by Google's numbering metadata, or directly after a word such as Tel.",
        action="redact",
        version="5",
    ),
    Rule("iban", "An IBAN of its country's format whose check digits hold (ISO 13616).", action="redact", version="4"),
    Rule(
        "card",
        "A payment card number of an issuer's range and length whose Luhn digit holds.",
        action="redact",
        version="5",
    ),
    Rule("ip", "An IPv4 or IPv6 address that can be somebody's.", action="redact", version="5"),
    Rule("ssn", "A US social security number that could have been issued.", action="redact", version="5"),
    Rule(
        "secret",
        "A key or token in a provider's own format; a password or key in an address, a connection string, a header, a command or a "
        "setting of that name; a private key.",
        action="redact",
        version="5",
    ),
    Rule(
        "identifier",
        "An identifier that one of presidio's recognisers is certain of, named by the suite.",
        action="redact",
        version="2",
    ),
    Rule(
        "name", "A person's or a place's name, by the spaCy model that the suite names.", action="redact", version="2"
    ),
    Rule(
        "unredactable",
        "Any of these in a turn's tool calls, in the choices of a question or in the name of the row's slice or group, which "
        "redaction does not reach.",
        action="drop",
        version="5",
    ),
)


def privacy(
    *,
    kinds: list[Kind] | None = None,
    regions: list[str] | None = None,
    identifiers: list[str] | None = None,
    model: str | None = None,
    obfuscated: bool = False,
) -> RowFilter:
    """Finds personal data and secrets, and offers a placeholder for each, such as `<EMAIL_1>`.

    One datum has one placeholder throughout a row, in whatever notation; the next row's begin with 1 again. So a row's
    redaction depends on nothing but the row: rows stream, in any order and on many machines, and a placeholder tells
    nobody which rows speak of the same person. Names and places are not looked for without a `model`.

    Ledger, reports and the cleaned dataset show placeholders, never what they stand for; `data/raw.parquet` of the run
    folder holds the rows as they were read. That ends where the suite says `action: flag`: the
    data stay in the rows then, and in whatever later stages quote of these.

    Args:
        kinds: what to look for; everything where nothing is said.
        regions: ISO 3166 codes of the regions whose national telephone numbers are recognised, `US` and `GB` where
            nothing is said; numbers that start with + and a country code, or stand directly after a word such as
            `Tel.`, are always recognised.
        identifiers: identifiers of one country or trade to look for as well, by presidio's names for them: `UK_NHS`,
            `ES_NIF`, `IT_FISCAL_CODE`, `PL_PESEL`, `IN_AADHAAR`, `AU_TFN`, `CRYPTO`, …
        model: an installed spaCy model, or a folder with one, that finds names of people and places; never downloaded.
        obfuscated: whether to look for e-mail addresses that are spelt out, too: `name at example dot com`,
            `name[at]example.com`, `name&#64;example.com`. Prose such as `look at example dot com` is taken for one.
    """
    from seatrial_plugins.privacy.privacy_filter import PrivacyFilter
    from seatrial_plugins.privacy.recognisers import recognisers

    return PrivacyFilter(recognisers(kinds, regions, identifiers or (), model, obfuscated=obfuscated))


@hookimpl
def seatrial_filters() -> Iterable[FilterComponent[Filter]]:
    """The filter."""
    yield FilterComponent(
        "privacy",
        privacy,
        "Redacts personal data and secrets, typed and consistently.",
        rules=RULES,
        looks_for="personal data and secrets",
        libraries=("detect-secrets", "phonenumbers", "presidio-analyzer", "python-stdnum", "spacy", "tldextract"),
    )
