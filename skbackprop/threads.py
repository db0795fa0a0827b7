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
    """One BLAS pool, and the fits that hold it to one thread.

    Fits may overlap in several threads. The first one saves the pool's number of threads, the last
    one restores it. A holder counts once, however often it holds or releases the pool, so that
    `release` can follow an interrupted `hold`.
    """

    def __init__(self, controller: Any) -> None:
        self.controller, self.found, self.owed = controller, 1, False
        self.holders: set[object] = set()
        path = controller.filepath
        self.is_scipys = "scipy.libs" in path or os.path.join("scipy", ".dylibs") in path

    def hold(self, holder: object) -> None:
        """Limit the pool."""
        still_owed = self.owed and self.controller.num_threads == 1
        if not self.holders and not still_owed:
            self.found, self.owed = self.controller.num_threads, False
        self.holders.add(holder)
        self.controller.set_num_threads(1)

    def release(self, holder: object) -> None:
        """Lift the limit after the last holder, unless somebody else has changed it."""
        if holder in self.holders:
            if self.holders == {holder} and self.controller.num_threads == 1:
                self.controller.set_num_threads(self.found)
                # OpenBLAS 0.3.31 lets no other thread raise a limit that the main thread has set:
                # then the main thread's next fit raises it
                self.owed = self.controller.num_threads != self.found
            self.holders.discard(holder)


class Pools:
    """The BLAS pools of this process. They are looked for once, as that takes milliseconds."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.pools: list[Pool] | None = None
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.after_fork)

    def for_product(self, size: int) -> list[Pool]:
        """Those that a fit with products up to this size holds."""
        if self.pools is None:
            blas = ThreadpoolController().select(user_api="blas").lib_controllers
            self.pools = [Pool(controller) for controller in blas]
        return [pool for pool in self.pools if size < LARGE_PRODUCT or pool.is_scipys]

    def release(self, holder: object) -> None:
        """Release every pool that a fit holds."""
        with self.lock:
            for pool in self.pools or ():
                pool.release(holder)

    def after_fork(self) -> None:
        """Release what the parent's threads have held: they aren't in the child."""
        self.lock = Lock()
        for pool in self.pools or ():
            for holder in list(pool.holders):
                pool.release(holder)


POOLS = Pools()


@contextmanager
def blas_threads(largest_product: int) -> Iterator[None]:
    """Run the body with one BLAS thread if its largest product is small, else with one in SciPy.

    The previous limits are restored even after an error.
    """
    holder = object()
    try:
        with POOLS.lock:
            for pool in POOLS.for_product(largest_product):
                pool.hold(holder)
        yield
    finally:
        try:
            POOLS.release(holder)
        except KeyboardInterrupt:
            POOLS.release(holder)  # the interrupt came before it was done
            raise
