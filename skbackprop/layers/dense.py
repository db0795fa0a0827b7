"""The dense layer: one line forward, three lines backward. Samples are rows."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np

from skbackprop.formulas import Graph, Value
from skbackprop.initializers import Initializer
from skbackprop.layers.base import Buffers, Layer, Shapes
from skbackprop.threads import shared
from skbackprop.vectors import Memory


class DenseBuffers(Buffers):
    """The output Z, dA at the input, m ones, and the latest input A."""

    def __init__(self, Z: np.ndarray, dA: np.ndarray | None, ones: np.ndarray) -> None:
        super().__init__(out=Z, free=True)
        self.Z, self.dA, self.ones = Z, dA, ones
        self.A: Any = None
        self.add = shared(np.add, Z)


class Dense(Layer):
    """Z = A W + b.

    Parameters
    ----------
    fan_in, fan_out : int
        Columns of A and of Z.
    order : {"C", "F"}
        Memory order of Z. In "F" the scores of a unit are contiguous: reductions over the classes
        then run along the samples, several times faster, with the same code.
    glorot_factor : float
        That of the activation applied to Z, see `Activation.glorot_factor`.
    """

    symbol: ClassVar[str] = "Z"

    W: np.ndarray
    b: np.ndarray
    dW: np.ndarray
    db: np.ndarray

    def __init__(
        self,
        fan_in: int,
        fan_out: int,
        order: Literal["C", "F"] = "C",
        glorot_factor: float = 6.0,
    ) -> None:
        self.fan_in, self.fan_out = fan_in, fan_out
        self.order: Literal["C", "F"] = order
        self.glorot_factor = glorot_factor

    @property
    def shapes(self) -> Shapes:
        """W and b."""
        return {"W": (self.fan_in, self.fan_out), "b": (self.fan_out,)}

    def bind(self, arrays: dict[str, np.ndarray]) -> None:
        """Set W, b, dW and db."""
        super().bind(arrays)
        self.W_T = self.W.T

    def with_weights(self, W: np.ndarray, b: np.ndarray) -> Dense:
        """A layer for prediction, like this one but for its W and b."""
        other = Dense(self.fan_in, self.fan_out, self.order)
        other.W, other.W_T, other.b = W, W.T, b
        return other

    def initialize(self, rule: Initializer, rng: np.random.RandomState) -> None:
        """Draw W and b."""
        W, b = rule.draw(rng, self.fan_in, self.fan_out, self.glorot_factor)
        self.W[...], self.b[...] = W, b

    def buffers(self, below: Buffers, memory: Memory) -> DenseBuffers:
        """Z, and dA if a layer below learns: the gradient at the data isn't needed."""
        Z = memory.take(self.fan_out, self.order)
        dA = memory.take(self.fan_in) if below.learns else None
        return DenseBuffers(Z, dA, memory.ones)

    def forward(self, A: Any, buffers: DenseBuffers) -> np.ndarray:
        """Z = A @ W + b."""
        buffers.A, Z = A, buffers.Z
        self.multiply(A, Z)
        buffers.add(Z, self.b, Z)
        return Z

    def backward(self, dZ: np.ndarray, buffers: DenseBuffers) -> np.ndarray | None:
        """dW = A.T @ dZ, db = sum of dZ over rows (ones @ dZ), dA = dZ @ W.T."""
        A, dA = buffers.A, buffers.dA
        A.T.dot(dZ, self.dW)
        buffers.ones.dot(dZ, self.db)
        if dA is not None:
            dZ.dot(self.W_T, dA)
        return dA

    def predict(self, A: Any, free: bool = False) -> np.ndarray:
        """Z = A @ W + b, in a new array."""
        Z = A.dot(self.W)
        return np.add(Z, self.b, out=Z)

    def predict_into(self, A: Any, out: np.ndarray) -> None:
        """out = A @ W + b, for an `out` in any memory order."""
        self.multiply(A, out)
        np.add(out, self.b, out=out)

    def multiply(self, A: Any, out: np.ndarray) -> None:
        """out = A @ W, for an `out` in any memory order."""
        if out.flags.c_contiguous:
            A.dot(self.W, out)
        elif isinstance(A, np.ndarray) and out.flags.f_contiguous:
            self.W_T.dot(A.T, out.T)
        else:
            np.copyto(out, A.dot(self.W))

    def onnx(self, graph: Graph, A: Value) -> Value:
        """Z = A @ W + b."""
        return A @ self.W + self.b
