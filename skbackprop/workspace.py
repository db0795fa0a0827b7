"""What a network is before it has numbers, and the room that a batch needs on its way through.

All buffers are allocated once, for the largest batch. With dense X nothing is allocated in the
batch loop.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from skbackprop.activations import Activation
from skbackprop.losses import OutputLoss
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
    alpha : float
        L2 penalty 1/2 alpha |W|**2, divided by the batch's total weight as the data loss is.
    """

    units: tuple[int, ...]
    activations: tuple[Activation, ...]
    loss: OutputLoss
    alpha: float

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
        """Length of theta."""
        return self.n_weights + sum(self.units[1:])


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
        memory: list[np.ndarray] | None = None,
    ) -> None:
        *hidden, n_outputs = architecture.units[1:]
        self.architecture = architecture
        self.memory = memory or [aligned(m * n, dtype) for n in self._sizes(architecture)]
        blocks = iter(self.memory)
        self.ones = np.ones(m, dtype)
        self.Z, self.A, self.dA = [], [], []
        for n, activation in zip(hidden, architecture.activations, strict=True):
            self.Z.append(next(blocks)[: m * n].reshape(m, n))
            self.dA.append(next(blocks)[: m * n].reshape(m, n))
            apart = activation.needs_z
            self.A.append(next(blocks)[: m * n].reshape(m, n) if apart else self.Z[-1])
        self.Z.append(next(blocks)[: m * n_outputs].reshape((m, n_outputs), order="F"))
        self.scratch = architecture.loss.scratch(self.Z[-1])

    def for_rows(self, m: int) -> Workspace:
        """Return this workspace, or one for fewer rows that shares its memory."""
        if m == len(self.ones):
            return self
        return Workspace(self.architecture, m, self.ones.dtype, self.memory)

    @staticmethod
    def _sizes(architecture: Architecture) -> Sequence[int]:
        """Units of every buffer, in the order in which they are dealt out."""
        sizes = []
        for n, activation in zip(architecture.units[1:-1], architecture.activations, strict=True):
            sizes += [n] * (3 if activation.needs_z else 2)
        return [*sizes, architecture.units[-1]]


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
