"""The log of a run: what is warned of, and the traceback of what ended it, as JSON lines in the run folder."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from seatrial.runs.run_folder import RunFolder

__all__ = ["logged"]


@contextmanager
def logged(folder: RunFolder) -> Iterator[None]:
    """Keep warnings, and the traceback of what ends the run, in `log.jsonl` of the run folder."""
    log = logging.getLogger("seatrial")
    handler = _LogFile(folder / "log.jsonl", encoding="utf-8", errors="backslashreplace")
    handler.setFormatter(_JsonLines())
    log.addHandler(handler)
    try:
        yield
    except BaseException as error:
        log.error("%s", error, extra={"trace": "".join(traceback.format_exception(error))})  # noqa: TRY400 - it is in `trace`
        raise
    finally:
        log.removeHandler(handler)
        handler.close()


class _LogFile(logging.FileHandler):
    """A log that says nothing on the terminal where it cannot be written: what is wrong is said there already."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        del record


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        import json

        said = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
        }
        if trace := getattr(record, "trace", None):
            said["trace"] = trace
        return json.dumps(said, ensure_ascii=False)
