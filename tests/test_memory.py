"""Training takes the memory of the network and of one batch, not that of X."""

import os
import tracemalloc
from contextlib import contextmanager

import numpy as np
import pytest

from skbackprop import BackpropClassifier
from tests.benchmarks.workloads import random_csr

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
#: Size of the memory-mapped X. Several GB work as well; CI takes less.
MEGABYTES = int(os.environ.get("SKBACKPROP_TEST_MEMMAP_MB", "100"))


@contextmanager
def at_most(megabytes):
    """NumPy's allocations in the body, pages of a memory map not included."""
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < megabytes * 2**20, f"{peak / 2**20:.1f} MB"


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_memory_map_is_not_copied(tmp_path, order, early_stopping):
    n, d = MEGABYTES * 2**20 // (4 * 200), 200
    X = np.memmap(tmp_path / "X", np.float32, "w+", shape=(n, d), order=order)
    rng = np.random.default_rng(0)
    for start in range(0, n, 10_000):
        block = rng.standard_normal((len(X[start : start + 10_000]), d), dtype=np.float32)
        X[start : start + 10_000] = block
    y = (np.asarray(X[:, 0]) > 0).astype(np.int8)
    X.flush()
    X = np.memmap(tmp_path / "X", np.float32, "r", shape=(n, d), order=order)
    clf = BackpropClassifier(
        (20,), max_iter=1, batch_size=500, early_stopping=early_stopping, validation_fraction=0.01
    )
    indices = 8 * n / 2**20  # an index or label takes 8 bytes a sample; X takes 100 times as many
    with at_most(3 + (16 if early_stopping else 8) * indices):
        clf.fit(X, y)
    with at_most(3 + 3 * indices):
        clf.predict(X)
    assert clf.score(X[:5000], y[:5000]) > 0.7


def test_mnist_sized_training_takes_less_than_12_mb():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((20_000, 784), dtype=np.float32)
    y = rng.integers(10, size=len(X))
    with at_most(12):
        BackpropClassifier((256, 128), batch_size=256, max_iter=1).fit(X, y)


def test_sparse_input_stays_sparse():
    X = random_csr((5_000, 20_000), density=0.001)  # 800 MB if dense
    y = np.arange(5_000) % 2
    with at_most(60):
        BackpropClassifier((20,), max_iter=1).fit(X, y)
