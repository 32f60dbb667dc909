import pytest

from seatrial import Row, Turn
from seatrial.errors import UsageError
from seatrial_plugins.privacy import privacy
from seatrial_plugins.privacy.presidio_entity import PresidioEntityRecogniser, entities


def written(entity, text):
    return [text[datum.start : datum.end] for datum in PresidioEntityRecogniser(entity).find(text)]


@pytest.mark.parametrize(
    ("entity", "text", "found"),
    [
        ("UK_NHS", "NHS 943 476 5919, not 943 476 5918", ["943 476 5919"]),
        ("ES_NIF", "nif 12345678Z, not 12345678A", ["12345678Z"]),
        ("SG_NRIC_FIN", "nric S1234567D", ["S1234567D"]),
        ("CRYPTO", "to 16Yeky6GMjeNkAiNcBY7ZhrLoMSgg1BoyZ now", ["16Yeky6GMjeNkAiNcBY7ZhrLoMSgg1BoyZ"]),
    ],
)
def test_identifiers_are_found_by_their_check_digits(entity, text, found):
    assert written(entity, text) == found


def test_one_at_the_end_of_a_stretch_is_found_once():
    half = "x " * 2040
    assert written("UK_NHS", f"{half}943 476 5919 {half}") == ["943 476 5919"]


def test_only_what_can_be_certain_and_is_none_of_our_kinds_is_offered():
    assert {"UK_NHS", "IN_AADHAAR", "IT_FISCAL_CODE"} <= set(entities())
    assert not {"EMAIL_ADDRESS", "CREDIT_CARD", "US_PASSPORT", "US_BANK_NUMBER", "PERSON"} & set(entities())


def test_an_unknown_one_is_refused_with_the_nearest():
    with pytest.raises(UsageError, match=r"no entity 'UK_NSH' that needs no model \(did you mean 'UK_NHS'\?\)"):
        privacy(kinds=[], identifiers=["UK_NSH"])
    with pytest.raises(UsageError, match="there are: ABA_ROUTING_NUMBER, "):
        privacy(kinds=[], identifiers=["?"])


def test_it_is_redacted_before_what_has_no_check_digits():
    row = Row("r", (Turn("user", "call 943 476 5919 or 9434765919"),), "chat", "s", "f", 1)
    (finding,) = privacy(identifiers=["UK_NHS"]).inspect([row])
    assert (finding.rule, finding.score) == ("identifier", 2.0)
    assert finding.detail == "UK_NHS (presidio) 2 times, 1 distinct, in turn 0 (user)"
    assert [span.replacement for span in finding.spans] == ["<UK_NHS_1>", "<UK_NHS_1>"]
