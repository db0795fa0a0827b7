"""The layer that normalises the scores of the dense layer below."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from skbackprop.formulas import Graph, Value, formula
from skbackprop.initializers import Initializer
from skbackprop.layers.base import Buffers, Layer, Shapes
from skbackprop.layers.dense import Dense
from skbackprop.normalization import Affine, Normalization
from skbackprop.vectors import Memory


class NormalizationBuffers(Buffers):
    """The output N, and the normalisation's own buffers."""

    def __init__(self, N: np.ndarray, own: Any) -> None:
        super().__init__(out=N, free=True)
        self.N, self.own = N, own


class NormalizationLayer(Layer):
    """N = gamma Zhat + beta, where Zhat is the normalised Z.

    Parameters
    ----------
    normalization : Normalization
        The formulas.
    n_units : int
        Columns of Z.
    """

    symbol: ClassVar[str] = "N"

    def __init__(self, normalization: Normalization, n_units: int) -> None:
        self.normalization, self.n_units = normalization, n_units

    @property
    def shapes(self) -> Shapes:
        """gamma and beta."""
        return {"gamma": (self.n_units,), "beta": (self.n_units,)}

    @property
    def statistics(self) -> Shapes:
        """Running mean and variance, if prediction needs them."""
        if not self.normalization.has_statistics:
            return {}
        return {"mean": (self.n_units,), "variance": (self.n_units,)}

    def bind(self, arrays: dict[str, np.ndarray]) -> None:
        """Set gamma, beta, dgamma, dbeta, and mean and variance if there are any."""
        super().bind(arrays)
        self.affine = Affine(**arrays)

    def initialize(self, rule: Initializer, rng: np.random.RandomState) -> None:
        """gamma = 1, beta = 0, mean = 0 and variance = 1: N = Z in prediction."""
        affine = self.affine
        affine.gamma.fill(1.0)
        affine.beta.fill(0.0)
        if affine.mean is not None and affine.variance is not None:
            affine.mean.fill(0.0)
            affine.variance.fill(1.0)

    def buffers(self, below: Buffers, memory: Memory) -> NormalizationBuffers:
        """N, in the array of Z if that is free, and an array for Zhat."""
        N = below.out if below.free and below.out is not None else memory.take(self.n_units)
        return NormalizationBuffers(N, self.normalization.buffers(memory.take(self.n_units)))

    def forward(self, Z: np.ndarray, buffers: NormalizationBuffers) -> np.ndarray:
        """N = gamma Zhat + beta. Overwrites Z."""
        N = buffers.N
        if N is not Z:
            np.copyto(N, Z)
        self.normalization.forward(N, self.affine, buffers.own)
        return N

    def backward(self, dN: np.ndarray, buffers: NormalizationBuffers) -> np.ndarray:
        """Overwrites dN with dZ; dgamma = sum of dN * Zhat, dbeta = sum of dN, over samples."""
        self.normalization.backward(dN, buffers.N, self.affine, buffers.own)
        return dN

    def scale_and_shift(self) -> tuple[np.ndarray, np.ndarray]:
        """s and t with N = s Z + t, from the running averages."""
        dtype = self.affine.gamma.dtype
        ones, zeros = np.ones((1, self.n_units), dtype), np.zeros(self.n_units, dtype)
        return self.normalization.fold(ones, zeros, self.affine)

    def predict(self, Z: np.ndarray, free: bool) -> np.ndarray:
        """N from the running averages, or from each sample's own mean and variance."""
        if self.normalization.has_statistics:
            scale, shift = self.scale_and_shift()
            return Z * scale + shift
        N = Z if free else Z.copy()
        self.normalization.forward(N, self.affine, self.normalization.buffers(np.empty_like(N)))
        return N

    def onnx(self, graph: Graph, Z: Value) -> Value:
        """N from the running averages, or from each sample's own mean and variance."""
        if self.normalization.has_statistics:
            scale, shift = self.scale_and_shift()
            return Z * scale + shift
        return formula(self.normalization, "forward")(graph, Z, self.affine)

    def fold_into(self, row: list[Layer]) -> None:
        """With running averages N is linear in Z, so it is folded into a dense layer below."""
        dense = row[-1] if row else None
        if self.normalization.has_statistics and type(dense) is Dense:
            W, b = self.normalization.fold(dense.W, dense.b, self.affine)
            row[-1] = dense.with_weights(W, b)
        else:
            row.append(self)
