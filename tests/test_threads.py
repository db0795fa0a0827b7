"""BLAS limits are held while somebody needs them, and put back."""

import itertools
import subprocess
import sys
from contextlib import ExitStack

import numpy as np
import pytest
import scipy.linalg  # noqa: F401  (loads SciPy's BLAS)
from threadpoolctl import threadpool_info, threadpool_limits

from skbackprop import BackpropClassifier
from skbackprop.batches import Minibatches, Samples
from skbackprop.network import Network
from skbackprop.threads import LARGE_PRODUCT, blas_threads
from tests.benchmarks.workloads import random_csr

X, y = np.random.default_rng(0).standard_normal((50, 4)), np.arange(50) % 2


def limits():
    return {i["filepath"]: i["num_threads"] for i in threadpool_info() if i["user_api"] == "blas"}


pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture(autouse=True)
def two_threads():
    with threadpool_limits(2, user_api="blas"):
        if 2 not in limits().values():
            pytest.skip("this BLAS has one thread")
        yield


def test_small_products_have_one_thread():
    before = limits()
    with blas_threads(LARGE_PRODUCT - 1):
        assert set(limits().values()) == {1}
    assert limits() == before


def test_large_products_leave_numpy_its_threads():
    with blas_threads(LARGE_PRODUCT):
        for path, n in limits().items():
            assert n == (1 if "scipy.libs" in path else 2)


@pytest.mark.parametrize("order", itertools.permutations(range(3)))
@pytest.mark.parametrize("sizes", itertools.product([1, LARGE_PRODUCT], repeat=3))
def test_fits_that_overlap_put_back_what_the_first_found(order, sizes):
    before, stacks = limits(), [ExitStack() for _ in sizes]
    for stack, size in zip(stacks, sizes):
        stack.enter_context(blas_threads(size))
    going_on = dict(enumerate(sizes))
    for i in order:
        stacks[i].close()
        del going_on[i]
        if 1 in going_on.values():
            assert set(limits().values()) == {1}
    assert limits() == before


RACE = """
import threading
import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits
from skbackprop import BackpropClassifier
import scipy.linalg

def limits():
    return [i["num_threads"] for i in threadpool_info() if i["user_api"] == "blas"]

X, y = np.random.default_rng(0).standard_normal((50, 4)), np.arange(50) % 2
start = threading.Barrier(4)

def fit():
    start.wait()
    BackpropClassifier(tol=10).fit(X, y)

with threadpool_limits(2, user_api="blas"):
    before = limits()
    threads = [threading.Thread(target=fit) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert limits() == before, limits()
"""


def test_the_first_fits_of_a_process_may_start_together():
    subprocess.run([sys.executable, "-c", RACE], check=True)


def test_a_limit_of_the_users_that_ends_first_is_not_put_back():
    theirs = threadpool_limits(1, user_api="blas")
    with blas_threads(1):
        theirs.restore_original_limits()
    assert 2 in limits().values()


def test_a_sparse_layer_is_no_blas_product():
    X = random_csr((400, 20_000), density=0.001)
    network = BackpropClassifier((50,), max_iter=1, tol=10).fit(X, np.arange(400) % 2)._network
    batches = Minibatches(Samples(X, np.zeros((400, 1))), network, 200)
    assert batches.largest_product(network) == 200 * 50


def test_the_largest_product_of_a_dense_network():
    network = BackpropClassifier((7, 30)).initialize(20, [0, 1])._network
    batches = Minibatches(Samples(np.zeros((99, 20)), np.zeros((99, 1))), network, 50)
    assert batches.largest_product(network) == 50 * 7 * 30


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_limits_are_put_back_after_an_error(monkeypatch, error):
    before, seen = limits(), []

    def fails(self, batch):
        seen.append(limits())
        raise error("as told")

    monkeypatch.setattr(Network, "data_loss_and_gradient", fails)
    raises, warns = (
        pytest.raises(ValueError, match="as told"),
        pytest.warns(UserWarning, match="interrupted"),
    )
    with raises if error is ValueError else warns:
        BackpropClassifier().fit(X, y)
    assert set(seen[0].values()) == {1}
    assert limits() == before
