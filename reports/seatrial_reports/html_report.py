"""index.html: the whole trial in one file that opens anywhere, without network and without script.

Everything that is written goes through one door: Jinja's autoescape turns markup into text, and `finalize` shows what a
browser would obey or hide (control and bidirectional characters) as `‹U+202E›`. The page forbids itself all loading
and every script by its Content-Security-Policy.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.runs.result import Result
from seatrial.runs.store import atomic_file
from seatrial.terminal.legible import legible
from seatrial_reports.drawing import draw
from seatrial_reports.pictures import embedded
from seatrial_reports.view import View, build_view

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["HtmlReport", "render_html"]


class HtmlReport:
    """Writes index.html."""

    def write(self, result: Result, folder: Path) -> Sequence[Path]:
        """One file."""
        path = folder / "index.html"
        with atomic_file(path) as part:
            part.write_text(render_html(build_view(result)), encoding="utf-8")
        return [path]


def render_html(view: View) -> str:
    """The page as text."""
    return _environment().get_template("report.html.j2").render(view=view, pictures=embedded(view.pictures))


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("seatrial_reports"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["drawn"] = draw
    return environment


def _shown(value: object) -> object:
    """What a template expression becomes before it is escaped; markup that the templates made stays as it is."""
    return legible(value) if type(value) is str else value
