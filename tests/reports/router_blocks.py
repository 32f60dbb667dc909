"""What the components of the router's run hand over to be shown: every kind of block."""

from __future__ import annotations

from collections.abc import Callable

from seatrial.blocks import Bar, Bars, Block, Diff, DiffItem, Distribution, Example, Examples, Table, Text

PICTURE = "0badc0de" * 8

Say = Callable[[str], str]


def of_answers(say: Say) -> list[Block]:
    """Of the scorer that asks for labels."""
    rights = (("technical help", 13, 17), ("billing", 14, 18), ("delivery", 14, 17), ("smalltalk", 17, 17))
    return [
        Text(say("Wrong answers"), [say("11 of 104 answers are wrong.")]),
        Bars(
            say("Accuracy by class, worst first"),
            [
                Bar(
                    say(name), right / n, right / n - 0.2, min(right / n + 0.1, 1.0), n, cells=(say(f"{right} of {n}"),)
                )
                for name, right, n in rights
            ],
            columns=(say("Right"),),
            says=say("With Wilson’s 95% interval."),
        ),
        Table(
            say("What is taken for what"),
            (say("Right would be"), say("Answered"), say("Times"), say("The other way round")),
            [
                (say("billing"), say("card payment"), "4 of 18", "0 of 18"),
                (say("technical help"), say("smalltalk"), "4 of 17", ""),
            ],
            of=7,
        ),
        Examples(
            say("The surest mistakes"),
            [
                Example(
                    say(f"{place:016x}"),
                    [
                        ("asked", say(f"Message {place}: I was charged twice, and the parcel never came.")),
                        (say("answered"), say("✗ smalltalk")),
                        ("right is", say("✓ technical help")),
                        ("confidence", "0.833"),
                    ],
                    pictures=(PICTURE,) if place == 0 else (),
                )
                for place in range(9)
            ],
            says=say("Worth reading first."),
            of=11,
        ),
    ]


def of_attacks(say: Say) -> list[Block]:
    """Of the scorer that changes texts."""
    return [
        Table(
            say("What became of the rows"),
            ("Outcome", "What it means", "Rows"),
            [(say("succeeded"), say("the answer flipped"), "13"), ("failed", "withstood the attack", "1,012")],
        ),
        Diff(
            say("The attacked texts"),
            [
                DiffItem(
                    say(f"{place:016x}"),
                    say("Why was my card charged twice for one order?"),
                    say("Why was my crad charged twcie for one odrer?"),
                    says=say("by hand"),
                    fields=((say("outcome"), say("succeeded after 31 queries")), ("before", say("billing (0.930)"))),
                )
                for place in range(8)
            ],
            says=say("Flipped answers first."),
            of=37,
        ),
    ]


def of_times(say: Say) -> list[Block]:
    """Of the scorer that times requests."""
    return [
        Distribution(
            say("Time to the first token"),
            [60.0, 61.0, 62.0, 63.0, 64.0, 65.0],
            [4, 19, 12, 0, 9],
            say("ms"),
            marks=((say("median"), 61.3), ("slowest", 64.9)),
            says=say("44 requests."),
        )
    ]


def of_toxicity(say: Say) -> list[Block]:
    """Of a row filter that counts."""
    return [
        Text(say("More often"), [say("rows that name sikh are flagged more often than others.")], alarming=True),
        Bars(
            say("Does it flag rows for the groups that they name?"),
            [
                Bar(say("names none"), 0.03, 0.014, 0.056, 300, cells=("9 of 300", "", "")),
                Bar(
                    say("sikh"), 0.5, 0.36, 0.64, 50, mark=say("more often"), cells=("25 of 50", say("+0.470"), "16.7")
                ),
                Bar(say("hindu"), 0.0, 0.0, 0.137, 25, cells=("0 of 25", "-0.030", "0.00")),
            ],
            reference=0.03,
            reference_name=say("names none"),
            columns=(say("Flagged"), "More than none", "Times as often"),
            says=say("A row counts for each term that it names."),
        ),
        Text(say("What is not compared"), [say("Too few rows: elderly 5."), say("List of terms: the suite.")]),
    ]


def of_leaks(say: Say) -> list[Block]:
    """Of a filter that holds train against the held-out rows."""
    return [
        Table(
            say("What must not stand in train, and what of it does"),
            ("Texts", "Items", "Given away", "By rule"),
            [
                ("held-out", "129", "4 (3.1%)", say("tulu3 4 (3.1%)")),
                (say("humaneval"), "164", "0", say("tulu3 0 (12 not looked for)")),
            ],
            says=say("A text that these rules do not see is not found."),
        )
    ]


def of_gaps(say: Say) -> list[Block]:
    """Of a filter that looks for gaps between train and test."""
    topics = [(f"parcel, late, {at}", 0 if at == 0 else 300 - at, 40 - at) for at in range(16)]
    return [
        Text(
            say("Kinds of rows"),
            [say("test has kinds of rows that train lacks: passcode, reset (39 rows).")],
            alarming=True,
        ),
        Table(
            say("Gaps between train and test"),
            ("Rows by", "In test, none or few in train", "In train, none or few in test", "Divergence"),
            [(say("topic"), say("1: parcel, late, 0"), "none", "0.047 bits, where chance alone gives about 0.006")],
        ),
        Bars(
            say("Rows by topic"),
            [
                Bar(
                    say(name),
                    rows / of,
                    says=say("“Where is my parcel?”; 122 would be expected in train") if not train else "",
                    series=say(split),
                    mark=say("none in train") if not train else "",
                    cells=(say(f"train {train}, test {test}"),),
                )
                for name, train, test in topics
                for split, rows, of in (("train", train, 4380), ("test", test, 520))
            ],
            columns=("Rows",),
            of=20,
        ),
    ]


def of_a_plugin(say: Say) -> list[Block]:
    """What a plugin adds to the reports."""
    return [
        Text(say("Energy"), [say("Measured at the socket, idle power taken off.")]),
        Table(
            say("By phase"), [say("Phase"), say("Wh")], [[say("training"), say("1.9")], [say("scoring"), say("0.4")]]
        ),
        Bars(
            say("Compared"),
            [Bar(say("this run"), 2.3), Bar("an earlier one", -1.5, says=say("on batteries"))],
            unit=say("Wh"),
        ),
        Bars(say("None"), []),
        Table(say("Nothing"), [], []),
    ]
