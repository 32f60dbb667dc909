"""The recognisers that a suite asks for, in order of precedence."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from seatrial.errors import UsageError
from seatrial_plugins.privacy.datum import Recogniser

__all__ = ["PRECEDENCE", "recognisers"]

PRECEDENCE = ("secret", "email", "iban", "card", "ssn", "ip", "phone")
"""Where two overlap, the earlier kind stands: a password in a URL looks like an e-mail address, a card number like a
telephone number; the kinds with a checksum come before those without."""

_WITHOUT_CHECKSUM = ("ip", "phone")
# Identifiers that a suite names come before these, names after them.

DEFAULT_REGIONS = ("US", "GB")
"""Regions with short or variable national numbers (DE, IN, …) recognise many an order number, so they are asked for."""


def recognisers(
    kinds: Sequence[str] | None = None,
    regions: Sequence[str] | None = None,
    identifiers: Sequence[str] = (),
    model: str | None = None,
    *,
    obfuscated: bool = False,
) -> list[Recogniser]:
    """The recognisers of `kinds` (all of them where None) and what else is named, in order of precedence.

    Raises:
        UsageError: an unknown kind, region or identifier, or a model that cannot be loaded.
    """
    wanted = PRECEDENCE if kinds is None else tuple(kinds)
    unknown = [kind for kind in wanted if kind not in PRECEDENCE]
    if unknown or not (wanted or identifiers or model):
        raise UsageError(f"privacy: kinds: {unknown[0] if unknown else 'empty'!r}; there are: {', '.join(PRECEDENCE)}")
    build = _builders(regions)
    found = [build[kind]() for kind in PRECEDENCE if kind in wanted and kind not in _WITHOUT_CHECKSUM]
    if obfuscated and "email" in wanted:
        found.append(_spelt_out())
    found += map(_identifier, dict.fromkeys(identifiers))
    found += [build[kind]() for kind in _WITHOUT_CHECKSUM if kind in wanted]
    if model is not None:
        found.append(_names(model))
    return found


def _spelt_out() -> Recogniser:
    from seatrial_plugins.privacy.spelt_out_address import SpeltOutAddressRecogniser

    return SpeltOutAddressRecogniser()


def _identifier(entity: str) -> Recogniser:
    from seatrial_plugins.privacy.presidio_entity import PresidioEntityRecogniser

    return PresidioEntityRecogniser(entity)


def _names(model: str) -> Recogniser:
    from seatrial_plugins.privacy.named_entity import NamedEntityRecogniser

    return NamedEntityRecogniser(model)


def _builders(regions: Sequence[str] | None) -> dict[str, Callable[[], Recogniser]]:
    # Each library is imported only where its kind is asked for.
    def secret() -> Recogniser:
        from seatrial_plugins.privacy.secrets import SecretRecogniser

        return SecretRecogniser()

    def email() -> Recogniser:
        from seatrial_plugins.privacy.email_address import EmailAddressRecogniser

        return EmailAddressRecogniser()

    def iban() -> Recogniser:
        from seatrial_plugins.privacy.iban import IbanNumberRecogniser

        return IbanNumberRecogniser()

    def card() -> Recogniser:
        from seatrial_plugins.privacy.payment_card import PaymentCardRecogniser

        return PaymentCardRecogniser()

    def ssn() -> Recogniser:
        from seatrial_plugins.privacy.social_security import SocialSecurityRecogniser

        return SocialSecurityRecogniser()

    def ip() -> Recogniser:
        from seatrial_plugins.privacy.ip_address import IPAddressRecogniser

        return IPAddressRecogniser()

    def phone() -> Recogniser:
        from seatrial_plugins.privacy.telephone import TelephoneRecogniser

        return TelephoneRecogniser(DEFAULT_REGIONS if regions is None else regions)

    return {"secret": secret, "email": email, "iban": iban, "card": card, "ssn": ssn, "ip": ip, "phone": phone}
