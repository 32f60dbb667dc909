"""Names of people and places, by a spaCy model that the suite names."""

from __future__ import annotations

from collections.abc import Iterable

from seatrial.errors import UsageError
from seatrial_plugins.privacy.datum import Datum
from seatrial_plugins.privacy.stretches import stretches

__all__ = ["NamedEntityRecogniser"]

_LABELS = {"PERSON": "PERSON", "PER": "PERSON", "GPE": "PLACE", "LOC": "PLACE", "FAC": "PLACE"}
"""What spaCy's models call them (OntoNotes and WikiNER) → the placeholder's label."""

_NOT_NEEDED = ("parser", "tagger", "lemmatizer", "attribute_ruler", "morphologizer", "senter", "textcat")

_STRETCH = 20_000
# spaCy refuses texts of more than a million characters, and takes a gigabyte for one of a tenth.


class NamedEntityRecogniser:
    """Finds what the model takes for a person or a place; a number is never one (presidio-analyzer #786)."""

    kind = "name"
    label = "NAME"
    name = "name of a person or place"
    sign = None

    def __init__(self, model: str) -> None:
        """Loads the model, which is a package's name or a folder; nothing is ever downloaded.

        Raises:
            UsageError: spaCy or the model is not installed, or the model finds no names.
        """
        try:
            import spacy
        except ImportError as error:
            raise UsageError(
                f"privacy: model: {model!r} takes spaCy, which cannot be imported ({error}): `pip install spacy`, or "
                "leave `model` out; everything but names is found without it"
            ) from error
        try:
            self._pipeline = spacy.load(model, exclude=list(_NOT_NEEDED))
        except OSError as error:
            raise UsageError(
                f"privacy: model: {model!r} is neither an installed spaCy model nor a folder with one. None is "
                "downloaded: `pip install` its wheel, or name the folder"
            ) from error
        names = self._pipeline.pipe_names
        if not any("doc.ents" in self._pipeline.get_pipe_meta(name).assigns for name in names):
            raise UsageError(
                f"privacy: model: {model!r} has no component that finds names (its components: {', '.join(names)})"
            )

    def find(self, text: str) -> Iterable[Datum]:
        """Every name; letter case and the spaces inside make no difference to its value."""
        places = list(stretches(text, _STRETCH))
        documents = self._pipeline.pipe(text[start:end] for start, end, _ in places)
        for (base, _, _), document in zip(places, documents, strict=True):
            for entity in document.ents:
                label = _LABELS.get(entity.label_)
                if label and any(map(str.isalpha, entity.text)):
                    value = " ".join(entity.text.casefold().split())
                    yield Datum(base + entity.start_char, base + entity.end_char, value, label)
