import pytest

from seatrial_plugins.privacy.email_address import EmailAddressRecogniser


@pytest.fixture(scope="module")
def recogniser():
    return EmailAddressRecogniser()


def written(recogniser, text):
    return [text[datum.start : datum.end] for datum in recogniser.find(text)]


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("ana@b.com", ["ana@b.com"]),
        ("Ask Ana.Silva+news@mail.b.co.uk...", ["Ana.Silva+news@mail.b.co.uk"]),
        ("<ana.o'neil@b-c.org>, (x@y.io); z_1@q.dev/", ["ana.o'neil@b-c.org", "x@y.io", "z_1@q.dev"]),
        ("**ana@b.com** `bo@c.org` |di@e.net|", ["ana@b.com", "bo@c.org", "di@e.net"]),
        ('{"mail":"ana@b.com"} 17,bo@c.org,2', ["ana@b.com", "bo@c.org"]),
        ("email=ana@b.com&x=1, https://x.example/?user=bo@c.org&n=1", ["ana@b.com", "bo@c.org"]),
        ("mailto:ana@b.com?subject=hi", ["ana@b.com"]),
        ('"ana silva"@b.com is legal', ['"ana silva"@b.com']),
        ("a!b=c@d.com keeps what RFC 5322 allows inside", ["a!b=c@d.com"]),
        (
            "josé@b.com, ana@münchen.de, ana@пример.рф, 用户@例子.中国",
            ["josé@b.com", "ana@münchen.de", "ana@пример.рф", "用户@例子.中国"],
        ),
        ("ana@xn--mnchen-3ya.de and ana@x.xn--p1ai", ["ana@xn--mnchen-3ya.de", "ana@x.xn--p1ai"]),
        ("请发邮件到ana@b.com谢谢", ["ana@b.com"]),
        ("連絡先：ana@b.co.jpまで", ["ana@b.co.jp"]),
        ("อีเมลana@b.comครับ", ["ana@b.com"]),
        ("ana@b.com_ and ana@b.com.", ["ana@b.com", "ana@b.com"]),
        ("x..ana@b.com", ["ana@b.com"]),
        ("ana@mail.pl", ["ana@mail.pl"]),
    ],
)
def test_addresses_are_found_without_what_stands_round_them(recogniser, text, addresses):
    assert written(recogniser, text) == addresses


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "a@b",
        "@ana.silva",
        "ana@.com and ana@ b.com",
        "ana.@b.com",
        "left-pad@1.3.0 @types/node@18.0.1",
        "git@github.com:a/b.git",
        "https://ana@git.example.com/x.git",
        "postgres://ana:pw@db.example.com/x",
        "pip install git+https://github.com/a/b@v1.2.3",
        "root@nas.local",
        "y = W @ x.T, A@B.T, q@k.transpose(-1, -2)",
        "icon@2x.png, 5@3.99 each",
        "user@1000.service",
        "@pytest.mark.slow",
        "x@sha256:0123456789abcdef",
    ],
)
def test_what_only_has_an_at_in_it_is_none(recogniser, text):
    assert written(recogniser, text) == []


def test_letter_case_makes_no_difference_to_the_value(recogniser):
    assert [datum.value for datum in recogniser.find("Ana@B.com ANA@b.COM")] == ["ana@b.com", "ana@b.com"]


def test_a_key_is_taken_off_only_where_it_is_one(recogniser):
    assert written(recogniser, "to=ana@b.com ana=silva@b.com") == ["ana@b.com", "ana=silva@b.com"]
