"""What the options achieve on real data: activations, dropout, normalisation, penalties, norms."""

import pickle
from copy import deepcopy

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, train_test_split
from sklearn.neural_network import MLPClassifier

from skbackprop import BackpropClassifier
from skbackprop.activations import ELU, LeakyReLU
from skbackprop.normalization import BatchNorm, LayerNorm
from skbackprop.optimizers import SGD, AdamW

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_digits(return_X_y=True)
X = X / 16
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0, stratify=y)
FEW = X_train[:200], y_train[:200]


def net(**params):
    params = {"hidden_layer_sizes": (20, 10), "max_iter": 5, "random_state": 0, **params}
    return BackpropClassifier(**params)


def assert_same_weights(a, b):
    for one, other in zip(a.coefs_ + a.intercepts_, b.coefs_ + b.intercepts_):
        assert_array_equal(one, other)


def square(Z):
    return np.square(Z)


def slope_of_square(Z):
    return 2 * Z


# One activation per layer


@pytest.mark.parametrize("form", [list, tuple])
def test_one_activation_per_layer(form):
    clf = net(activation=form(["tanh", LeakyReLU(slope=0.2)])).fit(*FEW)
    A = np.tanh(X_test @ clf.coefs_[0] + clf.intercepts_[0])
    Z = A @ clf.coefs_[1] + clf.intercepts_[1]
    Z = np.where(Z > 0, Z, 0.2 * Z) @ clf.coefs_[2] + clf.intercepts_[2]
    assert_allclose(clf.decision_function(X_test), Z, rtol=1e-10, atol=1e-12)


def test_a_list_of_the_same_is_one_for_all():
    assert_same_weights(net(activation=["tanh"] * 2).fit(*FEW), net(activation="tanh").fit(*FEW))


def test_a_pair_of_functions_among_others():
    pair = (square, slope_of_square)
    clf = net(activation=["relu", pair]).fit(*FEW)
    A = np.maximum(X_test @ clf.coefs_[0] + clf.intercepts_[0], 0)
    A = (A @ clf.coefs_[1] + clf.intercepts_[1]) ** 2
    expected = A @ clf.coefs_[2] + clf.intercepts_[2]
    assert_allclose(clf.decision_function(X_test), expected, rtol=1e-10, atol=1e-12)
    both = net(activation=pair).fit(*FEW)  # two functions, not two activations
    assert_same_weights(both, net(activation=[pair, pair]).fit(*FEW))


@pytest.mark.parametrize(
    ("activation", "words"),
    [
        (["relu"], "one for each of the 2.*got 1"),
        (("relu",) * 3, "one for each of the 2.*got 3"),
        ([], "one for each of the 2.*got 0"),
        (["relu", "foo"], "got 'foo'"),
        (["relu", None], "got None"),
        ([["relu", "relu"], "relu"], "got \\['relu', 'relu'\\]"),
        ([square, "relu"], "got <function square"),
        ([(square, square), "relu"], "derivative"),
    ],
)
def test_wrong_lists(activation, words):
    with pytest.raises(ValueError, match=f"(?s)activation.*{words}|(?s:{words})"):
        net(activation=activation).fit(*FEW)


def test_lists_in_a_grid_search():
    grid = {"activation": [["relu", "tanh"], ("identity", ELU(alpha=0.5)), "gelu"]}
    search = GridSearchCV(net(), grid, cv=2).fit(*FEW)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.best_params_["activation"] in grid["activation"]


@pytest.mark.parametrize(
    "activation", [["relu", LeakyReLU(slope=0.2)], (("tanh"), (square, slope_of_square))]
)
def test_lists_survive_clone_repr_and_pickle(activation):
    clf = net(activation=activation)
    copy = clone(clf)
    assert copy.get_params()["activation"] == activation
    assert "activation=" in repr(clf)
    assert_same_weights(copy.fit(*FEW), clf.fit(*FEW))
    loaded = pickle.loads(pickle.dumps(clf))
    assert_array_equal(loaded.predict_proba(X_test), clf.predict_proba(X_test))
    assert_same_weights(loaded.partial_fit(*FEW), clf.partial_fit(*FEW))


# Dropout


DROPS = [{"dropout": 0.3}, {"dropout": [0.0, 0.5]}, {"input_dropout": 0.3}]


@pytest.mark.parametrize("form", [np.asarray, csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("params", DROPS, ids=str)
def test_seeds_of_dropout(form, params):
    features = form(FEW[0])
    a, b = (net(**params).fit(features, FEW[1]) for _ in range(2))
    assert_same_weights(a, b)
    assert a.loss_curve_ == b.loss_curve_
    first = net().initialize(64, np.arange(10))
    fixed = {"coefs_init": list(first.coefs_), "intercepts_init": list(first.intercepts_)}
    other_draws = [
        net(**params, shuffle=False, random_state=seed).fit(features, FEW[1], **fixed)
        for seed in (0, 1)
    ]
    assert np.abs(other_draws[0].coefs_[0] - other_draws[1].coefs_[0]).max() > 1e-6


@pytest.mark.parametrize("params", DROPS, ids=str)
def test_prediction_drops_and_draws_nothing(params):
    rng = np.random.RandomState(0)
    clf = net(**params, random_state=rng).fit(*FEW)
    state = rng.get_state()[1].copy()
    p = clf.predict_proba(X_test)
    assert_array_equal(clf.predict_proba(X_test), p)
    assert_array_equal(rng.get_state()[1], state)
    A = X_test
    for W, b in zip(clf.coefs_[:-1], clf.intercepts_[:-1]):
        A = np.maximum(A @ W + b, 0)
    Z = A @ clf.coefs_[-1] + clf.intercepts_[-1]
    assert_allclose(clf.decision_function(X_test), Z, rtol=1e-10, atol=1e-12)


def test_without_dropout_the_draws_are_mlp_classifiers():
    params = {"hidden_layer_sizes": (10,), "max_iter": 3, "random_state": 0}
    theirs = MLPClassifier(**params).fit(*FEW)
    for drops in ({"dropout": 0.0}, {"dropout": [0.0]}, {"dropout": 0, "input_dropout": 0}):
        ours = BackpropClassifier(**params, **drops).fit(*FEW)
        assert_allclose(ours.coefs_[0], theirs.coefs_[0], atol=1e-9)


def test_dropout_reduces_overfitting():
    """150 noisy samples for 200 units: the gap between training and test narrows."""
    rng = np.random.default_rng(0)
    few, test = rng.normal(X_train[:150], 0.5), rng.normal(X_test, 0.5)
    labels = y_train[:150]
    losses = {}
    for dropout in (0.0, 0.5):
        clf = net(hidden_layer_sizes=(200,), max_iter=200, dropout=dropout, alpha=0, tol=0)
        clf.fit(few, labels, X_val=test, y_val=y_test)
        log_p = clf.predict_log_proba(few)[np.arange(150), labels]
        losses[dropout] = -log_p.mean(), clf.history_["validation_loss"][-1]
    gaps = {dropout: test - train for dropout, (train, test) in losses.items()}
    assert gaps[0.5] < gaps[0.0] - 0.05
    assert losses[0.5][1] < losses[0.0][1]


@pytest.mark.parametrize("params", [{"dropout": 0.5}, {"input_dropout": 0.2}])
def test_dropout_still_learns(params):
    clf = net(hidden_layer_sizes=(100,), max_iter=40, learning_rate_init=0.01, **params)
    assert clf.fit(X_train, y_train).score(X_test, y_test) > 0.95


# Normalisation


SCALES = 10.0 ** np.random.default_rng(0).uniform(-3, 3, 64) * 1000


@pytest.mark.parametrize("normalization", ["batch", "layer"])
def test_normalisation_trains_where_nothing_else_does(normalization):
    """digits, times 1 to a million by column, through four logistic layers."""
    params = {
        "hidden_layer_sizes": (32,) * 4,
        "activation": "logistic",
        "max_iter": 60,
        "learning_rate_init": 0.02,
    }
    train, test = X_train * SCALES, X_test * SCALES
    plain = net(**params).fit(train, y_train).score(test, y_test)
    normalized = net(**params, normalization=normalization).fit(train, y_train)
    assert plain < 0.5
    assert normalized.score(test, y_test) > plain + 0.3


@pytest.mark.parametrize("normalization", ["batch", BatchNorm(momentum=0.5), "layer", LayerNorm()])
@pytest.mark.parametrize("form", [np.asarray, csr_array], ids=["dense", "sparse"])
def test_one_row_is_predicted_as_within_many(normalization, form):
    clf = net(normalization=normalization).fit(form(FEW[0]), FEW[1])
    rows, p = form(X_test[:20]), clf.predict_proba(form(X_test))
    for i in range(20):
        assert_allclose(clf.predict_proba(rows[[i]])[0], p[i], rtol=1e-9)


@pytest.mark.parametrize("normalization", ["batch", "layer"])
def test_a_pickle_holds_all_of_the_normalisation(normalization):
    clf = net(normalization=normalization).fit(*FEW)
    loaded = pickle.loads(pickle.dumps(clf))
    assert_array_equal(loaded.predict_proba(X_test), clf.predict_proba(X_test))
    loaded.partial_fit(*FEW)
    clf.partial_fit(*FEW)
    assert_array_equal(loaded.predict_proba(X_test), clf.predict_proba(X_test))


def test_running_averages_move_with_training_alone():
    clf = net(normalization="batch").fit(*FEW)
    before = clf._network.values.copy()
    clf.predict_proba(1000 * X_test)
    assert_array_equal(clf._network.values, before)
    statistics = before[clf._network.architecture.n_parameters :]
    assert len(statistics) == 2 * 30
    assert np.abs(statistics[:30]).max() > 0.01  # means


@pytest.mark.parametrize("normalization", ["batch", "layer"])
def test_views_of_a_normalised_network(normalization):
    clf = net(normalization=normalization).fit(*FEW)
    assert [W.shape for W in clf.coefs_] == [(64, 20), (20, 10), (10, 10)]
    assert [b.shape for b in clf.intercepts_] == [(20,), (10,), (10,)]
    p = clf.predict_proba(X_test)
    clf.coefs_[0][:] *= 0.5
    assert np.abs(clf.predict_proba(X_test) - p).max() > 1e-4
    clf.coefs_[0][:] *= 2
    assert_array_equal(clf.predict_proba(X_test), p)
    other = net(normalization=normalization, max_iter=1, learning_rate_init=1e-30, alpha=0)
    other.fit(*FEW, coefs_init=clf.coefs_, intercepts_init=clf.intercepts_)
    assert_same_weights(other, clf)


def test_normalisation_must_stay_in_a_warm_start():
    clf = net(normalization="batch", warm_start=True).fit(*FEW)
    p = clf.predict_proba(X_test)
    with pytest.raises(ValueError, match=r"normalization=None.*BatchNorm.*clone"):
        clf.set_params(normalization=None).fit(*FEW)
    assert_array_equal(clf.predict_proba(X_test), p)


# Penalties and norms


def near_zeros(clf):
    return np.mean(np.abs(clf.coefs_[0]) < 1e-3)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_l1_makes_zeros(solver):
    params = {"solver": solver, "alpha": 1.0, "max_iter": 150}
    params |= {"learning_rate": "cosine", "learning_rate_init": 0.01}
    shares = [near_zeros(net(l1_ratio=share, **params).fit(*FEW)) for share in (0.0, 0.5, 1.0)]
    assert shares[0] + 0.2 < shares[1]
    assert shares[0] + 0.2 < shares[2]


def test_l1_alone_leaves_features_out_that_say_nothing():
    """Pixels that are always 0 end at weight 0 exactly, where the gradient is the penalty's."""
    clf = net(alpha=5.0, l1_ratio=1.0, max_iter=200, learning_rate="cosine").fit(X_train, y_train)
    silent = X_train.max(axis=0) == 0
    assert silent.sum() >= 2
    assert np.abs(clf.coefs_[0][silent]).max() < 1e-4


def test_clipping_rescues_a_learning_rate_that_diverges():
    params = {"solver": SGD(), "learning_rate_init": 2.0, "max_iter": 20, "activation": "identity"}
    features = 10 * X_train
    with pytest.raises(ValueError, match="non-finite"):
        net(**params).fit(features, y_train)
    clf = net(**params, clip_norm=0.01).fit(features, y_train)
    assert clf.score(10 * X_test, y_test) > 0.9


def test_clipping_bounds_the_step_and_no_gradient_below_it():
    start = net(hidden_layer_sizes=(20,)).initialize(64, np.arange(10))
    params = {
        "hidden_layer_sizes": (20,),
        "solver": SGD(momentum=0.0),
        "learning_rate_init": 1.0,
        "batch_size": 200,
        "max_iter": 1,
    }
    clf = net(**params, clip_norm=0.01).fit(*FEW)
    steps = [a - b for a, b in zip(clf.coefs_ + clf.intercepts_, start.coefs_ + start.intercepts_)]
    assert_allclose(np.sqrt(sum((step**2).sum() for step in steps)), 0.01, rtol=1e-10)
    assert clf.history_["gradient_norm"][0] > 0.1  # the one before clipping
    assert_same_weights(net(**params, clip_norm=1e6).fit(*FEW), net(**params).fit(*FEW))


@pytest.mark.parametrize("solver", ["adam", "sgd", "adamw", "rmsprop"])
def test_max_norm_holds_after_fit(solver):
    rate = 0.05 if solver == "sgd" else 0.01
    params = {"solver": solver, "learning_rate_init": rate, "max_iter": 30}
    params["hidden_layer_sizes"] = (40,)
    free, clf = net(**params).fit(*FEW), net(**params, max_norm=0.7).fit(*FEW)
    for limited, W in zip(clf.coefs_[:-1], free.coefs_):
        norms = np.linalg.norm(limited, axis=0)
        assert norms.max() <= 0.7 * (1 + 1e-12)
        assert np.linalg.norm(W, axis=0).max() > 1
    assert np.linalg.norm(clf.coefs_[-1], axis=0).max() > 0.7  # the output layer's are free
    assert clf.score(*FEW) > 0.8


@pytest.mark.parametrize("solver", [AdamW, SGD])
def test_weight_decay_shrinks_the_weights_and_not_the_intercepts(solver):
    norms = []
    for decay in (0.0, 0.1, 1.0):
        clf = net(solver=solver(weight_decay=decay), learning_rate_init=0.02, max_iter=30, alpha=0)
        clf.fit(*FEW)
        norms.append(sum((W**2).sum() for W in clf.coefs_))
    assert norms[0] > 1.05 * norms[1] > 1.05**2 * norms[2]


@pytest.mark.parametrize("batch_size", [50, 200])
def test_weight_decay_is_per_step_whatever_the_batch(batch_size):
    """Without a gradient: W <- (1 - rate * decay) W, once per batch; b stays."""
    W, b = np.full((64, 1), 1e-3), np.full(1, 500.0)  # p = 1 throughout: no gradient of y = 1
    clf = net(
        hidden_layer_sizes=(),
        solver=SGD(momentum=0.0, weight_decay=0.5),
        learning_rate_init=0.1,
        batch_size=batch_size,
        max_iter=1,
        alpha=0,
        warm_start=True,
    )
    clf.initialize(64, np.arange(2))
    clf.coefs_, clf.intercepts_ = [W], [b]
    clf.partial_fit(FEW[0], np.ones(200, int))
    assert_allclose(clf.coefs_[0], W * 0.95 ** (200 // batch_size), rtol=1e-9)
    assert clf.intercepts_[0] == b


def test_convergence_is_told_where_options_are_on():
    with pytest.warns(ConvergenceWarning, match="hasn't converged"):
        net(dropout=0.2, normalization="batch").fit(*FEW)


def test_a_best_epoch_that_was_not_restored_is_forgotten():
    """Its values are lost: what is restored later is the best of the later call."""
    clf = BackpropClassifier((8,), learning_rate_init=0.5, warm_start=True, random_state=0)
    clf.set_params(max_iter=8, restore_best_weights=False).fit(X[:300], y[:300])
    other = deepcopy(clf)
    clf.set_params(max_iter=3, restore_best_weights=True).fit(X[:300], y[:300])
    losses = []
    for k in 1, 2, 3:
        short = deepcopy(other).set_params(max_iter=k).fit(X[:300], y[:300])
        penalty = short.alpha / 2 * sum((W**2).sum() for W in short.coefs_) / 150
        losses.append(log_loss(y[:300], short.predict_proba(X[:300])) + penalty)
    assert_allclose(clf.best_loss_, min(losses))
