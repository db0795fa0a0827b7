"""The documentation's code runs, shows the source's lines, and its tables are complete."""

import ast
import doctest
import re
import runpy
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from textwrap import dedent

import pytest

from skbackprop._options import CHOICES
from skbackprop.losses import LOSSES

DOCS = Path(__file__).parents[1] / "docs"
#: What Sphinx writes and git ignores.
MADE = {"_build", "_templates", "auto_examples", "generated"}
PAGES = sorted(
    page
    for page in DOCS.glob("**/*.rst")
    if page.name != "sg_execution_times.rst" and not MADE.intersection(page.relative_to(DOCS).parts)
)
FIGURES = sorted(DOCS.glob("derivation/figures/*.py"))
CHAPTERS = sorted(DOCS.glob("derivation/*.rst"))


def name(page):
    return str(page.relative_to(DOCS))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_code_in_the_docs_runs(page):
    """Every `>>>` line, with the output that the page shows."""
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    result = doctest.testfile(str(page), module_relative=False, optionflags=flags)
    assert result.failed == 0


def test_every_option_has_its_table():
    """Each registry is named by one `option-table`, under its parameter's heading."""
    lines = (DOCS / "options.rst").read_text(encoding="utf-8").splitlines()
    headings = [above for above, line in pairwise(lines) if set(line) == {"-"}]
    tables = [line.split()[-1] for line in lines if line.startswith(".. option-table::")]
    registries = [getattr(import_module(m), r) for m, r in (t.rsplit(".", 1) for t in tables)]
    expected = {parameter: choice.registry for parameter, choice in CHOICES.items()}
    expected["loss"] = LOSSES
    assert dict(zip(headings, registries, strict=True)) == expected


INCLUDE = re.compile(
    r"(?P<shows>^\.\. shows: .+\n(?:   .+\n)*)?"
    r"^\.\. literalinclude:: (?P<path>\S+)\n(?P<options>(?:   :.+\n)*)",
    re.M,
)


def includes(page):
    """Path, options and statements meant of every `literalinclude` of a page.

    The statements stand in a comment right above it, one per line.
    """
    for match in INCLUDE.finditer(page.read_text(encoding="utf-8")):
        options = dict(re.findall(r"^   :([\w-]+):[ ]?(.*)$", match["options"], re.M))
        statements = (match["shows"] or "").removeprefix(".. shows:").splitlines()
        yield page.parent / match["path"], options, [line.strip() for line in statements]


def excerpt(path, options):
    """The lines that Sphinx shows; None where the object or a line isn't found."""
    source = path.read_text(encoding="utf-8")
    nodes = ast.parse(source).body
    lines = source.splitlines()
    node = None
    for part in filter(None, options.get("pyobject", "").split(".")):
        node = next((n for n in nodes if getattr(n, "name", None) == part), None)
        if node is None:
            return None
        nodes = getattr(node, "body", [])
    if node is not None:
        lines = lines[node.lineno - 1 : node.end_lineno]
    start = next((i for i, line in enumerate(lines) if options.get("start-at", "") in line), None)
    if start is None:
        return None
    if "end-at" in options:
        stop = (i for i, line in enumerate(lines[start:], start) if options["end-at"] in line)
        end = next(stop, None)
        if end is None:
            return None
        lines = lines[: end + 1]
    return dedent("\n".join(lines[start:])).strip()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_included_source_is_what_is_meant(page):
    """Every excerpt is found, isn't empty, and has the statements that its comment names."""
    for path, options, statements in includes(page):
        where = f"{path.name} {options}"
        text = excerpt(path, options)
        assert text, where
        assert statements, f"{where}: no `.. shows:` above it"
        lines = [line.partition("  #")[0].strip().rstrip(",") for line in text.splitlines()]
        for statement in statements:
            assert statement.rstrip(",") in lines, where
        known = {"caption", "pyobject", "start-at", "end-at", "dedent"}
        assert set(options) <= known, "options that this test would not understand"


def test_no_include_is_overlooked():
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert len(list(includes(page))) == text.count(".. literalinclude::")


def test_chapters_with_formulas_show_source_and_check_numbers():
    for page in CHAPTERS:
        text = page.read_text(encoding="utf-8")
        if ".. math::" in text:
            assert ".. literalinclude::" in text, page.name
            assert ">>>" in text, page.name


@pytest.mark.parametrize("script", FIGURES, ids=lambda script: script.name)
def test_figures_are_drawn(script):
    """The documentation's build runs them as well."""
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    runpy.run_path(str(script))
    plt.gcf().canvas.draw()
    plt.close("all")


def test_graph_shows_the_numbers_of_a_trace():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    script = runpy.run_path(str(DOCS / "derivation" / "figures" / "graph.py"))
    hidden, output = script["traced"]().layers
    texts = {text.get_text() for text in plt.gcf().axes[0].texts}
    plt.close("all")
    for number, layer in enumerate([hidden, output], start=1):
        arrays = {"Z": layer.Z, "dZ": layer.dZ, "b": layer.b, "db": layer.db}
        for letter, array in arrays.items():
            numbers = ", ".join(f"{x:.2f}" for x in array.ravel() + 0.0)
            assert f"{letter}{number} = [{numbers}]" in texts
