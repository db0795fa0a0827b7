"""The documentation's code runs, and its tables of options are complete."""

import doctest
import inspect
import re
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from runpy import run_path

import pytest
import sklearn

from skbackprop import BackpropClassifier
from skbackprop._options import CHOICES
from skbackprop.losses import LOSSES, REGRESSION_LOSSES

DOCS = Path(__file__).parents[1] / "docs"
TABLES = run_path(str(DOCS / "_ext" / "tables.py"))
OPTIONS = {
    option
    for registry in (*(choice.registry for choice in CHOICES.values()), LOSSES, REGRESSION_LOSSES)
    for option in registry.values()
}


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.rst")), ids=lambda page: page.name)
def test_code_in_the_docs_runs(page):
    """Every `>>>` line, with the output that the page shows."""
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    result = doctest.testfile(str(page), module_relative=False, optionflags=flags)
    assert result.failed == 0


def test_every_option_has_its_table():
    """Each registry is named by one `option-table`, under its parameter's heading.

    `loss` has two: one for classes, one for numbers.
    """
    lines = (DOCS / "options.rst").read_text(encoding="utf-8").splitlines()
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


def test_the_table_of_parameters_follows_the_signature():
    """Every parameter once, in the signature's order, in four groups, with its sentence."""
    groups = TABLES["parameter_groups"](BackpropClassifier)
    assert list(groups) == ["The network", "The optimizer", "Training", "The objective"]
    names = [name for group in groups.values() for name, _, _ in group]
    assert names == list(inspect.signature(BackpropClassifier).parameters)
    assert all(text.endswith(".") for group in groups.values() for _, _, text in group)
    assert ("batch_size", '"auto"', "Samples per minibatch.") in groups["Training"]
    assert groups["The objective"][-1][0] == "class_weight"


@pytest.mark.skipif(
    tuple(map(int, sklearn.__version__.split(".")[:2])) < (1, 9), reason="callbacks came with 1.9"
)
def test_code_that_needs_the_newest_scikit_learn_runs(capsys):
    """The blocks of training.rst that are no doctests: they run wherever they can."""
    page = (DOCS / "training.rst").read_text(encoding="utf-8")
    blocks = re.findall(r"^\.\. code-block:: python\n\n((?:   .*\n|\n)+)", page, re.M)
    assert blocks
    for block in blocks:
        exec(inspect.cleandoc(block), {})
