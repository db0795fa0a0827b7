"""BLAS limits are held while somebody needs them, and put back."""

import itertools
from contextlib import ExitStack

import numpy as np
import pytest
import scipy.linalg  # noqa: F401  (loads SciPy's BLAS)
from threadpoolctl import threadpool_info, threadpool_limits

from skbackprop import BackpropClassifier
from skbackprop.network import Network
from skbackprop.threads import LARGE_PRODUCT, blas_threads

X, y = np.random.default_rng(0).standard_normal((50, 4)), np.arange(50) % 2


def limits():
    return {i["filepath"]: i["num_threads"] for i in threadpool_info() if i["user_api"] == "blas"}


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
    for i in order:
        stacks[i].close()
    assert limits() == before


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_limits_are_put_back_after_an_error(monkeypatch, error):
    before, seen = limits(), []

    def fails(self, batch):
        seen.append(limits())
        raise error("as told")

    monkeypatch.setattr(Network, "value_and_gradient", fails)
    raises, warns = (
        pytest.raises(ValueError, match="as told"),
        pytest.warns(UserWarning, match="interrupted"),
    )
    with raises if error is ValueError else warns:
        BackpropClassifier().fit(X, y)
    assert set(seen[0].values()) == {1}
    assert limits() == before
