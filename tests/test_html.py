"""In a notebook the estimator links its class and its parameters to the documentation."""

import re
import tomllib
from inspect import signature
from pathlib import Path

import pytest
from sklearn.base import BaseEstimator
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_html_repr

from skbackprop import BackpropClassifier
from skbackprop.ensemble import FoldEnsembleRegressor
from skbackprop.estimators.links import DOCUMENTATION
from skbackprop.tabular import TabularEncoder, TabularRegressor

ROOT = Path(__file__).parents[1]
PAGE = f"{DOCUMENTATION}generated/skbackprop.BackpropClassifier.html"

#: Newer versions of scikit-learn link the parameters too.
links_parameters = pytest.mark.skipif(
    "doc_link" not in signature(getattr(BaseEstimator, "_get_params_html", id)).parameters,
    reason="this scikit-learn links the class alone",
)


def clf():
    return BackpropClassifier((3,))


def links(estimator):
    """Addresses of ours that the HTML representation links to."""
    addresses = re.findall(r'href="([^"]+)"', estimator_html_repr(estimator))
    return [address for address in addresses if address.startswith(DOCUMENTATION)]


def test_the_address_is_that_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["urls"]["Documentation"] == DOCUMENTATION


def test_the_documentation_makes_the_page_that_is_linked():
    """`autosummary` with `:toctree: ../generated` names its pages as the template does."""
    api = (ROOT / "docs" / "api" / "estimators.rst").read_text(encoding="utf-8")
    _, _, listed = api.partition(":toctree: ../generated")
    assert "currentmodule:: skbackprop" in api
    assert "BackpropClassifier" in listed.split("\n\n")[1].split()


@pytest.mark.parametrize("fitted", [False, True])
def test_the_class_is_linked(fitted):
    clf = BackpropClassifier((3,), solver="lbfgs", random_state=0)
    if fitted:
        clf.fit(*load_iris(return_X_y=True))
    assert PAGE in links(clf)


def test_the_class_is_linked_inside_a_pipeline():
    assert PAGE in links(make_pipeline(StandardScaler(), BackpropClassifier()))


def test_pages_of_ensembles_and_tables():
    """The pages' names are those of docs/api/tables.rst."""
    api = (ROOT / "docs" / "api" / "tables.rst").read_text(encoding="utf-8").split()
    for estimator, name in (
        (FoldEnsembleRegressor(), "ensemble.FoldEnsembleRegressor"),
        (TabularRegressor(), "tabular.TabularRegressor"),
        (TabularEncoder(), "tabular.TabularEncoder"),
    ):
        assert name in api
        assert f"{DOCUMENTATION}generated/skbackprop.{name}.html" in links(estimator)


def test_a_class_of_someone_else_is_not():
    class Mine(BackpropClassifier):
        pass

    assert links(Mine()) == []


@links_parameters
def test_every_parameter_is_linked():
    linked = {address.partition("#:~:text=")[2].partition(",")[0] for address in links(clf())}
    assert linked - {""} >= set(clf().get_params(deep=False))


@links_parameters
def test_the_description_of_a_parameter_is_shown():
    """That of the docstring, as the parameters' text is put in when the class is made."""
    assert "alpha: float, default=0.0001" in estimator_html_repr(clf())
