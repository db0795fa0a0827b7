"""Inverted dropout: training drops values and scales up the others to compensate."""

from __future__ import annotations

from typing import Any

import numpy as np

from skbackprop.formulas import Graph, Value
from skbackprop.layers.base import Buffers, Layer
from skbackprop.layers.sparse import SparseRows
from skbackprop.vectors import Memory


class DropoutBuffers(Buffers):
    """The generator, M and the output. Without a generator nothing is dropped."""

    def __init__(
        self,
        generator: np.random.Generator | None,
        M: np.ndarray | None = None,
        out: np.ndarray | None = None,
    ) -> None:
        super().__init__(out)
        self.generator, self.M = generator, M


class Dropout(Layer):
    """out = A * M, where M is 0 with probability `rate` and 1 / (1 - rate) otherwise.

    So the mean of out is A, and prediction needs no change. Srivastava et al. (2014), section
    4, with the scaling of section 10.

    Parameters
    ----------
    rate : float
        In (0, 1).
    """

    def __init__(self, rate: float) -> None:
        self.rate = rate

    def buffers(self, below: Buffers, memory: Memory) -> DropoutBuffers:
        """M and the output. For dropout on X the first batch allocates them: CSR needs neither."""
        A, generator = below.out, memory.generator
        if A is None or generator is None:
            return DropoutBuffers(generator, out=A)
        n = A.shape[1]
        return DropoutBuffers(generator, memory.take(n), memory.take(n))

    def forward(self, A: Any, buffers: DropoutBuffers) -> Any:
        """out = A * M, with M drawn anew."""
        generator = buffers.generator
        if generator is None:
            return A
        if isinstance(A, SparseRows):
            return self._sparse(A, generator)
        if buffers.M is None:
            buffers.M, buffers.out = np.empty((2, *A.shape), A.dtype)
        self._draw(buffers.M, generator)
        return np.multiply(A, buffers.M, out=buffers.out)

    def backward(self, dA: np.ndarray, buffers: DropoutBuffers) -> np.ndarray:
        """Overwrites dA with dA * M."""
        if buffers.generator is not None:
            assert buffers.M is not None, "rows of CSR come from X, which needs no gradient"
            np.multiply(dA, buffers.M, out=dA)
        return dA

    def predict(self, A: Any, free: bool) -> Any:
        """Drops nothing."""
        return A

    def onnx(self, graph: Graph, A: Value) -> Value:
        """Drops nothing."""
        return A

    def fold_into(self, row: list[Layer]) -> None:
        """Leaves the row as it is, since prediction drops nothing."""

    def _sparse(self, X: SparseRows, generator: np.random.Generator) -> SparseRows:
        """X * M, with M drawn for the stored entries of X only."""
        M = np.empty_like(X.csr.data)
        self._draw(M, generator)
        csr = X.csr.copy()
        np.multiply(csr.data, M, out=csr.data)
        return SparseRows(csr)

    def _draw(self, M: np.ndarray, generator: np.random.Generator) -> None:
        generator.random(dtype=M.dtype.type, out=M)
        np.greater_equal(M, self.rate, out=M)
        np.multiply(M, 1.0 / (1.0 - self.rate), out=M)
