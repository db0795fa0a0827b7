"""The steps of a training that is traced are those of `fit`, and the page shows them."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.datasets import make_spirals
from skbackprop.inspection import Trace, trace_training
from tests.test_pages import array, data_of

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_iris(return_X_y=True)
SETTINGS = {
    "minibatches": {"batch_size": 40},
    "full batch": {"batch_size": 150, "shuffle": False},
    "schedule": {"learning_rate": "cosine", "batch_size": 50},
    "dropout": {"dropout": 0.3, "input_dropout": 0.2, "batch_size": 64},
    "clipped": {"clip_norm": 0.1, "max_norm": 0.5, "solver": "sgd"},
    "batch norm": {"normalization": "batch", "batch_size": 30},
    "weights": {"class_weight": {0: 1.0, 1: 3.0, 2: 0.5}},
    "scaled": {"input_scale": 2.0, "solver": "adamw"},
}


def network(**params):
    params = {"hidden_layer_sizes": (6, 4), "random_state": 0, "max_iter": 3, **params}
    return BackpropClassifier(**params)


@pytest.mark.parametrize("name", SETTINGS)
@pytest.mark.parametrize("form", [np.asarray, csr_array])
def test_the_steps_are_those_of_fit(name, form):
    clf = network(**SETTINGS[name])
    weights = np.random.default_rng(0).uniform(0.5, 2, len(X))
    per_epoch = -(-150 // SETTINGS[name].get("batch_size", 150))
    training = trace_training(clf, form(X), y, weights, steps=3 * per_epoch)
    assert len(training) == 3 * per_epoch
    after = training.walk.passes[-1].update.theta
    assert_array_equal(after, clone(clf).fit(form(X), y, weights)._network.theta)


def test_a_sequence_of_traces():
    training = trace_training(network(batch_size=50), X, y, steps=5)
    assert len(training) == len(list(training)) == len(training[:]) == 5
    assert all(isinstance(trace, Trace) for trace in training)
    assert training.loss_curve == [trace.loss for trace in training]
    first, second = training[:2]
    assert first.X.shape == (50, 4)
    update = training.walk.passes[0].update
    assert_array_equal(second.layers[0].W.ravel(), update.theta[:24])
    assert repr(training).startswith("<Trace of 5 steps of training, loss from")
    assert "<iframe" in training._repr_html_()


def test_dropout_is_part_of_the_trace():
    done = trace_training(network(dropout=0.5), X, y, steps=1).walk.passes[0]
    assert_allclose(done.arrays["D1"], done.arrays["A1"] * done.arrays["M1"])
    assert set(np.unique(done.arrays["M1"])) == {0.0, 2.0}
    assert_allclose(done.arrays["dA1"], done.arrays["dD1"] * done.arrays["M1"])


def test_nothing_is_changed_and_pipelines_are_fitted_as_copies():
    model, before = make_pipeline(StandardScaler(), network()), X.copy()
    training = trace_training(model, X, y, steps=2)
    scaled = StandardScaler().fit_transform(X)
    assert_allclose(training[0].X.mean(axis=0), 0, atol=1e-12)
    assert_allclose(sorted(training[0].X[:, 0]), sorted(scaled[:, 0]))
    assert_array_equal(X, before)
    for step in model:
        with pytest.raises(NotFittedError):
            check_is_fitted(step)
    fitted = network().fit(X, y)
    weights = fitted.coefs_[0].copy()
    trace_training(fitted, X, y, steps=3)
    assert_array_equal(fitted.coefs_[0], weights)


def test_the_page_of_a_training(tmp_path):
    points, arm = make_spirals(random_state=0)
    clf = network(hidden_layer_sizes=(16,), batch_size=300, learning_rate_init=0.05)
    training = trace_training(clf, points, arm, steps=40)
    page = training.to_html(tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == page
    assert len(page) < 1_000_000
    data = data_of(page)
    assert len(data["runs"]) == len(data["plane"]["frames"]) == 40
    assert [run["numbers"]["loss"] for run in data["runs"]] == training.loss_curve
    for k in 0, 39:
        assert_allclose(array(data, "W1", k), training[k].layers[0].W, rtol=1e-6)


def test_of_many_steps_some_are_shown():
    training = trace_training(network(), X[:, :2], y, steps=130)
    page = training.to_html()
    data = data_of(page)
    assert len(page) < 1_000_000
    assert data["every"] == 3
    assert len(data["runs"]) == len(data["plane"]["frames"]) == 44
    assert [run["numbers"]["loss"] for run in data["runs"]] == training.loss_curve[::3]


def test_planes_are_drawn_for_two_features_and_one_answer():
    two = X[:, :2]
    assert trace_training(network(), two, y, steps=1).walk.plane is not None
    assert trace_training(network(), two, y > 0, steps=1).walk.plane.names == ["False", "True"]
    assert trace_training(network(), X, y, steps=1).walk.plane is None
    assert trace_training(network(), csr_array(two), y, steps=1).walk.plane is None
    assert trace_training(network(), two, np.eye(3, dtype=int)[y], steps=1).walk.plane is None
    features, target = load_diabetes(return_X_y=True)
    reg = BackpropRegressor(hidden_layer_sizes=(4,), random_state=0)
    plane = trace_training(reg, features[:, :2], target / 100, steps=2).walk.plane
    assert plane.frames[0][..., 1].min() >= 0
    assert plane.frames[0].shape == (56, 56, 2)
    both = np.column_stack([target, target])
    assert trace_training(reg, features[:, :2], both, steps=1).walk.plane is None


def test_training_may_end_sooner():
    training = trace_training(network(tol=1e9, n_iter_no_change=2), X, y, steps=50)
    assert len(training) < 10


def test_what_cannot_be_traced():
    with pytest.raises(ValueError, match="solver='lbfgs' makes none"):
        trace_training(network(solver="lbfgs"), X, y)
    with pytest.raises(TypeError, match="LogisticRegression is no network"):
        trace_training(make_pipeline(LogisticRegression()), X, y)
    with pytest.raises(ValueError, match="steps must be an integer >= 1"):
        trace_training(network(), X, y, steps=0)
    with pytest.raises(ValueError, match="infinite or NaN"):
        trace_training(network(solver="sgd", learning_rate_init=1e200), X, y)
