"""Threads that share elementwise passes over long arrays, as many as BLAS may have.

A large product keeps all of BLAS's threads busy, but NumPy's ufuncs have only the one that calls
them. They don't hold the interpreter, so `shared` cuts long arrays into pieces, and helpers take
some of them. No number depends on how many helpers there are.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from threading import Lock
from typing import Any

import numpy as np

from skbackprop.blas import LARGE_PRODUCT, POOLS, blas_threads


def to_the_end(task: Callable[[], None]) -> None:
    """Call a task, and again if Ctrl-C has interrupted it, until it's done; then raise that."""
    try:
        task()
    except KeyboardInterrupt:
        to_the_end(task)
        raise


#: Numbers times passes over them that make an array long: threads that share less wait longer than
#: they work. Waking one takes about as long as a pass over 500,000 numbers.
LONG = 2**21
#: Numbers in a piece, about: they stay in a core's own cache from one pass to the next, and a pass
#: takes far longer than handing the interpreter from one thread to another.
PIECE = 2**18
#: Pieces begin at multiples of so many rows, where BLAS's axpy begins another round of its loop: so
#: the cuts don't change how a number is rounded.
ROUND = 1024


def cuts(array: np.ndarray, passes: int = 1) -> list[slice]:
    """Pieces of an array along its rows; none unless it's long for so many passes."""
    if array.size * passes < LONG:
        return []
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
        executor: ThreadPoolExecutor | None = None

        def end() -> None:
            nonlocal executor
            with self.lock:
                self.keepers.pop(keeper, None)
                if self.executor and not self.keepers:
                    executor, self.executor = self.executor, None
            if executor:
                executor.shutdown()

        to_the_end(end)

    def call(self, function: Callable[[], None], times: int) -> None:
        """Let up to so many helpers call a function, where there are any, each in our context."""
        with self.lock:
            n = min(self.keepers.values(), default=1) - 1
            if n < 1:
                return
            try:
                if self.executor is None:
                    self.executor = ThreadPoolExecutor(n, "skbackprop")
                for _ in range(min(n, times)):
                    self.executor.submit(copy_context().run, function)
            except RuntimeError:
                pass  # no more threads: the system allows none, or the interpreter shuts down


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
        to_the_end(lambda: HELPERS.leave(keeper))


@contextmanager
def one_thread() -> Iterator[None]:
    """Run the body on its own thread alone: no helpers, and one BLAS thread.

    While it lasts, this holds for the whole process: what other threads compute is limited, too.
    """
    keeper = object()
    try:
        HELPERS.keep(keeper, 1)
        with blas_threads(0):
            yield
    finally:
        to_the_end(lambda: HELPERS.leave(keeper))


@contextmanager
def threads_for_pieces() -> Iterator[None]:
    """Run the body with helpers, each with one BLAS thread.

    Where SciPy shares NumPy's BLAS there are no helpers: there BLAS keeps its threads.
    """
    with blas_threads(0 if POOLS.separate() else LARGE_PRODUCT), helpers():
        yield


class Work:
    """A call for each of some pieces, which threads take one after the other."""

    def __init__(self, work: Callable[[Any], Any], pieces: Sequence[Any]) -> None:
        self.work, self.left = work, deque(enumerate(pieces))
        self.results: list[Any] = [None] * len(pieces)
        self.helping: list[Lock] = []  # one for each helper, which holds it while it works
        self.error: BaseException | None = None

    def work_off(self) -> None:
        """Take pieces until none is left."""
        try:
            while self.left:
                try:
                    i, piece = self.left.popleft()
                except IndexError:  # another thread has the last one
                    break
                self.results[i] = self.work(piece)
        finally:
            self.left.clear()  # after an error the others stop, too

    def help_out(self) -> None:
        """The same in a helper. One that comes too late finds nothing left."""
        working = Lock()
        with working:
            self.helping.append(working)
            try:
                self.work_off()
            except BaseException as error:
                self.error = error

    def stop(self) -> None:
        """Wait for the helpers' last pieces: they write to the caller's arrays.

        Plain locks: after Ctrl-C `Condition.wait` may return without the lock that it should hold.
        """
        self.left.clear()  # after Ctrl-C
        for working in self.helping:
            with working:
                pass


def share(work: Callable[[Any], Any], pieces: Sequence[Any]) -> list[Any]:
    """Call `work` for every piece, from several threads if there are helpers; return the results.

    Pieces must not overlap. An error in any thread is raised, once all of them have stopped.
    """
    its = Work(work, pieces)
    try:
        HELPERS.call(its.help_out, len(pieces) - 1)
        its.work_off()
    finally:
        to_the_end(its.stop)
    if its.error:
        raise its.error
    return its.results


def shared(function: Callable[..., Any], array: np.ndarray, passes: int = 1) -> Callable[..., Any]:
    """Return a function for arguments like this array: itself, or one that works in pieces.

    `function` must work row by row, or number by number, in about so many passes. Of its arguments
    those that have the array's shape are cut into rows, the others are passed on as they are.
    Floats that it returns for the pieces are added up, in their order; other results are dropped.
    """
    shape, pieces = array.shape, cuts(array, passes)
    if not pieces:
        return function

    def in_pieces(*arguments: Any) -> Any:
        def work(piece: slice) -> Any:
            return function(
                *(a[piece] if getattr(a, "shape", None) == shape else a for a in arguments)
            )

        results = share(work, pieces)
        return sum(results) if isinstance(results[0], float) else None

    return in_pieces
