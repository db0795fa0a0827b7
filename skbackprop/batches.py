"""Minibatches: rows of the data, gathered into buffers that are made once.

X itself is neither copied nor reordered; only an index is shuffled. Rows of a CSR matrix have no
fixed number of entries, so each batch of it is a new small matrix.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from scipy.sparse import issparse

from skbackprop.memory import aligned
from skbackprop.network import Network
from skbackprop.workspace import Batch, Workspace


@dataclass
class Samples:
    """Training data: X and Y of n rows each, sample weights or None.

    `index` names the rows to use, in order; None means all of them as they come. X is CSR, or
    dense in C or Fortran order.
    """

    X: Any
    Y: np.ndarray
    sample_weight: np.ndarray | None = None
    index: np.ndarray | None = None

    def __len__(self) -> int:
        return self.X.shape[0] if self.index is None else len(self.index)


class Minibatches:
    """The batches of one pass over the samples, gathered into buffers that are made once.

    Parameters
    ----------
    samples : Samples
        `shuffle` reorders its index in place.
    network : Network
        The one that will work on the batches.
    batch_size : int
        Rows per batch; the last one of a pass may be shorter.
    """

    def __init__(self, samples: Samples, network: Network, batch_size: int) -> None:
        n = len(samples)
        if samples.index is None and batch_size < n and not _has_contiguous_rows(samples.X):
            samples = replace(samples, index=np.arange(n))
        self.samples, self.batch_size = samples, batch_size
        self.full = self._buffers(min(n, batch_size), network, None)
        short = n % batch_size
        self.last = self._buffers(short, network, self.full) if short else self.full

    def _buffers(self, m: int, network: Network, full: Batch | None) -> Batch:
        """A batch of m rows that shares its memory with the full one, if that is there."""
        s, dtype = self.samples, network.theta.dtype
        X = None
        if not issparse(s.X) and s.index is not None:
            # in the memory order of X, so that gathering copies whole runs
            order: Literal["C", "F"] = "C" if s.X.flags.c_contiguous else "F"
            size = m * s.X.shape[1]
            flat = full.X.ravel(order="K")[:size] if full else aligned(size, dtype)
            X = flat.reshape((m, -1), order=order)
        return Batch(
            X=X,
            Y=np.empty((m, *s.Y.shape[1:]), s.Y.dtype),
            weight=np.full(m, 1.0 / m, dtype),
            total=float(m),
            workspace=Workspace(network.architecture, m, dtype, full.workspace if full else None),
        )

    def largest_product(self, network: Network) -> int:
        """Multiply-adds of the largest BLAS product of a step; a CSR matrix isn't BLAS's."""
        shapes = network.architecture.shapes[1 if issparse(self.samples.X) else 0 :]
        return len(self.full.Y) * max((fan_in * fan_out for fan_in, fan_out in shapes), default=0)

    def shuffle(self, rng: np.random.RandomState) -> None:
        """Reorder the samples for the next pass."""
        index = self.samples.index
        assert index is not None
        rng.shuffle(index)

    def __iter__(self) -> Iterator[Batch]:
        """Fill the buffers with one batch after the other.

        A batch whose weights add up to zero says nothing about the parameters: it is left out.
        """
        n, size = len(self.samples), self.batch_size
        for start in range(0, n, size):
            batch = self.full if start + size <= n else self.last
            self._fill(batch, slice(start, start + size))
            if batch.total:
                yield batch

    def _fill(self, batch: Batch, rows: slice) -> None:
        s = self.samples
        if s.index is None:
            batch.X, batch.Y = s.X[rows], s.Y[rows]
        else:
            index = s.index[rows]
            batch.X = _take_rows(s.X, index, batch.X)
            s.Y.take(index, 0, batch.Y, "clip")
        if s.sample_weight is not None:
            if s.index is None:
                np.copyto(batch.weight, s.sample_weight[rows])
            else:
                s.sample_weight.take(index, 0, batch.weight, "clip")
            batch.total = float(np.sum(batch.weight))
            if batch.total:
                np.divide(batch.weight, batch.total, out=batch.weight)


def _has_contiguous_rows(X: Any) -> bool:
    """True where a slice of rows is one piece of memory, as BLAS wants it, or CSR."""
    return not isinstance(X, np.ndarray) or X.flags.c_contiguous


def _take_rows(X: Any, index: np.ndarray, out: Any) -> Any:
    """X[index], into `out` where X is dense. `mode="clip"` lets NumPy write there unbuffered."""
    if not isinstance(X, np.ndarray):
        return X[index]
    if X.flags.c_contiguous:
        return X.take(index, 0, out, "clip")
    return X.T.take(index, 1, out.T, "clip").T
