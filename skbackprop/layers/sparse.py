"""CSR matrices with the few methods of an array that `Dense` calls."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_array


class SparseRows:
    """A CSR matrix with ndarray's `shape`, `T` and `dot(B, out)`: `Dense` needs no special case."""

    def __init__(self, csr: Any) -> None:
        self.csr, self.shape, self.T = csr, csr.shape, SparseColumns(csr)

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

    def dot(self, B: np.ndarray, out: np.ndarray) -> None:
        """out = csr.T @ B. Skips columns of csr without an entry: their rows of out are zero."""
        csr = self.csr
        if csr.nnz >= csr.shape[1]:
            np.copyto(out, csr.T @ B)
            return
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
