"""Batch normalisation: mean and variance of a unit over the samples of a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from skbackprop.normalization.base import Affine, Normalization, Normalized
from skbackprop.options import number


@dataclass(frozen=True)
class BatchNorm(Normalization):
    """Zhat = (Z - mean) / sqrt(variance + epsilon) over the batch, N = gamma Zhat + beta.

    Ioffe and Szegedy (2015), algorithm 1. Prediction uses running averages of mean and variance,
    folded into W and b. Mean and variance count all samples of the batch equally: `sample_weight`
    and `class_weight` apply to the loss only, so a sample of weight 0 still affects them.

    Parameters
    ----------
    momentum : float, default=0.9
        Share of a running average that is kept at each step, in [0, 1).
    epsilon : float, default=1e-5
        Keeps the division finite.
    """

    momentum: float = number(0.9, "[0, 1)")
    epsilon: float = number(1e-5, "(0, inf)")

    has_statistics: ClassVar[bool] = True

    def buffers(self, Zhat: np.ndarray) -> Normalized:
        """One mean per unit."""
        return Normalized(Zhat, Zhat.shape[1])

    def forward(self, Z: np.ndarray, affine: Affine, buffers: Normalized) -> None:
        """Overwrites Z with N; updates the running averages."""
        Zhat, share = buffers.Zhat, buffers.row_share
        share.dot(Z, buffers.mean)
        np.subtract(Z, buffers.mean, out=Z)
        np.multiply(Z, Z, out=Zhat)
        share.dot(Zhat, buffers.variance)
        np.add(buffers.variance, self.epsilon, out=buffers.sigma)
        np.sqrt(buffers.sigma, out=buffers.sigma)
        np.divide(Z, buffers.sigma, out=Zhat)
        np.multiply(Zhat, affine.gamma, out=Z)
        np.add(Z, affine.beta, out=Z)
        self._keep(affine, buffers, len(Z))

    def _keep(self, affine: Affine, buffers: Normalized, m: int) -> None:
        """running <- momentum running + (1 - momentum) new, with the unbiased variance."""
        if m == 1 or affine.mean is None or affine.variance is None:
            return  # one sample has no variance
        for running, new, factor in (
            (affine.mean, buffers.mean, 1.0),
            (affine.variance, buffers.variance, m / (m - 1)),
        ):
            np.multiply(running, self.momentum, out=running)
            np.multiply(new, factor * (1.0 - self.momentum), out=new)
            np.add(running, new, out=running)

    def backward(
        self, dN: np.ndarray, scratch: np.ndarray, affine: Affine, buffers: Normalized
    ) -> None:
        """dZ = gamma / sigma (dN - mean(dN) - Zhat mean(dN * Zhat)), means over the batch.

        Ioffe and Szegedy (2015), the six derivatives of section 3 combined.
        """
        Zhat, m = buffers.Zhat, len(dN)
        np.multiply(dN, Zhat, out=scratch)
        np.add.reduce(scratch, axis=0, out=affine.dgamma)
        np.add.reduce(dN, axis=0, out=affine.dbeta)
        np.multiply(affine.dgamma, 1.0 / m, out=buffers.mean)
        np.multiply(Zhat, buffers.mean, out=Zhat)
        np.subtract(dN, Zhat, out=dN)
        np.multiply(affine.dbeta, 1.0 / m, out=buffers.mean)
        np.subtract(dN, buffers.mean, out=dN)
        np.divide(affine.gamma, buffers.sigma, out=buffers.sigma)
        np.multiply(dN, buffers.sigma, out=dN)

    def fold(self, W: np.ndarray, b: np.ndarray, affine: Affine) -> tuple[np.ndarray, np.ndarray]:
        """W' = s W, b' = s (b - mean) + beta with s = gamma / sigma and the running averages."""
        assert affine.variance is not None
        s = affine.gamma / np.sqrt(affine.variance + W.dtype.type(self.epsilon))
        return W * s, s * (b - affine.mean) + affine.beta
