"""`warm_start="exact"`: k epochs and m more are k + m epochs, to the last bit."""

import pickle
from copy import deepcopy

import numpy as np
import pytest
from numpy.testing import assert_array_equal, assert_equal
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.metrics import accuracy_score, make_scorer

from skbackprop import BackpropClassifier
from skbackprop.network import Network
from skbackprop.schedules import Constant, Cosine, OneCycle, ReduceOnPlateau

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_digits(return_X_y=True)
X, y = X[:240] / 16, y[:240]
K, M = 4, 5


def net(**params):
    params = {"hidden_layer_sizes": (8, 6), "batch_size": 50, "random_state": 0, **params}
    return BackpropClassifier(warm_start="exact", **params)


def assert_same(a, b, also=()):
    assert_equal([a.n_iter_, a.t_, a.loss_], [b.n_iter_, b.t_, b.loss_])
    assert_equal(
        [a.best_loss_, a.best_validation_score_, a.validation_scores_],
        [b.best_loss_, b.best_validation_score_, b.validation_scores_],
    )
    assert a.loss_curve_ == b.loss_curve_
    for name in set(a.history_) - {"seconds"}:
        assert_equal(a.history_[name], b.history_[name])
    for one, other in zip(a.coefs_ + a.intercepts_, b.coefs_ + b.intercepts_):
        assert_array_equal(one, other)
    assert_array_equal(a.predict_proba(X), b.predict_proba(X))


CASES = {
    "adam": {},
    "sgd, adaptive": {
        "solver": "sgd",
        "learning_rate": "adaptive",
        "learning_rate_init": 0.5,
        "tol": 0.2,
        "n_iter_no_change": 1,
    },
    "sgd, invscaling": {"solver": "sgd", "learning_rate": "invscaling"},
    "nadam": {"solver": "nadam"},
    "amsgrad": {"solver": "amsgrad"},
    "rmsprop": {"solver": "rmsprop"},
    "adagrad": {"solver": "adagrad"},
    "dropout": {"dropout": 0.3, "input_dropout": 0.1},
    "batch normalisation": {"normalization": "batch"},
    "layer normalisation": {"normalization": "layer"},
    "early stopping": {"early_stopping": True},
    "early stopping, last weights": {"early_stopping": True, "restore_best_weights": False},
    "early stopping by loss": {"early_stopping": True, "scoring": "loss", "n_iter_no_change": 2},
    "best weights": {"restore_best_weights": True, "learning_rate_init": 0.3},
    "cosine": {"learning_rate": Cosine(epochs=K + M)},
    "one cycle": {"learning_rate": OneCycle(epochs=K + M), "solver": "adamw"},
    "plateau": {"learning_rate": ReduceOnPlateau(patience=1), "n_iter_no_change": 1, "tol": 0.3},
    "no shuffle": {"shuffle": False},
    "no shuffle, dropout": {"shuffle": False, "dropout": 0.5},
    "class weights": {"class_weight": {0: 2.0, 1: 0.5}},
    "clipped": {"clip_norm": 0.1, "max_norm": 1.0, "l1_ratio": 0.5},
}


def both(params, features=X, between=lambda clf: clf, seed=lambda: 0, **fit_params):
    whole = net(max_iter=K + M, **params, random_state=seed()).fit(features, y, **fit_params)
    parts = net(max_iter=K, **params, random_state=seed()).fit(features, y, **fit_params)
    assert parts.n_iter_ == min(K, whole.n_iter_)
    return whole, between(parts).set_params(max_iter=M).fit(features, y, **fit_params)


@pytest.mark.parametrize("params", CASES.values(), ids=CASES)
@pytest.mark.parametrize(
    "between", [lambda c: c, lambda c: pickle.loads(pickle.dumps(c))], ids=["directly", "pickle"]
)
def test_parts_are_the_whole(params, between):
    whole, parts = both(params, between=between)
    assert_same(whole, parts)
    assert len(parts.loss_curve_) == parts.n_iter_


@pytest.mark.parametrize("form", [X.astype(np.float32), np.asfortranarray(X), csr_array(X)])
@pytest.mark.parametrize("params", [{}, {"dropout": 0.2, "input_dropout": 0.2}])
def test_every_form_of_x(form, params):
    assert_same(*both(params, features=form))


def test_weights_and_given_validation_samples():
    w = np.random.default_rng(0).uniform(0.5, 2, len(y))
    val = {"X_val": X[::4], "y_val": y[::4], "sample_weight_val": w[::4]}
    for early_stopping in (False, True):
        params = {"early_stopping": early_stopping, "scoring": "neg_log_loss"}
        assert_same(*both(params, sample_weight=w, **val))


def test_a_random_state_instance():
    whole, parts = both({"dropout": 0.2}, seed=lambda: np.random.RandomState(3))
    assert_same(whole, parts)


@pytest.mark.parametrize("cuts", [(1, 1, 1), (2, 1, 3)])
def test_many_parts(cuts):
    parts = net()
    for epochs in cuts:
        parts.set_params(max_iter=epochs).fit(X, y)
    assert_same(net(max_iter=sum(cuts)).fit(X, y), parts)


def test_it_differs_from_an_ordinary_warm_start():
    parts = net(max_iter=K).fit(X, y).set_params(max_iter=M, warm_start=True).fit(X, y)
    assert np.abs(parts.coefs_[0] - net(max_iter=K + M).fit(X, y).coefs_[0]).max() > 1e-4


@pytest.mark.parametrize("params", [{}, {"early_stopping": True}, {"restore_best_weights": True}])
def test_a_converged_run_is_over(params):
    clf = net(max_iter=100, tol=0.5, n_iter_no_change=2, **params).fit(X, y)
    assert 3 < clf.n_iter_ < 100
    before = deepcopy(clf)
    assert_same(clf.fit(X, y), before)


def test_initialize_and_go_on():
    clf = net(max_iter=2).initialize(64, np.arange(10)).fit(X, y)
    assert clf.n_iter_ == 2
    assert clf.set_params(max_iter=1).fit(X, y).n_iter_ == 3


# What happened in between counts


def test_weights_that_were_assigned_are_gone_on_from():
    clf = net(max_iter=K, learning_rate_init=1e-12).fit(X, y)
    clf.coefs_[0] = np.full((64, 8), 0.25)
    clf.fit(X, y)
    np.testing.assert_allclose(clf.coefs_[0], 0.25, atol=1e-9)


def test_weights_that_were_assigned_over_the_best_ones_are_gone_on_from():
    params = {"early_stopping": True, "learning_rate_init": 1e-12}
    clf = net(max_iter=K, **params).fit(X, y)
    clf.coefs_[0] = np.full((64, 8), 0.25)
    clf.fit(X, y)
    np.testing.assert_allclose(clf.coefs_[0], 0.25, atol=1e-9)


def test_it_begins_after_initialize():
    clf = net(max_iter=K).initialize(64, range(10))
    clf.fit(X, y).fit(X, y)
    assert clf.n_iter_ == 2 * K


def test_history_goes_on_after_another_mode():
    clf = BackpropClassifier((8,), max_iter=2, warm_start=True, random_state=0).fit(X, y)
    clf.fit(X, y)
    assert len(clf.loss_curve_) == 4
    clf = clone(clf).set_params(warm_start="exact").fit(X, y)
    for k in (4, 6):
        clf.fit(X, y)
        assert len(clf.loss_curve_) == len(clf.history_["seconds"]) == clf.n_iter_ == k
        assert clf.t_ == k * len(X)
    clf.set_params(warm_start=True).fit(X, y)
    assert len(clf.loss_curve_) == 8
    assert clf.n_iter_ == 2


def test_a_scorer_object_may_stay():
    scorer = make_scorer(accuracy_score)
    params = {"early_stopping": True, "scoring": scorer}
    clf = pickle.loads(pickle.dumps(net(max_iter=K, **params).fit(X, y)))
    clf.set_params(max_iter=M).fit(X, y)
    assert_same(clf, net(max_iter=K + M, **params).fit(X, y))


def test_warm_up_by_a_given_number_of_epochs():
    params = {"learning_rate": Constant(warmup=0.5, epochs=K + M)}
    clf = net(max_iter=K, **params).fit(X, y).set_params(max_iter=M).fit(X, y)
    assert_same(clf, net(max_iter=K + M, **params).fit(X, y))


# Errors


def assert_refused(clf, words, *data, **fit_params):
    before = deepcopy(clf)
    with pytest.raises(ValueError, match=f"(?s){words}"):
        clf.fit(*data, **fit_params)
    assert vars(clf).keys() == vars(before).keys()
    assert_same(clf, before)


def test_other_samples():
    clf = net(max_iter=2).fit(X, y)
    assert_refused(clf, "'exact'.*another X, y.*warm_start=True", X[:100], np.arange(100) % 10)


@pytest.mark.parametrize("solver", ["lbfgs"])
def test_lbfgs(solver):
    with pytest.raises(ValueError, match=r"(?s)'lbfgs'.*'exact'.*\"adam\".*warm_start=True"):
        net(solver=solver).fit(X, y)
    clf = net(max_iter=2).fit(X, y).set_params(solver=solver)
    assert_refused(clf, "'lbfgs'.*'exact'", X, y)


@pytest.mark.parametrize(
    "change",
    [
        {"solver": "sgd"},
        {"loss": "squared_error"},
        {"early_stopping": True},
        {"scoring": "f1_macro"},
        {"shuffle": False},
        {"dropout": 0.2},
        {"input_dropout": 0.2},
    ],
    ids=str,
)
@pytest.mark.parametrize("there_and_back", [False, True])
def test_what_must_stay(change, there_and_back):
    clf = net(max_iter=2)
    other = {name: getattr(clf, name) for name in change}
    clf.set_params(**change if there_and_back else {}).fit(X, y)
    clf.set_params(**other if there_and_back else change)
    assert_refused(clf, f"'exact'.*{next(iter(change))}.*warm_start=True", X, y)
    assert clf.set_params(warm_start=True).fit(X, y).n_iter_ == 2


def test_validation_samples_must_stay():
    clf = net(max_iter=2).fit(X, y, X_val=X[:50], y_val=y[:50])
    assert_refused(clf, "'exact'.*X_val", X, y)
    clf = net(max_iter=2, early_stopping=True).fit(X, y)
    assert_refused(clf, "'exact'.*X_val", X, y, X_val=X[:50], y_val=y[:50])


NOTHING = "nothing to go on from"


def test_other_calls_in_between_leave_nothing_to_go_on_from():
    assert_refused(net(max_iter=K).fit(X, y).partial_fit(X, y), NOTHING, X, y)
    for before in (False, True):
        clf = net(max_iter=K).fit(X, y).set_params(warm_start=before, max_iter=1).fit(X, y)
        assert_refused(clf.set_params(warm_start="exact"), NOTHING, X, y)


def test_nor_does_an_interrupted_one(monkeypatch):
    original, calls = Network.data_loss_and_gradient, iter(range(100))

    def interrupted(self, batch):
        if next(calls) == 7:
            raise KeyboardInterrupt
        return original(self, batch)

    with monkeypatch.context() as patch:
        patch.setattr(Network, "data_loss_and_gradient", interrupted)
        with pytest.warns(UserWarning, match="interrupted"):
            clf = net(max_iter=K).fit(X, y)
    assert_refused(clf, NOTHING, X, y)


@pytest.mark.parametrize("learning_rate", ["cosine", Constant(warmup=0.1), lambda s: 1 - s])
def test_a_schedule_must_know_how_long(learning_rate):
    clf = net(learning_rate=learning_rate)
    with pytest.raises(ValueError, match=r"learning_rate=.*epochs"):
        clf.fit(X, y)
    assert not hasattr(clf, "coefs_")
