"""Vectors aligned to cache lines, the arrays cut from them, and y + a x in one pass.

Elementwise passes over vectors aligned to a cache line are up to a third faster than over NumPy's
own, which are aligned to 16 bytes.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any, Literal

import numpy as np
from scipy.linalg.blas import daxpy, ddot, saxpy, sdot

CACHE_LINE = 64

#: SciPy's wrappers of BLAS, by dtype. They hold the interpreter: no other thread gets on meanwhile.
AXPY = {np.dtype(np.float64): daxpy, np.dtype(np.float32): saxpy}
DOT = {np.dtype(np.float64): ddot, np.dtype(np.float32): sdot}
#: Vectors with so many numbers are worth the microseconds that it takes to call the same routines
#: without holding the interpreter.
LONG_VECTOR = 2**17


def axpy_for(x: np.ndarray) -> Callable[..., Any]:
    """axpy(x, y, a=a) for contiguous vectors like x: overwrites y with y + a x in one pass.

    NumPy takes two.
    """
    return AXPY[x.dtype] if x.size < LONG_VECTOR else _long_routines(x.dtype)[0]


def dot(x: np.ndarray, y: np.ndarray) -> float:
    """The sum of x * y, both contiguous, in one thread; NumPy's BLAS may take several."""
    return float((DOT[x.dtype] if x.size < LONG_VECTOR else _long_routines(x.dtype)[1])(x, y))


@cache
def _long_routines(dtype: np.dtype) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """axpy and dot of the BLAS that SciPy has for Cython: ctypes lets other threads get on."""
    single = dtype == np.float32
    prefix, number = ("s", ctypes.c_float) if single else ("d", ctypes.c_double)
    size, scalar, vector = ctypes.POINTER(ctypes.c_int), ctypes.POINTER(number), ctypes.c_void_p
    blas_axpy = _routine(f"{prefix}axpy", None, size, scalar, vector, size, vector, size)
    blas_dot = _routine(f"{prefix}dot", number, size, vector, size, vector, size)
    if blas_axpy is None or blas_dot is None:
        return AXPY[dtype], DOT[dtype]
    one = ctypes.c_int(1)

    def axpy(x: np.ndarray, y: np.ndarray, a: float) -> None:
        _check_alike(x, y)
        n = ctypes.c_int(x.size)
        blas_axpy(n, number(a), x.ctypes.data, one, y.ctypes.data, one)

    def dot(x: np.ndarray, y: np.ndarray) -> float:
        _check_alike(x, y)
        return blas_dot(ctypes.c_int(x.size), x.ctypes.data, one, y.ctypes.data, one)

    return axpy, dot


def _check_alike(x: np.ndarray, y: np.ndarray) -> None:
    """ctypes would write anywhere."""
    contiguous = x.flags.forc and y.flags.forc
    if x.dtype != y.dtype or x.size != y.size or not contiguous:
        raise ValueError(
            f"Vectors must be contiguous and alike, got {x.dtype}{x.shape} and {y.dtype}{y.shape}."
        )


def _routine(name: str, returns: Any, *takes: Any) -> Any:
    """A function of scipy.linalg.cython_blas, for ctypes; None if its integers aren't C's int."""
    from scipy import LowLevelCallable
    from scipy.linalg import cython_blas

    exported = LowLevelCallable.from_cython(cython_blas, name)
    if "(int *," not in exported.signature:
        return None
    pointer_in = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(
        ("PyCapsule_GetPointer", ctypes.pythonapi)
    )
    address = pointer_in(exported.function, exported.signature.encode())
    return ctypes.CFUNCTYPE(returns, *takes)(address)


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
