"""The pages of the documentation are made of the networks that its text speaks of."""

import runpy
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from skbackprop import BackpropClassifier
from skbackprop.inspection.walk import scene_of

DOCS = Path(__file__).parents[1] / "docs"
SCRIPTS = sorted(DOCS.glob("_pages/*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_pages_are_made(script):
    page = runpy.run_path(str(script))["trace"].to_html()
    assert page.startswith("<!doctype html>")
    assert len(page) < 1_000_000


def test_the_third_system_ends_where_its_page_ends():
    """The same weights as those of five_systems.rst, after one `partial_fit`."""
    made = runpy.run_path(str(DOCS / "_pages" / "system_3.py"))
    np.random.seed(1)  # noqa: NPY002  (as on that page)
    inputs = np.random.rand(5, 10)  # noqa: NPY002
    labels = np.random.choice(4, 10)  # noqa: NPY002
    assert_allclose(made["inputs"], inputs)
    assert_allclose(made["labels"], labels)
    clf = BackpropClassifier(
        (10, 10),
        solver="sgd",
        momentum=0,
        nesterovs_momentum=False,
        batch_size=10,
        alpha=0,
        learning_rate_init=0.01,
    )
    given = {"coefs_init": made["W"], "intercepts_init": made["b"]}
    clf.partial_fit(inputs.T, labels, classes=range(4), **given)
    arrays = scene_of(made["trace"].walk.passes[0]).arrays
    for n, W in enumerate(clf.coefs_, start=1):
        assert_allclose(arrays[f"W{n}'"].values, W)
