"""What normalisations have in common: gamma and beta, and what forward keeps for backward."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from skbackprop.formulas import Graph, Value
from skbackprop.options import Option


@dataclass
class Affine:
    """gamma and beta of one layer, their gradients, and the running mean and variance.

    All are views of the network's vectors, of shape (n_units,); mean and variance are None if
    prediction doesn't need them.
    """

    gamma: np.ndarray
    beta: np.ndarray
    dgamma: np.ndarray
    dbeta: np.ndarray
    mean: np.ndarray | None = None
    variance: np.ndarray | None = None


class Normalized:
    """What the forward pass of one layer keeps for the backward pass, for Z of shape (m, n).

    Parameters
    ----------
    Zhat : ndarray of shape (m, n)
        Array for the normalised scores.
    n_groups : int
        Number of means: n over the batch, or m over the units.
    """

    def __init__(self, Zhat: np.ndarray, n_groups: int) -> None:
        m, n = Zhat.shape
        self.Zhat = Zhat
        self.mean, self.variance, self.sigma = np.empty((3, n_groups), Zhat.dtype)
        #: their product with Z is the mean over the rows, or over the columns
        self.row_share = np.full(m, 1.0 / m, Zhat.dtype)
        self.column_share = np.full(n, 1.0 / n, Zhat.dtype)


class Normalization(Option):
    """What `normalization=` takes."""

    #: True where prediction needs a running mean and variance.
    has_statistics: ClassVar[bool]

    def buffers(self, Zhat: np.ndarray) -> Normalized:
        """Buffers for scores of the shape of Zhat, which becomes one of them."""
        raise NotImplementedError

    def forward(self, Z: np.ndarray, affine: Affine, buffers: Normalized) -> None:
        """Overwrites Z with N = gamma Zhat + beta."""
        raise NotImplementedError

    def backward(
        self, dN: np.ndarray, scratch: np.ndarray, affine: Affine, buffers: Normalized
    ) -> None:
        """Overwrites dN with dZ; dgamma = sum of dN * Zhat, dbeta = sum of dN, over samples."""
        raise NotImplementedError

    def fold(self, W: np.ndarray, b: np.ndarray, affine: Affine) -> tuple[np.ndarray, np.ndarray]:
        """W' and b' with N = A W' + b' in prediction; called only if there are statistics."""
        raise NotImplementedError

    def onnx(self, graph: Graph, Z: Value, affine: Affine) -> Value:
        """Return N in ONNX operators; called only if there are no statistics."""
        raise NotImplementedError
