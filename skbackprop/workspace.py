"""The buffers that a batch needs on its way through a network.

All of them are allocated once, for the largest batch. With dense X nothing is allocated in the
batch loop.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from skbackprop.architecture import Architecture
from skbackprop.layers import Buffers
from skbackprop.vectors import Memory


class Workspace:
    """The buffers of every layer for a batch of m rows.

    Parameters
    ----------
    architecture : Architecture
        Of the network.
    m : int
        Rows.
    dtype : dtype
        Of theta.
    generator : Generator, optional
        Draws the dropout masks. Without it nothing is dropped.
    blocks : list of ndarray, optional
        Memory of a workspace for more rows, to be reused.
    """

    def __init__(
        self,
        architecture: Architecture,
        m: int,
        dtype: np.dtype,
        generator: np.random.Generator | None = None,
        blocks: list[np.ndarray] | None = None,
    ) -> None:
        self.architecture, self.generator = architecture, generator
        self.memory = Memory(m, dtype, generator, blocks)
        self.buffers: list[Any] = []
        below = Buffers()  # X is a different array in every batch, without parameters
        for layer in architecture.row():
            buffers = layer.buffers(below, self.memory)
            buffers.learns = below.learns or bool(layer.shapes)
            self.buffers.append(buffers)
            below = buffers
        Z = below.out
        assert Z is not None, "the row is empty"
        self.Z = Z
        self.scratch = architecture.loss.scratch(Z)

    def __reduce__(self) -> Any:
        """A copy makes its own buffers: copies of arrays that share memory would not share it."""
        return Workspace, (self.architecture, self.memory.rows, self.memory.dtype, self.generator)

    def for_rows(self, m: int) -> Workspace:
        """Return this workspace, or one for fewer rows that shares its memory."""
        memory = self.memory
        if m == memory.rows:
            return self
        return Workspace(self.architecture, m, memory.dtype, self.generator, memory.blocks)


@dataclass
class Batch:
    """Some samples, their weights and the workspace for them.

    Parameters
    ----------
    X : ndarray or CSR of shape (m, n_features)
    Y : ndarray of shape (m,) or (m, n_outputs)
        Class indices, or targets of the output units.
    weight : ndarray of shape (m,)
        Each sample's share of the batch; they add up to 1.
    total : float
        Sum of the sample weights; m if there are none.
    workspace : Workspace
        For m rows.
    """

    X: Any
    Y: np.ndarray
    weight: np.ndarray
    total: float
    workspace: Workspace

    def __len__(self) -> int:
        """m."""
        return len(self.Y)

    def backpropagate(self, network: Any) -> float:
        """The data loss. Overwrites the network's grad with its derivative."""
        return float(network.data_loss_and_gradient(self))
