"""The five explanations of backpropagation that this package started from.

Each network trains beside a loop in the words of its explanation, and agrees with it step by
step.
"""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.datasets import load_wine
from sklearn.preprocessing import StandardScaler

from skbackprop import BackpropClassifier
from skbackprop.datasets import make_spirals
from skbackprop.inspection import trace_backprop

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

GRADIENT_DESCENT = {
    "solver": "sgd",
    "momentum": 0,
    "nesterovs_momentum": False,
    "alpha": 0,
    "tol": 0,
    "n_iter_no_change": np.inf,
    "random_state": 0,
}
SEEDS = Path(__file__).resolve().parents[2] / "shared" / "data" / "seeds"


def first_weights(clf, X, y):
    """What `clf` starts from: the same draws, and a step too small to see."""
    start = BackpropClassifier(**{**clf.get_params(), "learning_rate_init": 1e-300, "max_iter": 1})
    start.fit(X, y)
    return [W.copy() for W in start.coefs_], [b.copy() for b in start.intercepts_]


def step_by_step(clf, X, y, n_steps):
    """One full-batch epoch after the other, by warm start."""
    clf = BackpropClassifier(**{**clf.get_params(), "max_iter": 1, "warm_start": True})
    for _ in range(n_steps):
        yield clf.fit(X, y)


def assert_weights(clf, Ws, bs, tol=1e-9):
    for ours, theirs in zip(clf.coefs_ + clf.intercepts_, [*Ws, *bs]):
        assert_allclose(ours, np.reshape(theirs, ours.shape), atol=tol, rtol=0)


def test_1_relu_and_softmax_on_spirals():
    X, y = make_spirals(300, random_state=0)
    clf = BackpropClassifier(
        hidden_layer_sizes=(4,),
        batch_size=300,
        learning_rate_init=1.0,
        weight_init="normal",
        **GRADIENT_DESCENT,
    )
    (W1, W2), (b1, b2) = first_weights(clf, X, y)
    assert 0.004 < W1.std() < 0.02
    assert_allclose([*b1, *b2], 0, atol=1e-200)
    for fitted in step_by_step(clf, X, y, 200):
        hidden = np.maximum(0, X @ W1 + b1)
        exp_scores = np.exp(hidden @ W2 + b2)
        probs = exp_scores / exp_scores.sum(axis=1, keepdims=True)
        loss = -np.log(probs[range(300), y]).mean()
        dscores = probs.copy()
        dscores[range(300), y] -= 1
        dscores /= 300
        dW2, db2 = hidden.T @ dscores, dscores.sum(axis=0)
        dhidden = dscores @ W2.T
        dhidden[hidden <= 0] = 0
        dW1, db1 = X.T @ dhidden, dhidden.sum(axis=0)
        W1, b1, W2, b2 = W1 - dW1, b1 - db1, W2 - dW2, b2 - db2
        assert_allclose(fitted.loss_, loss, rtol=1e-9)
        assert_weights(fitted, [W1, W2], [b1, b2])


def wine_one_against_the_rest():
    X, y = load_wine(return_X_y=True)
    return X, (y == 0).astype(int)


def heart_disease():
    path = SEEDS / "heart.dat"
    if not path.exists():
        pytest.skip("the heart disease data is not here")
    table = np.loadtxt(path, skiprows=1)
    return table[:, :13], (table[:, 13] == 2).astype(int)


@pytest.mark.parametrize("data", [wine_one_against_the_rest, heart_disease])
def test_2_one_sigmoid_unit(data):
    X, y = data()
    X, m = StandardScaler().fit_transform(X), len(X)
    assert X.shape[1] == 13
    clf = BackpropClassifier(
        hidden_layer_sizes=(8,),
        batch_size=m,
        learning_rate_init=1.0,
        weight_init="normal",
        **GRADIENT_DESCENT,
    )
    (W1, W2), (b1, b2) = first_weights(clf, X, y)
    Y = y.reshape(-1, 1)
    for fitted in step_by_step(clf, X, y, 200):
        Z1 = X @ W1 + b1
        A1 = np.maximum(0, Z1)
        A2 = 1 / (1 + np.exp(-(A1 @ W2 + b2)))
        cost = -np.mean(Y * np.log(A2) + (1 - Y) * np.log(1 - A2))
        dZ2 = A2 - Y
        dW2, db2 = A1.T @ dZ2 / m, dZ2.mean(axis=0)
        dZ1 = dZ2 @ W2.T * (Z1 > 0)
        dW1, db1 = X.T @ dZ1 / m, dZ1.mean(axis=0)
        W1, b1, W2, b2 = W1 - dW1, b1 - db1, W2 - dW2, b2 - db2
        assert_allclose(fitted.loss_, cost, rtol=1e-9)
        assert_weights(fitted, [W1, W2], [b1, b2])
    assert fitted.score(X, y) > 0.85


def test_3_one_step_of_a_deep_net():
    # samples stand in columns in this explanation: Z = W A + b
    np_random = np.random.RandomState(1)
    X, labels = np_random.rand(5, 10), np_random.choice(4, 10)
    np_random = np.random.RandomState(1)
    sizes, W, b = [5, 10, 10, 4], [], []
    for n_in, n_out in pairwise(sizes):
        W.append(np_random.randn(n_out, n_in) * 0.01)
        b.append(np_random.randn(n_out, 1) * 0.01)

    clf = BackpropClassifier(
        hidden_layer_sizes=(10, 10), batch_size=10, learning_rate_init=0.01, **GRADIENT_DESCENT
    )
    clf.partial_fit(
        X.T,
        labels,
        classes=[0, 1, 2, 3],
        coefs_init=[w.T for w in W],
        intercepts_init=[v.ravel() for v in b],
    )

    Z1 = W[0] @ X + b[0]
    A1 = np.maximum(Z1, 0)
    Z2 = W[1] @ A1 + b[1]
    A2 = np.maximum(Z2, 0)
    Z3 = W[2] @ A2 + b[2]
    e = np.exp(Z3 - Z3.max(axis=0))
    A3 = e / e.sum(axis=0)
    dZ3 = (A3 - np.eye(4)[labels].T) / 10
    dZ2 = (W[2].T @ dZ3) * (Z2 > 0)
    dZ1 = (W[1].T @ dZ2) * (Z1 > 0)
    dW = [dZ1 @ X.T, dZ2 @ A1.T, dZ3 @ A2.T]
    db = [dZ.sum(axis=1, keepdims=True) for dZ in (dZ1, dZ2, dZ3)]
    stepped_W = [w - 0.01 * d for w, d in zip(W, dW)]
    stepped_b = [v - 0.01 * d for v, d in zip(b, db)]
    assert_weights(clf, [w.T for w in stepped_W], stepped_b, tol=1e-12)
    assert_allclose(clf.loss_, -np.log(A3[labels, range(10)]).mean(), rtol=1e-12)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_4_sigmoids_with_the_quadratic_cost(n_classes):
    X, y = make_spirals(60, n_classes, random_state=0)
    m = len(X)
    clf = BackpropClassifier(
        hidden_layer_sizes=(6,),
        activation="logistic",
        loss="squared_error",
        batch_size=m,
        learning_rate_init=3.0,
        **GRADIENT_DESCENT,
    )
    (W1, W2), (b1, b2) = first_weights(clf, X, y)
    # one column per sample, as in the explanation
    w1, b1, w2, b2 = W1.T, b1[:, None], W2.T, b2[:, None]
    a0 = X.T
    target = (y[None, :] if n_classes == 2 else np.eye(3)[y].T).astype(float)

    def s(z):
        return 1 / (1 + np.exp(-z))

    def s_prime(z):
        return s(z) * (1 - s(z))

    for fitted in step_by_step(clf, X, y, 100):
        z1 = w1 @ a0 + b1
        a1 = s(z1)
        z2 = w2 @ a1 + b2
        a2 = s(z2)
        C = 0.5 * ((target - a2) ** 2).sum() / m
        delta2 = (a2 - target) * s_prime(z2)
        delta1 = (w2.T @ delta2) * s_prime(z1)
        w2, b2 = w2 - 3 * (delta2 @ a1.T) / m, b2 - 3 * delta2.mean(axis=1, keepdims=True)
        w1, b1 = w1 - 3 * (delta1 @ a0.T) / m, b1 - 3 * delta1.mean(axis=1, keepdims=True)
        assert_allclose(fitted.loss_, C, rtol=1e-9)
        assert_weights(fitted, [w1.T, w2.T], [b1, b2])

    p = fitted.predict_proba(X)
    units = s(w2 @ s(w1 @ a0 + b1) + b2).T
    expected = units / units.sum(axis=1, keepdims=True) if n_classes == 3 else units
    assert_allclose(p if n_classes == 3 else p[:, 1:], expected, atol=1e-9)


def test_5_he_initialisation_with_l2():
    X, y = make_spirals(300, random_state=0)
    m, lam = len(X), 1e-3
    clf = BackpropClassifier(
        hidden_layer_sizes=(25,),
        batch_size=m,
        learning_rate_init=1.0,
        weight_init="he_normal",
        max_iter=10_000,
        **{**GRADIENT_DESCENT, "alpha": lam * m},
    )
    (W1, W2), (b1, b2) = first_weights(clf, X, y)
    assert_allclose(W1.std(), np.sqrt(2 / 2), rtol=0.3)
    Y = np.eye(3)[y]

    def one_iteration(W1, b1, W2, b2):
        A1 = np.maximum(0, X @ W1 + b1)
        e = np.exp(A1 @ W2 + b2)
        P = e / e.sum(axis=1, keepdims=True)
        loss = -np.mean(np.log((P * Y).sum(axis=1)))
        loss += 0.5 * lam * ((W1**2).sum() + (W2**2).sum())
        dZ2 = (P - Y) / m
        dZ1 = dZ2 @ W2.T * (A1 > 0)
        return (
            loss,
            W1 - (X.T @ dZ1 + lam * W1),
            b1 - dZ1.sum(axis=0),
            W2 - (A1.T @ dZ2 + lam * W2),
            b2 - dZ2.sum(axis=0),
        )

    for fitted in step_by_step(clf, X, y, 100):
        loss, W1, b1, W2, b2 = one_iteration(W1, b1, W2, b2)
        assert_allclose(fitted.loss_, loss, rtol=1e-9)
        assert_weights(fitted, [W1, W2], [b1, b2])

    clf.fit(X, y)
    assert clf.n_iter_ == 10_000
    assert clf.score(X, y) > 0.97


def test_the_trace_of_one_step_by_hand():
    """scikit-learn's worked example: two logistic units, one sample, alpha and a rate of 0.1."""
    X, y = np.array([[0.6, 0.8, 0.7]]), np.array([0])
    W1, b1 = np.array([[0.1, 0.2], [0.3, 0.1], [0.5, 0]]), np.array([0.1, 0.1])
    W2, b2 = np.array([[0.1], [0.2]]), np.array([1.0])
    clf = BackpropClassifier(
        (2,), "logistic", solver="sgd", learning_rate_init=0.1, alpha=0.1, momentum=0
    )
    clf.partial_fit(X, y, classes=[0, 1], coefs_init=[W1, W2], intercepts_init=[b1, b2])
    assert_allclose(
        clf.coefs_[0], [[0.098, 0.195756], [0.2956664, 0.096008], [0.4939998, -0.002244]], atol=5e-4
    )
    assert_allclose(clf.coefs_[1], [[0.04706], [0.154089]], atol=5e-4)
    assert_allclose(clf.intercepts_[0], [0.098333, 0.09626], atol=5e-4)
    assert_allclose(clf.intercepts_[1], 0.9235, atol=5e-4)
    assert_allclose(clf.predict_proba(X)[0, 1], 0.739, atol=5e-4)

    clf.coefs_, clf.intercepts_ = [W1, W2], [b1, b2]
    hidden, output = trace_backprop(clf, X, y).layers
    assert_allclose(hidden.A, [[0.679178699175393, 0.574442516811659]])
    assert_allclose(output.A, [[0.7654329236196236]], rtol=1e-4)
    assert_allclose(output.dZ, [[0.765]], atol=5e-4)
    assert_allclose(hidden.dZ, [[0.01667, 0.0374]], atol=5e-5)
    assert_allclose(output.dW, [[0.5294], [0.45911]], atol=1e-3)
