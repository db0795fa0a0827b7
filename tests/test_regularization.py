"""Normalisation, dropout, penalties and norms, at the engine: formulas and gradients."""

import pickle
from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.sparse import csr_array
from sklearn.datasets import load_iris
from sklearn.exceptions import ConvergenceWarning

from skbackprop import BackpropClassifier
from skbackprop.activations import ACTIVATIONS
from skbackprop.architecture import Architecture
from skbackprop.batches import Minibatches, Samples
from skbackprop.initializers import Initializer
from skbackprop.layers import Buffers, Dropout, SparseRows
from skbackprop.losses import LOSSES
from skbackprop.network import Network
from skbackprop.normalization import (
    NORMALIZATIONS,
    Affine,
    BatchNorm,
    LayerNorm,
    Normalization,
    check_normalization,
)
from skbackprop.vectors import Memory
from skbackprop.workspace import Workspace

UNITS = (4, 6, 5, 3)


def network_and_batch(
    rng, *, activation="tanh", m=12, seed=None, dtype=np.float64, X=None, **kwargs
):
    """With `seed`, dropout draws the same values whenever `value_and_gradient` begins."""
    f = ACTIVATIONS[activation]()
    architecture = Architecture(UNITS, (f, f), LOSSES["log_loss"]().on("multiclass"), **kwargs)
    network = Network(architecture, rng.standard_normal(architecture.n_values).astype(dtype))
    n_statistics = architecture.n_values - architecture.n_parameters
    network.values[architecture.n_parameters :] = rng.uniform(0.5, 2, n_statistics)
    X = rng.standard_normal((m, 4)).astype(dtype) if X is None else X
    y = rng.integers(3, size=m)
    (batch,) = Minibatches(Samples(X, y), network, m)
    if seed is not None:
        generator = np.random.Generator(np.random.PCG64(seed))
        batch = replace(batch, workspace=Workspace(architecture, m, np.dtype(dtype), generator))
    return network, batch


def assert_gradient(network, batch, rng, seed=None):
    def value():
        if seed is not None:
            batch.workspace.generator.bit_generator.state = np.random.PCG64(seed).state
        return network.value_and_gradient(batch)

    value()
    grad, theta = network.grad.copy(), network.theta.copy()
    for _ in range(8):
        d = rng.standard_normal(theta.size)
        values = []
        for h in (1e-6, -1e-6):
            np.copyto(network.theta, theta + h * d)
            values.append(value())
        np.copyto(network.theta, theta)
        assert_allclose((values[0] - values[1]) / 2e-6, grad @ d, rtol=1e-6, atol=1e-8)


# Normalisation


@pytest.mark.parametrize("name", NORMALIZATIONS)
@pytest.mark.parametrize("activation", ["tanh", "relu", "logistic"])
def test_gradient_through_normalisation(name, activation):
    rng = np.random.default_rng(0)
    network, batch = network_and_batch(
        rng, activation=activation, normalization=NORMALIZATIONS[name](), l2=0.1
    )
    assert_gradient(network, batch, rng)
    gamma, beta = network.arrays("dgamma"), network.arrays("dbeta")
    assert [len(g) for g in gamma] == [len(g) for g in beta] == [6, 5]
    assert all(g.any() for g in gamma + beta)


def normalize(Z, axis, gamma, beta, epsilon):
    mean = Z.mean(axis=axis, keepdims=True)
    variance = ((Z - mean) ** 2).mean(axis=axis, keepdims=True)
    return gamma * (Z - mean) / np.sqrt(variance + epsilon) + beta


@pytest.mark.parametrize(
    ("option", "axis"), [(BatchNorm(epsilon=0.1), 0), (LayerNorm(epsilon=0.1), 1)]
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_normalised_scores(option, axis, dtype):
    rng = np.random.default_rng(0)
    Z, gamma, beta = rng.standard_normal((7, 5)), *rng.standard_normal((2, 5))
    N = Z.astype(dtype)
    affine = Affine(gamma.astype(dtype), beta.astype(dtype), np.empty(5, dtype), np.empty(5, dtype))
    option.forward(N, affine, option.buffers(np.empty_like(N)))
    assert N.dtype == dtype
    assert_allclose(
        N, normalize(Z, axis, gamma, beta, 0.1), rtol=1e-5 if dtype == np.float32 else 1e-12
    )


def test_running_averages_are_those_of_the_batches():
    rng = np.random.default_rng(0)
    option = BatchNorm(momentum=0.8)
    affine = Affine(*(np.ones(3) for _ in range(4)), mean=np.zeros(3), variance=np.ones(3))
    mean, variance = np.zeros(3), np.ones(3)
    for m in (6, 4, 1):
        Z = rng.standard_normal((m, 3))
        if m > 1:  # a single sample has no variance, and is left out
            mean = 0.8 * mean + 0.2 * Z.mean(axis=0)
            variance = 0.8 * variance + 0.2 * Z.var(axis=0, ddof=1)
        option.forward(Z.copy(), affine, option.buffers(np.empty_like(Z)))
    assert_allclose(affine.mean, mean)
    assert_allclose(affine.variance, variance)


def test_prediction_folds_the_running_averages_into_the_weights():
    rng = np.random.default_rng(0)
    option = BatchNorm()
    network, batch = network_and_batch(rng, normalization=option, activation="relu")
    A = batch.X
    *hidden, (W_out, b_out) = zip(network.arrays("W"), network.arrays("b"), strict=True)
    for (W, b), affine in zip(hidden, network.arrays("affine"), strict=True):
        Z = A @ W + b
        Zhat = (Z - affine.mean) / np.sqrt(affine.variance + option.epsilon)
        A = np.maximum(affine.gamma * Zhat + affine.beta, 0)
    expected = A @ W_out + b_out
    assert_allclose(network.scores(batch.X), expected)
    assert_allclose(network.scores(csr_array(batch.X)), expected)


def test_layer_normalisation_predicts_what_it_trains_on():
    rng = np.random.default_rng(0)
    network, batch = network_and_batch(rng, normalization=LayerNorm())
    assert_allclose(network.scores(batch.X), network.forward(batch.X, batch.workspace))


# Dropout


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dropout_keeps_the_mean(dtype):
    dropout, A = Dropout(0.3), np.ones((500, 400), dtype)
    memory = Memory(500, np.dtype(dtype), np.random.default_rng(0))
    buffers = dropout.buffers(Buffers(A), memory)
    out = dropout.forward(A, buffers)
    assert out.dtype == dtype
    assert (A == 1).all()
    kept = out != 0
    assert_allclose(out[kept], 1 / 0.7, rtol=1e-6)
    assert abs(kept.mean() - 0.7) < 5 * np.sqrt(0.21 / A.size)
    dA = np.full_like(A, 2)
    dropout.backward(dA, buffers)
    assert_allclose(dA, 2 * out)
    assert ((dropout.forward(A, buffers) != 0) != kept).any()


def test_dropout_of_sparse_rows_is_that_of_their_entries():
    X = csr_array(np.random.default_rng(0).standard_normal((30, 20)))
    dropout, memory = Dropout(0.5), Memory(30, X.dtype, np.random.default_rng(0))
    out = dropout.forward(SparseRows(X), dropout.buffers(Buffers(), memory))
    got = out.csr.toarray()
    assert 0.3 < (got != 0).mean() < 0.7
    assert_allclose(got[got != 0], 2 * X.toarray()[got != 0])


@pytest.mark.parametrize("activation", ["tanh", "relu", "logistic"])
@pytest.mark.parametrize("normalization", [None, *NORMALIZATIONS])
@pytest.mark.parametrize("sparse", [False, True])
def test_gradient_through_dropout(activation, normalization, sparse):
    rng = np.random.default_rng(0)
    X = csr_array(rng.standard_normal((12, 4))) if sparse else None
    network, batch = network_and_batch(
        rng,
        activation=activation,
        seed=7,
        X=X,
        normalization=NORMALIZATIONS[normalization]() if normalization else None,
        dropout=(0.2, 0.5, 0.3),
    )
    assert_gradient(network, batch, rng, seed=7)


def test_nothing_is_dropped_without_a_generator():
    rng = np.random.default_rng(0)
    network, batch = network_and_batch(rng, dropout=(0.2, 0.5, 0.3))
    value = network.value_and_gradient(batch)
    bare = Network(replace(network.architecture, dropout=()), network.values)
    (whole,) = Minibatches(Samples(batch.X, batch.Y), bare, len(batch.Y))
    assert bare.value_and_gradient(whole) == value
    assert_allclose(network.scores(batch.X), network.forward(batch.X, batch.workspace))


def dropping(**params):
    params = {"hidden_layer_sizes": (9,), "max_iter": 1, "random_state": 0, **params}
    return BackpropClassifier(**params)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("method", ["partial_fit", "fit"])
def test_every_call_that_goes_on_drops_other_values(method, monkeypatch):
    masks, draw = [], Dropout._draw

    def noting(self, M, generator):
        draw(self, M, generator)
        masks.append(M.tobytes())

    monkeypatch.setattr(Dropout, "_draw", noting)
    X, y = load_iris(return_X_y=True)
    clf = dropping(dropout=0.5, warm_start=True).fit(X, y)
    calls = [getattr(clf, method)(X, y).loss_ for _ in range(9)]
    assert len(set(masks)) == len(masks) == 10
    del masks[:]
    clf = dropping(dropout=0.5, warm_start=True).fit(X, y)
    for loss in calls:  # the same from the seed, with a pickle between the calls
        clf = pickle.loads(pickle.dumps(clf))
        assert getattr(clf, method)(X, y).loss_ == loss
    assert len(set(masks)) == 10
    dropping(dropout=0.5).fit(X, y).fit(X, y)
    assert masks[0] == masks[10] == masks[11]  # a cold fit starts anew


def test_a_copy_drops_what_the_original_will():
    X, y = load_iris(return_X_y=True)
    clf = dropping(dropout=0.5).partial_fit(X, y, classes=[0, 1, 2])
    other, before = deepcopy(clf), clf._progress.fork().generator.random()
    other.partial_fit(X, y)
    assert clf._progress.fork().generator.random() == before
    assert clf.partial_fit(X, y).loss_ == other.loss_


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("rates", [{}, {"dropout": 0.5}], ids=["without", "with"])
def test_only_the_first_call_draws_for_dropout(rates):
    X, y = load_iris(return_X_y=True)
    rng = np.random.RandomState(0)
    clf = dropping(shuffle=False, random_state=rng, **rates)
    clf.initialize(4, [0, 1, 2])
    states = [rng.get_state()[2]]
    for _ in range(2):
        clf.partial_fit(X, y)
        states.append(rng.get_state()[2])
    assert (states[0] != states[1]) == bool(rates)
    assert states[1] == states[2]


# Penalties and norms


def test_elastic_net():
    rng = np.random.default_rng(0)
    network, batch = network_and_batch(rng, l1=0.3, l2=0.7)
    assert_gradient(network, batch, rng)
    W = np.concatenate([W.ravel() for W in network.arrays("W")])
    penalty = (0.3 * np.abs(W).sum() + 0.35 * (W**2).sum()) / batch.total
    assert_allclose(network.add_penalty(batch.total), penalty)
    network.weights[:] = 0
    network.grad[:] = 0
    assert network.add_penalty(batch.total) == 0
    assert not network.grad.any()


def test_clipped_gradient():
    network, batch = network_and_batch(np.random.default_rng(0))
    network.value_and_gradient(batch)
    grad = network.grad.copy()
    norm = np.linalg.norm(grad)
    assert_allclose(network.gradient_norm(), norm)
    network.clip_gradient(2 * norm)
    assert (network.grad == grad).all()
    network.clip_gradient(norm / 4)
    assert_allclose(network.grad, grad / 4)


def test_limited_norms():
    network, _ = network_and_batch(np.random.default_rng(0))
    before = [W.copy() for W in network.arrays("W")]
    network.limit_norms(1.5)
    *hidden, output = zip(network.arrays("W"), before, strict=True)
    for now, W in hidden:
        norms = np.linalg.norm(W, axis=0)
        assert (norms > 1.5).any()
        assert_allclose(now, W * np.minimum(1, 1.5 / norms))
    assert (output[0] == output[1]).all()


# A user's own


@dataclass(frozen=True)
class Unscaled(LayerNorm):
    """A correct one: the rows' means alone, with gamma and beta."""

    def forward(self, Z, affine, buffers):
        buffers.Zhat[...] = Z - Z.mean(axis=1, keepdims=True)
        Z[...] = buffers.Zhat * affine.gamma + affine.beta

    def backward(self, dN, scratch, affine, buffers):
        affine.dgamma[...] = (dN * buffers.Zhat).sum(axis=0)
        affine.dbeta[...] = dN.sum(axis=0)
        G = dN * affine.gamma
        dN[...] = G - G.mean(axis=1, keepdims=True)


@dataclass(frozen=True)
class WrongZ(Unscaled):
    def backward(self, dN, scratch, affine, buffers):
        super().backward(dN, scratch, affine, buffers)
        dN *= 1.01


@dataclass(frozen=True)
class WrongGamma(Unscaled):
    def backward(self, dN, scratch, affine, buffers):
        super().backward(dN, scratch, affine, buffers)
        affine.dgamma *= -1


@dataclass(frozen=True)
class NotFinite(Unscaled):
    def forward(self, Z, affine, buffers):
        Z[0] = np.nan


@dataclass(frozen=True)
class NoForward(Normalization):
    has_statistics = False

    def buffers(self, Zhat):
        return None


@dataclass(frozen=True)
class WrongFold(BatchNorm):
    def fold(self, W, b, affine):
        return W.T, b


@pytest.mark.parametrize(
    "option", [*(cls() for cls in NORMALIZATIONS.values()), Unscaled()], ids=repr
)
def test_right_normalisations_pass_the_check(option):
    check_normalization(option)


@pytest.mark.parametrize(
    ("cls", "message"),
    [
        (WrongZ, "backward gives dZ"),
        (WrongGamma, "backward gives dgamma"),
        (NotFinite, "finite"),
        (NoForward, "NotImplementedError"),
        (WrongFold, r"fold\(W, b, affine\)"),
    ],
)
def test_wrong_normalisations_dont(cls, message):
    with pytest.raises(ValueError, match=f"(?s)normalization=.*{message}"):
        check_normalization(cls())


def test_the_estimator_checks_a_users_own():
    X, y = load_iris(return_X_y=True)
    params = {"hidden_layer_sizes": (4,), "tol": 1.0, "random_state": 0}
    clf = BackpropClassifier(**params, normalization=Unscaled()).fit(X, y)
    assert clf.n_iter_ > 0
    with pytest.raises(ValueError, match="normalization=WrongZ"):
        BackpropClassifier(**params, normalization=WrongZ()).fit(X, y)


@dataclass(frozen=True)
class Constant(Initializer):
    """The same value everywhere; `rows` more of them than there should be."""

    value: float = 0.1
    rows: int = 0

    def weights(self, rng, fan_in, fan_out):
        return np.full((fan_in + self.rows, fan_out), self.value)


def test_a_users_own_initializer():
    X, y = load_iris(return_X_y=True)
    params = {"hidden_layer_sizes": (4,), "max_iter": 1, "solver": "lbfgs"}
    with pytest.warns(ConvergenceWarning):
        clf = BackpropClassifier(**params, weight_init=Constant()).fit(X, y)
    assert np.ptp(clf.coefs_[0], axis=1).max() < 1e-12  # equal units stay equal
    for wrong, message in [
        (Constant(rows=1), r"\(3, 2\).*\(4, 2\)"),
        (Constant(np.nan), "finite"),
        (Constant("a"), "ValueError|finite|fails"),
    ]:
        with pytest.raises(ValueError, match=f"weight_init=Constant.*{message}"):
            BackpropClassifier(**params, weight_init=wrong).fit(X, y)
