"""Options together: what can't work fails at once, everything else trains digits."""

import re
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, train_test_split

from skbackprop import BackpropClassifier
from skbackprop.activations import ACTIVATIONS, LeakyReLU
from skbackprop.estimators.choices import CHOICES
from skbackprop.initializers import INITIALIZERS, Normal
from skbackprop.losses import LOSSES, CrossEntropy, Focal
from skbackprop.normalization import NORMALIZATIONS, BatchNorm, LayerNorm
from skbackprop.optimizers import LBFGS, OPTIMIZERS, SGD, AdamW
from skbackprop.schedules import SCHEDULES, Cosine, OneCycle, ReduceOnPlateau, Schedule

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_digits(return_X_y=True)
X = X / 16
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0, stratify=y)
FEW = X_train[:120], y_train[:120]


def net(**params):
    params = {"hidden_layer_sizes": (20,), "max_iter": 3, "random_state": 0, **params}
    return BackpropClassifier(**params)


# What can't work


LBFGS_CLASHES = {
    "dropout": {"dropout": 0.5},
    "dropout of a layer": {"dropout": [0.5]},
    "input_dropout": {"input_dropout": 0.1},
    "normalization": {"normalization": "batch"},
    "clip_norm": {"clip_norm": 1.0},
    "max_norm": {"max_norm": 1.0},
    "warm_start": {"warm_start": "exact"},
    "schedule": {"learning_rate": Cosine()},
    "callable": {"learning_rate": abs},
}


def assert_refused(params, words, call="fit"):
    clf = net().fit(*FEW)
    before, p = deepcopy(clf), clf.predict_proba(X_test)
    for one in (clf.set_params(**params), net(**params)):
        arguments = {"classes": np.arange(10)} if call == "partial_fit" else {}
        with pytest.raises(ValueError, match="(?s)" + ".*".join(map(re.escape, words))):
            getattr(one, call)(*FEW, **arguments)
        if one is not clf:
            assert not hasattr(one, "n_features_in_")
    assert vars(clf).keys() == vars(before).keys()
    assert_array_equal(clf.predict_proba(X_test), p)


@pytest.mark.parametrize("solver", ["lbfgs", LBFGS()], ids=str)
@pytest.mark.parametrize("params", LBFGS_CLASHES.values(), ids=LBFGS_CLASHES)
def test_lbfgs_with_what_needs_minibatches(solver, params):
    (name,) = params
    words = [repr(solver), name, 'Use a stochastic solver such as "adam", or ']
    assert_refused({"solver": solver, **params}, words)


@pytest.mark.parametrize(
    ("params", "words"),
    [
        (
            {"normalization": "batch", "batch_size": 1},
            ["normalization='batch'", "batch_size=1", "2 or more", "'layer'"],
        ),
        ({"dropout": [0.1, 0.2]}, ["dropout", "one for each of the 1", "got 2"]),
        ({"dropout": [1.0]}, ["dropout", "[0, 1)"]),
        ({"dropout": ["much"]}, ["dropout", "[0, 1)"]),
        ({"dropout": {0: 0.5}}, ["dropout", "list with one for each hidden layer", "{0: 0.5}"]),
        ({"dropout": {0.5}}, ["dropout", "list with one for each hidden layer", "{0.5}"]),
        ({"hidden_layer_sizes": {9: 5}}, ["hidden_layer_sizes", "list", "{9: 5}"]),
        ({"input_dropout": 1.0}, ["input_dropout", "[0.0, 1.0)"]),
        ({"activation": ["relu", "relu"]}, ["activation", "one for each of the 1", "got 2"]),
        ({"l1_ratio": 1.5}, ["l1_ratio", "[0.0, 1.0]"]),
        ({"clip_norm": 0.0}, ["clip_norm", "(0.0, inf)"]),
        ({"max_norm": -1.0}, ["max_norm", "(0.0, inf)"]),
        ({"normalization": "group"}, ["normalization", "'group'"]),
        ({"restore_best_weights": "always"}, ["restore_best_weights", "'auto'"]),
        ({"warm_start": "nearly"}, ["warm_start", "'exact'"]),
        ({"scoring": 3}, ["scoring"]),
    ],
    ids=str,
)
def test_bad_values(params, words):
    assert_refused(params, words)


def test_one_sample_and_batch_normalisation():
    """A batch of one has no variance, whatever batch_size says."""
    with pytest.raises(ValueError, match=r"(?s)normalization='batch'.*1 sample.*'layer'"):
        net(normalization="batch").fit(FEW[0][:1], FEW[1][:1])
    clf = net(normalization="batch").fit(*FEW)
    p = clf.predict_proba(X_test)
    with pytest.raises(ValueError, match=r"(?s)normalization='batch'.*1 sample.*'layer'"):
        clf.partial_fit(FEW[0][:1], FEW[1][:1])
    assert_array_equal(clf.predict_proba(X_test), p)


def test_partial_fit_and_early_stopping():
    assert_refused({"early_stopping": True}, ["partial_fit", "early_stopping"], "partial_fit")


def test_partial_fit_and_restore_best_weights():
    params = {"restore_best_weights": True}
    assert_refused(params, ["partial_fit", "restore_best_weights", "'auto'"], "partial_fit")


@pytest.mark.parametrize("schedule", [ReduceOnPlateau(), "reduce_on_plateau"], ids=str)
def test_a_rate_that_would_never_fall(schedule):
    params = {"learning_rate": schedule, "n_iter_no_change": 4}
    assert_refused(params, ["learning_rate=", "patience=5", "n_iter_no_change=4", "smaller"])
    net(**params).partial_fit(*FEW, classes=np.arange(10))  # which nothing ends
    net(learning_rate="reduce_on_plateau", n_iter_no_change=4, solver="lbfgs").fit(*FEW)


@dataclass(frozen=True, kw_only=True)
class Patient(Schedule):
    """A user's own schedule that waits."""

    patience: int = 7

    def after_epoch(self, factor, t, waited):
        return factor / 2 if waited and waited % self.patience == 0 else factor


def test_a_users_own_patience_is_checked():
    params = {"learning_rate": Patient(), "n_iter_no_change": 6}
    assert_refused(params, ["learning_rate=Patient", "patience=7", "n_iter_no_change=6"])
    assert_refused({"learning_rate": Patient(patience=11)}, ["patience=11", "n_iter_no_change=10"])
    net(learning_rate=Patient(), n_iter_no_change=7, max_iter=1).fit(*FEW)
    net(learning_rate=Patient(), n_iter_no_change=6).partial_fit(*FEW, classes=np.arange(10))


def test_the_least_n_iter_no_change_of_a_patience():
    clf = net(learning_rate=ReduceOnPlateau(patience=4), n_iter_no_change=4, tol=9.0, max_iter=9)
    rates = clf.fit(*FEW).history_["learning_rate"]
    # the first epoch is better than none; the rate falls after four more and one more is made
    assert_allclose(rates, [1e-3] * 5 + [1e-4])


@pytest.mark.parametrize(
    "params",
    [
        {"early_stopping": True, "scoring": "accuracy", "validation_fraction": 0.2},
        {"restore_best_weights": True},
        {"normalization": "layer"},
        {"l1_ratio": 0.5},
        {"dropout": 0.0, "input_dropout": 0.0},
        {"class_weight": "balanced"},
        {"learning_rate": "cosine"},
        {"weight_init": "he_normal"} if "he_normal" in INITIALIZERS else {"loss": "focal"},
    ],
    ids=str,
)
def test_lbfgs_with_everything_else(params):
    """What MLPClassifier ignores with lbfgs is ignored, and the rest works."""
    clf = net(solver="lbfgs", max_iter=60, **params).fit(X_train, y_train)
    assert clf.score(X_test, y_test) > 0.9


@pytest.mark.parametrize("normalization", [None, "batch", "layer"])
def test_options_of_hidden_layers_without_hidden_layers(normalization):
    params = {"normalization": normalization, "dropout": 0.5, "max_norm": 1.0, "activation": "elu"}
    clf = net(hidden_layer_sizes=(), learning_rate_init=0.1, max_iter=20, **params)
    plain = net(hidden_layer_sizes=(), learning_rate_init=0.1, max_iter=20, shuffle=False)
    assert clf.fit(X_train, y_train).score(X_test, y_test) > 0.9
    assert_array_equal(clf.set_params(shuffle=False).fit(*FEW).coefs_[0], plain.fit(*FEW).coefs_[0])


# Everything at once


@pytest.mark.parametrize("form", [np.asarray, csr_array], ids=["dense", "sparse"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_everything_switched_on(form, dtype):
    X, X_held, y, y_held = train_test_split(X_train, y_train, random_state=0, test_size=0.15)
    rng = np.random.default_rng(0)
    clf = BackpropClassifier(
        hidden_layer_sizes=(100, 50),
        activation=("silu", LeakyReLU(slope=0.1)),
        weight_init=Normal(scale=0.1),
        normalization=BatchNorm(momentum=0.8),
        dropout=(0.2, 0.1),
        input_dropout=0.05,
        solver=AdamW(weight_decay=0.01),
        learning_rate=OneCycle(warmup=0.2),
        learning_rate_init=0.01,
        clip_norm=1.0,
        max_norm=3.0,
        l1_ratio=0.2,
        batch_size=64,
        max_iter=30,
        loss=CrossEntropy(label_smoothing=0.1),
        class_weight="balanced",
        early_stopping=True,
        scoring="neg_log_loss",
        restore_best_weights=True,
        n_iter_no_change=30,
        random_state=0,
    )
    clf.fit(
        form(X.astype(dtype)),
        y,
        sample_weight=rng.uniform(0.5, 2, len(y)),
        X_val=form(X_held.astype(dtype)),
        y_val=y_held,
        sample_weight_val=rng.uniform(0.5, 2, len(y_held)),
    )
    assert clf.score(form(X_test.astype(dtype)), y_test) > 0.95
    assert clf.coefs_[0].dtype == clf.predict_proba(X_test[:1].astype(dtype)).dtype == dtype
    assert clf.best_validation_score_ == max(clf.validation_scores_)
    assert all(np.linalg.norm(W, axis=0).max() <= 3.0 * (1 + 1e-5) for W in clf.coefs_[:-1])
    copy = clone(clf).set_params(early_stopping=False, restore_best_weights="auto")
    for _ in range(2):
        copy.set_params(class_weight=None).partial_fit(X, y, classes=np.arange(10))
    assert np.isfinite(copy.loss_)


# Every entry of the registries

RATES = {"sgd": 0.2, "adagrad": 0.05}


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("solver", OPTIMIZERS)
def test_every_solver_with_every_activation(solver, activation):
    clf = net(solver=solver, activation=activation, hidden_layer_sizes=(40,), max_iter=30)
    clf.set_params(learning_rate_init=RATES.get(solver, 0.01)).fit(X_train, y_train)
    assert clf.score(X_test, y_test) > 0.9


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_every_schedule(schedule, solver):
    rate = {"adam": 0.01, "sgd": 0.2}[solver] * (3 if schedule == "invscaling" else 1)
    clf = net(learning_rate=schedule, solver=solver, learning_rate_init=rate, max_iter=30)
    clf.set_params(power_t=0.2)
    assert clf.fit(X_train, y_train).score(X_test, y_test) > 0.9


@pytest.mark.parametrize("weight_init", INITIALIZERS)
def test_every_initializer(weight_init):
    clf = net(weight_init=weight_init, learning_rate_init=0.01, max_iter=25)
    assert clf.fit(X_train, y_train).score(X_test, y_test) > 0.9


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("normalization", [None, *NORMALIZATIONS])
def test_every_loss_with_every_normalisation(loss, normalization):
    clf = net(loss=loss, normalization=normalization, learning_rate_init=0.01, max_iter=25)
    assert clf.fit(X_train, y_train).score(X_test, y_test) > 0.9


# scikit-learn's tools on every option

REGISTRIES = {name: choice.registry for name, choice in CHOICES.items()} | {"loss": LOSSES}
ENTRIES = [(name, option) for name, registry in REGISTRIES.items() for option in registry.values()]


@pytest.mark.parametrize(("name", "option"), ENTRIES, ids=lambda e: getattr(e, "__name__", e))
def test_every_option_is_cloned_and_set_by_nested_names(name, option):
    made = option()
    clf = net(**{name: made})
    copy = clone(clf)
    assert getattr(copy, name) == made
    assert getattr(copy, name) is not made
    assert "".join(repr(made).split()) in "".join(repr(clf).split())
    for field, value in made.get_params().items():
        assert clf.get_params()[f"{name}__{field}"] == value
        clf.set_params(**{f"{name}__{field}": value})
    assert getattr(clf, name) == made


GRIDS = [
    {"learning_rate": ["constant", OneCycle(), lambda s: 1 - s / 2]},
    {"learning_rate": [Cosine()], "learning_rate__final": [0.0, 0.5]},
    {"solver": ["adam", SGD(), AdamW(weight_decay=0.1)]},
    {"solver": [AdamW()], "solver__weight_decay": [1e-3, 1e-1]},
    {"normalization": [None, "batch", LayerNorm(epsilon=1e-3)]},
    {"dropout": [0.0, 0.5, [0.2]], "input_dropout": [0.0, 0.1]},
    {"loss": ["log_loss", Focal(gamma=1.0), CrossEntropy(label_smoothing=0.1)]},
    {"weight_init": [Normal(scale=0.1), "glorot_uniform"]},
    {"activation": ["relu", ["tanh"], LeakyReLU(slope=0.3)]},
    {"class_weight": [None, "balanced"], "l1_ratio": [0.0, 1.0]},
    {"early_stopping": [True], "scoring": [None, "loss", "f1_macro"]},
    {"clip_norm": [None, 1.0], "max_norm": [None, 2.0], "restore_best_weights": [True, "auto"]},
]


@pytest.mark.parametrize("grid", GRIDS, ids=lambda grid: " ".join(grid))
def test_grid_search(grid):
    search = GridSearchCV(net(), grid, cv=2, error_score="raise").fit(*FEW)
    assert len(search.cv_results_["params"]) == np.prod([len(v) for v in grid.values()])
    best, nested = search.best_params_, {name.split("__")[0] for name in grid if "__" in name}
    for name in best.keys() - nested:
        assert search.best_estimator_.get_params()[name] == best[name]
