"""Privacy: personal data and secrets in rows, found by pattern and checksum, replaced by typed placeholders."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from seatrial import Component, Rule, hookimpl
from seatrial.filters import Filter, RowFilter

__all__ = ["RULES", "Kind", "privacy", "seatrial_filters"]

Kind = Literal["email", "phone", "iban", "card", "ip", "ssn", "secret"]
"""What can be looked for."""

RULES = (
    Rule("email", "An e-mail address whose domain ends in a public suffix.", action="redact"),
    Rule("phone", "A telephone number, valid in its region by Google's numbering metadata.", action="redact"),
    Rule("iban", "An IBAN of its country's format whose check digits hold (ISO 13616).", action="redact"),
    Rule("card", "A payment card number of an issuer's range and length whose Luhn digit holds.", action="redact"),
    Rule("ip", "An IPv4 or IPv6 address that can be somebody's.", action="redact"),
    Rule("ssn", "A US social security number that could have been issued.", action="redact"),
    Rule("secret", "A key or token in a provider's own format, a password in a URL, a private key.", action="redact"),
    Rule(
        "unredactable",
        "Any of these in a turn's tool calls or in the choices of a question, which redaction does not reach.",
        action="drop",
    ),
)


def privacy(*, kinds: list[Kind] | None = None, regions: list[str] | None = None) -> RowFilter:
    """Finds personal data and secrets, and offers a placeholder for each, such as `<EMAIL_1>`.

    One value has one placeholder throughout a row. Names and addresses are not looked for: that takes a model.

    Args:
        kinds: what to look for; everything where nothing is said.
        regions: ISO 3166 codes of the regions whose national telephone numbers are recognised, `US` and `GB` where
            nothing is said; numbers that start with + and a country code are always recognised.
    """
    from seatrial_plugins.privacy.privacy_filter import PrivacyFilter
    from seatrial_plugins.privacy.recognisers import recognisers

    return PrivacyFilter(recognisers(kinds, regions))


@hookimpl
def seatrial_filters() -> Iterable[Component[Filter]]:
    """The filter."""
    yield Component("privacy", privacy, "Redacts personal data and secrets, typed and consistently.", rules=RULES)
