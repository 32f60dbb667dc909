"""Identifiers of one country or trade, by presidio's recognisers: `UK_NHS`, `ES_NIF`, `CRYPTO` and others."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterable, Mapping
from typing import Any

from seatrial.errors import UsageError, did_you_mean
from seatrial_plugins.privacy.datum import Datum
from seatrial_plugins.privacy.presidio_import import import_recognizers
from seatrial_plugins.privacy.stretches import stretches

__all__ = ["PresidioEntityRecogniser", "entities"]

_CERTAIN = 0.5
# presidio gives 1 to what passes a check of its digits. A pattern alone gets less than this where it fits much else (any
# nine digits may be a passport's), and waits for words round it that take a language model to find.

_OUR_OWN = frozenset({"EMAIL_ADDRESS", "IBAN_CODE", "CREDIT_CARD", "IP_ADDRESS", "US_SSN", "PHONE_NUMBER"})

_STRETCH, _OVERLAP = 4096, 128
# Its patterns are not all linear, and none matches more than some dozen characters.


class PresidioEntityRecogniser:
    """Finds one of presidio's entities, where its pattern or its check digits are certain enough by themselves."""

    kind = "identifier"
    sign = None

    def __init__(self, entity: str) -> None:
        known = entities()
        if entity not in known:
            near = did_you_mean(entity, known) or f"; there are: {', '.join(known)}"
            raise UsageError(f"privacy: identifiers: presidio has no entity {entity!r} that needs no model{near}")
        self.label = entity
        self.name = f"{entity} (presidio)"
        self._recogniser = known[entity]

    def find(self, text: str) -> Iterable[Datum]:
        """Every one; separators and letter case make no difference to its value."""
        end = 0
        for base, stop, reach in stretches(text, _STRETCH, _OVERLAP):
            results = self._recogniser.analyze(text[base:reach], [self.label]) or ()
            for result in sorted(results, key=lambda result: (result.start, -result.end)):
                start = base + result.start
                if result.score >= _CERTAIN and end <= start < stop:
                    end = base + result.end
                    yield Datum(start, end, "".join(filter(str.isalnum, text[start:end])).upper())


@functools.cache
def entities() -> Mapping[str, Any]:
    """Presidio's entity → its recogniser, of those that need no model and whose findings can be certain."""
    module = import_recognizers()
    classes: list[Any] = [cls for _, cls in inspect.getmembers(module, inspect.isclass) if hasattr(cls, "PATTERNS")]
    found = {recogniser.supported_entities[0]: recogniser for recogniser in (cls() for cls in classes)}
    return {
        entity: recogniser
        for entity, recogniser in sorted(found.items())
        if entity not in _OUR_OWN and _can_be_certain(recogniser)
    }


def _can_be_certain(recogniser: Any) -> bool:
    checks_digits = "validate_result" in vars(type(recogniser))
    return checks_digits or any(pattern.score >= _CERTAIN for pattern in recogniser.patterns)
