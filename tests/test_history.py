"""`history_`: what it holds, for every solver and over several calls; `initialize`."""

from copy import deepcopy
from time import perf_counter

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_digits, make_multilabel_classification
from sklearn.metrics import log_loss

from skbackprop import BackpropClassifier
from skbackprop.estimators.samples import one_batch
from skbackprop.initializers import INITIALIZERS
from skbackprop.schedules import Cosine, Exponential, OneCycle, ReduceOnPlateau, Step
from skbackprop.training import Row
from tests.conftest import named

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_digits(return_X_y=True)
X, y = X[:300] / 16, y[:300]
VAL = {"X_val": X[200:], "y_val": y[200:]}


def net(**params):
    params = {"hidden_layer_sizes": (10,), "max_iter": 6, "random_state": 0, **params}
    return BackpropClassifier(**params)


def penalty(clf, total):
    l1, l2 = clf.alpha * clf.l1_ratio, clf.alpha * (1 - clf.l1_ratio)
    return sum(l1 * np.abs(W).sum() + l2 / 2 * (W**2).sum() for W in clf.coefs_) / total


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_columns(solver, early_stopping):
    clf = net(solver=solver, early_stopping=early_stopping, alpha=2.0, l1_ratio=0.3)
    start = perf_counter()
    clf.fit(X, y, **VAL)
    elapsed, history = perf_counter() - start, clf.history_
    assert tuple(history) == Row._fields
    assert {len(column) for column in history.values()} == {clf.n_iter_}
    assert all(type(value) is float for column in history.values() for value in column)
    loss, data_loss, part = (history[k] for k in ("loss", "data_loss", "penalty"))
    assert loss == clf.loss_curve_
    assert_allclose(loss, np.add(data_loss, part), rtol=1e-12)
    assert min(part) > 0
    assert min(history["seconds"]) > 0
    assert sum(history["seconds"]) < elapsed
    assert min(history["gradient_norm"]) > 0
    assert np.isnan(history["learning_rate"]).all() == (solver == "lbfgs")


def test_the_gradient_norm_is_that_of_the_first_batch():
    params = {"shuffle": False, "batch_size": 100, "alpha": 3.0}
    clf = net(max_iter=1, **params).fit(X, y)
    start = net(**params).initialize(64, np.arange(10))
    network, batch = one_batch(start, X[:100], y[:100])
    network.value_and_gradient(batch)
    assert_allclose(clf.history_["gradient_norm"], [np.linalg.norm(network.grad)], rtol=1e-10)


def test_a_pandas_data_frame():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(net().fit(X, y).history_)
    assert frame.shape == (6, len(Row._fields))
    assert frame["validation_loss"].isna().all()
    assert frame["loss"].is_monotonic_decreasing


def test_the_last_iterate_of_lbfgs():
    clf = net(solver="lbfgs", alpha=3.0).fit(X, y, **VAL)
    history = clf.history_
    assert_allclose(history["data_loss"][-1], log_loss(y, clf.predict_proba(X)), rtol=1e-10)
    assert_allclose(history["penalty"][-1], penalty(clf, len(X)), rtol=1e-10)
    expected = log_loss(y[200:], clf.predict_proba(X[200:]))
    assert_allclose(history["validation_loss"][-1], expected, rtol=1e-10)


def test_the_first_epoch_of_full_batches_is_that_of_the_first_weights():
    clf = net(batch_size=300, max_iter=2, alpha=3.0).fit(X, y)
    first = net(batch_size=300, alpha=3.0).initialize(64, np.arange(10))
    assert_allclose(clf.history_["data_loss"][0], log_loss(y, first.predict_proba(X)), rtol=1e-10)
    assert_allclose(clf.history_["penalty"][0], penalty(first, 300), rtol=1e-10)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_validation_loss_is_that_of_the_predictions_without_penalty(early_stopping):
    w = np.random.default_rng(0).uniform(0.5, 2, 100)
    expected = []
    for k in range(1, 5):
        clf = net(max_iter=k, early_stopping=early_stopping, restore_best_weights=False, alpha=5.0)
        clf.fit(X, y, **VAL, sample_weight_val=w)
        p = clf.predict_proba(X[200:])
        expected.append(log_loss(y[200:], p, sample_weight=w))
    assert_allclose(clf.history_["validation_loss"], expected, rtol=1e-10)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("constant", lambda s, k: 1.0),
        ("invscaling", lambda s, k: (300 * k + 1) ** -0.5),
        (Cosine(), lambda s, k: (1 + np.cos(np.pi * s)) / 2),
        (Exponential(final=0.01), lambda s, k: 0.01**s),
        (Step(drop=0.5, period=0.5), lambda s, k: 1.0 if s <= 0.5 else 0.5),
        (lambda s: 1 - s, lambda s, k: 1 - s),
    ],
    ids=named,
)
@pytest.mark.parametrize("solver", ["adam", "sgd", "adamw"])
def test_learning_rate_of_the_last_step(schedule, expected, solver):
    """Three batches an epoch: the last step of epoch k (from 0) is in the middle of its third."""
    clf = net(solver=solver, learning_rate=schedule, learning_rate_init=0.01, batch_size=100)
    clf.fit(X, y)
    rates = [0.01 * expected((k + 2.5 / 3) / 6, k) for k in range(6)]
    assert_allclose(clf.history_["learning_rate"], rates, rtol=1e-12)


def test_learning_rate_at_a_plateau():
    schedule = ReduceOnPlateau(divisor=2.0, patience=2)
    clf = net(learning_rate=schedule, tol=10.0, max_iter=8).fit(X, y)
    # the first epoch is the best one; the rate falls after every second one from there
    assert_allclose(
        clf.history_["learning_rate"], 0.001 * 0.5 ** np.array([0, 0, 0, 1, 1, 2, 2, 3])
    )


def test_one_cycle_rises_and_falls():
    clf = net(learning_rate=OneCycle(warmup=0.5), max_iter=10).fit(X, y)
    rates = np.array(clf.history_["learning_rate"])
    assert (np.diff(rates[:5]) > 0).all()
    assert (np.diff(rates[5:]) < 0).all()


def test_later_calls_extend_it():
    clf = net(warm_start=True, max_iter=3).fit(X, y)
    first = deepcopy(clf.history_)
    clf.fit(X, y, **VAL)
    assert {len(column) for column in clf.history_.values()} == {6}
    for name, column in first.items():
        assert_array_equal(clf.history_[name][:3], column)
    assert np.isnan(clf.history_["validation_loss"][:3]).all()
    assert np.isfinite(clf.history_["validation_loss"][3:]).all()
    clf.partial_fit(X, y).partial_fit(X, y)
    assert len(clf.history_["loss"]) == 8
    assert clf.loss_curve_ == clf.history_["loss"]
    assert clf.set_params(solver="lbfgs").fit(X, y).history_["loss"][8:]
    assert len(clf.set_params(warm_start=False).fit(X, y).history_["loss"]) == clf.n_iter_


def test_partial_fit_alone():
    clf = net()
    for k in range(1, 4):
        clf.partial_fit(X, y, classes=np.arange(10))
        assert {len(column) for column in clf.history_.values()} == {k}


def test_a_later_call_leaves_an_earlier_history_alone():
    clf = net().fit(X, y)
    history = clf.history_
    before = deepcopy(history)
    clf.partial_fit(X, y)
    assert {k: len(v) for k, v in history.items()} == {k: len(v) for k, v in before.items()}


# initialize


@pytest.mark.parametrize("weight_init", INITIALIZERS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_initialize_draws_what_fit_starts_from(weight_init, dtype):
    params = {"weight_init": weight_init, "normalization": "batch", "dropout": 0.2}
    clf = net(**params).initialize(64, np.arange(10), dtype=dtype)
    still = net(**params, learning_rate_init=1e-30, max_iter=1, alpha=0.0).fit(X.astype(dtype), y)
    for one, other in zip(clf.coefs_ + clf.intercepts_, still.coefs_ + still.intercepts_):
        assert one.dtype == dtype
        assert_allclose(one, other, atol=1e-15)


@pytest.mark.parametrize("names", [[0, 1], list("abcd"), [7], [3, 1, 2]])
def test_an_initialized_network_predicts(names):
    clf = net().initialize(64, names)
    assert set(clf.predict(X)) <= set(names)
    assert list(clf.classes_) == sorted(names)
    p = clf.predict_proba(X)
    assert p.shape == (300, len(names))
    assert_allclose(p.sum(axis=1), 1)
    assert (clf.n_iter_, clf.t_, clf.loss_curve_) == (0, 0, [])
    assert clf.best_loss_ is None
    assert clf.partial_fit(X[:1], np.array(names)[:1]).best_loss_ == clf.loss_
    assert clf.n_features_in_ == 64


@pytest.mark.parametrize("go_on", ["partial_fit", "warm_start", "exact"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_training_goes_on_from_it(go_on, dtype):
    clf = net(max_iter=1, shuffle=False).initialize(64, np.arange(10), dtype=dtype)
    if go_on == "partial_fit":
        clf.partial_fit(X, y)
        alone = net(shuffle=False).partial_fit(X.astype(dtype), y, classes=np.arange(10))
    else:
        clf.set_params(warm_start=True if go_on == "warm_start" else go_on).fit(X, y)
        alone = net(max_iter=1, shuffle=False).fit(X.astype(dtype), y)
    for one, other in zip(clf.coefs_ + clf.intercepts_, alone.coefs_ + alone.intercepts_):
        assert one.dtype == dtype
        assert_array_equal(one, other)


@pytest.mark.parametrize("go_on", ["partial_fit", "fit"])
def test_names_of_features_come_with_the_first_samples(go_on):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=[f"pixel {i}" for i in range(64)])
    clf = net(max_iter=1, warm_start=True).initialize(64, np.arange(10))
    with pytest.raises(ValueError, match=r"X has 63 features, but .* is expecting 64"):
        getattr(clf, go_on)(frame.iloc[:, :63], y)
    assert clf.n_features_in_ == 64
    assert not hasattr(clf, "feature_names_in_")
    for _ in range(2):  # a warning would be an error here
        getattr(clf, go_on)(frame, y)
    clf.predict(frame)
    assert list(clf.feature_names_in_) == list(frame.columns)
    with pytest.raises(ValueError, match="feature names should match"):
        getattr(clf, go_on)(frame.rename(columns={"pixel 0": "other"}), y)


def test_weights_can_be_assigned_before_any_training():
    clf = net().initialize(64, np.arange(10))
    trained = net().fit(X, y)
    clf.coefs_, clf.intercepts_ = trained.coefs_, trained.intercepts_
    assert_array_equal(clf.predict_proba(X), trained.predict_proba(X))


def test_initialize_for_labels():
    X, Y = make_multilabel_classification(100, n_classes=3, random_state=0)
    clf = net().initialize(20, [0, 1, 2], multilabel=True)
    assert clf.predict(X).shape == clf.predict_proba(X).shape == (100, 3)
    assert clf.out_activation_ == "logistic"
    assert clf.partial_fit(X, Y).n_iter_ == 1
    with pytest.raises(ValueError, match="multilabel"):
        clf.partial_fit(X, Y[:, 0])


def test_a_cold_fit_forgets_it():
    clf = net().initialize(3, [0, 1]).fit(X, y)
    assert_array_equal(clf.coefs_[0], net().fit(X, y).coefs_[0])


@pytest.mark.parametrize(
    ("words", "arguments", "params"),
    [
        ("n_features", (0, [0, 1]), {}),
        ("n_features", (2.5, [0, 1]), {}),
        ("n_features", (True, [0, 1]), {}),
        ("classes", (3, []), {}),
        ("classes", (3, None), {}),
        ("classes", (3, [[0, 1]]), {}),
        ("dtype", (3, [0, 1], int), {}),
        ("dtype", (3, [0, 1], "foo"), {}),
        ("alpha", (3, [0, 1]), {"alpha": -1.0}),
        ("hidden_layer_sizes", (3, [0, 1]), {"hidden_layer_sizes": (10**12,)}),
    ],
)
def test_bad_arguments_of_initialize_change_nothing(words, arguments, params):
    n_features, classes, *dtype = arguments
    kwargs = {"dtype": dtype[0]} if dtype else {}
    new = net(**params)
    with pytest.raises(ValueError, match=words):
        new.initialize(n_features, classes, **kwargs)
    assert not hasattr(new, "classes_")
    clf = net().fit(X, y)
    p, curve = clf.predict_proba(X), clf.loss_curve_
    with pytest.raises(ValueError, match=words):
        clf.set_params(**params).initialize(n_features, classes, **kwargs)
    assert_array_equal(clf.predict_proba(X), p)
    assert clf.loss_curve_ == curve
