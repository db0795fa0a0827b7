"""The dense layer: one line forward, three lines backward.

Samples are rows. `W` has shape (fan_in, fan_out), `b` (fan_out,). All four arrays of a layer are
views into the network's flat vectors, so an optimizer that steps along those steps every layer.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_array


class Dense:
    """Z = A W + b.

    Parameters
    ----------
    W, b : ndarray of shape (fan_in, fan_out) and (fan_out,)
        Views into `theta`.
    dW, db : ndarray of the same shapes
        Views into `grad`.
    """

    def __init__(self, W: np.ndarray, b: np.ndarray, dW: np.ndarray, db: np.ndarray) -> None:
        self.W, self.b, self.dW, self.db = W, b, dW, db
        self.W_T = W.T

    def forward(self, A: Any, out: np.ndarray) -> None:
        """out = A @ W + b."""
        if out.flags.c_contiguous:
            A.dot(self.W, out)
        elif isinstance(A, np.ndarray) and out.flags.f_contiguous:
            self.W_T.dot(A.T, out.T)
        else:
            np.copyto(out, A.dot(self.W))
        np.add(out, self.b, out)

    def backward(self, A: Any, dZ: np.ndarray, ones: np.ndarray, dA: np.ndarray | None) -> None:
        """dW = A.T @ dZ, db = sum of dZ over rows (ones @ dZ), dA = dZ @ W.T.

        The first layer passes `dA=None`: nobody asks for the gradient of the data.
        """
        A.T.dot(dZ, self.dW)
        ones.dot(dZ, self.db)
        if dA is not None:
            dZ.dot(self.W_T, dA)


class SparseRows:
    """A CSR matrix with ndarray's `T` and `dot(B, out)`, so that `Dense` has one form."""

    def __init__(self, csr: Any) -> None:
        self.csr, self.T = csr, SparseColumns(csr)

    def dot(self, B: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        """out = csr @ B, in a new array if `out` is None."""
        Z = self.csr @ B
        if out is None:
            return Z
        np.copyto(out, Z)
        return out


class SparseColumns:
    """The transpose of a CSR matrix."""

    def __init__(self, csr: Any) -> None:
        self.csr = csr

    def dot(self, B: np.ndarray, out: np.ndarray) -> np.ndarray:
        """out = csr.T @ B; rows of columns without an entry are zero, and are not multiplied."""
        csr = self.csr
        if csr.nnz >= csr.shape[1]:
            np.copyto(out, csr.T @ B)
            return out
        occurs = np.zeros(csr.shape[1], dtype=bool)
        occurs[csr.indices] = True
        columns = np.flatnonzero(occurs)
        position = np.empty(csr.shape[1], dtype=csr.indices.dtype)
        position[columns] = np.arange(len(columns))
        narrow = csr_array(
            (csr.data, position[csr.indices], csr.indptr), shape=(csr.shape[0], len(columns))
        )
        out.fill(0.0)
        out[columns] = narrow.T @ B
        return out
