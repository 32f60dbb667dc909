"""The reports that seatrial ships: one HTML file for reviewers, Markdown, JSON, JUnit, and the model card."""

from __future__ import annotations

from collections.abc import Iterable

from seatrial.plugin.component import Component, ReportComponent
from seatrial.plugin.hooks import hookimpl
from seatrial.runs.result import Report

__all__ = ["html", "json", "junit", "markdown", "model_card", "seatrial_reports"]


def html() -> Report:
    """One HTML file that opens anywhere: no network, no script."""
    from seatrial_reports.html_report import HtmlReport

    return HtmlReport()


def markdown() -> Report:
    """The report in brief, as GitHub renders it."""
    from seatrial_reports.markdown_report import MarkdownReport

    return MarkdownReport()


def json() -> Report:
    """Verdict, gates, scores and counts for programs."""
    from seatrial_reports.json_report import JsonReport

    return JsonReport()


def junit() -> Report:
    """The gates as test cases, for CI servers."""
    from seatrial_reports.junit_report import JunitReport

    return JunitReport()


def model_card(
    *,
    name: str | None = None,
    license: str | None = None,  # noqa: A002 - the Hub's word
    language: list[str] | None = None,
) -> Report:
    """README.md as the Hugging Face Hub reads it: data, method, scores with their intervals, verdict, limits.

    Args:
        name: the model's; the suite's where nothing is said.
        license: the Hub's name of its licence, such as `apache-2.0`; where nothing is said the card says that it is not known.
        language: the languages that it is for, such as `[en, de]`.
    """
    from seatrial_reports.card import CardOptions, ModelCard

    return ModelCard(CardOptions(name, license, tuple(language or ())))


@hookimpl
def seatrial_reports() -> Iterable[Component[Report]]:
    """The kinds of report, each from the same saved result."""
    yield Component("html", html, "index.html: the whole trial in one file for reviewers, without network or script.")
    yield Component("markdown", markdown, "report.md: verdict, gates, scores, data and warnings in brief.")
    yield Component("json", json, "results.json: verdict, gates, scores and counts for programs.")
    yield Component("junit", junit, "junit.xml: one test case a gate, for CI servers.")
    yield ReportComponent(
        "model_card",
        model_card,
        "README.md: the card that goes with the model when it is handed on.",
        describes="model",
    )
