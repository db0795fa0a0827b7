"""Layer normalisation: mean and variance of a sample over the units of a layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from skbackprop.formulas import Graph, Value
from skbackprop.normalization.base import Affine, Normalization, Normalized
from skbackprop.options import number


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

    def buffers(self, Zhat: np.ndarray) -> Normalized:
        """One mean per sample."""
        return Normalized(Zhat, len(Zhat))

    def forward(self, Z: np.ndarray, affine: Affine, buffers: Normalized) -> None:
        """Overwrites Z with N."""
        Zhat, share = buffers.Zhat, buffers.column_share
        Z.dot(share, buffers.mean)
        np.subtract(Z, buffers.mean[:, None], out=Z)
        np.multiply(Z, Z, out=Zhat)
        Zhat.dot(share, buffers.sigma)
        np.add(buffers.sigma, self.epsilon, out=buffers.sigma)
        np.sqrt(buffers.sigma, out=buffers.sigma)
        np.divide(Z, buffers.sigma[:, None], out=Zhat)
        np.multiply(Zhat, affine.gamma, out=Z)
        np.add(Z, affine.beta, out=Z)

    def backward(
        self, dN: np.ndarray, scratch: np.ndarray, affine: Affine, buffers: Normalized
    ) -> None:
        """dZ = (G - mean(G) - Zhat mean(G * Zhat)) / sigma, G = gamma dN, means over the units."""
        Zhat, share = buffers.Zhat, buffers.column_share
        np.multiply(dN, Zhat, out=scratch)
        np.add.reduce(scratch, axis=0, out=affine.dgamma)
        np.add.reduce(dN, axis=0, out=affine.dbeta)
        G = np.multiply(dN, affine.gamma, out=dN)
        np.multiply(G, Zhat, out=scratch)
        scratch.dot(share, buffers.mean)
        np.multiply(Zhat, buffers.mean[:, None], out=Zhat)
        G.dot(share, buffers.mean)
        np.subtract(G, buffers.mean[:, None], out=G)
        np.subtract(G, Zhat, out=G)
        np.divide(G, buffers.sigma[:, None], out=G)

    def onnx(self, graph: Graph, Z: Value, affine: Affine) -> Value:
        """N = gamma Zhat + beta."""
        E = Z - graph.over_columns("ReduceMean", Z)
        variance = graph.over_columns("ReduceMean", E * E)
        Zhat = E / graph.op("Sqrt", variance + self.epsilon)
        return affine.gamma * Zhat + affine.beta
