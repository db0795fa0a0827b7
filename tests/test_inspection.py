"""check_gradients finds wrong gradients and no others; trace_backprop shows the engine's arrays."""

import pickle
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.sparse import csr_array
from scipy.special import softmax
from sklearn.datasets import load_digits, load_iris, make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning, NotFittedError

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.activations import ReLU
from skbackprop.inspection import check_gradients, trace_backprop
from skbackprop.layers import Dense
from skbackprop.losses import LOSSES, REGRESSION_LOSSES, SoftmaxCrossEntropy

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, y = load_iris(return_X_y=True)
X_digits, y_digits = load_digits(return_X_y=True)
X_labels, Y_labels = make_multilabel_classification(80, random_state=0)


def fitted(X=X, y=y, **params):
    params = {"hidden_layer_sizes": (7, 5), "max_iter": 20, "random_state": 0, **params}
    return BackpropClassifier(**params).fit(X, y)


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("target", ["multiclass", "binary", "multilabel"])
def test_our_gradients_are_right(activation, loss, target):
    data = {"multiclass": (X, y), "binary": (X, y > 0), "multilabel": (X_labels, Y_labels)}[target]
    clf = fitted(*data, activation=activation, loss=loss, alpha=0.5)
    report = check_gradients(clf, *data)
    assert report.ok, str(report)
    assert report.max_rel_error < 1e-6
    assert len(report.layers) == 3
    n_checked = sum(errors.n_checked for layer in report.layers for errors in layer)
    assert n_checked == clf._network.theta.size


@pytest.mark.parametrize("loss", REGRESSION_LOSSES)
@pytest.mark.parametrize("columns", [1, 3])
def test_gradients_of_a_regressor_are_right(loss, columns):
    """The gradient is that of the sum over the outputs, with the penalty once."""
    target = X_digits[: len(X), 20] if columns == 1 else X_digits[: len(X), 20:23]
    reg = BackpropRegressor(loss, (7, 5), "tanh", max_iter=20, alpha=5.0, random_state=0)
    reg.fit(X, target)
    weights = np.random.default_rng(0).uniform(0, 3, len(X))
    report = check_gradients(reg, X, target, weights)
    assert report.ok, str(report)
    assert report.max_rel_error < 1e-6
    n_checked = sum(errors.n_checked for layer in report.layers for errors in layer)
    assert n_checked == reg._network.theta.size


def test_weights_sparse_input_and_no_hidden_layer():
    weights = np.random.default_rng(0).uniform(0, 3, len(X))
    assert check_gradients(fitted(hidden_layer_sizes=()), X, y, weights).ok
    assert check_gradients(fitted(X=csr_array(X)), csr_array(X), y, weights).ok


def test_a_large_float32_network_is_checked_along_random_directions():
    clf = fitted(X_digits.astype(np.float32), y_digits, hidden_layer_sizes=(50,), max_iter=3)
    report = check_gradients(clf, X_digits[:100], y_digits[:100])
    assert report.ok, str(report)
    assert [errors.n_checked for layer in report.layers for errors in layer] == [20] * 4
    assert clf.coefs_[0].dtype == np.float32


def wrong_relu(self, dA, Z, A):
    dA *= np.where(A > 0, 1.0, 0.01)


def forgets_the_intercept(self, dZ, buffers):
    self.db.fill(0)
    np.matmul(buffers.A.T, dZ, out=self.dW)
    return None if buffers.dA is None else np.matmul(dZ, self.W.T, out=buffers.dA)


def twice_the_gradient(self, Z, Y, weight, scratch):
    value = right_value_and_gradient(self, Z, Y, weight, scratch)
    Z *= 1.001
    return value


right_value_and_gradient = SoftmaxCrossEntropy.value_and_gradient


@pytest.mark.parametrize(
    ("owner", "name", "wrong"),
    [
        (ReLU, "backward", wrong_relu),
        (Dense, "backward", forgets_the_intercept),
        (SoftmaxCrossEntropy, "value_and_gradient", twice_the_gradient),
    ],
)
@pytest.mark.parametrize("size", [7, 400])
def test_wrong_gradients_are_found(monkeypatch, owner, name, wrong, size):
    clf = fitted(hidden_layer_sizes=(size,), max_iter=5)
    assert check_gradients(clf, X, y).ok
    monkeypatch.setattr(owner, name, wrong)
    report = check_gradients(clf, X, y)
    assert not report.ok
    assert report.max_rel_error > 1e-4
    assert "ok = False" in str(report)


def test_close_to_a_minimum_rounding_is_no_error():
    clf = fitted(solver="lbfgs", max_iter=5000, tol=1e-9, alpha=1.0, activation="tanh")
    assert check_gradients(clf, X, y).ok


def test_the_estimator_is_not_changed():
    clf = fitted()
    before = pickle.dumps(clf)
    check_gradients(clf, X, y)
    trace_backprop(clf, X, y)
    assert pickle.dumps(clf) == before


def test_unfitted():
    for function in (check_gradients, trace_backprop):
        with pytest.raises(NotFittedError):
            function(BackpropClassifier(), X, y)


def test_bad_data_is_refused():
    clf = fitted()
    with pytest.raises(ValueError, match="3 features"):
        trace_backprop(clf, X[:, :3], y)
    with pytest.raises(ValueError, match="classes not in"):
        check_gradients(clf, X, y + 1)
    with pytest.raises(ValueError, match="expected"):
        trace_backprop(clf, X, y, np.ones(3))


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_a_trace_is_the_textbooks(activation):
    weights = np.random.default_rng(0).uniform(0.5, 2, len(X))
    clf = fitted(activation=activation, alpha=0.7)
    trace = trace_backprop(clf, X, y, weights)
    first, second, output = trace.layers
    W1, W2, W3 = clf.coefs_
    b1, b2, b3 = clf.intercepts_
    f = (lambda z: np.maximum(z, 0)) if activation == "relu" else np.tanh
    slope = (lambda z: z > 0) if activation == "relu" else (lambda z: 1 - np.tanh(z) ** 2)

    Z1 = X @ W1 + b1
    A1 = f(Z1)
    Z2 = A1 @ W2 + b2
    A2 = f(Z2)
    Z3 = A2 @ W3 + b3
    A3 = softmax(Z3, axis=1)
    share = weights / weights.sum()
    dZ3 = share[:, None] * (A3 - np.eye(3)[y])
    dA2 = dZ3 @ W3.T
    dZ2 = dA2 * slope(Z2)
    dA1 = dZ2 @ W2.T
    dZ1 = dA1 * slope(Z1)
    penalty = 0.7 / weights.sum()

    expected = [(W1, b1, Z1, A1, dA1, dZ1, X), (W2, b2, Z2, A2, dA2, dZ2, A1)]
    for layer, (W, b, Z, A, dA, dZ, below) in zip((first, second), expected):
        assert_allclose(layer.dA, dA, atol=1e-14)
        for got, want in [(layer.W, W), (layer.b, b), (layer.Z, Z), (layer.A, A), (layer.dZ, dZ)]:
            assert_allclose(got, want, atol=1e-13)
        assert_allclose(layer.dW, below.T @ dZ + penalty * W, atol=1e-13)
        assert_allclose(layer.db, dZ.sum(axis=0), atol=1e-13)
    assert output.dA is None
    assert_allclose(output.Z, Z3, atol=1e-13)
    assert_allclose(output.A, A3, atol=1e-13)
    assert_allclose(output.dZ, dZ3, atol=1e-13)
    assert_allclose(output.dW, A2.T @ dZ3 + penalty * W3, atol=1e-13)
    assert_allclose(trace.probabilities, clf.predict_proba(X), atol=1e-13)
    assert trace.output is trace.probabilities
    squares = sum((W**2).sum() for W in clf.coefs_)
    loss = -(share * np.log(A3[range(len(y)), y])).sum() + penalty / 2 * squares
    assert_allclose(trace.loss, loss)
    assert trace.X is X or (trace.X == X).all()


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_a_trace_of_a_regressor(loss):
    target = X_digits[: len(X), 20:23]
    reg = BackpropRegressor(loss, (7,), max_iter=20, alpha=0.0, random_state=0).fit(X, target)
    trace = trace_backprop(reg, X, target)
    hidden, output = trace.layers
    assert_allclose(trace.output, reg.predict(X), atol=1e-13)
    assert_allclose(output.A, trace.output)
    assert_allclose(output.dZ, (output.A - target) / len(X), atol=1e-13)
    assert_allclose(output.dW, hidden.A.T @ output.dZ, atol=1e-13)
    if loss == "squared_error":
        assert_allclose(trace.loss, ((output.A - target) ** 2).mean() / 2)


def test_a_trace_keeps_the_fitted_dtype():
    trace = trace_backprop(fitted(X.astype(np.float32), y), X, y)
    assert {layer.dW.dtype for layer in trace.layers} == {np.dtype(np.float32)}


def test_squared_error_divides_the_units_by_their_sum():
    clf = fitted(loss="squared_error")
    trace = trace_backprop(clf, X, y)
    A = trace.layers[-1].A
    assert_allclose(trace.probabilities, A / A.sum(axis=1, keepdims=True))
    assert_allclose(trace.layers[-1].dZ, (A - np.eye(3)[y]) * A * (1 - A) / len(y), atol=1e-15)


@pytest.mark.parametrize("normalization", ["batch", "layer"])
def test_trace_of_normalised_layers(normalization):
    X, y = load_iris(return_X_y=True)
    clf = BackpropClassifier(
        (6, 4), activation="tanh", normalization=normalization, random_state=0, max_iter=3, alpha=0
    )
    with pytest.warns(ConvergenceWarning):
        clf.fit(X, y)
    first, second, output = trace_backprop(clf, X, y).layers
    axis = 0 if normalization == "batch" else 1
    below = X
    for layer in (first, second):
        np.testing.assert_allclose(layer.Z, below @ layer.W + layer.b)
        Z = layer.Z - layer.Z.mean(axis=axis, keepdims=True)
        Zhat = Z / np.sqrt(layer.Z.var(axis=axis, keepdims=True) + 1e-5)
        np.testing.assert_allclose(layer.N, layer.gamma * Zhat + layer.beta)
        np.testing.assert_allclose(layer.A, np.tanh(layer.N))
        np.testing.assert_allclose(layer.dN, layer.dA * (1 - layer.A**2))
        np.testing.assert_allclose(layer.dgamma, (layer.dN * Zhat).sum(axis=0))
        np.testing.assert_allclose(layer.dbeta, layer.dN.sum(axis=0))
        np.testing.assert_allclose(layer.dW, below.T @ layer.dZ, atol=1e-15)
        below = layer.A
    np.testing.assert_allclose(first.dA, second.dZ @ second.W.T)
    assert output.N is None
    assert output.dgamma is None
    report = check_gradients(clf, X, y)
    assert report.ok, str(report)
    assert "gammas_[1]" in str(report)


@pytest.mark.parametrize("sparse", [False, True])
def test_a_trace_prints_as_a_table(sparse):
    clf = fitted(normalization="layer", dropout=0.5)
    trace = trace_backprop(clf, csr_array(X) if sparse else X, y)
    title, head, *rows = str(trace).splitlines()
    assert title == f"Trace of 150 samples through 3 layers, loss = {trace.loss:.6g}"
    assert head.split() == ["layer", "array", "shape", "smallest", "largest", "mean"]
    cells = [re.split(r"\s{2,}", row.strip()) for row in rows]
    assert cells[0][:-1] == ["X", "150 x 4", "0.1", "7.9"]
    assert_allclose(float(cells[0][-1]), X.mean(), rtol=1e-3)
    names = [name for _, name, *_ in cells[1:]]
    hidden = [
        "W",
        "b",
        "Z",
        "gamma",
        "beta",
        "N",
        "A",
        "dA",
        "dN",
        "dgamma",
        "dbeta",
        "dZ",
        "dW",
        "db",
    ]
    assert names == hidden * 2 + ["W", "b", "Z", "A", "dZ", "dW", "db"]
    for number, name, shape, *figures in cells[1:]:
        array = getattr(trace.layers[int(number) - 1], name)
        assert shape == " x ".join(map(str, array.shape))
        assert figures == [f"{v:.4g}" for v in (array.min(), array.max(), array.mean())]
    assert repr(trace) == f"<{title}>"

    table = ElementTree.fromstring(trace._repr_html_()).find("details/table")
    assert table.find("caption").text == title
    assert [cell.text for cell in table.iterfind("thead/tr/th")] == head.split()
    body = [[cell.text or "" for cell in row] for row in table.iterfind("tbody/tr")]
    assert body == [["", *cells[0]], *cells[1:]]


@pytest.mark.parametrize("form", [csr_array, np.asarray])
def test_a_trace_drops_nothing(form):
    clf = fitted(input_dropout=0.5, dropout=0.5)
    trace = trace_backprop(clf, form(X), y)
    assert_allclose(trace.output, clf.predict_proba(X), atol=1e-13)
    assert_allclose(trace.layers[0].dW, X.T @ trace.layers[0].dZ, atol=1e-4)
    assert check_gradients(clf, form(X), y).ok
