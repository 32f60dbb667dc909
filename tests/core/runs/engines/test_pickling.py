"""What goes from one process to another: errors keep their words and their exit code."""

import pickle
import threading
from pathlib import Path

import pytest

from seatrial.errors import PluginError, Problem, StageError, SuiteError, TrainingError, UsageError
from seatrial.runs.engines.pickling import carriable_errors


class NeedyError(Exception):
    def __init__(self, what, *, where):
        super().__init__(f"{what} at {where}")


class NeedyUsageError(PluginError):
    def __init__(self, what, *, where):
        super().__init__(f"{what} at {where}")


class HoldingError(TrainingError):
    def __init__(self, message):
        super().__init__(message)
        self.lock = threading.Lock()


class ForgetfulError(ValueError):
    """Comes back, with other words."""

    def __init__(self, message="nothing"):
        super().__init__()
        self.message = message

    def __str__(self):
        return self.message

    def __reduce__(self):
        return ForgetfulError, ()


def raised(error):
    try:
        with carriable_errors():
            raise error  # noqa: TRY301 - it goes through the block
    except BaseException as caught:
        return caught


@pytest.mark.parametrize(
    "error", [StageError("no disk"), ValueError("no", 2), KeyError("x"), OSError(28, "No space left on device")]
)
def test_an_error_that_can_be_opened_elsewhere_is_left_alone(error):
    assert raised(error) is error


@pytest.mark.parametrize(
    ("error", "kind", "said"),
    [
        (NeedyError("none", where="home"), StageError, "NeedyError: none at home"),
        (NeedyUsageError("none", where="home"), PluginError, "none at home"),
        (HoldingError("no loss"), TrainingError, "no loss"),
        (ForgetfulError("of much"), StageError, "ForgetfulError: of much"),
        (SuiteError([Problem(3, "train.r", "must be 1 or more")], Path("s.yaml")), UsageError, ":3: train.r: must be 1 or more"),
        (SystemExit(0), StageError, "SystemExit: 0"),
    ],
)  # fmt: skip
def test_one_that_cannot_becomes_the_nearest_of_ours_with_the_same_words(error, kind, said):
    plain = raised(error)
    assert type(plain) is kind
    assert str(plain) == said
    assert plain.__cause__ is error
    again = pickle.loads(pickle.dumps(plain))
    assert (type(again), str(again)) == (kind, said)


def test_one_of_a_class_that_only_this_function_knows_becomes_ours():
    class LocalError(Exception):
        pass

    assert str(raised(LocalError("here"))) == "LocalError: here"


def test_an_interrupt_stays_one():
    assert type(raised(KeyboardInterrupt())) is KeyboardInterrupt
