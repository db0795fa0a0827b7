"""A large batch is computed in parts: the same gradient from less memory. Buffers can be copied."""

import copy
import pickle
import tracemalloc

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array

from skbackprop import BackpropClassifier, BackpropRegressor
from skbackprop.activations import ReLU, Tanh
from skbackprop.architecture import Architecture
from skbackprop.batches import LargeBatch, Minibatches, Samples
from skbackprop.losses import LOSSES
from skbackprop.network import Network
from skbackprop.normalization import BatchNorm, LayerNorm
from skbackprop.workspace import Batch

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

PART_ROWS = 1000
rng = np.random.default_rng(0)
N = 5432
X = rng.standard_normal((N, 6))
Y = rng.integers(3, size=N)
WEIGHT = rng.uniform(0, 2, N) * (rng.uniform(size=N) < 0.7)
INDEX = rng.permutation(N)[:5000]


@pytest.fixture(autouse=True)
def parts_of_1000_rows(monkeypatch):
    monkeypatch.setattr("skbackprop.batches.PART_ROWS", PART_ROWS)


def network(dtype=np.float64, **params):
    loss = LOSSES["log_loss"]().on("multiclass")
    architecture = Architecture((6, 8, 5, 3), (Tanh(), ReLU()), loss, l2=1e-3, **params)
    values = 0.3 * np.random.default_rng(1).standard_normal(architecture.n_values)
    return Network(architecture, values.astype(dtype))


FORMS = {"C": np.asarray, "F": np.asfortranarray, "CSR": csr_array}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("weight", [None, WEIGHT])
@pytest.mark.parametrize("index", [None, INDEX])
@pytest.mark.parametrize("batch_size", [N, 3000, 2001])
def test_parts_add_up_to_the_whole(form, weight, index, batch_size):
    samples = Samples(form(X), Y, weight, None if index is None else index.copy())
    net = network(normalization=LayerNorm())
    in_parts = Minibatches(samples, net, batch_size)
    at_once = Minibatches(samples, net, batch_size, in_parts=False)
    assert len(in_parts) == len(at_once)
    seen = 0
    for large, whole in zip(in_parts, at_once, strict=True):
        assert type(large) is LargeBatch
        assert len(large) == len(whole)
        assert_allclose(large.total, whole.total, rtol=1e-12)
        assert all(len(part) <= 1.5 * PART_ROWS for part in in_parts.parts(large.rows))
        value = net.value_and_gradient(whole)
        gradient = net.grad.copy()
        assert_allclose(net.value_and_gradient(large), value, rtol=1e-12)
        assert_allclose(net.grad, gradient, rtol=1e-10, atol=1e-14)
        seen += len(large)
    assert seen == len(samples)


def test_float32_is_summed_in_float64():
    """The sum of many parts is as exact as that of one."""
    many = 200_000
    X32, y = rng.standard_normal((many, 6)).astype(np.float32), rng.integers(3, size=many)
    exact, net = network(), network(np.float32)
    exact.values[:] = net.values
    (batch,) = Minibatches(Samples(X32.astype(np.float64), y), exact, many)
    exact.value_and_gradient(batch)
    (batch,) = Minibatches(Samples(X32, y), net, many)
    net.value_and_gradient(batch)
    largest = np.abs(exact.grad).max()
    assert np.abs(net.grad - exact.grad).max() < 3e-7 * largest


def test_parts_without_weight_are_left_out():
    weight = np.ones(N)
    weight[1000:4000] = 0
    net = network()
    (large,) = Minibatches(Samples(X, Y, weight), net, N)
    value = net.value_and_gradient(large)
    gradient = net.grad.copy()
    rest = np.r_[0:1000, 4000:N]
    (whole,) = Minibatches(Samples(X[rest], Y[rest]), net, N, in_parts=False)
    assert_allclose(net.value_and_gradient(whole), value, rtol=1e-12)
    assert_allclose(net.grad, gradient, rtol=1e-10, atol=1e-14)
    weight[:] = 0
    assert list(Minibatches(Samples(X, Y, weight), net, N)) == []


def test_what_needs_the_whole_batch_gets_it():
    (batch,) = Minibatches(Samples(X, Y), network(normalization=BatchNorm()), N)
    assert type(batch) is Batch
    (batch,) = Minibatches(Samples(X, Y), network(), 2 * PART_ROWS).parts(slice(0, 2 * PART_ROWS))
    assert len(batch) == 2 * PART_ROWS


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
@pytest.mark.parametrize("cls", [BackpropClassifier, BackpropRegressor])
def test_fits_are_equal_up_to_rounding(solver, cls, monkeypatch):
    y = Y if cls is BackpropClassifier else X[:, :2] ** 2
    params = {"solver": solver, "batch_size": 4000, "max_iter": 8, "random_state": 0, "tol": 0}
    fit_params = {"sample_weight": WEIGHT}
    in_parts = cls(hidden_layer_sizes=(8,), **params).fit(X, y, **fit_params)
    monkeypatch.setattr("skbackprop.batches.PART_ROWS", N)
    at_once = cls(hidden_layer_sizes=(8,), **params).fit(X, y, **fit_params)
    assert_allclose(in_parts.loss_curve_, at_once.loss_curve_, rtol=1e-9)
    assert_allclose(in_parts.coefs_[0], at_once.coefs_[0], rtol=1e-6, atol=1e-9)


def test_dropout_draws_for_every_part():
    params = {"hidden_layer_sizes": (50,), "batch_size": 4000, "max_iter": 30, "random_state": 0}
    clf = BackpropClassifier(dropout=0.5, input_dropout=0.1, learning_rate_init=0.01, **params)
    labels = (X[:, 0] * X[:, 1] > 0).astype(int)
    assert clf.fit(X, labels).score(X, labels) > 0.9


def test_memory_does_not_grow_with_the_samples():
    wide, y = np.zeros((50_000, 4), np.float32), np.arange(50_000) % 2
    clf = BackpropClassifier((256,), solver="lbfgs", max_iter=2)
    tracemalloc.start()
    try:
        clf.fit(wide, y)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10 * 2**20  # all values of the hidden layer at once are 49 MiB


# Copies


COPIES = {"deepcopy": copy.deepcopy, "pickle": lambda one: pickle.loads(pickle.dumps(one))}


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize("batch_size", [100, N])
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_copies_of_batches_compute_the_same(copied, batch_size, form):
    net = network()
    batches = Minibatches(Samples(form(X), Y, WEIGHT, INDEX.copy()), net, batch_size)
    twin = copied(batches)
    for one, other in zip(batches, twin, strict=True):
        value = net.value_and_gradient(one)
        gradient = net.grad.copy()
        assert net.value_and_gradient(other) == value
        assert_array_equal(net.grad, gradient)
        assert net.value_and_gradient(copied(other)) == value
        assert_array_equal(net.grad, gradient)


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_a_copy_draws_the_same_dropout(copied):
    net = network(dropout=(0.2, 0.3, 0.0))
    batches = Minibatches(Samples(X, Y), net, 500, np.random.default_rng(0))
    twin = copied(batches)
    values = [net.value_and_gradient(batch) for batch in batches]
    assert [net.value_and_gradient(batch) for batch in twin] == values
