"""What a network is before it has numbers, and the room that a batch needs on its way through.

All buffers are allocated once, for the largest batch. With dense X nothing is allocated in the
batch loop.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np

from skbackprop.activations import Activation
from skbackprop.dropout import Dropout
from skbackprop.losses import OutputLoss
from skbackprop.normalization import Normalization, Normalized
from skbackprop.vectors import aligned


@dataclass(frozen=True)
class Architecture:
    """What a network is before it has numbers.

    Parameters
    ----------
    units : tuple of int
        Features, then the units of every layer, outputs last.
    activations : tuple of Activation
        One per hidden layer.
    loss : OutputLoss
        Its link is the output layer's activation.
    l1, l2 : float
        Penalty l1 |W|_1 + 1/2 l2 |W|**2, divided by the batch's total weight as the data loss is.
    normalization : Normalization or None
        Of the hidden layers' scores.
    dropout : tuple of float
        Rates of the input and of each hidden layer, or empty for none at all.
    """

    units: tuple[int, ...]
    activations: tuple[Activation, ...]
    loss: OutputLoss
    l1: float = 0.0
    l2: float = 0.0
    normalization: Normalization | None = None
    dropout: tuple[float, ...] = ()

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """Shapes (fan_in, fan_out) of the W."""
        return list(pairwise(self.units))

    @property
    def n_weights(self) -> int:
        """Entries of all W together."""
        return sum(fan_in * fan_out for fan_in, fan_out in self.shapes)

    @property
    def n_parameters(self) -> int:
        """Length of theta: all W, all b, and gamma and beta where there is a normalisation."""
        n_scales = 2 * sum(self.units[1:-1]) if self.normalization else 0
        return self.n_weights + sum(self.units[1:]) + n_scales

    @property
    def n_values(self) -> int:
        """Length of theta with the running means and variances behind it."""
        has_statistics = self.normalization is not None and self.normalization.has_statistics
        return self.n_parameters + (2 * sum(self.units[1:-1]) if has_statistics else 0)


class Memory:
    """Aligned vectors, made when first asked for; a smaller workspace asks for them again."""

    def __init__(self, dtype: np.dtype, blocks: list[np.ndarray] | None = None) -> None:
        self.dtype, self.blocks, self.taken = dtype, [] if blocks is None else blocks, 0

    def take(self, m: int, n: int, order: Literal["C", "F"] = "C") -> np.ndarray:
        """Return the next vector as an array of shape (m, n)."""
        if self.taken == len(self.blocks):
            self.blocks.append(aligned(m * n, self.dtype))
        block = self.blocks[self.taken]
        self.taken += 1
        return block[: m * n].reshape((m, n), order=order)


class Room:
    """The buffers of one hidden layer.

    `A` is `Z` where the activation doesn't need Z in its backward pass. `normalized` and `dropout`
    are None where there is no such thing.
    """

    def __init__(self, Z: np.ndarray, A: np.ndarray, dA: np.ndarray) -> None:
        self.Z, self.A, self.dA = Z, A, dA
        self.normalized: Normalized | None = None
        self.dropout: Dropout | None = None

    @property
    def out(self) -> np.ndarray:
        """What the layer above has seen."""
        return self.dropout.out if self.dropout else self.A


class Workspace:
    """Every Z, A and dA of a batch of m rows, allocated once.

    Parameters
    ----------
    architecture : Architecture
        Of the network.
    m : int
        Rows.
    dtype : dtype
        Of theta.
    generator : Generator, optional
        Draws what dropout drops. Without it nothing is dropped.
    memory : list of ndarray, optional
        Of a workspace for more rows, to use again.

    Notes
    -----
    The output layer's scores are stored column by column: the reductions over classes then run
    along contiguous samples, several times faster, in the same lines of code.
    """

    def __init__(
        self,
        architecture: Architecture,
        m: int,
        dtype: np.dtype,
        generator: np.random.Generator | None = None,
        memory: list[np.ndarray] | None = None,
    ) -> None:
        self.architecture, self.generator = architecture, generator
        self.memory = Memory(dtype, memory)
        take = self.memory.take
        self.ones = np.ones(m, dtype)
        self.hidden: list[Room] = []
        for n, activation in zip(architecture.units[1:-1], architecture.activations, strict=True):
            Z, dA = take(m, n), take(m, n)
            room = Room(Z, take(m, n) if activation.needs_z else Z, dA)
            if architecture.normalization:
                room.normalized = architecture.normalization.room(take(m, n))
            self.hidden.append(room)
        self.Z = take(m, architecture.units[-1], "F")
        self.scratch = architecture.loss.scratch(self.Z)

        self.input_dropout: Dropout | None = None
        if generator and architecture.dropout:
            dropouts = [Dropout(rate, generator) if rate else None for rate in architecture.dropout]
            self.input_dropout = dropouts[0]
            for room, dropout in zip(self.hidden, dropouts[1:], strict=True):
                room.dropout = dropout

    def for_rows(self, m: int) -> Workspace:
        """Return this workspace, or one for fewer rows that shares its memory."""
        if m == len(self.ones):
            return self
        memory = self.memory
        return Workspace(self.architecture, m, memory.dtype, self.generator, memory.blocks)


@dataclass
class Batch:
    """Some samples, their shares and the room to work on them.

    Parameters
    ----------
    X : ndarray or CSR of shape (m, n_features)
    Y : ndarray of shape (m,) or (m, n_outputs)
        Class indices, or targets of the output units.
    weight : ndarray of shape (m,)
        Shares, which add up to 1.
    total : float
        Sum of the sample weights; m where there are none.
    workspace : Workspace
        For m rows.
    """

    X: Any
    Y: np.ndarray
    weight: np.ndarray
    total: float
    workspace: Workspace
