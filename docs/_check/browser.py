"""Opens pages in a headless Chromium that reaches nothing but these pages."""

import json
import os
import shutil
import subprocess
import tempfile
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HERE = Path(__file__).parent
NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"]
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--window-size=1000,900",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # as if there were no network
]


def find() -> str | None:
    """The browser that the variable CHROMIUM names, or the first on the path."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


class Handler(SimpleHTTPRequestHandler):
    """Serves the pages with the probe at their head, and takes the reports."""

    server: "Server"

    def do_GET(self) -> None:
        if self.path == "/-/pages":
            self.answer(json.dumps(self.server.task).encode(), "application/json")
        elif self.path == "/-/harness":
            self.answer((HERE / "harness.html").read_bytes(), "text/html")
        elif (page := Path(self.translate_path(self.path))).suffix == ".html" and page.is_file():
            probe = f"<script>{(HERE / 'probe.js').read_text(encoding='utf-8')}</script>"
            text = page.read_text(encoding="utf-8").replace("<head>", f"<head>{probe}", 1)
            self.answer(text.encode(), "text/html")
        elif self.path == "/favicon.ico":
            self.answer(b"", "image/x-icon")
        else:
            super().do_GET()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(b"", "text/plain")
        if self.path == "/-/report":
            self.server.reports.append(json.loads(body))
        else:
            self.server.done.set()

    def answer(self, content: bytes, kind: str) -> None:
        """A whole answer."""
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        """Nothing: the reports say enough."""


class Server(ThreadingHTTPServer):
    """The pages of a folder, what is to be done with them, and what came of it."""

    daemon_threads = True

    def __init__(self, folder: Path, pages: list[str], width: int) -> None:
        super().__init__(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
        self.task = {"pages": pages, "width": width}
        self.reports: list[dict] = []
        self.done = threading.Event()

    def handle_error(self, *_: object) -> None:
        """Nothing: the browser left before the answer was complete."""


def open_pages(browser: str, folder: Path, pages: list[str], width: int = 390) -> list[dict]:
    """A report for each page, in order; see probe.js for what is in it.

    A page that doesn't answer, as may happen on a busy machine, has a second chance.
    """
    reports = {report["page"]: report for report in visit(browser, folder, pages, width)}
    if silent := [page for page in pages if "formulas" not in reports[page]]:
        reports |= {report["page"]: report for report in visit(browser, folder, silent, width)}
    return [reports[page] for page in pages]


def visit(browser: str, folder: Path, pages: list[str], width: int) -> list[dict]:
    """Open each page once, in a browser without a past."""
    server = Server(folder, pages, width)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        address = f"http://127.0.0.1:{server.server_port}/-/harness"
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen(
            [browser, *FLAGS, f"--user-data-dir={profile}", address], **quiet
        )
        try:
            limit = 60 + 10 * len(pages)
            while not server.done.wait(1) and process.poll() is None and limit > 0:
                limit -= 1
        finally:
            process.terminate()
            process.wait()
            server.shutdown()
            server.server_close()
    if not server.done.is_set():
        missing = pages[len(server.reports)]
        raise RuntimeError(f"{browser} opened {len(server.reports)} pages, not {missing}")
    return server.reports
