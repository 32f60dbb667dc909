import json
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from privacy_corpus import KINDS, data, look_alikes

from seatrial import Row, Turn
from seatrial.data.rewriting import Edit, rewrite
from seatrial.errors import UsageError
from seatrial.rows import Check, Choice, Preference, References, ToolCall
from seatrial_plugins.privacy import RULES, privacy, seatrial_filters
from seatrial_plugins.privacy.recognisers import PRECEDENCE, recognisers

GENERATED = {kind: [one.text for one in data(kind, 100, seed=1)] for kind in KINDS}
BUILT = {kind: recognisers([kind]) for kind in PRECEDENCE}
DATA = Path(__file__).parents[4] / "shared" / "data" / "presidio" / "synth_dataset_v2_first750.json"

# Joined here, so that no scanner takes this file for a leak.
AWS_KEY = "AKIA" + "IOSFODNN7EXAMPLE"
GITHUB_TOKEN = "ghp_" + "a1B2" * 9
STRIPE_KEY = "sk_live_" + "a1B2c3D4" * 3
JWT = "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0In0" + ".abc-DEF_123"
KEY_BLOCK = "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEow\n" + "QUFB" * 10 + "\n-----END RSA PRIVATE KEY-----"
CUT_KEY = "-----BEGIN " + "PRIVATE KEY-----\n" + "QUFB" * 16 + "\n" + "QkJC" * 16
PUTTY_KEY = (
    ("PuTTY-User-Key-" + "File-3: ssh-ed25519\nEncryption: none\nComment: jo\nPublic-Lines: 1\n" + "QUFB" * 10)
    + "\nPrivate-Lines: 1\n"
    + "QkJC" * 10
    + "\nPrivate-MAC: "
    + "0f" * 32
)

FOUND = [
    ("email", "write to Joe.Bloggs+x@example.co.uk, please", ["Joe.Bloggs+x@example.co.uk"]),
    ("email", "a@b.com;c@d.org", ["a@b.com", "c@d.org"]),
    ("email", "<ana@münchen.de>", ["ana@münchen.de"]),
    ("phone", "call +44 20 7946 0958", ["+44 20 7946 0958"]),
    ("phone", "(415) 555-2671 or 415.555.2672", ["(415) 555-2671", "415.555.2672"]),
    ("phone", "020 7946 0958 is the office", ["020 7946 0958"]),
    ("phone", "text 07911123456", ["07911123456"]),
    ("phone", "tel:+14155552671", ["+14155552671"]),
    ("phone", "ring +91-98765-43210 ext. 12", ["+91-98765-43210 ext. 12"]),
    ("iban", "to DE89 3704 0044 0532 0130 00 by noon", ["DE89 3704 0044 0532 0130 00"]),
    ("iban", "gb33bukb20201555555555", ["gb33bukb20201555555555"]),
    ("card", "4111 1111 1111 1111 exp 12/29", ["4111 1111 1111 1111"]),
    ("card", "3782-822463-10005.", ["3782-822463-10005"]),
    ("card", "2223003122003222", ["2223003122003222"]),
    ("card", "my maestro is 501864667909", ["501864667909"]),
    ("card", "4111\u202f1111\u202f1111\u202f1111 exp 12/29", ["4111\u202f1111\u202f1111\u202f1111"]),
    (
        "iban",
        "DE89\u20093704\u20090044\u20090532\u20090130\u200900",
        ["DE89\u20093704\u20090044\u20090532\u20090130\u200900"],
    ),
    ("ssn", "it is 219\u201109\u20119999", ["219\u201109\u20119999"]),
    ("phone", "我的手机号13800138000", ["13800138000"]),
    ("ip", "from 203.0.113.7:8080.", ["203.0.113.7"]),
    ("ip", "[2001:db8::1]:443 and fe80::1", ["2001:db8::1", "fe80::1"]),
    ("ssn", "it is 219-09-9999", ["219-09-9999"]),
    ("ssn", "SSN: 219 09 9999", ["219 09 9999"]),
    ("secret", f"key={AWS_KEY}", [AWS_KEY]),
    ("secret", f'"{GITHUB_TOKEN}"', [GITHUB_TOKEN]),
    ("secret", f"{STRIPE_KEY},", [STRIPE_KEY]),
    ("secret", f"Bearer {JWT}.", [JWT]),
    ("secret", "https://joe:hunter2@db.example.com/x", ["hunter2"]),
    ("secret", f"keep this:\n{KEY_BLOCK}\nsafe", [KEY_BLOCK]),
    ("secret", f"{CUT_KEY}\nand so on", [CUT_KEY]),
    ("secret", f"my key:\n{PUTTY_KEY}\nok?", [PUTTY_KEY]),
    ("secret", "DB_PASSWORD=harbour42Harbour", ["harbour42Harbour"]),
    ("secret", "//r.io/:_authToken=npm_abcdefghij # mine", ["npm_abcdefghij"]),
]

LOOK_ALIKES = [
    "It costs $1,234,567.89 or 1299.00 EUR, 12.345.678,90 € at most",
    "2023-10-05 12:30:45, 05/10/2023, 10.05.2023, 2024-01-01T00:00:00Z",
    "call me on 2023-10-05 about it",
    "version 1.2.3.4, v10.0.0.1, Build 10.0.19045.3803 and release: 4.5.6.7",
    "order number 114-3941689-8772232, order 4155552671, invoice 20231005",
    "my order number is 415-555-2671",
    "order no. 4000123412341235 and 1111 1111 1111 1111",
    "ISBN 978-3-16-148410-0, doi:10.1038/nature12373",
    "tracking 1Z999AA10123456784, ZIP 94105-1234",
    "see chapter 1.2.3.4 and section 2.1.0.5",
    "123e4567-e89b-12d3-a456-426614174000 d41d8cd98f00b204e9800998ecf8427e",
    "timestamp 1700000000000, 1,000,000,000,000, 12345678901234567890",
    "pi is 3.14159265358979, at 40.712776, -74.005974",
    "1800 - 1170 = <<1800-1170=630>>630 and 95060-29100=65960",
    "std::vector, bad::cafe, aa:bb:cc:dd:ee:ff, ::",
    "255.255.255.0 on 127.0.0.1, 0.0.0.0, 999.1.1.1, 0.1.2.3.4.5",
    "left-pad@1.3.0, git@github.com:org/repo.git, @ana, user@localhost",
    "GB12 ABCD 1234 5678 9012 34 is no account",
    "000-12-3456, 666-12-3456, 900-12-3456, 219 09 9999",
    "1990-1995, 2000-2010, 1 2 3 4 5 6 7 8 9 10 11 12",
    "my password is the name of my dog; BEGIN RSA PRIVATE KEY is its first line",
    "APARTMENTS and SKYSCRAPERS",
]


@pytest.fixture(scope="module")
def everything():
    return privacy()


def said(*texts):
    turns = tuple(Turn(("user", "assistant")[place % 2], text) for place, text in enumerate(texts))
    return Row("row", turns, "chat", "path:x", "x.jsonl", 1)


def redact(row, findings):
    """The turns with every replacement made."""
    texts = [turn.content for turn in row.turns]
    for span in sorted((s for f in findings for s in f.spans), key=lambda s: -s.start):
        texts[span.turn] = texts[span.turn][: span.start] + span.replacement + texts[span.turn][span.end :]
    return texts


@pytest.mark.parametrize(("kind", "text", "values"), FOUND, ids=[f"{kind}: {text[:20]}" for kind, text, _ in FOUND])
def test_what_is_found(everything, kind, text, values):
    (finding,) = everything.inspect([said(text)])
    assert finding.rule == kind
    assert [text[span.start : span.end] for span in finding.spans] == values
    assert finding.score == len(values)


@pytest.mark.parametrize("text", LOOK_ALIKES)
def test_look_alikes_are_left_alone(everything, text):
    assert list(everything.inspect([said(text)])) == []


@pytest.mark.parametrize(("kind", "text", "values"), FOUND, ids=[f"{kind}: {text[:20]}" for kind, text, _ in FOUND])
def test_no_finding_tells_what_it_found(everything, kind, text, values):
    for finding in everything.inspect([said(text)]):
        shown = json.dumps([finding.detail, finding.matched_text, [span.replacement for span in finding.spans]])
        assert not any(value in shown for value in values)


def test_one_value_has_one_placeholder_throughout_a_row(everything):
    row = said(
        "I'm ana@b.com, not bo@c.org; IBAN DE89370400440532013000", "Hello ANA@b.com, DE89 3704 0044 0532 0130 00?"
    )
    findings = list(everything.inspect([row]))
    assert redact(row, findings) == [
        "I'm <EMAIL_1>, not <EMAIL_2>; IBAN <IBAN_1>",
        "Hello <EMAIL_1>, <IBAN_1>?",
    ]
    assert [finding.detail for finding in findings] == [
        "e-mail address 3 times, 2 distinct, in turn 0 (user), 1 (assistant)",
        "bank account number (IBAN) 2 times, 1 distinct, in turn 0 (user), 1 (assistant)",
    ]


def test_numbers_go_on_after_placeholders_that_stand_there(everything):
    row = said("<EMAIL_4> wrote to me@b.com from <IP_1>")
    assert redact(row, everything.inspect([row])) == ["<EMAIL_4> wrote to <EMAIL_5> from <IP_1>"]


def test_a_redacted_row_holds_nothing_more(everything):
    row = said(*(text for _, text, _ in FOUND))
    again = said(*redact(row, everything.inspect([row])))
    assert list(everything.inspect([again])) == []


def test_where_two_kinds_overlap_the_more_certain_stands(everything):
    row = said("https://ana:b2c3@example.com/ and phone 4111 1111 1111 1111")
    assert redact(row, everything.inspect([row])) == ["https://ana:<SECRET_1>@example.com/ and phone <CARD_1>"]


def test_what_redaction_does_not_reach_is_said(everything):
    row = Row(
        "row",
        (Turn("user", "who?"), Turn("assistant", "", name="ana@b.com")),
        "choice",
        "s",
        "f",
        1,
        expected=Choice(("nobody", "203.0.113.7")),
    )
    (finding,) = everything.inspect([row])
    assert (finding.rule, finding.score, finding.spans) == ("unredactable", 2.0, ())
    assert finding.detail == (
        "where redaction does not reach: e-mail address in turn 1's speaker, IP address in choice 1"
    )


def test_slices_and_groups_are_handed_on_with_a_row_and_looked_through_too(everything):
    row = Row("r", (Turn("user", "hi"),), "chat", "s", "f", 1, slice="mails of ana@b.com", group="203.0.113.7")
    (finding,) = everything.inspect([row])
    assert (finding.rule, finding.spans) == ("unredactable", ())
    assert finding.detail == ("where redaction does not reach: e-mail address in its slice, IP address in its group")
    named = Row("r", (Turn("user", "hi"),), "chat", "s", "f", 1, slice="cards", group="user 12")
    assert list(everything.inspect([named])) == []


def test_other_notations_of_one_datum_have_one_placeholder(everything):
    row = said("ｊａｎｅ＠ｅｘａｍｐｌｅ．ｃｏｍ、JANE@example.com", "jane＠example.com。电话：１３８１２３４５６７８")
    assert redact(row, everything.inspect([row])) == ["<EMAIL_1>、<EMAIL_1>", "<EMAIL_1>。电话：<PHONE_1>"]


def test_what_was_found_once_is_found_where_nothing_gives_it_away(everything):
    row = said("my SSN is 219 09 9999", "219 09 9999?", "not 219 09 99991, 1219 09 9999; (219 09 9999)")
    assert redact(row, everything.inspect([row])) == [
        "my SSN is <SSN_1>",
        "<SSN_1>?",
        "not 219 09 99991, 1219 09 9999; (<SSN_1>)",
    ]
    tool = Row(
        "r",
        (Turn("user", "my SSN is 219 09 9999"), Turn("assistant", [ToolCall("f", {"n": "219 09 9999"})])),
        "chat",
        "s",
        "f",
        1,
    )
    assert [finding.rule for finding in everything.inspect([tool])] == ["ssn", "unredactable"]


def test_a_short_or_plain_password_is_not_taken_for_every_word_like_it(everything):
    row = said("postgres://admin:admin@db/x", "the admin said admin")
    assert redact(row, everything.inspect([row])) == ["postgres://admin:<SECRET_1>@db/x", "the admin said admin"]


def test_an_answer_that_is_one_of_the_choices_is_redacted_with_it(everything):
    turns = (Turn("user", "whose?"), Turn("assistant", "ana@b.com"))
    row = Row("r", turns, "choice", "s", "f", 1, expected=Choice(("ana@b.com", "nobody's")))
    assert [finding.rule for finding in everything.inspect([row])] == ["email"]


def test_tool_calls_are_read_as_what_they_say(everything):
    row = Row("r", (Turn("assistant", [ToolCall("send", {"to": "jos\u00e9@b.com"})]),), "chat", "s", "f", 1)
    nested = Row("n", (Turn("assistant", [ToolCall("send", "[" * 100_000 + "ana@b.com")]),), "chat", "s", "f", 1)
    assert [finding.rule for finding in everything.inspect([row, nested])] == ["unredactable", "unredactable"]


def test_other_answers_are_redacted_as_the_conversation_is(everything):
    row = Row("r", (Turn("user", "whose?"), Turn("assistant", "Ana's")), "chat", "s", "f", 1)
    several = replace(row, expected=References(("Ana's", "ana@b.com")))
    rejected = replace(row, expected=Preference(row.turns[1:], (Turn("assistant", "write to ana@b.com"),)))
    for told, kept in ((several, ["<EMAIL_1>"]), (rejected, ["write to <EMAIL_1>"])):
        (finding,) = everything.inspect([told])
        edits = [Edit(span.turn, span.start, span.end, span.replacement, True, 0) for span in finding.spans]
        done, _ = rewrite(told, edits)
        assert [turn.content for turn in done.all_turns[2:]] == kept
        assert list(everything.inspect([done])) == []


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"expected": Check("python", "mail('ana@b.com')")}, "its tests"),
        ({"tools": ({"function": {"name": "f", "description": "as ana@b.com"}},)}, "its tools"),
        ({"turns": (Turn("user", "hi", name="ana@b.com"),)}, "turn 0's speaker"),
        ({"turns": (Turn("assistant", "hi", reasoning="to ana@b.com?"),)}, "turn 0's reasoning"),
    ],
)
def test_what_a_row_holds_beside_its_words_is_looked_through(everything, more, place):
    row = replace(Row("r", (Turn("user", "hi"),), "chat", "s", "f", 1), **more)
    (finding,) = everything.inspect([row])
    assert (finding.rule, finding.spans) == ("unredactable", ())
    assert finding.detail.endswith(f"e-mail address in {place}")


def test_empty_and_odd_rows_hold_nothing(everything):
    rows = [Row("none", (), "chat", "s", "f", 1), said("", "  "), said("船 🚢 \ud800 \x00"), said("٠١٢٣٤٥٦٧٨٩ ۴۱۱۱")]
    assert list(everything.inspect(rows)) == []
    assert list(everything.inspect([])) == []


@pytest.mark.parametrize("filler", ["a", "a@", "1 ", "eyJ.", "x-", "12345 ", "://a:"])
def test_a_datum_in_a_megabyte_is_found(everything, filler):
    half = filler * (500_000 // len(filler))
    (finding,) = everything.inspect([said(f"{half}\n ana@b.com \n{half}")])
    assert finding.rule == "email"
    assert [(span.start, span.end) for span in finding.spans] == [(len(half) + 2, len(half) + 11)]


@settings(max_examples=60, deadline=None)
@given(
    found=st.lists(st.sampled_from(FOUND), max_size=4),
    words=st.lists(st.sampled_from(["the sea", "ändert", "船", "and so", "!"]), min_size=4, max_size=4),
)
def test_no_datum_survives_redaction(everything, found, words):
    row = said("\n\n".join(f"{word} {text}" for word, (_, text, _) in zip(words, found, strict=False)))
    findings = list(everything.inspect([row]))
    (text,) = redact(row, findings)
    assert not any(value in text for _, _, values in found for value in values)
    spans = sorted((span.start, span.end) for finding in findings for span in finding.spans)
    assert all(first[1] <= second[0] for first, second in pairwise(spans))


@pytest.mark.parametrize("kind", PRECEDENCE)
def test_only_the_kinds_asked_for_are_looked_for(kind):
    row = said(*(text for _, text, _ in FOUND))
    assert {finding.rule for finding in privacy(kinds=[kind]).inspect([row])} == {kind}


def test_national_numbers_are_those_of_the_regions():
    text = said("01 84 17 61 18")
    assert list(privacy(kinds=["phone"]).inspect([text])) == []
    assert [f.rule for f in privacy(kinds=["phone"], regions=["FR"]).inspect([text])] == ["phone"]
    assert [f.rule for f in privacy(kinds=["phone"], regions=[]).inspect([said("+33 1 84 17 61 18")])] == ["phone"]


def test_wrong_options_are_refused():
    with pytest.raises(UsageError, match="'UK' is no region with telephone numbers"):
        privacy(kinds=["phone"], regions=["UK"])
    with pytest.raises(UsageError, match="there are: secret, email"):
        recognisers(["name"])
    with pytest.raises(UsageError, match="kinds: 'empty'"):
        privacy(kinds=[])


def test_nothing_is_fetched(monkeypatch):
    import socket

    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: pytest.fail("reached for the network"))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("reached for the network"))
    (finding,) = privacy(kinds=["email"]).inspect([said("ana@example.com")])
    assert finding.rule == "email"


def test_the_hook_brings_the_filter():
    (component,) = seatrial_filters()
    assert (component.name, component.place, component.rules) == ("privacy", "rows", RULES)
    actions = {rule.name: rule.action for rule in RULES}
    assert actions.pop("unredactable") == "drop"
    assert set(actions) == {*PRECEDENCE, "identifier", "name"}
    assert set(actions.values()) == {"redact"}


@pytest.mark.parametrize("kind", KINDS)
def test_the_bars_hold_on_generated_texts(everything, kind):
    examples = [*data(kind, 200, seed=3), *look_alikes(kind, 200, seed=3)]
    rows = [Row(str(place), (Turn("user", one.text),), "chat", "s", "f", 1) for place, one in enumerate(examples)]
    found, wrong = set(), 0
    for finding in everything.inspect(rows):
        example = examples[int(finding.row)]
        for span in finding.spans:
            if example.span and finding.rule == kind and span.start <= example.span[0] and example.span[1] <= span.end:
                found.add(finding.row)
            else:
                wrong += 1
    assert len(found) >= 198
    assert wrong <= 6


@pytest.mark.parametrize("kind", PRECEDENCE)
@settings(max_examples=60, deadline=None)
@given(drawn=st.data())
def test_a_text_without_the_sign_holds_nothing(kind, drawn):
    (recogniser,) = BUILT[kind]
    pieces = st.one_of(
        st.sampled_from([text for _, text, _ in FOUND]),
        st.sampled_from(GENERATED[kind]),
        st.text(alphabet="0123456789 .:-()+@/aeXZ€\xa0", max_size=30),
    )
    text = drawn.draw(st.lists(pieces, max_size=3).map(" ".join))
    start = drawn.draw(st.integers(0, max(0, len(text) - 1)))
    text = text[start : start + drawn.draw(st.integers(0, 60))]
    if recogniser.sign is not None and not recogniser.sign.search(text):
        assert list(recogniser.find(text)) == []


@pytest.mark.data
def test_recall_and_precision_on_labelled_documents(everything):
    if not DATA.is_file():
        pytest.skip("needs ../shared/data/presidio beside the checkout")
    names = {
        "EMAIL_ADDRESS": "email",
        "PHONE_NUMBER": "phone",
        "IBAN_CODE": "iban",
        "CREDIT_CARD": "card",
        "IP_ADDRESS": "ip",
        "US_SSN": "ssn",
    }
    found, wanted, wrong = dict.fromkeys(names.values(), 0), dict.fromkeys(names.values(), 0), 0
    for document in json.loads(DATA.read_text(encoding="utf-8")):
        spans = [(f.rule, s.start, s.end) for f in everything.inspect([said(document["full_text"])]) for s in f.spans]
        true = [s for s in document["spans"] if s["entity_type"] in names]
        for span in true:
            kind, start, end = names[span["entity_type"]], span["start_position"], span["end_position"]
            wanted[kind] += 1
            found[kind] += any(k == kind and first <= start and end <= last for k, first, last in spans)
        wrong += sum(all(e <= t["start_position"] or s >= t["end_position"] for t in true) for _, s, e in spans)
    for kind in ("email", "iban", "card", "ip", "ssn"):
        assert found[kind] == wanted[kind] > 0
    assert found["phone"] / wanted["phone"] >= 0.9
    assert wrong == 0


def test_placeholders_are_typed(everything):
    row = said(*(text for _, text, _ in FOUND))
    replacements = {span.replacement for finding in everything.inspect([row]) for span in finding.spans}
    assert {re.sub(r"_\d+>", ">", replacement) for replacement in replacements} == {
        f"<{kind.upper()}>" for kind in PRECEDENCE
    }
