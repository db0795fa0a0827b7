"""How a run is told what to do, when it ends, and how it goes on."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import scale

from skbackprop import BackpropClassifier
from skbackprop.activations import Tanh
from skbackprop.initializers import INITIALIZERS, Normal
from skbackprop.inspection import trace_backprop
from skbackprop.losses import SquaredError
from skbackprop.optimizers import LBFGS, SGD, Adam
from skbackprop.schedules import Adaptive, Constant, InvScaling

quiet = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
X, y = load_iris(return_X_y=True)
X = scale(X)


def same(a, b):
    return all((p == q).all() for p, q in zip(a.coefs_ + a.intercepts_, b.coefs_ + b.intercepts_))


# Strings, flat parameters and objects


@quiet
@pytest.mark.parametrize(
    ("string", "object_form"),
    [
        ({"solver": "adam", "beta_1": 0.8, "epsilon": 1e-4}, {"solver": Adam(0.8, epsilon=1e-4)}),
        ({"solver": "sgd", "momentum": 0.5}, {"solver": SGD(momentum=0.5)}),
        ({"solver": "sgd", "momentum": 0.5}, {"solver": SGD(np.float32(0.5)), "momentum": 0.1}),
        ({"solver": "lbfgs", "max_fun": 7}, {"solver": LBFGS(max_fun=7)}),
        (
            {"solver": "sgd", "learning_rate": "invscaling", "power_t": 0.2},
            {"solver": "sgd", "learning_rate": InvScaling(power_t=0.2)},
        ),
        (
            {"solver": "sgd", "learning_rate": "adaptive"},
            {"solver": "sgd", "learning_rate": Adaptive()},
        ),
        ({"weight_init": "normal"}, {"weight_init": Normal(scale=0.01)}),
        ({"activation": "tanh"}, {"activation": Tanh()}),
        ({"loss": "squared_error"}, {"loss": SquaredError()}),
    ],
)
def test_a_string_is_an_object_with_the_flat_parameters(string, object_form):
    a, b = (
        BackpropClassifier(**p, max_iter=5, random_state=0).fit(X, y) for p in (string, object_form)
    )
    assert same(a, b)


@quiet
def test_a_run_does_not_write_to_its_options():
    solver = SGD(momentum=np.float32(0.5))
    clf = BackpropClassifier(solver=solver, max_iter=2).fit(X, y)
    assert clf.solver is solver
    assert type(solver.momentum) is np.float32


def test_nested_names():
    clf = BackpropClassifier(solver=SGD())
    assert clf.get_params()["solver__momentum"] == 0.9
    twin = clone(clf).set_params(solver__momentum=0.1)
    assert (twin.solver.momentum, clf.solver.momentum) == (0.1, 0.9)


@quiet
@pytest.mark.parametrize("name", INITIALIZERS)
def test_every_weight_init_trains(name):
    clf = BackpropClassifier((10,), weight_init=name, learning_rate_init=0.01, random_state=0)
    assert clf.fit(X, y).score(X, y) > 0.9


# No hidden layer


@pytest.mark.parametrize("target", [y, (y == 2).astype(int)], ids=["softmax", "logistic"])
def test_no_hidden_layer_is_logistic_regression(target):
    clf = BackpropClassifier((), solver=LBFGS(ftol=0), alpha=1.0, tol=1e-8, max_iter=1000)
    clf.fit(X, target)
    reference = LogisticRegression(C=1.0, tol=1e-10, max_iter=1000).fit(X, target)
    assert_allclose(clf.predict_proba(X), reference.predict_proba(X), atol=1e-5)
    assert len(clf.coefs_) == 1
    assert clf.n_layers_ == 2


# First values


@quiet
def test_first_values_are_used_and_copied():
    rng = np.random.default_rng(0)
    W, b = [rng.standard_normal((4, 5)), rng.standard_normal((5, 3))], [np.ones(5), np.ones(3)]
    kept = [array.copy() for array in W + b]
    clf = BackpropClassifier((5,), learning_rate_init=1e-300, max_iter=1)
    clf.fit(X, y, coefs_init=W, intercepts_init=b)
    for ours, given, before in zip(clf.coefs_ + clf.intercepts_, W + b, kept):
        assert_allclose(ours, given, atol=1e-200)
        assert not np.shares_memory(ours, given)
        assert (given == before).all()
    clf.fit(X, y)
    assert not np.allclose(clf.coefs_[0], W[0])


@quiet
def test_first_weights_alone_leave_the_drawn_intercepts():
    clf = BackpropClassifier((5,), learning_rate_init=1e-300, max_iter=1, random_state=0)
    drawn = [b.copy() for b in clf.fit(X, y).intercepts_]
    clf.fit(X, y, coefs_init=[np.zeros((4, 5)), np.zeros((5, 3))])
    for ours, expected in zip(clf.intercepts_, drawn):
        assert_allclose(ours, expected, atol=1e-200)
    assert_allclose(clf.coefs_[0], 0, atol=1e-200)


@quiet
def test_first_values_take_the_dtype_of_x():
    clf = BackpropClassifier((), max_iter=1)
    clf.fit(X.astype(np.float32), y, coefs_init=[np.zeros((4, 3))])
    assert clf.coefs_[0].dtype == np.float32


# The end of training


@pytest.mark.parametrize("patience", [2, 5])
def test_patience(patience):
    clf = BackpropClassifier(tol=1e3, n_iter_no_change=patience, random_state=0).fit(X, y)
    assert clf.n_iter_ == patience + 2  # the first epoch improves on nothing
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(40\) reached"):
        clf.set_params(n_iter_no_change=np.inf, max_iter=40).fit(X, y)
    assert clf.n_iter_ == 40


def test_adaptive_ends_when_the_rate_is_too_small():
    clf = BackpropClassifier(
        solver="sgd", learning_rate="adaptive", tol=1e3, n_iter_no_change=1, max_iter=1000
    ).fit(X, y)
    assert clf.learning_rate_init * clf._progress.factor <= 1e-6
    n_plateaus = 1 + np.ceil(np.log(1e-3 / 1e-6) / np.log(5))
    assert clf.n_iter_ == 1 + 2 * n_plateaus


@quiet
def test_invscaling_counts_the_samples_of_all_warm_starts():
    clf = BackpropClassifier(
        solver="sgd", learning_rate="invscaling", power_t=0.25, max_iter=1, warm_start=True
    )
    clf.fit(X, y).fit(X, y)
    assert_allclose(clf._progress.factor, (2 * len(X) + 1) ** -0.25)


def test_early_stopping_keeps_the_best_epoch():
    digits, labels = load_digits(return_X_y=True)
    clf = BackpropClassifier(
        (30,), early_stopping=True, learning_rate_init=0.05, random_state=0, max_iter=500
    ).fit(digits, labels)
    best = int(np.argmax(clf.validation_scores_))
    assert clf.best_validation_score_ == max(clf.validation_scores_)
    assert best + 1 < clf.n_iter_ < 500
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        until_best = clone(clf).set_params(max_iter=best + 1).fit(digits, labels)
    assert same(clf, until_best)


def test_lbfgs_ends_at_the_minimum_scipy_finds():
    clf = BackpropClassifier((), solver="lbfgs", alpha=1.0, tol=1e-6).fit(X, y == 0)
    target = 2.0 * (y == 0) - 1

    def objective(w):
        z = X @ w[:4] + w[4]
        return np.logaddexp(0, -target * z).mean() + 0.5 * (w[:4] ** 2).sum() / len(X)

    assert_allclose(clf.loss_, minimize(objective, np.zeros(5)).fun, rtol=1e-6)


def test_lbfgs_says_what_to_do():
    with pytest.warns(ConvergenceWarning, match=r"(?s)lbfgs failed to converge.*max_iter=3"):
        BackpropClassifier(solver="lbfgs", max_iter=3).fit(X, y)


def test_batch_size_is_clipped_with_a_warning():
    with pytest.warns(UserWarning, match="Got `batch_size` less than 1 or larger"):
        clf = BackpropClassifier(batch_size=1000, tol=1e3, random_state=0).fit(X, y)
    assert same(clf, BackpropClassifier(batch_size=150, tol=1e3, random_state=0).fit(X, y))


# Weights


@quiet
@pytest.mark.parametrize("solver", ["sgd", "lbfgs"])
def test_integer_weights_are_repeated_samples(solver):
    w = np.random.default_rng(0).integers(0, 4, len(X))
    params = {"solver": solver, "shuffle": False, "max_iter": 10, "random_state": 0}
    weighted = BackpropClassifier(**params, batch_size=len(X)).fit(X, y, sample_weight=w)
    X2, y2 = np.repeat(X, w, axis=0), np.repeat(y, w)
    repeated = BackpropClassifier(**params, batch_size=len(X2)).fit(X2, y2)
    for a, b in zip(weighted.coefs_, repeated.coefs_):
        assert_allclose(a, b, atol=1e-8)


@quiet
def test_batches_without_weight_are_passed_over():
    w = np.repeat([1.0, 0.0], [100, 50])
    params = {"shuffle": False, "batch_size": 50, "max_iter": 5, "random_state": 0}
    a = BackpropClassifier(**params).fit(X[np.r_[:50, 50:100, 100:150]], y, sample_weight=w)
    assert np.isfinite(a.loss_)
    b = BackpropClassifier(**params).partial_fit(X[:100], y[:100], classes=[0, 1, 2])
    for _ in range(4):
        b.partial_fit(X[:100], y[:100])
    assert same(a, b)


# Going on


@quiet
def test_partial_fit_goes_on_where_fit_ended():
    whole = BackpropClassifier(random_state=0, shuffle=False, max_iter=6).fit(X, y)
    parts = BackpropClassifier(random_state=0, shuffle=False, max_iter=2).fit(X, y)
    for _ in range(4):
        parts.partial_fit(X, y)
    assert same(whole, parts)
    assert_allclose(whole.loss_curve_, parts.loss_curve_)
    assert parts.t_ == 6 * len(X)


@quiet
def test_another_solver_starts_with_a_state_of_its_own():
    clf = BackpropClassifier(random_state=0, max_iter=2).fit(X, y)
    fresh = BackpropClassifier(solver="sgd", random_state=0, shuffle=False)
    fresh.partial_fit(
        X, y, classes=[0, 1, 2], coefs_init=clf.coefs_, intercepts_init=clf.intercepts_
    )
    clf.set_params(solver="sgd", shuffle=False).partial_fit(X, y)
    assert same(clf, fresh)
    clf = BackpropClassifier(solver="lbfgs", random_state=0, max_iter=2).fit(X, y)
    clf.set_params(solver="adam").partial_fit(X, y)
    assert len(clf.loss_curve_) == 3


@quiet
def test_changed_betas_do_not_rescale_the_past():
    clf = BackpropClassifier(random_state=0, max_iter=20).fit(X, y)
    state, before = clf._progress.optimizer_state, clf._network.theta.copy()
    m, v = state.m.scale * state.m.vector, state.v.scale * state.v.vector  # the paper's
    clf.set_params(beta_1=0.5, beta_2=0.9, shuffle=False, alpha=0)
    gradient = trace_backprop(clf.set_params(batch_size=150), X, y)
    clf.partial_fit(X, y)
    g = np.concatenate(
        [*(layer.dW.ravel() for layer in gradient.layers), *(layer.db for layer in gradient.layers)]
    )
    penalty = 1e-4 / 150 * before  # the trace is of the fitted network, which had alpha
    penalty[clf._network.architecture.n_weights :] = 0
    g -= penalty
    m, v = 0.5 * m + 0.5 * g, 0.9 * v + 0.1 * g**2
    t = state.t + 1
    rate = 1e-3 * np.sqrt(1 - 0.9**t) / (1 - 0.5**t)
    assert_allclose(clf._network.theta, before - rate * m / (np.sqrt(v) + 1e-8), atol=1e-12)


@quiet
def test_another_loss_is_another_best():
    clf = BackpropClassifier((5,), loss="squared_error", warm_start=True, max_iter=30)
    clf.fit(X, y).set_params(loss="log_loss").fit(X, y)
    assert clf.best_loss_ == min(clf.loss_curve_[30:])


@quiet
def test_early_stopping_can_be_switched_between_warm_starts():
    clf = BackpropClassifier(warm_start=True, max_iter=2, early_stopping=True).fit(X, y)
    clf.set_params(early_stopping=False).fit(X, y)
    assert clf.validation_scores_ is None
    assert clf.best_loss_ == min(clf.loss_curve_[2:])
    clf.set_params(early_stopping=True).fit(X, y)
    assert len(clf.validation_scores_) == 2


@quiet
def test_a_warm_start_needs_the_same_layers():
    clf = BackpropClassifier((5,), warm_start=True, max_iter=2).fit(X, y)
    with pytest.raises(ValueError, match=r"hidden_layer_sizes=\(6,\) differs .* \(5,\)"):
        clf.set_params(hidden_layer_sizes=(6,)).fit(X, y)


@quiet
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_float32_learns_as_well_as_float64(solver):
    digits, labels = load_digits(return_X_y=True)
    clf = BackpropClassifier(solver=solver, max_iter=60, learning_rate_init=0.01, random_state=0)
    clf.fit((digits / 16).astype(np.float32), labels)
    assert clf.coefs_[0].dtype == np.float32
    assert clf.score(digits / 16, labels) > 0.97


class Explodes(Constant):
    """An infinite rate in the third epoch."""

    def after_epoch(self, factor, t, waited):
        return 1.0 if t < 2 * 60 else np.inf


def test_divergence_under_early_stopping_keeps_the_best_epoch():
    target = (np.arange(len(X)) % 5 == 0).astype(int)  # an all-NaN network is right on 80 %
    params = {
        "solver": "sgd",
        "early_stopping": True,
        "validation_fraction": 0.6,
        "random_state": 0,
    }
    clf = BackpropClassifier(**params, learning_rate=Explodes())
    with pytest.warns(ConvergenceWarning, match="diverged in epoch 3"):
        clf.fit(X, target)
    assert np.isfinite(clf.validation_scores_[:2]).all()
    assert np.isnan(clf.validation_scores_[2])  # where it diverged nothing is scored
    best = 1 + int(np.nanargmax(clf.validation_scores_))
    with pytest.warns(ConvergenceWarning):
        assert same(clf, BackpropClassifier(**params, max_iter=best).fit(X, target))


@quiet
def test_training_can_go_on_after_divergence():
    clf = BackpropClassifier(
        solver="sgd", learning_rate=Explodes(), early_stopping=True, random_state=0
    )
    target = (np.arange(len(X)) % 5 == 0).astype(int)
    clf.fit(X, target).set_params(early_stopping=False, learning_rate="constant")
    assert np.isfinite(clf.partial_fit(X, target).loss_)


@quiet
def test_lbfgs_that_has_nothing_to_do():
    clf = BackpropClassifier((), solver="lbfgs", tol=10.0).fit(X, y)
    assert clf.n_iter_ == 0
    assert clf.best_loss_ == clf.loss_


def vectors_of(state):
    for value in vars(state).values():
        if isinstance(value, np.ndarray):
            yield value
        elif hasattr(value, "copy"):
            yield from vectors_of(value)


@quiet
@pytest.mark.parametrize(
    ("solver", "n_vectors"),
    [("adam", 2), ("sgd", 1), ("nadam", 3), ("amsgrad", 3), ("rmsprop", 2), ("adagrad", 2)],
)
def test_vectors_stay_at_cache_lines(solver, n_vectors):
    clf = BackpropClassifier((7,), solver=solver, max_iter=2).fit(X, y)
    for _ in range(3):
        clf.partial_fit(X, y)
        vectors = [clf._network.theta, clf._network.grad]
        vectors += vectors_of(clf._progress.optimizer_state)
        assert [v.ctypes.data % 64 for v in vectors] == [0] * (2 + n_vectors)


def test_divergence_in_the_first_epoch_is_an_error():
    clf = BackpropClassifier(
        solver="sgd", learning_rate_init=1e308, early_stopping=True, batch_size=5
    )
    with pytest.raises(ValueError, match="non-finite parameter weights"):
        clf.fit(X, y)
    assert not hasattr(clf, "loss_")


def test_a_failed_call_draws_nothing_from_the_users_random_state():
    rng = np.random.RandomState(0)
    before = rng.get_state()[1].copy()
    clf = BackpropClassifier(solver="sgd", learning_rate_init=1e300, random_state=rng)
    with pytest.raises(ValueError, match="non-finite"):
        clf.fit(X, y)
    assert (rng.get_state()[1] == before).all()
