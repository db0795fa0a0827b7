"""The maths, registry by registry, and the engine's promises about memory."""

import copy
import pickle
import tracemalloc
from dataclasses import fields, replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.sparse import csr_array

from skbackprop.activations import ACTIVATIONS
from skbackprop.architecture import Architecture
from skbackprop.batches import Minibatches, Samples
from skbackprop.initializers import INITIALIZERS, GlorotUniform
from skbackprop.layers import SparseRows
from skbackprop.losses import LOSSES
from skbackprop.network import Network
from skbackprop.optimizers import OPTIMIZERS
from skbackprop.schedules import SCHEDULES

STOCHASTIC = {name: cls for name, cls in OPTIMIZERS.items() if cls.stochastic}
KINDS = ["binary", "multiclass", "multilabel"]
OUTPUTS = {"binary": 1, "multiclass": 3, "multilabel": 4}
EVERY_LOSS = [(name, kind) for name in LOSSES for kind in KINDS]


def targets(rng, m, kind, loss):
    if kind == "multiclass":
        index = rng.integers(3, size=m)
        return index if loss.integer_targets else np.eye(3)[index]
    return rng.integers(2, size=(m, OUTPUTS[kind])).astype(float)


def network_and_batch(rng, loss, kind, *, activation="tanh", hidden=(6, 5), m=12, alpha=0.3):
    output_loss = LOSSES[loss]().on(kind)
    functions = (ACTIVATIONS[activation](),) * len(hidden)
    architecture = Architecture((4, *hidden, OUTPUTS[kind]), functions, output_loss, l2=alpha)
    network = Network(architecture, rng.standard_normal(architecture.n_parameters))
    X = rng.standard_normal((m, 4))
    samples = Samples(X, targets(rng, m, kind, output_loss), rng.uniform(0.1, 2, m))
    (batch,) = Minibatches(samples, network, m)
    return network, batch


def assert_gradient(network, batch, rng, n_directions=5):
    network.value_and_gradient(batch)
    grad, theta = network.grad.copy(), network.theta.copy()
    for _ in range(n_directions):
        d = rng.standard_normal(theta.size)
        values = []
        for h in (1e-6, -1e-6):
            np.copyto(network.theta, theta + h * d)
            values.append(network.value_and_gradient(batch))
        np.copyto(network.theta, theta)
        assert_allclose((values[0] - values[1]) / 2e-6, grad @ d, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(("loss", "kind"), EVERY_LOSS)
@pytest.mark.parametrize("hidden", [(), (6,), (6, 5, 4)])
def test_gradient_of_every_loss(loss, kind, hidden):
    rng = np.random.default_rng(0)
    assert_gradient(*network_and_batch(rng, loss, kind, hidden=hidden), rng)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradient_through_every_activation(activation):
    rng = np.random.default_rng(1)
    assert_gradient(*network_and_batch(rng, "log_loss", "multiclass", activation=activation), rng)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_derivative_of_every_activation(name, dtype):
    f = ACTIVATIONS[name]()
    z = np.linspace(-4, 4, 50)  # 0 is not among them
    h, Z = 1e-6, z.astype(dtype)
    A, up, down = np.empty_like(Z), np.empty_like(z), np.empty_like(z)
    f.forward(Z.copy(), A)
    f.forward(z + h, up)
    f.forward(z - h, down)
    dA = np.full_like(Z, 2)
    f.backward(dA, Z, A)
    assert dA.dtype == dtype
    assert_allclose(dA, 2 * (up - down) / (2 * h), atol=1e-5)


# Initialisers


@pytest.mark.parametrize("name", INITIALIZERS)
def test_variance_of_every_initializer(name):
    W, b = INITIALIZERS[name]().draw(np.random.RandomState(0), 300, 200, 6.0)
    variance = {
        "glorot_uniform": 2 / 500,
        "glorot_normal": 2 / 500,
        "he_uniform": 2 / 300,
        "he_normal": 2 / 300,
        "lecun_normal": 1 / 300,
        "normal": 1e-4,
    }[name]
    assert W.shape == (300, 200)
    assert_allclose(W.var(), variance, rtol=0.03)
    assert abs(W.mean()) < 3 * np.sqrt(variance / W.size)
    assert b.any() == (name == "glorot_uniform")


def test_glorot_uniform_is_narrower_for_the_logistic():
    W, _ = GlorotUniform().draw(np.random.RandomState(0), 300, 200, 2.0)
    assert_allclose(np.abs(W).max(), np.sqrt(2 / 500), rtol=0.01)


# Options


@pytest.mark.parametrize(
    "option",
    [c for r in (ACTIVATIONS, LOSSES, INITIALIZERS, OPTIMIZERS, SCHEDULES) for c in r.values()],
)
def test_every_option_is_a_frozen_record(option):
    made = option()
    assert option(**made.get_params()) == made
    assert eval(repr(made), {option.__name__: option}) == made
    assert pickle.loads(pickle.dumps(made)) == made
    for f in fields(made):
        with pytest.raises(AttributeError):
            setattr(made, f.name, f.default)
    with pytest.raises(ValueError, match="Invalid parameter 'nonsense'"):
        made.set_params(nonsense=1)


# Memory


def workload(X, m, kind="multiclass"):
    rng = np.random.default_rng(0)
    loss = LOSSES["log_loss"]().on(kind)
    architecture = Architecture(
        (X.shape[1], 100, 50, 3), (ACTIVATIONS["relu"](),) * 2, loss, l2=1e-4
    )
    network = Network(architecture, 0.01 * rng.standard_normal(architecture.n_parameters))
    y = rng.integers(3, size=X.shape[0])
    samples = Samples(X, y, rng.uniform(0.5, 1, len(y)), np.arange(len(y)))
    return network, Minibatches(samples, network, m)


CASES = [
    *(("adam", "relu", "C", loss, kind) for loss, kind in EVERY_LOSS),
    *((solver, "relu", "F", "log_loss", "multiclass") for solver in STOCHASTIC),
    *(("sgd", activation, "C", "log_loss", "multiclass") for activation in ACTIVATIONS),
]


@pytest.mark.parametrize(("solver", "activation", "order", "loss", "kind"), CASES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("plain", [True, False], ids=["in order", "shuffled and weighted"])
def test_the_batch_loop_allocates_nothing(solver, activation, order, loss, kind, dtype, plain):
    rng, n, m = np.random.default_rng(0), 45_000, 20_000
    bound = LOSSES[loss]().on(kind)
    f = ACTIVATIONS[activation]()
    architecture = Architecture((5, 8, 6, OUTPUTS[kind]), (f, f), bound, l2=1e-4)
    theta = 0.1 * rng.standard_normal(architecture.n_parameters).astype(dtype)
    network = Network(architecture, theta)
    X = np.asarray(rng.standard_normal((n, 5)), dtype=dtype, order=order)
    Y = targets(rng, n, kind, bound)
    samples = Samples(X, Y if Y.ndim == 1 else Y.astype(dtype))
    if not plain:
        weight = rng.uniform(0.5, 1, n).astype(dtype)
        samples = replace(samples, sample_weight=weight, index=rng.permutation(n))
    batches = Minibatches(samples, network, m)
    opt = STOCHASTIC[solver]()
    state = opt.init(theta)

    def epoch():
        for batch in batches:
            network.value_and_gradient(batch)
            opt.step(theta, network.grad, state, 1e-3)

    epoch()
    # NumPy remembers the types of its calls: this one comes when a running mean's scale is small
    np.multiply(theta, 1.0, out=theta)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        for _ in range(3 if plain else 34):  # 34 epochs are 102 batches
            epoch()
        after, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 1_000
    # A broadcast operand goes through NumPy's own buffer of 8,192 numbers, whatever the batch;
    # even one number per sample would be 20,000 of them.
    assert peak - before < 20_000 * np.dtype(dtype).itemsize


def test_all_batches_share_the_memory_of_one_workspace():
    X = np.random.default_rng(0).standard_normal((250, 40))
    _, batches = workload(X, 100)
    batches = list(batches)
    first, second, last = batches
    assert first.X.shape == second.X.shape == (100, 40)
    assert last.X.shape == (50, 40)
    assert first.workspace is second.workspace
    assert np.shares_memory(first.workspace.Z, last.workspace.Z)
    shared = 0
    for a, b in zip(first.workspace.buffers, last.workspace.buffers, strict=True):
        for name in {"Z", "A", "dA"} & {k for k, v in vars(a).items() if v is not None}:
            assert np.shares_memory(getattr(a, name), getattr(b, name))
            shared += 1
    assert shared == 9  # Z of three dense layers, dA of two; Z and A of two activations


@pytest.mark.parametrize("order", ["C", "F"])
def test_the_last_piece_is_gathered_into_the_memory_of_the_others(order, monkeypatch):
    monkeypatch.setattr("skbackprop.batches.BYTES_AT_ONCE", 2 * 20 * 40 * 8)
    X = np.asarray(np.random.default_rng(0).standard_normal((250, 40)), order=order)
    _, batches = workload(X, 20)
    assert [len(batch) for batch in batches] == [20] * 12 + [10]
    last, full = sorted(batches.pieces)
    assert (last, full) == (10, 40 if order == "C" else 20)
    last, full = batches.pieces[last], batches.pieces[full]
    assert full.X.shape == ((40, 40) if order == "C" else (20, 40))
    assert last.X.shape == (10, 40)
    assert np.shares_memory(full.X, last.X)


def test_no_more_is_gathered_than_the_buffer_has_room_for():
    wide, narrow = np.zeros((50_000, 40)), np.zeros((50_000, 1))
    assert workload(wide, 200)[1].full.X.nbytes <= 2**20
    assert workload(wide, 3900)[1].full.X.shape == (3900, 40)  # one batch
    assert workload(wide, 20_000)[1].full.X.shape == (2000, 40)  # one part of a large batch
    assert len(workload(narrow, 1)[1].full.batches) == 64


@pytest.mark.parametrize("n_features", [20, 50, 2_000], ids=["full", "some empty", "wide"])
def test_products_of_sparse_rows(n_features):
    rng = np.random.default_rng(0)
    dense = rng.standard_normal((30, n_features)) * (rng.random((30, n_features)) < 0.05)
    rows = SparseRows(csr_array(dense))
    W, dZ = rng.standard_normal((n_features, 4)), rng.standard_normal((30, 4))
    Z, dW = np.full((30, 4), np.nan), np.full((n_features, 4), np.nan)
    rows.dot(W, Z)
    rows.T.dot(dZ, dW)
    assert_allclose(Z, dense @ W, atol=1e-12)
    assert_allclose(dW, dense.T @ dZ, atol=1e-12)


@pytest.mark.parametrize("order", ["C", "F", "CSR"])
def test_batches_are_the_rows_of_the_index(order):
    rng = np.random.default_rng(0)
    X = rng.standard_normal((25, 40))
    X_in = csr_array(X) if order == "CSR" else np.asarray(X, order=order)
    network, batches = workload(X_in, 10)
    batches.shuffle(np.random.RandomState(0))
    index, start = batches.samples.index.copy(), 0
    assert sorted(index) == list(range(25))
    for batch in batches:
        rows = index[start : start + len(batch.Y)]
        got = batch.X.csr.toarray() if order == "CSR" else batch.X
        assert (got == X[rows]).all()
        assert (batches.samples.Y[rows] == batch.Y).all()
        w = batches.samples.sample_weight[rows]
        assert_allclose(batch.weight, w / w.sum())
        assert_allclose(batch.total, w.sum())
        start += len(rows)
    assert start == 25


def test_a_batch_without_weight_is_left_out():
    X = np.random.default_rng(0).standard_normal((20, 40))
    network, batches = workload(X, 10)
    batches.samples.sample_weight[:10] = 0
    assert [batch.total for batch in batches] == [batches.samples.sample_weight[10:].sum()]


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda n: pickle.loads(pickle.dumps(n))])
def test_copies_keep_their_views_tied_to_the_flat_vectors(copied):
    rng = np.random.default_rng(0)
    network, batch = network_and_batch(rng, "log_loss", "multiclass")
    twin = copied(network)
    assert not np.shares_memory(twin.theta, network.theta)
    for name, vector in [
        ("W", twin.theta),
        ("b", twin.theta),
        ("dW", twin.grad),
        ("db", twin.grad),
    ]:
        assert len(twin.arrays(name)) == 3
        assert all(np.shares_memory(array, vector) for array in twin.arrays(name))
    assert twin.value_and_gradient(batch) == network.value_and_gradient(batch)
    assert (twin.grad == network.grad).all()


def test_all_weights_come_before_all_intercepts():
    network, _ = network_and_batch(np.random.default_rng(0), "log_loss", "multiclass")
    W, b = [W.ravel() for W in network.arrays("W")], network.arrays("b")
    assert (network.theta == np.concatenate(W + b)).all()
    assert (network.weights == np.concatenate(W)).all()


def test_the_penalty_is_divided_by_the_total_weight():
    rng = np.random.default_rng(0)
    network, batch = network_and_batch(rng, "log_loss", "multiclass", alpha=2.0)
    with_penalty = network.value_and_gradient(batch)
    bare = Network(replace(network.architecture, l2=0.0), network.theta)
    squares = sum((W**2).sum() for W in network.arrays("W"))
    assert_allclose(with_penalty - bare.value_and_gradient(batch), squares / batch.total)
