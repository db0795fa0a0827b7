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

from joblib import cpu_count
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

    def unlimited(self) -> int:
        """The number of threads without our limit."""
        still_owed = self.owed and self.controller.num_threads == 1
        return self.found if self.holders or still_owed else int(self.controller.num_threads)

    def hold(self, holder: object) -> None:
        """Limit the pool."""
        if not self.holders:
            found = self.unlimited()
            self.owed = self.owed and self.controller.num_threads == 1
            self.found = found
        self.holders.add(holder)
        self.limit(1)

    def release(self, holder: object) -> None:
        """Lift the limit after the last holder, unless somebody else has changed it."""
        if holder in self.holders:
            if self.holders == {holder} and self.controller.num_threads == 1:
                self.limit(self.found)
                # where somebody else's thread controls the pool, the next fit raises the limit
                self.owed = self.controller.num_threads != self.found
            self.holders.discard(holder)

    def limit(self, threads: int) -> None:
        """Set the number of threads, and leave other threads free to do so.

        Since version 3.8 threadpoolctl ignores all threads but the first one that sets OpenBLAS's,
        until that one says that it's done.
        """
        self.controller.set_num_threads(threads)
        getattr(self.controller, "clear_controlling_thread", lambda: None)()


class Pools:
    """The BLAS pools of this process. They are looked for once, as that takes milliseconds."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.pools: list[Pool] | None = None
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.after_fork)

    def all(self) -> list[Pool]:
        """Every pool."""
        if self.pools is None:
            blas = ThreadpoolController().select(user_api="blas").lib_controllers
            self.pools = [Pool(controller) for controller in blas]
        return self.pools

    def for_product(self, size: int) -> list[Pool]:
        """Those that a fit with products up to this size holds."""
        return [pool for pool in self.all() if size < LARGE_PRODUCT or pool.is_scipys]

    def allowed(self) -> int:
        """Threads that BLAS may have without our limits, but no more than there are processors.

        One where SciPy shares NumPy's BLAS: there axpy has several threads already, and those of
        two callers would get into each other's way.
        """
        if not self.separate():
            return 1
        with self.lock:
            return min(*(pool.unlimited() for pool in self.all()), cpu_count())

    def separate(self) -> bool:
        """True if SciPy has a BLAS of its own."""
        with self.lock:
            return any(pool.is_scipys for pool in self.all())

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
