"""BLAS threads: as many as the products deserve.

Two threads that share a small product wait for each other more than they work, and far more so
beside a busy neighbour. NumPy and SciPy bring a pool of threads each, and in L-BFGS these fight
for the cores.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock

from threadpoolctl import ThreadpoolController

#: Multiply-adds of a product that deserves several threads. Below, a step on two idle cores takes at
#: most a fifth longer with one thread than with two; beside a busy neighbour two take up to twice
#: as long as one.
LARGE_PRODUCT = 4_000_000


class Pools:
    """The BLAS pools of this process, and who holds them to one thread.

    The limits are the process's: fits that overlap in several threads share them, and the last to
    end puts back what the first has found.
    """

    def __init__(self) -> None:
        self.pools = ThreadpoolController().select(user_api="blas").lib_controllers
        self.lock = Lock()
        self.small, self.large = 0, 0
        self.found: list[int] = []

    def hold(self, small: int, large: int) -> None:
        """Count holders: small ones limit every pool, large ones only SciPy's own."""
        with self.lock:
            if not (self.small or self.large):
                self.found = [pool.num_threads for pool in self.pools]
            self.small, self.large = self.small + small, self.large + large
            for pool, found in zip(self.pools, self.found, strict=True):
                limited = self.small or (self.large and "scipy.libs" in pool.filepath)
                pool.set_num_threads(1 if limited else found)


@cache
def pools() -> Pools:
    """Look for the pools once: it takes milliseconds."""
    return Pools()


@contextmanager
def blas_threads(largest_product: int) -> Iterator[None]:
    """Run the body with one BLAS thread if its largest product is small, else with one in SciPy.

    The limits before are put back, whatever happens.
    """
    holder = (1, 0) if largest_product < LARGE_PRODUCT else (0, 1)
    pools().hold(*holder)
    try:
        yield
    finally:
        pools().hold(-holder[0], -holder[1])
