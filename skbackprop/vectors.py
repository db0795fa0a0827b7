"""Vectors aligned to cache lines, the arrays cut from them, and y + a x in one pass.

Elementwise passes over vectors aligned to a cache line are up to a third faster than over NumPy's
own, which are aligned to 16 bytes.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy.linalg.blas import daxpy, ddot, saxpy, sdot

CACHE_LINE = 64

#: BLAS's axpy by dtype: axpy(x, y, a=a) overwrites y with y + a x in one pass; NumPy takes two.
AXPY = {np.dtype(np.float64): daxpy, np.dtype(np.float32): saxpy}
#: dot(x, y), the sum of x * y, from the same BLAS: NumPy's may have several threads.
DOT = {np.dtype(np.float64): ddot, np.dtype(np.float32): sdot}


def aligned(size: int, dtype: np.dtype) -> np.ndarray:
    """Return an uninitialised vector."""
    dtype = np.dtype(dtype)
    if size * dtype.itemsize > np.iinfo(np.intp).max - CACHE_LINE:
        raise MemoryError(f"{size} numbers of {dtype} are more than memory can have.")
    memory = np.empty(size * dtype.itemsize + CACHE_LINE, np.uint8)
    start = -memory.ctypes.data % CACHE_LINE
    return memory[start : start + size * dtype.itemsize].view(dtype)


def aligned_copy(vector: np.ndarray) -> np.ndarray:
    """Return a copy of a vector."""
    copy = aligned(vector.size, vector.dtype)
    np.copyto(copy, vector)
    return copy


def aligned_zeros(vector: np.ndarray) -> np.ndarray:
    """Return zeros of a vector's size and dtype."""
    zeros = aligned(vector.size, vector.dtype)
    zeros.fill(0)
    return zeros


class Memory:
    """Hands out aligned arrays of m rows; a workspace for fewer rows can reuse its blocks.

    Parameters
    ----------
    rows : int
        m.
    dtype : dtype
        Of all arrays.
    generator : Generator, optional
        For layers that draw random numbers.
    blocks : list of ndarray, optional
        Those of a `Memory` for more rows, handed out again in the same order.
    """

    def __init__(
        self,
        rows: int,
        dtype: np.dtype,
        generator: np.random.Generator | None = None,
        blocks: list[np.ndarray] | None = None,
    ) -> None:
        self.rows, self.dtype, self.generator = rows, dtype, generator
        self.blocks, self.taken = [] if blocks is None else blocks, 0
        #: m ones; ones @ A is the sum of A over its rows
        self.ones = np.ones(rows, dtype)

    def take(self, n: int, order: Literal["C", "F"] = "C") -> np.ndarray:
        """Return the next block as an array of shape (m, n), uninitialised."""
        if self.taken == len(self.blocks):
            self.blocks.append(aligned(self.rows * n, self.dtype))
        block = self.blocks[self.taken]
        self.taken += 1
        return block[: self.rows * n].reshape((self.rows, n), order=order)
