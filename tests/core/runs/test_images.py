"""An image, from its file to ledger, dataset and report."""

from __future__ import annotations

import base64
import hashlib
import json

import pyarrow.parquet as pq

from seatrial import LoaderComponent, hookimpl
from seatrial.rows.table import open_rows
from seatrial.runs.run import run
from seatrial.suite.file import load_suite

from .toys import Toys, toy_host

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGP8z8DAwMDAxMDAwMDAAAANHQEDasKb6QAAAABJRU5ErkJggg=="
)


class Seeing(Toys):
    """The toys' loader, named so that a suite may take it beside seatrial's own scorers."""

    def __init__(self):
        super().__init__()
        self.provides = frozenset({"scores", "images"})

    @hookimpl
    def seatrial_models(self):
        yield from (
            LoaderComponent(one.name, one.build, one.summary, provides=self.provides)
            for one in super().seatrial_models()
        )


def test_a_picture_goes_with_its_row_to_the_report(tmp_path):
    digest = hashlib.sha256(PNG).hexdigest()
    (tmp_path / "digit.png").write_bytes(PNG)
    shown = "data:image/png;base64," + base64.b64encode(PNG).decode()
    rows = [{"text": f"which digit? {n}", "image": shown, "label": "ab"[n % 2]} for n in range(8)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "model").mkdir()
    (tmp_path / "model/weights.txt").write_text("words")
    suite = tmp_path / "suite.yaml"
    suite.write_text(
        f"name: pictures\nmodel: {{source: 'path:{tmp_path}/model', loader: toy}}\n"
        f"data: {{test: {{source: 'path:{tmp_path}/rows.jsonl'}}}}\nfilters: [schema]\nscore: [choice]\n"
        "gates: [{metric: choice/accuracy, min: 0.9}]\nreport: [html, markdown]\n"
    )
    host = toy_host(Seeing())
    result = run(load_suite(suite, host), host, runs=tmp_path / "runs", cache=tmp_path / "cache")

    (kept,) = (result.folder / "data/images").iterdir()
    assert (kept.name, kept.read_bytes()) == (f"{digest}.png", PNG)
    first = next(iter(open_rows(result.folder / "data/test.parquet")))
    assert [image.digest for image in first.turns[0].images] == [digest]
    assert first.turns[0].content == "which digit? 0"
    samples = pq.read_table(result.folder / "samples/choice.parquet").to_pylist()
    assert json.loads(samples[0]["detail"])["pictures"] == [digest]
    page = (result.folder / "report/index.html").read_text(encoding="utf-8")
    assert base64.b64encode(PNG).decode() in page
