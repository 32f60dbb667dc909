import pytest

from seatrial_plugins.privacy.ip_address import IPAddressRecogniser

RECOGNISER = IPAddressRecogniser()


def written(text):
    return [text[datum.start : datum.end] for datum in RECOGNISER.find(text)]


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("203.0.113.7", ["203.0.113.7"]),
        ("http://203.0.113.7:80/x, 203.0.113.0/24.", ["203.0.113.7", "203.0.113.0"]),
        ("17,203.0.113.7,2", ["203.0.113.7"]),
        ("203.0.113.7-254", ["203.0.113.7"]),
        ("<203.0.113.7> ip.addr==203.0.113.8", ["203.0.113.7", "203.0.113.8"]),
        ("地址是203.0.113.7吗", ["203.0.113.7"]),
        ("login from 5.4.3.2", ["5.4.3.2"]),
        ("10.0.2.15 answers, 11.2.0.4:80 too", ["10.0.2.15", "11.2.0.4"]),
        ("2001:db8::1 [2001:db8::2]:443 2001:DB8::3/64", ["2001:db8::1", "2001:db8::2", "2001:DB8::3"]),
        ("2001:0db8:0000:0000:0000:0000:0000:0001", ["2001:0db8:0000:0000:0000:0000:0000:0001"]),
        ("fe80::1%eth0", ["fe80::1%eth0"]),
        ("::ffff:203.0.113.7", ["::ffff:203.0.113.7"]),
        ("203.0.113.7 at 2001:db8::1", ["203.0.113.7", "2001:db8::1"]),
    ],
)
def test_addresses_are_found(text, addresses):
    assert written(text) == addresses


@pytest.mark.parametrize(
    "text",
    [
        "",
        "version 20.3.113.7, v20.3.113.7, Version=4.0.0.0, build: 20.3.113.7, rev 20.3.113.7",
        "upgraded from 20.3.113.7 to 20.3.113.8",
        "Chrome/120.3.113.7 nginx 20.3.113.7 torch==20.3.113.7 x~=20.3.113.7",
        "app-20.3.113.7.exe libfoo.so.20.3.113.7",
        "§ 20.3.113.7 section 20.3.113.7 oid 2.5.29.15 1.3.6.1.4.1.311",
        "4.1.2.3 Installation",
        "Oracle 11.2.0.4 and 19.22.0.0, supported since 17.0.2.1 or since 203.0.113.7",
        "255.255.255.0 127.0.0.1 0.0.0.0 224.0.0.1 256.1.1.1 [::1] ::",
        "196.120.138.197 €",
        "a[1::2] a[::2] f(x)[1::3] aa:bb:cc:dd:ee:ff 12:30:45 std::cafe",
        "1:2:3:4:5:6:7:8",
        "abcd::1",
    ],
)
def test_versions_sections_masks_and_slices_are_none(text):
    assert written(text) == []


def test_notations_of_one_address_have_one_value():
    full, short = RECOGNISER.find("2001:0DB8:0:0:0:0:0:1 2001:db8::1")
    assert full.value == short.value == "2001:db8::1"
