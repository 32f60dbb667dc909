"""The recognisers that a suite asks for, in order of precedence."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from seatrial.errors import UsageError
from seatrial_plugins.privacy.datum import Recogniser

__all__ = ["PRECEDENCE", "recognisers"]

PRECEDENCE = ("secret", "email", "iban", "card", "ssn", "ip", "phone")
"""Where two overlap, the earlier kind stands: a password in a URL looks like an e-mail address, a card number like a
telephone number; the kinds with a checksum come before those without."""

DEFAULT_REGIONS = ("US", "GB")
"""Regions with short or variable national numbers (DE, IN, …) recognise many an order number, so they are asked for."""


def recognisers(kinds: Sequence[str] | None = None, regions: Sequence[str] | None = None) -> list[Recogniser]:
    """The recognisers of `kinds` (all of them where None), in order of precedence.

    Raises:
        UsageError: an unknown kind or region.
    """
    wanted = PRECEDENCE if kinds is None else tuple(kinds)
    unknown = [kind for kind in wanted if kind not in PRECEDENCE]
    if unknown or not wanted:
        raise UsageError(f"privacy: kinds: {unknown[0] if unknown else 'empty'!r}; there are: {', '.join(PRECEDENCE)}")
    return [_builders(regions)[kind]() for kind in PRECEDENCE if kind in wanted]


def _builders(regions: Sequence[str] | None) -> dict[str, Callable[[], Recogniser]]:
    # Each library is imported only where its kind is asked for: presidio alone takes seconds.
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
