"""Threads: how many BLAS has, and as many again for elementwise passes over long arrays.

Two threads that share a small product spend more time waiting for each other than working, far
more when other processes keep the cores busy: there BLAS is held to one. NumPy and SciPy each bring
a thread pool, and in L-BFGS the two compete for the cores. The limits apply to the whole process
while they last.

A large product keeps all of BLAS's threads busy, but NumPy's ufuncs and SciPy's axpy have only the
one that calls them. They don't hold the interpreter, so `shared` cuts long arrays into pieces, and
helpers take some of them. No number depends on how many there are.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from threading import Lock
from typing import Any

import numpy as np
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

    def hold(self, holder: object) -> None:
        """Limit the pool."""
        still_owed = self.owed and self.controller.num_threads == 1
        if not self.holders and not still_owed:
            self.found, self.owed = self.controller.num_threads, False
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
        with self.lock:
            pools = self.all()
            if not any(pool.is_scipys for pool in pools):
                return 1
            found = [p.found if p.holders or p.owed else p.controller.num_threads for p in pools]
        return min(*found, cpu_count())

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


#: Numbers in an array that make it long: threads that share fewer wait longer than they work.
LONG = 2**17
#: Numbers in a piece, about: they stay in a core's own cache from one ufunc to the next.
PIECE = 2**17
#: Pieces begin at multiples of so many rows, where BLAS's axpy begins another round of its loop: so
#: the cuts don't change how a number is rounded.
ROUND = 1024


def cuts(array: np.ndarray) -> list[slice]:
    """Cut a long array into pieces along its rows."""
    rows, n = len(array), max(2, round(array.size / PIECE))
    step = -(-rows // n)
    if array.ndim == 1:
        step = -(-step // ROUND) * ROUND
    return [slice(start, min(start + step, rows)) for start in range(0, rows, step)]


class Helpers:
    """Threads that help those who work on long arrays, for as long as somebody keeps them.

    They start when they are first needed, and end when the last keeper leaves.
    """

    def __init__(self) -> None:
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.after_fork)
        self.after_fork()

    def after_fork(self) -> None:
        """Forget the parent's threads: they aren't in the child."""
        self.lock = Lock()
        self.executor: ThreadPoolExecutor | None = None
        self.keepers: dict[object, int] = {}

    def keep(self, keeper: object, threads: int) -> None:
        """Let there be helpers, so that so many threads work, until `leave`."""
        with self.lock:
            self.keepers[keeper] = threads

    def leave(self, keeper: object) -> None:
        """End the helpers, unless somebody else keeps them."""
        with self.lock:
            self.keepers.pop(keeper, None)
            executor = None if self.keepers else self.executor
            if executor:
                self.executor = None
        if executor:
            executor.shutdown()

    def call(self, function: Callable[[], None], times: int) -> list[Future[None]]:
        """Let up to so many helpers call a function, where there are any."""
        with self.lock:
            n = max(self.keepers.values(), default=1) - 1
            if n < 1:
                return []
            if self.executor is None:
                self.executor = ThreadPoolExecutor(n, "skbackprop")
            return [self.executor.submit(function) for _ in range(min(n, times))]


HELPERS = Helpers()


@contextmanager
def helpers(largest_product: int = LARGE_PRODUCT) -> Iterator[None]:
    """Run the body with helpers, if its largest product is large enough for several threads.

    With the body's own thread there are as many as BLAS may have.
    """
    keeper = object()
    try:
        if largest_product >= LARGE_PRODUCT:
            HELPERS.keep(keeper, POOLS.allowed())
        yield
    finally:
        HELPERS.leave(keeper)


def share(work: Callable[[Any], Any], pieces: Sequence[Any]) -> list[Any]:
    """Call `work` for every piece, from several threads if there are helpers; return the results.

    Pieces must not overlap. An error in any thread is raised, once all of them have stopped.
    """
    left, results = deque(enumerate(pieces)), [None] * len(pieces)
    errors = np.geterr()  # each thread has its own: helpers take over those of the caller

    def work_off() -> None:
        try:
            for i, piece in _taken(left):
                results[i] = work(piece)
        finally:
            left.clear()  # after an error the others stop, too

    def help_out() -> None:
        with np.errstate(**errors):
            work_off()

    helping: list[Future[None]] = []
    try:
        helping = HELPERS.call(help_out, len(pieces) - 1)
        work_off()
    finally:
        left.clear()  # after Ctrl-C
        helping = [future for future in helping if not future.cancel()]
        _wait(helping)
    for future in helping:
        future.result()
    return results


def _taken(left: deque[tuple[int, Any]]) -> Iterator[tuple[int, Any]]:
    """Take one after the other until none is left; several threads may."""
    while True:
        try:
            yield left.popleft()
        except IndexError:
            return


def _wait(futures: list[Future[None]]) -> None:
    """Wait, even if Ctrl-C is pressed meanwhile: the helpers write to the caller's arrays."""
    interrupt = None
    while True:
        try:
            wait(futures)
            break
        except KeyboardInterrupt as error:
            interrupt = error
    if interrupt:
        raise interrupt


def shared(function: Callable[..., Any], array: np.ndarray) -> Callable[..., Any]:
    """Return a function for arguments like this array: itself, or one that works in pieces.

    `function` must work row by row, or number by number. Of its arguments those that have the
    array's shape are cut into rows, the others are passed on as they are. Floats that it returns
    for the pieces are added up, in their order; other results are dropped.
    """
    if array.size < LONG:
        return function
    shape, pieces = array.shape, cuts(array)

    def in_pieces(*arguments: Any) -> Any:
        def work(piece: slice) -> Any:
            return function(
                *(a[piece] if getattr(a, "shape", None) == shape else a for a in arguments)
            )

        results = share(work, pieces)
        return sum(results) if isinstance(results[0], float) else None

    return in_pieces
