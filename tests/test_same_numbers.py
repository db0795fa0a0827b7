"""The promise of a drop-in: with the same seed, MLPClassifier's numbers to rounding."""

import inspect
import re

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.sparse import csc_array, csr_array, csr_matrix
from sklearn.datasets import load_digits, make_multilabel_classification
from sklearn.neural_network import MLPClassifier

from skbackprop import BackpropClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_digits(return_X_y=True)
X, y = X[:500] / 16, y[:500]
X_labels, Y_labels = make_multilabel_classification(300, random_state=0)
X_labels = X_labels / X_labels.max()
weights = np.random.default_rng(0).uniform(0.5, 2.0, len(X))
HAS_WEIGHTS = "sample_weight" in inspect.signature(MLPClassifier.fit).parameters  # from 1.7
needs_weights = pytest.mark.skipif(not HAS_WEIGHTS, reason="MLPClassifier has no sample_weight")


def both(params, X=X, y=y, **fit_params):
    params = {"random_state": 3, "max_iter": 12, **params}
    return [c(**params).fit(X, y, **fit_params) for c in (MLPClassifier, BackpropClassifier)]


def assert_same(theirs, ours, tol=1e-7):
    assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=tol)
    for a, b in zip(ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_):
        assert a.shape == b.shape
        assert a.dtype == b.dtype
        assert_allclose(a, b, atol=tol)
    for name in ("t_", "n_iter_", "n_layers_", "n_outputs_", "out_activation_"):
        assert getattr(ours, name) == getattr(theirs, name)
    assert_allclose(ours.loss_, theirs.loss_, rtol=tol)
    for name in ("best_loss_", "validation_scores_", "best_validation_score_"):
        if getattr(theirs, name) is None:
            assert getattr(ours, name) is None
        else:
            assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=tol)


SETTINGS = {
    "adam": {},
    "two layers": {"hidden_layer_sizes": (20, 10)},
    "logistic": {"activation": "logistic"},
    "tanh": {"activation": "tanh"},
    "identity": {"activation": "identity"},
    "no shuffle": {"shuffle": False},
    "small batches": {"batch_size": 17},
    "batches of one": {"batch_size": 1, "max_iter": 2},
    "full batch": {"batch_size": 500},
    "strong penalty": {"alpha": 10.0},
    "no penalty": {"alpha": 0.0},
    "adam's parameters": {"beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3},
    "sgd": {"solver": "sgd"},
    "plain sgd": {"solver": "sgd", "momentum": 0.0, "nesterovs_momentum": False},
    "classical momentum": {"solver": "sgd", "nesterovs_momentum": False},
    "invscaling": {"solver": "sgd", "learning_rate": "invscaling", "power_t": 0.3},
    "adaptive": {
        "solver": "sgd",
        "learning_rate": "adaptive",
        "learning_rate_init": 0.1,
        "tol": 0.05,
        "n_iter_no_change": 1,
        "max_iter": 60,
    },
    "stops early": {"tol": 0.5, "n_iter_no_change": 2, "max_iter": 60},
    "early stopping": {"early_stopping": True, "max_iter": 40, "n_iter_no_change": 3},
    "early stopping, sgd": {"early_stopping": True, "solver": "sgd", "validation_fraction": 0.3},
    "early stopping, no shuffle": {"early_stopping": True, "shuffle": False},
}


@pytest.mark.parametrize("params", SETTINGS.values(), ids=SETTINGS)
def test_multiclass(params):
    assert_same(*both(params))


@pytest.mark.parametrize("params", SETTINGS.values(), ids=SETTINGS)
def test_binary(params):
    assert_same(*both(params, y=y > 4))


@pytest.mark.parametrize(
    "name", ["adam", "sgd", "invscaling", "adaptive", "early stopping", "small batches"]
)
def test_multilabel(name):
    assert_same(*both({**SETTINGS[name], "max_iter": 8}, X_labels, Y_labels))


@needs_weights
@pytest.mark.parametrize(
    "name",
    ["adam", "sgd", "invscaling", "adaptive", "small batches", "early stopping", "no shuffle"],
)
@pytest.mark.parametrize("target", [y, y > 4], ids=["multiclass", "binary"])
def test_sample_weight(name, target):
    assert_same(*both(SETTINGS[name], y=target, sample_weight=weights))


@pytest.mark.parametrize("container", [csr_array, csr_matrix, csc_array])
@pytest.mark.parametrize("name", ["adam", "sgd", "invscaling", "no shuffle", "early stopping"])
def test_sparse(container, name):
    assert_same(*both(SETTINGS[name], X=container(X)))


@pytest.mark.parametrize("name", ["adam", "sgd", "early stopping"])
def test_float32(name):
    theirs, ours = both(SETTINGS[name], X=X.astype(np.float32))
    assert_same(theirs, ours, tol=2e-3)


@pytest.mark.parametrize("order", ["C", "F", "neither"])
def test_memory_order_of_x(order):
    X_in = np.repeat(X, 2, axis=1)[:, ::2] if order == "neither" else np.asarray(X, order=order)
    assert_same(*both({}, X=X_in))


def test_lbfgs():
    theirs, ours = both({"solver": "lbfgs", "max_iter": 20})
    assert ours.n_iter_ == theirs.n_iter_
    assert_allclose(ours.loss_, theirs.loss_, rtol=1e-7)
    for a, b in zip(ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_):
        assert_allclose(a, b, atol=1e-7)
    assert ours.loss_curve_[-1] == ours.loss_
    assert len(ours.loss_curve_) == ours.n_iter_


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_partial_fit(solver):
    theirs, ours = [c(solver=solver, random_state=0) for c in (MLPClassifier, BackpropClassifier)]
    for rows in np.array_split(np.arange(len(X)), 4) * 2:
        theirs.partial_fit(X[rows], y[rows], classes=np.arange(10))
        ours.partial_fit(X[rows], y[rows], classes=np.arange(10))
    assert_same(theirs, ours)
    assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-9)


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_warm_start(solver):
    theirs, ours = both({"solver": solver, "warm_start": True, "max_iter": 4})
    for classifier in theirs, ours:
        classifier.set_params(max_iter=3, alpha=0.1).fit(X, y)
    if solver == "lbfgs":
        assert_allclose(ours.loss_, theirs.loss_, rtol=1e-7)
    else:
        assert_same(theirs, ours)


def test_going_on_after_convergence():
    theirs, ours = both({"tol": 0.5, "n_iter_no_change": 2, "max_iter": 60, "warm_start": True})
    for go_on in ["fit", "partial_fit", "fit", "fit", "partial_fit"]:
        before = ours.t_
        for classifier in theirs, ours:
            getattr(classifier, go_on)(X, y)
        assert ours.t_ > before
        assert_same(theirs, ours)


def test_random_state_instance():
    ours, theirs = (
        c(random_state=np.random.RandomState(5), max_iter=3).fit(X, y)
        for c in (BackpropClassifier, MLPClassifier)
    )
    assert_same(theirs, ours)


def without_what_is_new(printed):
    """What `verbose` prints, without what MLPClassifier doesn't print; the score is on a line."""
    printed = re.sub(r"^(Iteration \d+) of \d+, ", r"\1, ", printed, flags=re.M)
    printed = re.sub(
        r", validation loss = [^,]+, validation score = ", "\nValidation score: ", printed
    )
    return re.sub(r", \d+\.\d{3} s$", "", printed, flags=re.M)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_verbose_says_what_mlpclassifier_says_and_more(early_stopping, capsys):
    params = {"random_state": 0, "max_iter": 3, "verbose": True, "early_stopping": early_stopping}
    MLPClassifier(**params).fit(X, y)
    theirs = capsys.readouterr().out
    clf = BackpropClassifier(**params).fit(X, y)
    ours = capsys.readouterr().out
    assert without_what_is_new(ours) == theirs
    assert len(ours.splitlines()) == 3
    for number, line in enumerate(ours.splitlines()):
        row = {name: column[number] for name, column in clf.history_.items()}
        assert line.startswith(f"Iteration {number + 1} of 3, loss = {row['loss']:.8f}, ")
        loss = f", validation loss = {row['validation_loss']:.8f}, "
        assert (loss in line) == early_stopping
        assert line.endswith(f", {row['seconds']:.3f} s")


def test_verbose_of_partial_fit_and_of_a_continued_fit(capsys):
    clf = BackpropClassifier(random_state=0, verbose=True)
    for _ in range(2):
        clf.partial_fit(X, y, classes=np.unique(y))
    assert " of " not in capsys.readouterr().out
    clf = BackpropClassifier(random_state=0, verbose=True, max_iter=2, warm_start="exact")
    clf.fit(X, y).fit(X, y)
    counts = [line.split(",")[0] for line in capsys.readouterr().out.splitlines()]
    assert counts == [f"Iteration {k}" for k in ("1 of 2", "2 of 2", "3 of 4", "4 of 4")]


def test_predictions():
    theirs, ours = both({})
    assert (ours.predict(X) == theirs.predict(X)).all()
    assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-9)
    assert_allclose(ours.predict_log_proba(X), theirs.predict_log_proba(X), atol=1e-7)


def test_the_same_parameters_with_the_same_defaults():
    theirs, ours = MLPClassifier().get_params(), BackpropClassifier().get_params()
    assert {name: ours[name] for name in theirs} == theirs
    for cls in (MLPClassifier, BackpropClassifier):
        kinds = {p.name: p.kind for p in inspect.signature(cls).parameters.values()}
        positional = [
            name for name, kind in kinds.items() if kind == inspect.Parameter.POSITIONAL_OR_KEYWORD
        ]
        assert positional == ["hidden_layer_sizes", "activation"]
    assert {name for name in set(ours) - set(theirs) if ours[name]} == {
        "loss",
        "weight_init",
        "restore_best_weights",
    }


def test_equal_seeds_give_equal_bits():
    a, b = (BackpropClassifier(random_state=1, max_iter=5).fit(X, y) for _ in range(2))
    assert all((p == q).all() for p, q in zip(a.coefs_ + a.intercepts_, b.coefs_ + b.intercepts_))
