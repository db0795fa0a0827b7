"""The documentation's code runs, shows the source's lines, and its tables are complete."""

import ast
import doctest
import inspect
import re
import runpy
import sys
from dataclasses import fields
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest

from skbackprop import BackpropClassifier, BackpropRegressor, inspection, plotting
from skbackprop.estimators.choices import CHOICES
from skbackprop.losses import LOSSES, REGRESSION_LOSSES, CrossEntropy
from skbackprop.optimizers import SGD

DOCS = Path(__file__).parents[1] / "docs"
sys.path.append(str(DOCS / "_ext"))
TABLES = runpy.run_path(str(DOCS / "_ext" / "tables.py"))
FORMULAS = runpy.run_path(str(DOCS / "_ext" / "formulas.py"))["FORMULAS"]
OPTIONS = {
    option
    for registry in (*(choice.registry for choice in CHOICES.values()), LOSSES, REGRESSION_LOSSES)
    for option in registry.values()
}
#: What Sphinx writes and git ignores.
MADE = {"_build", "_templates", "auto_examples", "generated"}
PAGES = sorted(
    page
    for page in DOCS.glob("**/*.rst")
    if page.name != "sg_execution_times.rst" and not MADE.intersection(page.relative_to(DOCS).parts)
)
FIGURES = sorted([*DOCS.glob("derivation/figures/[!_]*.py"), *DOCS.glob("guide/figures/*.py")])
CHAPTERS = sorted(DOCS.glob("derivation/*.rst"))
#: Pages with blocks that are no doctests, and what these need.
NEEDS = {"guide/training": ["sklearn.callback", "rich"], "guide/interpretation": ["shap"]}


def name(page):
    return str(page.relative_to(DOCS))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_code_in_the_docs_runs(page):
    """Every `>>>` line, with the output that the page shows.

    A page may name the packages of the extra `test` that it needs: `.. needs: skops`.
    """
    text = page.read_text(encoding="utf-8")
    for module in " ".join(re.findall(r"^\.\. needs: (.+)$", text, re.M)).split():
        pytest.importorskip(module)
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    result = doctest.testfile(str(page), module_relative=False, optionflags=flags)
    assert result.failed == 0


def test_no_python_is_shown_that_nobody_runs():
    """Other blocks than doctests are on the two pages whose blocks run below."""
    others = {name(page) for page in PAGES if ".. code-block:: python\n" in page.read_text("utf-8")}
    assert others == {f"{page}.rst" for page in NEEDS}


def test_every_option_has_its_table():
    """Each registry is named by one `option-table`, under its parameter's heading.

    `loss` has two: one for classes, one for numbers.
    """
    lines = (DOCS / "guide" / "options.rst").read_text(encoding="utf-8").splitlines()
    tables = {}
    for above, line in pairwise(lines):
        if set(line) == {"-"}:
            heading = above
        elif line.startswith(".. option-table::"):
            module, registry = line.split()[-1].rsplit(".", 1)
            tables.setdefault(heading, []).append(getattr(import_module(module), registry))
    expected = {parameter: [choice.registry] for parameter, choice in CHOICES.items()}
    expected["loss"] = [LOSSES, REGRESSION_LOSSES]
    assert tables == expected


@pytest.mark.parametrize("option", sorted(OPTIONS, key=lambda o: o.__name__))
def test_every_option_has_a_formula_and_a_source(option):
    """The table's columns come from the docstring: none is empty, and a source has a year."""
    formula, source = TABLES["formula_and_source"](option)
    assert formula.endswith(".")
    assert not re.search(r"\(\d{4}\)", formula)
    assert re.search(r"\([12]\d{3}\)|MLPClassifier", source)
    assert source.endswith(".")


def test_every_option_has_its_formula_in_latex():
    """What the tables typeset, by the string; nothing for options that don't exist."""
    registries = [*(choice.registry for choice in CHOICES.values()), LOSSES, REGRESSION_LOSSES]
    assert FORMULAS.keys() == {name for registry in registries for name in registry}
    assert all(latex or words for latex, words in FORMULAS.values())


def test_formula_and_source_are_told_apart():
    """A citation within the first paragraph, one in the next, an equation there."""

    class Option:
        """W ~ N(0, 1). Doe et al. (1999), section 2.3, eq. 4.

        With s = 2. That is all. Roe (2001), "A title", has no s.

        Parameters
        ----------
        s : float
            See Poe (1849).
        """

    assert TABLES["formula_and_source"](Option) == (
        "W ~ N(0, 1). With s = 2.",
        'Doe et al. (1999), section 2.3, eq. 4. Roe (2001), "A title", has no s.',
    )


@pytest.mark.parametrize("cls", [BackpropClassifier, BackpropRegressor])
def test_lists_in_docstrings_are_those_of_the_registries(cls):
    """Every loss with its formula; with each flat parameter the strings that read it."""
    doc = " ".join(inspect.getdoc(cls).split())
    for string, option in cls._losses.items():
        formula = " ".join(inspect.getdoc(option).splitlines()[0].split())
        assert f'- "{string}": {formula}' in doc
    described = TABLES["first_sentences"](cls)
    registries = [choice.registry for choice in CHOICES.values()]
    for parameter, sentence in described.items():
        readers = {
            string
            for registry in registries
            for string, option in registry.items()
            if any(f.name == parameter and f.metadata.get("flat") for f in fields(option))
        }
        if readers:
            assert set(re.findall(r'"(\w+)"', sentence)) == readers, parameter
    assert not re.search(r"\{[a-z_]+\}", inspect.getdoc(cls))


def test_the_table_of_parameters_follows_the_signature():
    """Every parameter once, in the signature's order, in four groups, with its sentence."""
    groups = TABLES["parameter_groups"](BackpropClassifier)
    assert list(groups) == ["The network", "The optimizer", "Training", "The objective"]
    names = [name for group in groups.values() for name, _, _ in group]
    assert names == list(inspect.signature(BackpropClassifier).parameters)
    assert all(text.endswith(".") for group in groups.values() for _, _, text in group)
    assert ("batch_size", '"auto"', "Samples per minibatch.") in groups["Training"]
    assert groups["The objective"][-1][0] == "class_weight"


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("page", "modules"), NEEDS.items())
def test_code_that_needs_more_runs(page, modules, capsys):
    """The blocks that are no doctests, as not everybody has what they need: callbacks, SHAP.

    A comment is what the line above it prints.
    """
    for module in modules:
        pytest.importorskip(module)
    text = (DOCS / f"{page}.rst").read_text(encoding="utf-8")
    blocks = re.findall(r"^\.\. code-block:: python\n\n((?:   .*\n|\n)+)", text, re.M)
    assert blocks
    for block in map(inspect.cleandoc, blocks):
        capsys.readouterr()
        exec(block, {})
        shown = re.findall(r"^ *# (.+)$", block, re.M)
        assert not shown or capsys.readouterr().out.splitlines() == shown


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


HEADING = re.compile(r"^(?P<name>.+)\n(?:-{3,}|={3,})$", re.M)


def sections(page):
    """Heading and text of each part of a page, from one heading to the next."""
    _, *parts = HEADING.split(page.read_text(encoding="utf-8"))
    yield from zip(parts[::2], parts[1::2], strict=True)


@pytest.mark.parametrize("page", [*CHAPTERS, DOCS / "five_systems.rst"], ids=name)
def test_sections_with_formulas_check_numbers(page):
    """Between a formula and the next heading there is a doctest."""
    for heading, text in sections(page):
        _, formula, rest = text.partition(".. math::")
        assert not formula or ">>> " in rest, heading


@pytest.mark.parametrize(
    "chapter", ["graph", "one_neuron", "hidden_layer", "any_depth", "training"]
)
def test_chapters_show_numbers_and_source(chapter):
    """A reader with a pencil sees numbers: few outputs are only True. And lines of the source."""
    page = DOCS / "derivation" / f"{chapter}.rst"
    examples = doctest.DocTestParser().get_examples(page.read_text(encoding="utf-8"))
    outputs = [example.want.strip() for example in examples if example.want]
    assert sum(output in {"True", "(True, True)"} for output in outputs) <= 0.25 * len(outputs)
    assert list(includes(page))


@pytest.fixture
def _figures_folder(monkeypatch):
    """Figures import what they share, as the build lets them."""
    monkeypatch.syspath_prepend(DOCS / "derivation" / "figures")


@pytest.mark.usefixtures("_figures_folder")
@pytest.mark.parametrize("script", FIGURES, ids=lambda script: script.name)
def test_figures_are_drawn(script):
    """The documentation's build runs them as well."""
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    runpy.run_path(str(script))
    plt.gcf().canvas.draw()
    plt.close("all")


MAKES = {
    "figures.py": {"schedules.png", "digits.png", "history.png", "network.png", "gradients.png"},
    "_figures/choosing.py": {
        f"{figure}.{kind}"
        for figure in ("solvers", "activations", "initializers", "batch_sizes")
        for kind in ("png", "inc")
    },
    "_figures/entries.py": {path.name for path in (DOCS / "_static" / "entries").iterdir()},
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:constrained_layout not applied")  # labels of equal losses
@pytest.mark.parametrize("script", MAKES)
def test_figures_are_made(script, tmp_path):
    """What these scripts write is in the repository; here they are tried, with few epochs."""
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    main = runpy.run_path(str(DOCS / script))["main"]
    few = {"max_epochs": 1} if "max_epochs" in inspect.signature(main).parameters else {}
    main(tmp_path, **few)
    assert {path.name for path in tmp_path.iterdir()} == MAKES[script]
    folder = {"choosing": DOCS / "guide", "entries": DOCS / "_static" / "entries"}
    folder = folder.get(Path(script).stem, DOCS)
    assert all((folder / name).exists() for name in MAKES[script])


@pytest.mark.usefixtures("_figures_folder")
def test_graph_shows_the_numbers_of_a_trace():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    from matplotlib import pyplot as plt

    script = runpy.run_path(str(DOCS / "derivation" / "figures" / "graph.py"))
    hidden, output = script["traced"]().layers
    texts = {text.get_text().replace("\n", " ") for text in plt.gcf().axes[0].texts}
    plt.close("all")
    for number, layer in enumerate([hidden, output], start=1):
        arrays = {"Z": layer.Z, "dZ": layer.dZ, "b": layer.b, "db": layer.db}
        for letter, array in arrays.items():
            numbers = ", ".join(f"{x:.2f}" for x in array.ravel() + 0.0)
            assert f"{letter}{number} = [{numbers}]" in texts


def test_installing_is_what_ci_runs():
    """The commands of guide/install.rst are among those of the README's first block."""
    page = (DOCS / "guide" / "install.rst").read_text(encoding="utf-8")
    (block,) = re.findall(r"^\.\. code-block:: bash\n\n((?:   .+\n)+)", page, re.M)
    readme = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    commands = re.search(r"^```bash\n(.*?)^```$", readme, re.M | re.S)[1].splitlines()
    for line in dedent(block).splitlines():
        assert line in commands


WRITE = re.compile(r"^     - (``.+``)$", re.M)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_every_row_of_what_is_new_works():
    """The column "Write" of the table in guide/mlp.rst: parameters, attributes, calls."""
    pytest.importorskip("matplotlib").use("agg")
    from matplotlib import pyplot as plt

    page = (DOCS / "guide" / "mlp.rst").read_text(encoding="utf-8")
    codes = [code for cell in WRITE.findall(page) for code in re.findall("``(.+?)``", cell)]
    assert len(codes) > 20
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((40, 3)), np.arange(40) % 2
    W = [np.zeros(shape) for shape in ((3, 4), (4, 2), (2, 1))]
    arguments = {"X_val": X, "y_val": y, "coefs_init": W}
    defaults = {"hidden_layer_sizes": (4, 2), "max_iter": 2}
    fitted = BackpropClassifier(**defaults).fit(X, y)
    for code in codes:
        name, _, inside = code.partition("(")
        if name == "fit":
            given = {key: arguments[key] for key in re.findall(r"(\w+)=", inside)}
            BackpropClassifier(**defaults).fit(X, y, **given)
        elif "=" in code:
            params = eval(f"dict({code})", {"SGD": SGD, "CrossEntropy": CrossEntropy})
            BackpropClassifier(**{**defaults, **params}).fit(X, y)
        elif inside:
            eval(code, {"clf": fitted, "X": X, "y": y, **vars(inspection), **vars(plotting)})
        else:
            assert hasattr(fitted, code)
    plt.close("all")
