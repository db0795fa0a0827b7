"""What holds a network: pipelines, searches and others, for traces, checks and displays."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import BaggingClassifier, VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.feature_selection import RFE
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.ensemble import FoldEnsembleClassifier
from skbackprop.inspection import check_gradients, trace_backprop
from skbackprop.inspection.holders import held
from skbackprop.plotting import GradientCheckDisplay, NetworkDisplay, TrainingHistoryDisplay
from skbackprop.tabular import TabularClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_iris(return_X_y=True)
scaled = StandardScaler().fit_transform(X)


def network(**params):
    params = {"hidden_layer_sizes": (4,), "max_iter": 5, "random_state": 0, **params}
    return BackpropClassifier(**params)


HOLDERS = {
    "pipeline": make_pipeline(StandardScaler(), network()),
    "nested": make_pipeline("passthrough", make_pipeline(StandardScaler(), network())),
    "search": GridSearchCV(
        make_pipeline(StandardScaler(), network()), {"backpropclassifier__alpha": [0.1]}, cv=2
    ),
    "around": make_pipeline(StandardScaler(), GridSearchCV(network(), {"alpha": [0.1]}, cv=2)),
}


@pytest.mark.parametrize("name", HOLDERS)
def test_the_network_is_found_and_x_transformed(name):
    model = HOLDERS[name].fit(X, y)
    inner = held(model).network
    assert isinstance(inner, BackpropClassifier)
    trace, expected = trace_backprop(model, X, y), trace_backprop(inner, scaled, y)
    assert_array_equal(trace.X, expected.X)
    assert_array_equal(trace.layers[0].dW, expected.layers[0].dW)
    assert_array_equal(trace.output, model.predict_proba(X))
    assert check_gradients(model, X, y).ok


def test_a_pipeline_of_the_network_alone():
    model = Pipeline([("only", network())]).fit(X, y)
    assert_array_equal(trace_backprop(model, X, y).X, X)


def test_displays_take_a_pipeline():
    pytest.importorskip("matplotlib").use("Agg")
    model = HOLDERS["search"].fit(X, y)
    assert GradientCheckDisplay.from_estimator(model, X, y).report.ok
    history = held(model).network.history_
    assert TrainingHistoryDisplay.from_estimator(model).history is history
    display = NetworkDisplay.from_estimator(model, trace=trace_backprop(model, X, y))
    assert display.units == [4, 4, 3]


def test_names_of_columns_come_from_the_transformers():
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    first = make_column_transformer((StandardScaler(), ["d", "a"]), (MinMaxScaler(), ["b"]))
    model = make_pipeline(first, network()).fit(frame, y)
    names = ["standardscaler__d", "standardscaler__a", "minmaxscaler__b"]
    assert held(model, frame).names == names
    assert trace_backprop(model, frame, y).X.shape == (150, 3)
    assert held(network().fit(frame, y)).names == ["a", "b", "c", "d"]
    assert held(network().fit(X, y)).names is None


@pytest.mark.parametrize("columns", [1, 2])
def test_transformed_targets(columns):
    features, target = load_diabetes(return_X_y=True)
    target = target if columns == 1 else np.column_stack([target, -target])
    inner = make_pipeline(StandardScaler(), BackpropRegressor("squared_error", (4,), max_iter=5))
    model = TransformedTargetRegressor(inner, transformer=StandardScaler()).fit(features, target)
    trace = trace_backprop(model, features, target)
    scaled = model.transformer_.transform(target.reshape(-1, columns))
    np.testing.assert_allclose(trace.layers[-1].dZ, (trace.output - scaled) / len(features))


SEVERAL = {
    "members_, with the X": FoldEnsembleClassifier(network(), cv=2),
    r"members_, with encoder_\.transform": TabularClassifier(network(), cv=2, tree_bins=None),
    "estimators_": OneVsRestClassifier(network()),
    "calibrated_classifiers_": CalibratedClassifierCV(network(), cv=2),
    "estimators_, with the X": BaggingClassifier(network(), n_estimators=2),
}


@pytest.mark.parametrize("words", SEVERAL)
def test_several_networks(words):
    model = SEVERAL[words].fit(X, y)
    with pytest.raises(TypeError, match=f"holds [23] networks: pass .*one of its {words}"):
        trace_backprop(model, X, y)


def test_one_network_among_others():
    voting = VotingClassifier([("linear", LogisticRegression()), ("network", network())])
    with pytest.raises(TypeError, match="holds a network: pass that one of its estimators_"):
        trace_backprop(voting.fit(X, y), X, y)


@pytest.mark.parametrize(
    "model",
    [LogisticRegression(), make_pipeline(StandardScaler(), LogisticRegression()), "a network"],
    ids=["model", "pipeline", "text"],
)
def test_what_holds_no_network(model):
    with pytest.raises(TypeError, match=r"no network of this package in .*: pass a BackpropClass"):
        held(model)


@pytest.mark.parametrize("name", HOLDERS)
def test_unfitted(name):
    with pytest.raises(NotFittedError):
        trace_backprop(clone(HOLDERS[name]), X, y)


def test_features_that_are_eliminated():
    model = RFE(network(), importance_getter=lambda e: np.abs(e.coefs_[0]).sum(axis=1)).fit(X, y)
    trace = trace_backprop(model, X, y)
    assert_array_equal(trace.X, X[:, model.support_])
    assert_array_equal(trace.output, model.predict_proba(X))


def test_wrappers_that_make_no_copy():
    calibrated = CalibratedClassifierCV(network(), cv=2).fit(X, y).calibrated_classifiers_[0]
    assert held(calibrated).network is calibrated.estimator
    wrappers = pytest.importorskip("dask_ml.wrappers")
    model = wrappers.ParallelPostFit(network()).fit(X, y)
    assert_array_equal(trace_backprop(model, X, y).X, X)
    model = wrappers.Incremental(network()).fit(X, y, classes=[0, 1, 2])
    assert held(model).network.n_features_in_ == 4


def test_a_search_that_did_not_refit():
    search = GridSearchCV(network(), {"alpha": [0.1]}, cv=2, refit=False).fit(X, y)
    with pytest.raises(TypeError, match="refit=False"):
        check_gradients(search, X, y)
