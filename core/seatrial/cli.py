"""The command line as a process: what ends a command, however it does, becomes an exit code and a sentence."""

from __future__ import annotations

import signal
import sys
import traceback
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict

import typer

from seatrial.commands import InterruptedRunError, answer, app, console_for
from seatrial.errors import Problem, SeatrialError, SuiteError
from seatrial.plugin.raised import telling_interrupts
from seatrial.supervision import supervised

__all__ = ["main"]

_DECIDING = {"check", "data", "gate", "plan", "report", "run", "score", "search"}
"""Commands whose exit code says how something ended, while plugins work."""


def _fail(message: str, code: int, problems: Sequence[Problem] = (), *, said: bool = False) -> int:
    """Say on standard error what went wrong, and where a program reads the answer, say it there. Returns the exit code."""
    from seatrial.terminal.streams import is_apart

    if not said:
        print(f"seatrial: {message}", file=sys.stderr)
    if is_apart():
        answer({"exit_code": code, "error": message, "problems": [asdict(problem) for problem in problems]})
    return code


def _as_json(arguments: Sequence[str]) -> bool:
    """Whether the command line asks for JSON, also where it is wrong otherwise."""
    options = list(arguments)
    return "--json" in (options[: options.index("--")] if "--" in options else options) or options[:1] == ["schema"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit; a `SeatrialError` is a message, never a traceback."""
    from seatrial.terminal.ending import no_more_interrupts
    from seatrial.terminal.streams import answer_apart, lasting_streams

    given, heeds = sys.argv[1:] if arguments is None else list(arguments), signal.getsignal(signal.SIGINT)

    def work() -> int:
        with telling_interrupts(), lasting_streams(), answer_apart() if _as_json(given) else nullcontext():
            code = _exit_code(given)
            if arguments is None:
                no_more_interrupts()  # the code is decided, and what is left is the interpreter's own end
            return code

    def tell_end(message: str, code: int) -> None:
        with lasting_streams(), answer_apart() if _as_json(given) else nullcontext():
            _fail(message, code)

    decides = arguments is None and _DECIDING.intersection(given[:1])
    code = supervised(work, tell_end) if decides else work()
    if arguments is not None and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, heeds)
    sys.exit(code)


def _exit_code(arguments: Sequence[str]) -> int:
    try:
        code = app(args=list(arguments), standalone_mode=False)
        sys.stdout.flush()
    except SuiteError as error:
        console_for().problems(error)
        return _fail(str(error), error.exit_code, error.problems, said=True)
    except SeatrialError as error:
        return _fail(str(error), error.exit_code)
    except typer.Exit as stop:
        return stop.exit_code
    except OSError as error:  # a disk that is full, a folder that may not be written
        where = f"{error.filename}: " if error.filename is not None else ""
        return _fail(f"{where}{error.strerror.lower() if error.strerror else error}", SeatrialError.exit_code)
    except BaseException as error:  # noqa: BLE001 - Python's own exit code, 1, says that a gate failed
        if isinstance(error, KeyboardInterrupt):
            return _fail("interrupted", InterruptedRunError.exit_code)
        if hasattr(error, "format_message"):
            error.show()  # type: ignore[attr-defined]  # a click exception, which typer may have vendored
            return _fail(error.format_message(), 2, said=True)
        traceback.print_exc()
        return _fail("this is a defect of seatrial or of a plugin, not of what it was given", SeatrialError.exit_code)
    if code == InterruptedRunError.exit_code:  # Ctrl-C where no run can go on; typer makes a code of it
        return _fail("interrupted", code)
    return code if isinstance(code, int) else 0
