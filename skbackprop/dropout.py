"""Inverted dropout: values are dropped in training, and the others grow in exchange."""

from __future__ import annotations

from typing import Any

import numpy as np

from skbackprop.layers import SparseRows


class Dropout:
    """out = A * M, where M is 0 with probability `rate` and 1 / (1 - rate) otherwise.

    Then out has the mean of A, and prediction needs no change. Srivastava et al. (2014), section
    4, with the scaling of section 10.

    Parameters
    ----------
    rate : float
        In (0, 1).
    generator : Generator
        Draws M, anew for every batch.
    """

    def __init__(self, rate: float, generator: np.random.Generator) -> None:
        self.rate, self.generator = rate, generator
        self.M: Any = None
        self.out: Any = None

    def forward(self, A: Any) -> Any:
        """Return out = A * M, in a buffer that the first call makes; new where A is CSR."""
        if isinstance(A, SparseRows):
            self.out = self._sparse(A)
            return self.out
        if self.M is None:
            self.M, self.out = np.empty((2, *A.shape), A.dtype)
        self._draw(self.M)
        return np.multiply(A, self.M, out=self.out)

    def backward(self, dA: np.ndarray) -> None:
        """Overwrites dA, the gradient at out, with dA * M."""
        np.multiply(dA, self.M, out=dA)

    def _sparse(self, X: SparseRows) -> SparseRows:
        """X * M, which matters at the entries of X only."""
        M = np.empty_like(X.csr.data)
        self._draw(M)
        csr = X.csr.copy()
        np.multiply(csr.data, M, out=csr.data)
        return SparseRows(csr)

    def _draw(self, M: np.ndarray) -> None:
        self.generator.random(dtype=M.dtype.type, out=M)
        np.greater_equal(M, self.rate, out=M)
        np.multiply(M, 1.0 / (1.0 - self.rate), out=M)
