"""What checks the built documentation notices what it should, and MathJax is what was pinned."""

import base64
import hashlib
import io
import runpy
import sys
import tarfile
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
CHECK = DOCS / "_check"


@pytest.fixture
def check(monkeypatch):
    """The modules of docs/_check, which is a folder to run, not a package."""
    monkeypatch.syspath_prepend(str(CHECK))
    yield
    for name in ("browser", "links", "searches"):
        sys.modules.pop(name, None)


@pytest.mark.usefixtures("check")
def test_broken_links_are_found(tmp_path):
    from links import broken

    page = tmp_path / "a.html"
    page.write_text(
        '<a href="b.html#there">x</a> <a href="b.html#lost">x</a> <a href="c.html">x</a>'
        '<a href="#here">x</a> <p id="here"> <img src="no.png"> <a href="https://example.org">x</a>'
    )
    (tmp_path / "b.html").write_text('<h1 id="there">x</h1>')
    assert list(broken(page)) == ["b.html#lost", "c.html", "no.png"]


BAD = """<!doctype html><html><head><title>x</title></head><body><main>
<p>Raw: \\(x^2\\)</p> <code>\\(no complaint\\)</code>
<span class="math">\\(y\\)</span>
<div class="wide" style="width: 900px">wide</div> <pre style="overflow: auto">{long}</pre>
<img src="lost.png"><script>undefined_name()</script><script src="https://example.org/x.js"></script>
</main></body></html>"""


@pytest.mark.usefixtures("check")
def test_the_browser_finds_what_is_wrong(tmp_path):
    import browser

    program = browser.find()
    if program is None:
        pytest.skip("no Chromium")
    (tmp_path / "bad.html").write_text(BAD.format(long="x" * 500))
    (tmp_path / "good.html").write_text("<html><head></head><body><main>fine</main></body></html>")
    bad, good = browser.open_pages(program, tmp_path, ["bad.html", "good.html"])
    assert bad["overflow"] == ["div.wide"]
    assert (bad["formulas"]["count"], bad["formulas"]["drawn"]) == (1, 0)
    assert bad["latex"] == ["Raw: \\(x^2\\)", "\\(y\\)"]
    assert len(bad["errors"]) == 3
    assert not any(good[found] for found in ("errors", "overflow", "latex"))
    assert good["formulas"]["count"] == 0


def test_mathjax_is_what_was_pinned(tmp_path, monkeypatch):
    """Another package is refused, and the right one unpacked."""
    pytest.importorskip("sphinx")
    package = io.BytesIO()
    with tarfile.open(fileobj=package, mode="w:gz") as archive:
        for name in ("tex-svg.js", "a11y/assistive-mml.js", "LICENSE", "other.js"):
            info = tarfile.TarInfo(f"package/{name}")
            info.size = len(name)
            archive.addfile(info, io.BytesIO(name.encode()))
    content = package.getvalue()
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: io.BytesIO(content))
    module = runpy.run_path(str(DOCS / "_ext" / "bundled_mathjax.py"))
    fetch = module["fetch"]
    with pytest.raises(ValueError, match="checksum"):
        fetch(tmp_path)
    assert not list(tmp_path.iterdir())
    digest = base64.b64encode(hashlib.sha512(content).digest()).decode()
    places = {name: name for name in ("LICENSE", "a11y/", "tex-svg.js")}
    monkeypatch.setitem(fetch.__globals__, "PACKAGES", [("mathjax", digest, places)])
    fetch(tmp_path)
    files = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert files == {"tex-svg.js", "a11y/assistive-mml.js", "LICENSE"}
    assert (tmp_path / "tex-svg.js").read_text() == "tex-svg.js"
