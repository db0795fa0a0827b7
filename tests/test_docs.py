"""The documentation's code runs, and its tables of options are complete."""

import doctest
import re
from importlib import import_module
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from skbackprop import BackpropClassifier, inspection
from skbackprop._options import CHOICES
from skbackprop.losses import LOSSES, CrossEntropy
from skbackprop.optimizers import SGD

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


WRITE = re.compile(r"^     - (``.+``)$", re.M)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_every_row_of_what_is_new_works():
    """The column "Write" of the table in guide/mlp.rst: parameters, arguments, attributes."""
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
            getattr(inspection, name)(fitted, X, y)
        else:
            assert hasattr(fitted, code)
