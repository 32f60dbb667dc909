import sys

import pytest

from seatrial import Row, Turn
from seatrial.errors import UsageError
from seatrial_plugins.privacy import privacy


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A spaCy model on disk that knows some names by heart."""
    import spacy

    pipeline = spacy.blank("en")
    pipeline.add_pipe("entity_ruler").add_patterns(
        [
            {"label": "PERSON", "pattern": [{"LOWER": "ana"}, {"LOWER": "silva"}]},
            {"label": "PERSON", "pattern": "555"},
            {"label": "GPE", "pattern": "Lisbon"},
            {"label": "ORG", "pattern": "Acme"},
        ]
    )
    folder = tmp_path_factory.mktemp("model")
    pipeline.to_disk(folder)
    return str(folder)


def said(text):
    return Row("r", (Turn("user", text),), "chat", "s", "f", 1)


def test_people_and_places_get_placeholders_of_their_own(model):
    text = "Ana Silva of Acme, Lisbon, is ana  silva at 555; mail ana@b.com"
    findings = {finding.rule: finding for finding in privacy(model=model).inspect([said(text)])}
    assert set(findings) == {"name", "email"}
    spans = findings["name"].spans
    assert [(text[s.start : s.end], s.replacement) for s in spans] == [
        ("Ana Silva", "<PERSON_1>"),
        ("Lisbon", "<PLACE_1>"),
    ]
    assert findings["name"].detail == "name of a person or place 2 times, 2 distinct, in turn 0 (user)"


def test_a_name_far_into_a_long_text_is_found_in_its_place(model):
    text = "word " * 30_000 + "Ana Silva"
    (finding,) = privacy(kinds=[], model=model).inspect([said(text)])
    assert [(span.start, span.end) for span in finding.spans] == [(150_000, 150_009)]


def test_what_is_not_looked_for_is_said(model):
    assert privacy(kinds=["email"]).unseen == "names of people and places, for which no spaCy model is named (`model`)"
    assert privacy(kinds=["email"], model=model).unseen == ""


def test_a_model_that_is_not_there_is_never_downloaded():
    with pytest.raises(UsageError, match="'en_core_web_xx' is neither an installed spaCy model nor a folder"):
        privacy(kinds=[], model="en_core_web_xx")


def test_a_model_without_names_is_refused(tmp_path):
    import spacy

    pipeline = spacy.blank("en")
    pipeline.add_pipe("sentencizer")
    pipeline.to_disk(tmp_path)
    with pytest.raises(UsageError, match=r"no component that finds names \(its components: sentencizer\)"):
        privacy(kinds=[], model=str(tmp_path))


def test_without_spacy_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "spacy", None)
    with pytest.raises(UsageError, match=r"takes spaCy, which cannot be imported .*`pip install spacy`"):
        privacy(kinds=[], model="en_core_web_sm")
