"""A dense layer that learns a factor for each of its inputs."""

from __future__ import annotations

from typing import Any

import numpy as np

from skbackprop.formulas import Graph, Value
from skbackprop.initializers import Initializer
from skbackprop.layers.base import Layer, Shapes
from skbackprop.layers.dense import Dense, DenseBuffers


class ScaledDense(Dense):
    """Z = (A c) W + b, c = rate u: column j of A is multiplied by c_j, which is learned.

    Computed as Z = A V + b with V = diag(c) W, so that a sparse A stays sparse and needs no
    gradient. c starts at 1, so u at 1 / rate. Adam moves every number at the same rate, so c moves
    `rate` times as fast as the weights.

    Parameters
    ----------
    fan_in, fan_out, order, glorot_factor
        As in `Dense`.
    rate : float
        Positive.
    """

    u: np.ndarray
    du: np.ndarray

    def __init__(self, *arguments: Any, rate: float, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.rate = rate

    @property
    def shapes(self) -> Shapes:
        """W, b and u."""
        return {**super().shapes, "u": (self.fan_in,)}

    def bind(self, arrays: dict[str, np.ndarray]) -> None:
        """Set W, b, u and their gradients, and a dense layer of V for the products."""
        super().bind(arrays)
        self.product = self.with_weights(np.empty_like(self.W), self.b)
        self.product.dW, self.product.db = self.dW, self.db
        self.scratch = np.empty_like(self.W)

    @property
    def factors(self) -> np.ndarray:
        """c, in a new array."""
        return self.u * self.rate

    def initialize(self, rule: Initializer, rng: np.random.RandomState) -> None:
        """Draw W and b; c = 1."""
        super().initialize(rule, rng)
        self.u.fill(1.0 / self.rate)

    def forward(self, A: Any, buffers: DenseBuffers) -> np.ndarray:
        """V = diag(c) W, Z = A @ V + b."""
        V = self.product.W
        np.multiply(self.W, self.rate, out=V)
        np.multiply(V, self.u[:, None], out=V)
        return self.product.forward(A, buffers)

    def backward(self, dZ: np.ndarray, buffers: DenseBuffers) -> np.ndarray | None:
        """dV = A.T @ dZ, dW = diag(c) dV, dc = sum of dV * W over units, du = rate dc."""
        dA, dV = self.product.backward(dZ, buffers), self.dW
        np.multiply(dV, self.rate, out=dV)
        np.multiply(dV, self.W, out=self.scratch)
        np.add.reduce(self.scratch, axis=1, out=self.du)
        np.multiply(dV, self.u[:, None], out=self.dW)
        return dA

    def folded(self) -> Dense:
        """A dense layer of V, for prediction."""
        return self.with_weights(self.factors[:, None] * self.W, self.b)

    def predict(self, A: Any, free: bool = False) -> np.ndarray:
        """Z = A @ V + b, in a new array."""
        return self.folded().predict(A)

    def predict_into(self, A: Any, out: np.ndarray) -> None:
        """out = A @ V + b."""
        self.folded().predict_into(A, out)

    def onnx(self, graph: Graph, A: Value) -> Value:
        """Z = A @ V + b."""
        return self.folded().onnx(graph, A)

    def fold_into(self, row: list[Layer]) -> None:
        """A prediction multiplies by V alone."""
        row.append(self.folded())
