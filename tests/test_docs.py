"""The documentation's code runs, and its tables of options are complete."""

import doctest
import re
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import pytest

from skbackprop._options import CHOICES
from skbackprop.losses import LOSSES

DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.parametrize("page", sorted(DOCS.glob("**/*.rst")), ids=lambda page: page.name)
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


def test_every_option_has_its_table():
    """Each registry is named by one `option-table`, under its parameter's heading."""
    lines = (DOCS / "options.rst").read_text(encoding="utf-8").splitlines()
    headings = [above for above, line in pairwise(lines) if set(line) == {"-"}]
    tables = [line.split()[-1] for line in lines if line.startswith(".. option-table::")]
    registries = [getattr(import_module(m), r) for m, r in (t.rsplit(".", 1) for t in tables)]
    expected = {parameter: choice.registry for parameter, choice in CHOICES.items()}
    expected["loss"] = LOSSES
    assert dict(zip(headings, registries, strict=True)) == expected
