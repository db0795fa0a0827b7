"""The documentation's code runs, and its tables of options are complete."""

import doctest
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import pytest

from skbackprop._options import CHOICES
from skbackprop.losses import LOSSES, REGRESSION_LOSSES

DOCS = Path(__file__).parents[1] / "docs"


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
