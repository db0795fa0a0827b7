"""Minibatches: rows of the data, gathered into arrays that are allocated once.

X itself is neither copied nor reordered; only an index is shuffled. Rows of a CSR matrix have no
fixed number of entries, so each of its batches is a new small matrix.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil
from typing import Any, Literal

import numpy as np
from scipy.sparse import issparse

from skbackprop.layers import SparseRows
from skbackprop.network import ROWS_AT_ONCE, Network
from skbackprop.threads import shared
from skbackprop.vectors import aligned
from skbackprop.workspace import Batch, Workspace


@dataclass
class Samples:
    """Training data: X and Y of n rows each, sample weights or None.

    `index` lists the rows to use, in order; None means all, in the order of X. X is CSR, or dense
    in C or Fortran order.
    """

    X: Any
    Y: np.ndarray
    sample_weight: np.ndarray | None = None
    index: np.ndarray | None = None

    def __len__(self) -> int:
        return self.X.shape[0] if self.index is None else len(self.index)


#: Up to this many bytes of X are gathered at once, or one batch if it is larger. That is faster
#: than batch by batch: the processor then fetches several distant rows in parallel.
BYTES_AT_ONCE = 2**20
#: At most this many batches at once.
BATCHES_AT_ONCE = 64
#: A batch of more than twice as many rows is computed in parts of about so many: their values on
#: the way through the network stay in the processor's cache. From 1,000 to 4,000 it makes little
#: difference; full-batch training is 1.0 to 2.2 times as fast as with all rows at once.
PART_ROWS = 2000


@dataclass
class Piece:
    """Rows that are gathered at once, and their batches, which are views of them.

    `X` is None if it's sliced instead of gathered, or CSR; there is one batch then. `weight` is
    None if all samples count equally.
    """

    X: Any
    Y: np.ndarray
    weight: np.ndarray | None
    batches: list[Batch]


class LargeBatch:
    """A batch whose gradient is the sum of its parts' gradients.

    Parameters
    ----------
    batches : Minibatches
        Where the parts come from.
    rows : slice
        Of the samples, in their order.
    """

    def __init__(self, batches: Minibatches, rows: slice) -> None:
        self.batches, self.rows = batches, rows
        self.total = batches.weight_of(rows)

    def __len__(self) -> int:
        """Rows."""
        return int(self.rows.stop - self.rows.start)

    def backpropagate(self, network: Network) -> float:
        """Value = sum_parts share * value, grad = sum_parts share * grad; in float64.

        A part's share is that of its weight in the batch's.
        """
        value, gradient, scaled = 0.0, self.batches.sum, self.batches.scaled
        gradient.fill(0.0)
        for part in self.batches.parts(self.rows):
            share = part.total / self.total
            value += share * network.data_loss_and_gradient(part)
            self.batches.add(gradient, network.grad, share, scaled)
        np.copyto(network.grad, gradient, casting="same_kind")
        return value


class Minibatches:
    """The batches of one pass over the samples, gathered into arrays that are allocated once.

    Parameters
    ----------
    samples : Samples
        `shuffle` reorders its index in place.
    network : Network
        The one that is trained on the batches.
    batch_size : int
        Rows per batch; the last one of a pass may be shorter.
    generator : Generator, optional
        Draws the dropout masks. Without it nothing is dropped.
    in_parts : bool, default=True
        Whether a large batch is computed in parts. Batch normalisation needs all of it at once.
    """

    def __init__(
        self,
        samples: Samples,
        network: Network,
        batch_size: int,
        generator: np.random.Generator | None = None,
        in_parts: bool = True,
    ) -> None:
        self.arguments = samples, network, batch_size, generator, in_parts
        n, X, dtype = len(samples), samples.X, network.theta.dtype
        self.batch_size = self.part = min(n, batch_size)
        normalization = network.architecture.normalization
        at_once = normalization is not None and normalization.has_statistics
        if in_parts and not at_once and self.batch_size > 2 * PART_ROWS:
            self.part = ceil(self.batch_size / round(self.batch_size / PART_ROWS))
            self.sum, self.scaled = np.empty((2, network.theta.size))
            self.add = shared(_add_share, self.sum)
        if samples.index is None and self.part < n and not _has_contiguous_rows(X):
            samples = replace(samples, index=np.arange(n))
        self.samples = samples
        self.workspace = Workspace(network.architecture, self.part, dtype, generator)
        self.rows = self.part
        self.memory: np.ndarray | None = None
        if samples.index is not None and isinstance(X, np.ndarray):
            if X.flags.c_contiguous and self.part == self.batch_size:
                fit = BYTES_AT_ONCE // (self.part * X.shape[1] * X.itemsize)
                self.rows = min(n, self.part * min(BATCHES_AT_ONCE, max(1, fit)))
            self.memory = aligned(self.rows * X.shape[1], X.dtype)
        #: By their number of rows: the full one, and shorter ones where a pass or a batch ends.
        self.pieces: dict[int, Piece] = {}
        self.full = self._piece(self.rows)

    def __reduce__(self) -> Any:
        """A copy makes its own arrays: copies of views would not be views."""
        return Minibatches, self.arguments

    def __len__(self) -> int:
        """Batches per pass, including those without weight."""
        return -(-len(self.samples) // self.batch_size)

    def _piece(self, rows: int) -> Piece:
        """Arrays for this many rows, and their batches."""
        if rows in self.pieces:
            return self.pieces[rows]
        s, dtype, memory, X = self.samples, self.workspace.memory.dtype, self.memory, None
        if memory is not None:
            # in the memory order of X, so that gathering copies contiguous runs
            order: Literal["C", "F"] = "C" if s.X.flags.c_contiguous else "F"
            X = memory[: rows * s.X.shape[1]].reshape((rows, -1), order=order)
        Y = np.empty((rows, *s.Y.shape[1:]), s.Y.dtype)
        weight = None if s.sample_weight is None else np.empty(rows, dtype)
        batches = []
        for start in range(0, rows, self.part):
            part = slice(start, min(start + self.part, rows))
            m = part.stop - part.start
            batches.append(
                Batch(
                    X=None if X is None else X[part],
                    Y=Y[part],
                    weight=np.full(m, 1.0 / m, dtype) if weight is None else weight[part],
                    total=float(m),
                    workspace=self.workspace.for_rows(m),
                )
            )
        piece = self.pieces[rows] = Piece(X, Y, weight, batches)
        return piece

    def largest_product(self, network: Network) -> int:
        """Multiply-adds of the largest BLAS product of a step; products with CSR don't use BLAS."""
        shapes = network.architecture.shapes[1 if issparse(self.samples.X) else 0 :]
        return self.part * max((fan_in * fan_out for fan_in, fan_out in shapes), default=0)

    def loss(self, network: Network) -> float:
        """L of all samples, penalty included, for the network as it predicts; grad is scratch.

        The penalty is divided by the mean of the batches' totals.
        """
        s, n, loss, value = self.samples, len(self.samples), network.architecture.loss, 0.0
        of_all = s.sample_weight
        if of_all is not None and s.index is not None:
            of_all = of_all[s.index]
        total = float(n) if of_all is None else float(np.sum(of_all))
        for start in range(0, n, ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            Z = network.scores(s.X[rows if s.index is None else s.index[rows]])
            Y = s.Y[rows if s.index is None else s.index[rows]]
            weight = np.ones(len(Y), Z.dtype) if of_all is None else of_all[rows]
            value += loss.value_and_gradient(Z, Y, weight / total, loss.scratch(Z))
        return value + network.add_penalty(total / len(self))

    def shuffle(self, rng: np.random.RandomState) -> None:
        """Reorder the samples for the next pass."""
        index = self.samples.index
        assert index is not None
        rng.shuffle(index)

    def __iter__(self) -> Iterator[Batch | LargeBatch]:
        """The batches of a pass. One whose weights add up to zero is skipped."""
        n = len(self.samples)
        if self.part == self.batch_size:
            yield from self.parts(slice(0, n))
            return
        for start in range(0, n, self.batch_size):
            batch = LargeBatch(self, slice(start, min(start + self.batch_size, n)))
            if batch.total:
                yield batch

    def parts(self, rows: slice) -> Iterator[Batch]:
        """Fill the arrays piece by piece and yield their batches, but for those without weight."""
        for start in range(rows.start, rows.stop, self.rows):
            stop = min(start + self.rows, rows.stop)
            piece = self._piece(stop - start)
            self._fill(piece, slice(start, stop))
            for batch in piece.batches:
                if batch.total:
                    yield batch

    def weight_of(self, rows: slice) -> float:
        """Sum of some samples' weights; their number, if there are none."""
        weight, index, total = self.samples.sample_weight, self.samples.index, 0.0
        if weight is None:
            return float(rows.stop - rows.start)
        for start in range(rows.start, rows.stop, self.part):
            part = slice(start, min(start + self.part, rows.stop))
            total += float(np.sum(weight[part if index is None else index[part]]))
        return total

    def _fill(self, piece: Piece, rows: slice) -> None:
        s, first = self.samples, piece.batches[0]
        if s.index is None:
            first.X, first.Y = _rows(s.X, rows), s.Y[rows]
        else:
            index = s.index[rows]
            if piece.X is None:
                first.X = SparseRows(s.X[index])
            else:
                _take_rows(s.X, index, piece.X)
            s.Y.take(index, 0, piece.Y, "clip")
        if s.sample_weight is not None and piece.weight is not None:
            if s.index is None:
                np.copyto(piece.weight, s.sample_weight[rows])
            else:
                s.sample_weight.take(index, 0, piece.weight, "clip")
            for batch in piece.batches:
                batch.total = float(np.sum(batch.weight))
                if batch.total:
                    np.divide(batch.weight, batch.total, out=batch.weight)


def _add_share(total: np.ndarray, x: np.ndarray, share: float, scaled: np.ndarray) -> None:
    """Overwrites total with total + share x, and scaled with share x."""
    np.multiply(x, share, out=scaled)
    np.add(total, scaled, out=total)


def reshuffle(order: Any, rng: np.random.RandomState) -> None:
    """Reorder rows in place. An order that isn't an array has a method for it."""
    if isinstance(order, np.ndarray):
        rng.shuffle(order)
    else:
        order.shuffle(rng)


def _has_contiguous_rows(X: Any) -> bool:
    """True if a slice of rows is contiguous in memory, as BLAS needs, or X is CSR."""
    return not isinstance(X, np.ndarray) or X.flags.c_contiguous


def _rows(X: Any, rows: slice) -> Any:
    """Consecutive rows: a view, or a new CSR matrix."""
    return X[rows] if isinstance(X, np.ndarray) else SparseRows(X[rows])


def _take_rows(X: np.ndarray, index: np.ndarray, out: np.ndarray) -> None:
    """out = X[index]. `mode="clip"` lets NumPy write there without a temporary copy."""
    if X.flags.c_contiguous:
        X.take(index, 0, out, "clip")
    else:
        X.T.take(index, 1, out.T, "clip")
