"""BLAS threads: only one where the matrix products are too small for several.

Two threads that share a small product spend more time waiting for each other than working, far
more when other processes keep the cores busy. NumPy and SciPy each bring a thread pool, and in
L-BFGS the two compete for the cores. The limits apply to the whole process while they last.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from threadpoolctl import ThreadpoolController

#: Multiply-adds that make a product worth several threads. Below, a step on two idle cores takes at
#: most a fifth longer with one thread than with two; on busy cores two take up to twice as long as
#: one.
LARGE_PRODUCT = 4_000_000


class Pool:
    """One BLAS thread pool, and how many fits currently limit it to one thread.

    Fits may overlap in several threads. The first one saves the pool's number of threads, the last
    one restores it.
    """

    def __init__(self, controller: Any) -> None:
        self.controller, self.holders, self.found = controller, 0, 1
        path = controller.filepath
        self.is_scipys = "scipy.libs" in path or os.path.join("scipy", ".dylibs") in path

    def hold(self) -> None:
        """Limit the pool to one thread."""
        if not self.holders:
            self.found = self.controller.num_threads
        self.holders += 1
        self.controller.set_num_threads(1)

    def release(self) -> None:
        """Lift the limit after the last holder, unless other code has changed it."""
        self.holders -= 1
        if not self.holders and self.controller.num_threads == 1:
            self.controller.set_num_threads(self.found)


class Pools:
    """The BLAS pools of this process, looked up once, as that takes milliseconds."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.pools: list[Pool] | None = None
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.after_fork)

    def for_product(self, size: int) -> list[Pool]:
        """The pools that a fit has to limit if this is its largest product."""
        if self.pools is None:
            blas = ThreadpoolController().select(user_api="blas").lib_controllers
            self.pools = [Pool(controller) for controller in blas]
        return [pool for pool in self.pools if size < LARGE_PRODUCT or pool.is_scipys]

    def after_fork(self) -> None:
        """Release what the parent's threads held: they don't exist in the child."""
        self.lock = Lock()
        for pool in self.pools or ():
            while pool.holders:
                pool.release()


POOLS = Pools()


@contextmanager
def blas_threads(largest_product: int) -> Iterator[None]:
    """Limit BLAS to one thread in the body; only SciPy's pool if the largest product is large.

    The previous limits are restored even after an error.
    """
    held: list[Pool] = []
    try:
        with POOLS.lock:
            for pool in POOLS.for_product(largest_product):
                held.append(pool)
                pool.hold()
        yield
    finally:
        with POOLS.lock:
            for pool in held:
                pool.release()
