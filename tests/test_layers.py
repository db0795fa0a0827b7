"""Every kind of layer against finite differences, and a layer of the test's own in a network."""

import pickle
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from sklearn.datasets import load_iris

from skbackprop import BackpropClassifier
from skbackprop.activations import ReLU, Softplus, Tanh
from skbackprop.architecture import Architecture, cut, size
from skbackprop.inspection import check_gradients, trace_backprop
from skbackprop.layers import (
    LAYERS,
    ActivationLayer,
    Buffers,
    Dense,
    Dropout,
    Layer,
    NormalizationLayer,
    ScaledDense,
    SparseRows,
)
from skbackprop.normalization import BatchNorm, LayerNorm
from skbackprop.vectors import Memory

M, N = 7, 5


class Scale(Layer):
    """out = s A: one trained number for each column."""

    def __init__(self, n):
        self.n = n

    @property
    def shapes(self):
        return {"s": (self.n,)}

    def initialize(self, rule, rng):
        self.s.fill(1.0)

    def buffers(self, below, memory):
        buffers = Buffers(memory.take(self.n), free=True)
        buffers.dA = memory.take(self.n)
        return buffers

    def forward(self, A, buffers):
        buffers.A = A
        return np.multiply(A, self.s, out=buffers.out)

    def backward(self, dA, buffers):
        np.multiply(buffers.A, dA, out=buffers.dA)
        np.add.reduce(buffers.dA, axis=0, out=self.ds)
        return np.multiply(dA, self.s, out=dA)

    def predict(self, A, free):
        return np.multiply(A, self.s, out=A if free else None)


EXAMPLES = {
    Dense: [lambda: Dense(N, 4), lambda: Dense(N, 4, order="F"), lambda: Dense(N, 1)],
    ScaledDense: [
        lambda: ScaledDense(N, 4, rate=6.0),
        lambda: ScaledDense(N, 4, order="F", rate=0.5),
    ],
    ActivationLayer: [lambda: ActivationLayer(Tanh()), lambda: ActivationLayer(Softplus())],
    NormalizationLayer: [
        lambda: NormalizationLayer(BatchNorm(), N),
        lambda: NormalizationLayer(LayerNorm(), N),
    ],
    Dropout: [lambda: Dropout(0.4)],
    Scale: [lambda: Scale(N)],
}
CASES = [
    pytest.param(make, id=f"{kind.__name__} {i}")
    for kind, makes in EXAMPLES.items()
    for i, make in enumerate(makes)
]


def bound(layer, rng, dtype=np.float64):
    """The layer with numbers of its own; and its parameters, by name."""

    def numbers(shapes):
        (arrays,) = cut(rng.uniform(0.5, 2, size([shapes])).astype(dtype), [shapes])
        return arrays

    own, gradients, kept = map(numbers, (layer.shapes, layer.shapes, layer.statistics))
    layer.bind(own | {f"d{name}": array for name, array in gradients.items()} | kept)
    return layer, own


def run(layer, A, free=False):
    """The output for A, whose columns may be overwritten if `free`, and the buffers."""
    below = Buffers(A.copy(), free)
    below.learns = True
    buffers = layer.buffers(below, Memory(M, A.dtype, np.random.default_rng(3)))
    return layer.forward(below.out, buffers), buffers


def test_every_kind_of_layer_is_here():
    assert set(EXAMPLES) == {*LAYERS, Scale}


@pytest.mark.parametrize("free", [False, True])
@pytest.mark.parametrize("make", CASES)
def test_gradients_of_every_layer(make, free):
    rng = np.random.default_rng(0)
    layer, own = bound(make(), rng)
    A = rng.standard_normal((M, N))
    out, buffers = run(layer, A, free)
    G = rng.standard_normal(out.shape)
    dA = layer.backward(G.copy(order="K"), buffers)
    assert dA.shape == A.shape
    derivatives = {"A": dA.copy(), **{name: vars(layer)[f"d{name}"].copy() for name in own}}
    for name, array in {"A": A, **own}.items():
        d = rng.standard_normal(array.shape)
        middle, L = array.copy(), []
        for h in (1e-6, -1e-6):
            array[...] = middle + h * d
            L.append(float(np.sum(G * run(layer, A, free)[0])))
        array[...] = middle
        assert_allclose(np.sum(derivatives[name] * d), (L[0] - L[1]) / 2e-6, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("make", CASES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_layers_keep_the_dtype_and_what_isnt_free(make, dtype):
    rng = np.random.default_rng(0)
    layer, _ = bound(make(), rng, dtype)
    A = rng.standard_normal((M, N)).astype(dtype)
    below = Buffers(A.copy())
    below.learns = True
    buffers = layer.buffers(below, Memory(M, A.dtype, np.random.default_rng(3)))
    out = layer.forward(below.out, buffers)
    assert_array_equal(below.out, A)
    assert out.dtype == layer.predict(below.out, free=False).dtype == dtype
    assert_array_equal(below.out, A)
    assert layer.backward(np.ones_like(out), buffers).dtype == dtype
    assert buffers.out is out


@pytest.mark.parametrize("order", ["C", "F", "rows of F"])
@pytest.mark.parametrize("make", CASES)
def test_the_folded_row_predicts_what_the_row_does(make, order):
    rng = np.random.default_rng(0)
    layers = [bound(one, rng)[0] for one in (Dense(3, N), make())]
    expected = got = rng.standard_normal((M, 3))
    for layer in layers:
        expected = layer.predict(expected, free=False)
    row = []
    for layer in layers:
        layer.fold_into(row)
    *below, output = row
    for layer in below:
        got = layer.predict(got, free=False)
    out = np.empty((2 * M, expected.shape[1]), order=order[-1])[:M]
    out = out if order == "rows of F" else out.copy(order=order)
    output.predict_into(got, out)
    assert_allclose(out, expected, atol=1e-12)


@pytest.mark.parametrize("make", [c for c in CASES if "Dropout" not in c.id and "Norm" not in c.id])
def test_prediction_is_the_forward_pass(make):
    rng = np.random.default_rng(0)
    layer, _ = bound(make(), rng)
    A = rng.standard_normal((M, N))
    expected = run(layer, A)[0]
    assert_allclose(layer.predict(A, free=False), expected)
    assert_allclose(layer.predict(A.copy(), free=True), expected)


class Masked(Dense):
    """A dense layer that isn't plain: its W mustn't be folded."""

    def predict_into(self, A, out):
        super().predict_into(A, out)
        out[:, ::2] = 0.0

    def predict(self, A, free=False):
        Z = np.empty((len(A), self.fan_out))
        self.predict_into(A, Z)
        return Z


def test_only_a_plain_dense_layer_takes_a_normalisation_in():
    rng = np.random.default_rng(0)
    norm, _ = bound(NormalizationLayer(BatchNorm(), N), rng)
    for row in ([], [bound(Masked(3, N), rng)[0]], [bound(Scale(N), rng)[0]]):
        before = list(row)
        norm.fold_into(row)
        assert row == [*before, norm]
    row = [bound(Dense(3, N), rng)[0]]
    norm.fold_into(row)
    assert len(row) == 1


def test_z_and_a_share_an_array_where_both_passes_allow_it():
    architecture = Architecture((3, 4, 4, 2), (ReLU(), Softplus()), None)
    below, memory, free = Buffers(), Memory(M, np.dtype(float)), []
    for layer in architecture.row():
        buffers = layer.buffers(below, memory)
        buffers.learns = True
        if isinstance(layer, ActivationLayer):
            free.append(buffers.A is buffers.Z)
        below = buffers
    assert free == [True, False]
    assert below.Z.flags.f_contiguous  # the scores lie class by class


def test_nobody_asks_for_the_gradient_of_the_data():
    first, *_, last = Architecture((3, 4, 2), (ReLU(),), None).row()
    memory = Memory(M, np.dtype(float))
    assert first.buffers(Buffers(), memory).dA is None
    below = Buffers(np.empty((M, 4)))
    below.learns = True
    assert last.buffers(below, memory).dA.shape == (M, 4)


def test_dense_and_sparse_rows_have_one_form():
    rng = np.random.default_rng(0)
    layer, _ = bound(Dense(N, 4, order="F"), rng)
    X = rng.standard_normal((M, N)) * (rng.random((M, N)) < 0.5)
    results = []
    for A in (X, SparseRows(csr_array(X))):
        buffers = layer.buffers(Buffers(), Memory(M, X.dtype))
        Z = layer.forward(A, buffers).copy()
        assert_allclose(layer.predict(A), Z)
        assert layer.backward(np.ones((M, 4)), buffers) is None
        results.append((Z, layer.dW.copy(), layer.db.copy()))
    for dense, sparse in zip(*results, strict=True):
        assert_allclose(dense, sparse)


# A layer of the test's own, in front of the first dense layer and of the last


@dataclass(frozen=True)
class Scaled(Architecture):
    def row(self):
        *hidden, output = super().row()
        return [Scale(self.units[0]), *hidden, Scale(self.units[-2]), output]


@dataclass(frozen=True)
class Odd(Architecture):
    """Layers where the package puts none: everywhere, a W without b, and one above the scores."""

    def row(self):
        n, K = self.units[0], self.units[-1]
        return [
            NormalizationLayer(LayerNorm(), n),
            NormalizationLayer(BatchNorm(), n),
            ActivationLayer(Softplus()),
            *super().row(),
            Dense(K, K),
            NormalizationLayer(BatchNorm(), K),
            Gains(K),
        ]


class Gains(Layer):
    """out = W A, one gain for each column; W is penalised."""

    def __init__(self, n):
        self.n = n

    @property
    def shapes(self):
        return {"W": (self.n, 1)}

    def initialize(self, rule, rng):
        self.W.fill(1.0)

    def buffers(self, below, memory):
        return Buffers(memory.take(self.n, "F"))

    def forward(self, A, buffers):
        buffers.A = A
        return np.multiply(A, self.W[:, 0], out=buffers.out)

    def backward(self, dA, buffers):
        self.dW[:, 0] = (buffers.A * dA).sum(axis=0)
        return np.multiply(dA, self.W[:, 0], out=dA)

    def predict(self, A, free):
        return A * self.W[:, 0]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("n", [150, 3000])
def test_a_row_of_any_order(monkeypatch, n):
    monkeypatch.setattr("skbackprop.estimators.build.Architecture", Odd)
    X, y = load_iris(return_X_y=True)
    before = X.copy()
    clf = BackpropClassifier((6,), "tanh", alpha=0.5, l1_ratio=0.5, max_norm=3.0, random_state=0)
    clf.set_params(learning_rate_init=0.01, max_iter=200, batch_size=50).fit(X, y)
    trace = trace_backprop(clf, X, y)  # by the batch's own means, as in training
    assert np.mean(trace.output.argmax(axis=1) == y) > 0.9
    assert len(trace.layers) == 4
    assert "Trace of 150 samples" in str(trace)
    network, expected = clf._network, X
    for layer in network.row:
        expected = layer.predict(expected, free=False)
    assert_allclose(clf.decision_function(X), expected)
    W = np.concatenate([W.ravel() for W in network.arrays("W")])
    assert_array_equal(network.weights, W)
    assert len(W) == 4 * 6 + 6 * 3 + 3 * 3 + 3
    assert_allclose(
        network.add_penalty(150.0), (0.25 * np.abs(W).sum() + 0.125 * (W**2).sum()) / 150.0
    )
    report = check_gradients(clf, X, y)
    assert report.ok, str(report)
    many = np.resize(X, (n, 4))
    assert_allclose(clf.decision_function(many)[:150], clf.decision_function(X))
    assert_array_equal(X, before)
    assert_array_equal(many[:150], before)


@pytest.fixture
def scaled(monkeypatch):
    monkeypatch.setattr("skbackprop.estimators.build.Architecture", Scaled)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_new_layer_trains(scaled, solver):
    X, y = load_iris(return_X_y=True)
    clf = BackpropClassifier((8, 6), "tanh", solver=solver, max_iter=60, random_state=0)
    clf.set_params(learning_rate_init=0.01).fit(X, y)
    assert clf.score(X, y) > 0.95
    network = clf._network
    s_X, s_A = network.arrays("s")
    assert s_X.shape == (4,)
    assert s_A.shape == (6,)
    assert np.abs(s_X - 1).max() > 0.01
    assert np.abs(s_A - 1).max() > 0.01
    assert np.shares_memory(s_X, network.theta)
    assert not np.shares_memory(s_X, network.weights)  # the penalty counts W alone

    report = check_gradients(clf, X, y)
    assert report.ok, str(report)
    assert "s[0]" in str(report)
    assert "s[1]" in str(report)
    assert sum(e.n_checked for layer in report.layers for e in layer) == network.theta.size

    A1 = np.tanh(X * s_X @ clf.coefs_[0] + clf.intercepts_[0])
    A2 = np.tanh(A1 @ clf.coefs_[1] + clf.intercepts_[1])
    assert_allclose(clf.decision_function(X), A2 * s_A @ clf.coefs_[2] + clf.intercepts_[2])
    assert_array_equal(pickle.loads(pickle.dumps(clf)).predict_proba(X), clf.predict_proba(X))
    assert_array_equal(clf.predict_proba(X), clf.predict_proba(X.copy()))
    trace = trace_backprop(clf, X, y)
    assert_allclose(trace.output, clf.predict_proba(X))
    first, second, output = trace.layers
    assert_allclose(first.others["ds"], (X * (first.dZ @ first.W.T)).sum(axis=0), atol=1e-12)
    assert_allclose(second.others["ds"], (A2 * (output.dZ @ output.W.T)).sum(axis=0), atol=1e-12)
    assert not output.others


def test_a_new_layer_starts_from_its_own_values(scaled):
    clf = BackpropClassifier((8,), random_state=0).initialize(4, [0, 1, 2])
    assert all((s == 1).all() for s in clf._network.arrays("s"))
    plain = BackpropClassifier((8,), random_state=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("skbackprop.estimators.build.Architecture", Architecture)
        plain.initialize(4, [0, 1, 2])
    for ours, theirs in zip(clf.coefs_, plain.coefs_, strict=True):
        assert_array_equal(ours, theirs)


# The factors of the features

IRIS, target = load_iris(return_X_y=True)
unconverged = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("normalization", [None, "batch", "layer"])
@pytest.mark.parametrize("hidden", [(), (5,), (6, 5)])
@unconverged
def test_factors_of_the_features(hidden, normalization, dtype):
    """V = diag(c) W gives the same predictions in a network without factors."""
    data = IRIS.astype(dtype)
    params = {"activation": "tanh", "normalization": normalization, "random_state": 0}
    clf = BackpropClassifier(hidden, input_scale=6.0, max_iter=15, **params).fit(data, target)
    c = clf.input_scale_
    assert c.dtype == dtype
    assert np.abs(c - 1).max() > 0.01
    assert check_gradients(clf, IRIS, target).ok
    plain = BackpropClassifier(hidden, max_iter=15, **params).fit(data, target)
    assert plain.input_scale_ is None
    network, other = clf._network, plain._network
    for name in "W", "b", "gamma", "beta", "mean", "variance":
        for to, values in zip(other.arrays(name), network.arrays(name), strict=True):
            np.copyto(to, values)
    other.arrays("W")[0][...] *= c[:, None]
    assert_allclose(plain.predict_proba(data), clf.predict_proba(data), rtol=1e-4, atol=1e-5)
    assert_allclose(pickle.loads(pickle.dumps(clf)).predict_proba(data), clf.predict_proba(data))


@unconverged
def test_factors_of_sparse_features():
    params = {"input_scale": 6.0, "max_iter": 15, "random_state": 0, "solver": "nadam"}
    clf = BackpropClassifier((5,), **params).fit(IRIS, target)
    other = BackpropClassifier((5,), **params).fit(csr_array(IRIS), target)
    assert_allclose(other.coefs_[0], clf.coefs_[0], rtol=1e-8)
    assert_allclose(other.input_scale_, clf.input_scale_, rtol=1e-8)


@unconverged
def test_factors_start_at_one_and_move_at_their_rate():
    """Adam's first step is the learning rate: c = rate u moves by rate times it."""
    params = {"input_scale": 6.0, "max_iter": 1, "batch_size": 150, "learning_rate_init": 1e-3}
    clf = BackpropClassifier((5,), random_state=0, **params)
    assert_allclose(clf.initialize(4, [0, 1, 2]).input_scale_, 1.0)
    assert_allclose(np.abs(clf.fit(IRIS, target).input_scale_ - 1), 6e-3, rtol=1e-3)


@unconverged
def test_factors_must_stay():
    clf = BackpropClassifier((5,), max_iter=2, warm_start=True).fit(IRIS, target)
    with pytest.raises(ValueError, match=r"input_scale=6.0 differs .* 0.0"):
        clf.set_params(input_scale=6.0).fit(IRIS, target)


@unconverged
def test_factors_resume_exactly():
    params = {"input_scale": 6.0, "random_state": 0, "dropout": 0.2}
    clf = (
        BackpropClassifier((5,), max_iter=4, warm_start="exact", **params)
        .fit(IRIS, target)
        .fit(IRIS, target)
    )
    once = BackpropClassifier((5,), max_iter=8, warm_start="exact", **params).fit(IRIS, target)
    assert_array_equal(clf.input_scale_, once.input_scale_)
    assert_array_equal(clf.coefs_[0], once.coefs_[0])
