"""The report in a real browser: hostile data neither runs nor loads anything, and the page fits narrow and wide."""

import re
import shutil
import struct
import subprocess
import threading
import zlib
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tests.reports.router_blocks import PICTURE

from seatrial_reports.html_report import HtmlReport

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]

PROBE = r"""<script>
// A word of up to twelve letters that stands on two lines.
function breaks(e) {
  const node = e.firstChild;
  if (!node || node.nodeType !== Node.TEXT_NODE) return false;
  for (const found of node.data.matchAll(/(?<![\w-])[A-Za-z]{2,12}(?![\w-])/g)) {
    const range = document.createRange();
    range.setStart(node, found.index);
    range.setEnd(node, found.index + found[0].length);
    if (new Set([...range.getClientRects()].map(r => Math.round(r.top))).size > 1) return true;
  }
  return false;
}
addEventListener('load', () => {
  const wide = [...document.querySelectorAll('body *')].filter(
    e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.scroll, .unseen, .skip, svg, pre, .example'));
  document.title = JSON.stringify({
    width: innerWidth,
    scroll: document.documentElement.scrollWidth,
    wide: wide.slice(0, 5).map(e => e.outerHTML.slice(0, 120)),
    pictures: [...document.images].map(e => e.naturalWidth),
    broken: [...document.querySelectorAll('td .data, tbody th .data, dd .data')].filter(breaks).slice(0, 5).map(e => e.textContent.slice(0, 60)),
    height: document.documentElement.scrollHeight,
  });
});
</script>"""
"""Measures the layout. Put into a copy of the page whose policy allows it; the report itself is loaded untouched."""


SPY = """<script>window.ran = []; window.alert = n => ran.push(n);
addEventListener('load', () => setTimeout(() => document.documentElement.dataset.ran = ran.join(), 500));</script>"""
"""Notes which payloads ran. It stands where the report's policy would, so that escaping alone has to hold."""

POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')


def browse(tmp_path, *arguments):
    flags = (
        *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars"),
        *(f"--user-data-dir={tmp_path / 'profile'}", "--enable-logging=stderr", "--v=0", "--virtual-time-budget=2000"),
    )
    return subprocess.run([CHROMIUM, *flags, *arguments], capture_output=True, text=True, timeout=60, check=True)


@pytest.fixture
def hostile(build_result, payloads):
    return build_result(lambda text: f"{' '.join(payloads)} {text}")


@pytest.fixture
def unbroken(build_result):
    """Every text out of data is one word of ten thousand letters."""
    return build_result(lambda text: f"{'w' * 10_000}{text}")


@pytest.fixture
def pictured(plain_result, tmp_path):
    """A run beside which the picture lies that one of its rows has: 2,000 pixels wide."""
    folder = tmp_path / "run"
    (folder / "data/images").mkdir(parents=True)
    lines = b"".join(b"\x00" + bytes((at // 8 % 256, 90, 140)) * 2_000 for at in range(500))
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", 2_000, 500, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(lines)),
        (b"IEND", b""),
    )
    png = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
    (folder / f"data/images/{PICTURE}.png").write_bytes(png)
    return replace(plain_result, folder=folder)


@pytest.fixture
def server():
    """Answers on this machine only, and remembers what was asked for."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            content = self.server.pages.get(self.path, b"")
            self.send_response(200 if content else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments):
            del arguments

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.pages, server.asked = {}, asked
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(timeout=10)


def address(server):
    return f"127.0.0.1:{server.server_port}"


def aimed(payloads, server):
    """The payloads, asking this machine instead of another."""
    return " ".join(payload.replace("evil.example", address(server)) for payload in payloads)


def test_hostile_data_runs_nothing_and_asks_for_nothing(build_result, payloads, server, tmp_path):
    (path,) = HtmlReport().write(build_result(lambda text: f"{aimed(payloads, server)} {text}"), tmp_path)
    server.pages["/index.html"] = path.read_bytes()
    done = browse(tmp_path, "--dump-dom", f"http://{address(server)}/index.html")
    assert server.asked == ["/index.html"]
    assert "CONSOLE" not in done.stderr
    dom = done.stdout
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in dom
    assert re.findall(r"<(script|img|iframe|form|object|embed|base|math)\b", dom) == []
    assert re.findall(r"<[a-z]+[^<>]*\s(on[a-z]+|autofocus)=", re.sub(r'"[^"]*"', '""', dom)) == []


def test_escaping_holds_without_the_policy(build_result, payloads, server, tmp_path):
    (path,) = HtmlReport().write(build_result(lambda text: f"{aimed(payloads, server)} {text}"), tmp_path)
    html, replaced = POLICY.subn(SPY, path.read_text(encoding="utf-8"))
    assert replaced == 1
    server.pages["/index.html"] = html.replace("<details>", "<details open>").encode()
    done = browse(tmp_path, "--dump-dom", f"http://{address(server)}/index.html")
    assert 'data-ran=""' in done.stdout
    assert server.asked == ["/index.html"]
    assert "CONSOLE" not in done.stderr


def test_the_same_payloads_unescaped_do_run_and_load(payloads, server, tmp_path):
    body = aimed((*payloads[:2], payloads[16]), server)
    server.pages["/index.html"] = f"<!doctype html><head>{SPY}</head><body>{body}</body>".encode()
    done = browse(tmp_path, "--dump-dom", f"http://{address(server)}/index.html")
    assert re.search(r'data-ran="[^"]*1,2', done.stdout)
    assert "/17.png" in server.asked


@pytest.mark.parametrize("width", [400, 1400])
@pytest.mark.parametrize("kind", ["plain", "pictured", "hostile", "hostile data alone", "unbroken"])
def test_nothing_sticks_out(plain_result, pictured, hostile, unbroken, tmp_path, width, kind):
    alone = replace(hostile, manifest={**hostile.manifest, "kind": "data"})
    results = {
        "plain": plain_result,
        "pictured": pictured,
        "hostile": hostile,
        "hostile data alone": alone,
        "unbroken": unbroken,
    }
    (path,) = HtmlReport().write(results[kind], tmp_path)
    html = path.read_text(encoding="utf-8")
    probe = POLICY.sub(lambda _: PROBE, html, count=1)
    # A window of Chromium is at least 500 pixels wide, a frame is not.
    path.with_name("probe.html").write_text(probe.replace("<details>", "<details open>"), encoding="utf-8")
    frame = (
        f'<!doctype html><body style="margin:0"><iframe src="probe.html" width="{width}" height="900" style="border:0">'
        "</iframe><script>addEventListener('load', () => setTimeout(() => "
        "document.body.dataset.seen = document.querySelector('iframe').contentDocument.title, 300))</script>"
    )
    outer = tmp_path / "frame.html"
    outer.write_text(frame, encoding="utf-8")
    done = browse(tmp_path, "--allow-file-access-from-files", "--window-size=1500,900", "--dump-dom", outer.as_uri())
    seen = re.search(r'data-seen="([^"]*)"', done.stdout)[1].replace("&quot;", '"')
    assert f'"width":{width}' in seen
    seen = seen[:1_000]
    assert f'"scroll":{width}' in seen, seen
    assert '"wide":[]' in seen, seen
    assert f'"pictures":[{2_000 if kind == "pictured" else ""}]' in seen, seen
    if kind in {"plain", "pictured"}:
        assert '"broken":[]' in seen, seen


@pytest.mark.parametrize("width", [400, 1400])
def test_it_can_be_photographed(plain_result, tmp_path, width):
    (path,) = HtmlReport().write(plain_result, tmp_path)
    picture = tmp_path / f"report-{width}.png"
    done = browse(tmp_path, f"--window-size={width},2000", f"--screenshot={picture}", path.as_uri())
    assert "CONSOLE" not in done.stderr
    header = picture.read_bytes()[:24]
    assert header.startswith(b"\x89PNG")
    assert int.from_bytes(header[16:20]) == width
    assert picture.stat().st_size > 50_000
