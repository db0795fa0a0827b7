"""Normalisation of the scores of hidden layers, before the activation.

Zhat = (Z - mean) / sigma with sigma = sqrt(variance + epsilon), then N = gamma Zhat + beta with
trained gamma and beta, one of each per unit. Mean and variance run over the batch, unit by unit,
or over the units, sample by sample.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from skbackprop.options import Option, number


@dataclass
class Affine:
    """gamma and beta of one layer, their gradients, and the running mean and variance.

    All are views of the network's vectors, of shape (n_units,); the running ones are None where
    nothing is kept for prediction.
    """

    gamma: np.ndarray
    beta: np.ndarray
    dgamma: np.ndarray
    dbeta: np.ndarray
    mean: np.ndarray | None = None
    variance: np.ndarray | None = None


class Normalized:
    """What the forward pass of one layer leaves for the backward pass, for Z of shape (m, n).

    Parameters
    ----------
    Zhat : ndarray of shape (m, n)
        Room for the normalised scores.
    n_groups : int
        How many means there are: n of the batch, or m of the samples.
    """

    def __init__(self, Zhat: np.ndarray, n_groups: int) -> None:
        m, n = Zhat.shape
        self.Zhat = Zhat
        self.mean, self.variance, self.sigma = np.empty((3, n_groups), Zhat.dtype)
        #: dotted with Z they give the mean over the rows, or over the columns
        self.row_share = np.full(m, 1.0 / m, Zhat.dtype)
        self.column_share = np.full(n, 1.0 / n, Zhat.dtype)


class Normalization(Option):
    """What `normalization=` takes."""

    #: True where prediction needs a running mean and variance.
    has_statistics: ClassVar[bool]
    epsilon: float

    def room(self, Zhat: np.ndarray) -> Normalized:
        """Buffers for scores of the shape of Zhat, which becomes one of them."""
        raise NotImplementedError

    def forward(self, Z: np.ndarray, affine: Affine, room: Normalized) -> None:
        """Overwrites Z with N = gamma Zhat + beta."""
        raise NotImplementedError

    def backward(
        self, dN: np.ndarray, scratch: np.ndarray, affine: Affine, room: Normalized
    ) -> None:
        """Overwrites dN with dZ; dgamma = sum of dN * Zhat, dbeta = sum of dN, over samples."""
        raise NotImplementedError


@dataclass(frozen=True)
class BatchNorm(Normalization):
    """Zhat = (Z - mean) / sqrt(variance + epsilon) over the batch, N = gamma Zhat + beta.

    Ioffe and Szegedy (2015), algorithm 1. Prediction uses running averages of mean and variance,
    folded into W and b.

    Parameters
    ----------
    momentum : float, default=0.9
        What a running average keeps at a step, in [0, 1).
    epsilon : float, default=1e-5
        Keeps the division finite.
    """

    momentum: float = number(0.9, "[0, 1)")
    epsilon: float = number(1e-5, "(0, inf)")

    has_statistics: ClassVar[bool] = True

    def room(self, Zhat: np.ndarray) -> Normalized:
        """One mean per unit."""
        return Normalized(Zhat, Zhat.shape[1])

    def forward(self, Z: np.ndarray, affine: Affine, room: Normalized) -> None:
        """Overwrites Z with N; the running averages take in mean and variance."""
        Zhat, share = room.Zhat, room.row_share
        share.dot(Z, room.mean)
        np.subtract(Z, room.mean, out=Z)
        np.multiply(Z, Z, out=Zhat)
        share.dot(Zhat, room.variance)
        np.add(room.variance, self.epsilon, out=room.sigma)
        np.sqrt(room.sigma, out=room.sigma)
        np.divide(Z, room.sigma, out=Zhat)
        np.multiply(Zhat, affine.gamma, out=Z)
        np.add(Z, affine.beta, out=Z)
        self._keep(affine, room, len(Z))

    def _keep(self, affine: Affine, room: Normalized, m: int) -> None:
        """running <- momentum running + (1 - momentum) new, with the unbiased variance."""
        if m == 1 or affine.mean is None or affine.variance is None:
            return  # one sample has no variance
        for running, new, factor in (
            (affine.mean, room.mean, 1.0),
            (affine.variance, room.variance, m / (m - 1)),
        ):
            np.multiply(running, self.momentum, out=running)
            np.multiply(new, factor * (1.0 - self.momentum), out=new)
            np.add(running, new, out=running)

    def backward(
        self, dN: np.ndarray, scratch: np.ndarray, affine: Affine, room: Normalized
    ) -> None:
        """dZ = gamma / sigma (dN - mean(dN) - Zhat mean(dN * Zhat)), means over the batch.

        Ioffe and Szegedy (2015), the six derivatives of section 3 put together.
        """
        Zhat, m = room.Zhat, len(dN)
        np.multiply(dN, Zhat, out=scratch)
        np.add.reduce(scratch, axis=0, out=affine.dgamma)
        np.add.reduce(dN, axis=0, out=affine.dbeta)
        np.multiply(affine.dgamma, 1.0 / m, out=room.mean)
        np.multiply(Zhat, room.mean, out=Zhat)
        np.subtract(dN, Zhat, out=dN)
        np.multiply(affine.dbeta, 1.0 / m, out=room.mean)
        np.subtract(dN, room.mean, out=dN)
        np.divide(affine.gamma, room.sigma, out=room.sigma)
        np.multiply(dN, room.sigma, out=dN)

    def fold(self, W: np.ndarray, b: np.ndarray, affine: Affine) -> tuple[np.ndarray, np.ndarray]:
        """W' = s W, b' = s (b - mean) + beta with s = gamma / sigma and the running averages."""
        assert affine.variance is not None
        s = affine.gamma / np.sqrt(affine.variance + W.dtype.type(self.epsilon))
        return W * s, s * (b - affine.mean) + affine.beta


@dataclass(frozen=True)
class LayerNorm(Normalization):
    """Zhat = (Z - mean) / sqrt(variance + epsilon) over a sample's units, N = gamma Zhat + beta.

    Ba, Kiros and Hinton (2016), section 3. The same in training and prediction.

    Parameters
    ----------
    epsilon : float, default=1e-5
        Keeps the division finite.
    """

    epsilon: float = number(1e-5, "(0, inf)")

    has_statistics: ClassVar[bool] = False

    def room(self, Zhat: np.ndarray) -> Normalized:
        """One mean per sample."""
        return Normalized(Zhat, len(Zhat))

    def forward(self, Z: np.ndarray, affine: Affine, room: Normalized) -> None:
        """Overwrites Z with N."""
        Zhat, share = room.Zhat, room.column_share
        Z.dot(share, room.mean)
        np.subtract(Z, room.mean[:, None], out=Z)
        np.multiply(Z, Z, out=Zhat)
        Zhat.dot(share, room.sigma)
        np.add(room.sigma, self.epsilon, out=room.sigma)
        np.sqrt(room.sigma, out=room.sigma)
        np.divide(Z, room.sigma[:, None], out=Zhat)
        np.multiply(Zhat, affine.gamma, out=Z)
        np.add(Z, affine.beta, out=Z)

    def backward(
        self, dN: np.ndarray, scratch: np.ndarray, affine: Affine, room: Normalized
    ) -> None:
        """dZ = (G - mean(G) - Zhat mean(G * Zhat)) / sigma, G = gamma dN, means over the units."""
        Zhat, share = room.Zhat, room.column_share
        np.multiply(dN, Zhat, out=scratch)
        np.add.reduce(scratch, axis=0, out=affine.dgamma)
        np.add.reduce(dN, axis=0, out=affine.dbeta)
        G = np.multiply(dN, affine.gamma, out=dN)
        np.multiply(G, Zhat, out=scratch)
        scratch.dot(share, room.mean)
        np.multiply(Zhat, room.mean[:, None], out=Zhat)
        G.dot(share, room.mean)
        np.subtract(G, room.mean[:, None], out=G)
        np.subtract(G, Zhat, out=G)
        np.divide(G, room.sigma[:, None], out=G)


NORMALIZATIONS: dict[str, type[Normalization]] = {"batch": BatchNorm, "layer": LayerNorm}
