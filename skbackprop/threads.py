"""BLAS threads: as many as the products deserve.

Two threads that share a small product wait for each other more than they work, and far more so
beside a busy neighbour. NumPy and SciPy bring a pool of threads each, and in L-BFGS these fight
for the cores.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController

#: Multiply-adds from which on a product gains by several threads, beside a busy neighbour too.
LARGE_PRODUCT = 10_000_000


@cache
def _pools() -> tuple[ThreadpoolController, ThreadpoolController]:
    """All BLAS pools, and those that are SciPy's own. Looking for them takes milliseconds."""
    blas = ThreadpoolController().select(user_api="blas")
    scipy = [pool.filepath for pool in blas.lib_controllers if "scipy.libs" in pool.filepath]
    return blas, blas.select(filepath=scipy)


@contextmanager
def blas_threads(largest_product: int) -> Iterator[None]:
    """Run the body with one BLAS thread if its largest product is small, else with one in SciPy.

    The limits before are put back, whatever happens.
    """
    blas, scipy = _pools()
    with (blas if largest_product < LARGE_PRODUCT else scipy).limit(limits=1):
        yield
