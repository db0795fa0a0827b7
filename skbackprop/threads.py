"""BLAS threads: as many as the products deserve.

Two threads that share a small product wait for each other more than they work, and far more so
beside a busy neighbour. NumPy and SciPy bring a pool of threads each, and in L-BFGS these fight
for the cores. The limits are the process's: while they hold, they hold for everybody in it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from threadpoolctl import ThreadpoolController

#: Multiply-adds of a product that deserves several threads. Below, a step on two idle cores takes
#: at most a fifth longer with one thread than with two; beside a busy neighbour two take up to
#: twice as long as one.
LARGE_PRODUCT = 4_000_000


class Pool:
    """One BLAS pool, and how many fits hold it to one thread.

    Fits may overlap in several threads. The first to come notes what it finds, the last to go
    puts that back.
    """

    def __init__(self, controller: Any) -> None:
        self.controller, self.holders, self.found = controller, 0, 1
        path = controller.filepath
        self.is_scipys = "scipy.libs" in path or os.path.join("scipy", ".dylibs") in path

    def hold(self) -> None:
        """Limit the pool."""
        if not self.holders:
            self.found = self.controller.num_threads
        self.holders += 1
        self.controller.set_num_threads(1)

    def release(self) -> None:
        """Lift the limit after the last holder, unless somebody else has changed it."""
        self.holders -= 1
        if not self.holders and self.controller.num_threads == 1:
            self.controller.set_num_threads(self.found)


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

    def after_fork(self) -> None:
        """Release what the parent's other threads have held: they aren't in the child."""
        self.lock = Lock()
        for pool in self.pools or ():
            while pool.holders:
                pool.release()


POOLS = Pools()


@contextmanager
def blas_threads(largest_product: int) -> Iterator[None]:
    """Run the body with one BLAS thread if its largest product is small, else with one in SciPy.

    The limits before are put back, whatever happens.
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
