"""Nobody is asked twice because somebody else's request failed."""

import pytest

from seatrial import Generation
from seatrial.errors import StageError
from seatrial_plugins.endpoints.settled import Settled


class Asked:
    """Answers in capitals; fails where a request holds an exclamation mark."""

    def __init__(self):
        self.requests = []

    def __call__(self, requests):
        self.requests += requests
        return [
            StageError(f"no answer to {one}") if "!" in one else Generation(one.upper(), 1, finished=True)
            for one in requests
        ]


def texts(answers):
    return [answer.text for answer in answers]


def test_a_batch_that_is_answered_is_not_kept():
    settled, ask = Settled(), Asked()
    assert texts(settled.of(["a", "b", "a"], ask)) == ["A", "B", "A"]
    assert texts(settled.of(["a", "b"], ask)) == ["A", "B"]
    assert ask.requests == ["a", "b", "a", "b"]


def test_rows_of_a_failed_batch_are_answered_one_by_one_without_being_asked():
    settled, ask = Settled(), Asked()
    with pytest.raises(StageError, match="no answer to b!"):
        settled.of(["a", "b!", "c", "d!"], ask)
    assert texts(settled.of(["a"], ask)) == ["A"]
    with pytest.raises(StageError, match="no answer to b!"):
        settled.of(["b!"], ask)
    assert texts(settled.of(["c"], ask)) == ["C"]
    with pytest.raises(StageError, match="no answer to d!"):
        settled.of(["d!"], ask)
    assert ask.requests == ["a", "b!", "c", "d!"]


def test_so_are_halves_of_it():
    settled, ask = Settled(), Asked()
    with pytest.raises(StageError, match="d!"):
        settled.of(["a", "b", "c", "d!"], ask)
    assert texts(settled.of(["a", "b"], ask)) == ["A", "B"]
    with pytest.raises(StageError, match="d!"):
        settled.of(["c", "d!"], ask)
    assert texts(settled.of(["c"], ask)) == ["C"]
    assert ask.requests == ["a", "b", "c", "d!"]


def test_who_asks_again_after_an_error_was_told_asks_anew():
    settled, ask = Settled(), Asked()
    for _ in range(2):
        with pytest.raises(StageError, match="a!"):
            settled.of(["a!"], ask)
    assert ask.requests == ["a!", "a!"]


class NotingAsked(Asked):
    """Notes each answer as it comes; is killed where a request holds a dagger."""

    def __init__(self, settled):
        super().__init__()
        self.settled = settled

    def __call__(self, requests):
        for one in requests:
            if "†" in one:
                raise KeyboardInterrupt
            (outcome,) = super().__call__([one])
            if isinstance(outcome, Generation):
                self.settled.note(one, outcome)
            yield outcome


def test_what_was_answered_before_a_kill_is_not_asked_again(tmp_path):
    file = tmp_path / "answers.jsonl"
    first = Settled()
    first.keep(file)
    with pytest.raises(KeyboardInterrupt):
        first.of(["a", "b!", "ç\u2028", "†"], NotingAsked(first))
    with file.open("a") as stream:
        stream.write('7\n{"request": "no answer", "by": null}\n{"request": "cut o')  # as a kill leaves a line
    second = Settled()
    second.keep(file)
    ask = NotingAsked(second)
    with pytest.raises(StageError, match="b!"):
        second.of(["a", "b!", "ç\u2028", "d"], ask)
    assert texts(second.of(["ç\u2028"], ask)) == ["Ç\u2028"]
    assert ask.requests == ["b!", "d"]
    third = Settled()
    third.keep(file)
    assert texts(third.of(["a", "d"], ask)) == ["A", "D"]
    assert ask.requests == ["b!", "d"]


def test_other_rows_have_a_file_of_their_own(tmp_path):
    settled = Settled()
    ask = NotingAsked(settled)
    for name in ("1", "2"):
        settled.keep(tmp_path / name)
        assert texts(settled.of(["a", "b"], ask)) == ["A", "B"]
    assert ask.requests == ["a", "b", "a", "b"]
    assert (tmp_path / "1").read_text() == (tmp_path / "2").read_text()


def test_who_answered_before_a_kill_is_known_behind_it(tmp_path):
    file = tmp_path / "000000.answers"
    first = Settled()
    first.keep(file)
    first.note("a", Generation("A", 1, finished=True), "other-model")
    first.note("b", Generation("B", 1, finished=True), "never asked again")
    then, ask = Settled(), Asked()
    then.keep(file)
    assert texts(then.of(["a", "c"], ask)) == ["A", "C"]
    assert (ask.requests, then.by) == (["c"], {"other-model"})


def test_equal_rows_of_a_failed_batch_get_the_one_answer_that_was_given():
    settled, ask = Settled(), Asked()
    rows = ["a", "a", "b!", "b!", "c"]
    with pytest.raises(StageError):
        settled.of(rows, ask)
    for row in rows:
        if "!" in row:
            with pytest.raises(StageError):
                settled.of([row], ask)
        else:
            assert texts(settled.of([row], ask)) == [row.upper()]
    assert ask.requests == ["a", "b!", "c"]
    assert texts(settled.of(["a"], ask)) == ["A"]
    assert ask.requests[3:] == ["a"]


def test_what_a_request_took_is_told_once(tmp_path):
    def ask(requests):
        asked = [Generation(one, 1, True, {"seconds": 1.0}) for one in requests]
        for one in asked:
            settled.note(one.text, one)
        return [StageError("no") if one.text == "!" else one for one in asked]

    def took(rows):
        return [dict(one.took) for one in settled.of(rows, ask)]

    settled = Settled()
    settled.keep(tmp_path / "answers")
    assert took(["a", "a", "b"]) == [{"seconds": 1.0}, {"shared": 1}, {"seconds": 1.0}]
    with pytest.raises(StageError):
        settled.of(["c", "!", "c"], ask)
    assert [took(["c"]), took(["c"])] == [[{"seconds": 1.0}], [{"shared": 1}]]
    settled = Settled()  # after a kill
    settled.keep(tmp_path / "answers")
    assert [took(["a", "b"]), took(["a"])] == [[{"seconds": 1.0}] * 2, [{"shared": 1}]]


@pytest.mark.parametrize("line", [b"5", b"[1]", b"null", b'"a"', b'{"request": 1}', b"\xff\xfe"])
def test_a_line_that_is_no_answer_is_left_aside(tmp_path, line):
    file = tmp_path / "answers"
    settled, ask = Settled(), Asked()
    settled.keep(file)
    settled.note("a", Generation("A", 1, finished=True))
    file.write_bytes(line + b"\n" + file.read_bytes())
    again = Settled()
    again.keep(file)
    assert texts(again.of(["a", "b"], ask)) == ["A", "B"]
    assert ask.requests == ["b"]
