"""The layer that applies an activation elementwise."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from skbackprop.activations import Activation
from skbackprop.formulas import Graph, Value, formula
from skbackprop.layers.base import Buffers, Layer
from skbackprop.threads import shared
from skbackprop.vectors import Memory


class ActivationBuffers(Buffers):
    """The input Z and the output A, the same array if f' doesn't need Z; f and f' for them."""

    def __init__(self, Z: np.ndarray, A: np.ndarray, activation: Activation) -> None:
        super().__init__(out=A)
        self.Z, self.A = Z, A
        self.activate, self.derive = shared(activation.forward, Z), shared(activation.backward, Z)


class ActivationLayer(Layer):
    """A = f(Z), number by number.

    Parameters
    ----------
    activation : Activation
        f and f'.
    """

    symbol: ClassVar[str] = "A"

    def __init__(self, activation: Activation) -> None:
        self.activation = activation

    def buffers(self, below: Buffers, memory: Memory) -> ActivationBuffers:
        """A, in the array of Z if both passes allow it."""
        Z = below.out
        assert Z is not None, "X has no activation"
        apart = self.activation.needs_z or not below.free
        A = memory.take(Z.shape[1]) if apart else Z
        return ActivationBuffers(Z, A, self.activation)

    def forward(self, Z: np.ndarray, buffers: ActivationBuffers) -> np.ndarray:
        """A = f(Z)."""
        A = buffers.A
        buffers.activate(Z, A)
        return A

    def backward(self, dA: np.ndarray, buffers: ActivationBuffers) -> np.ndarray:
        """Overwrites dA with dZ = dA * f'(Z)."""
        buffers.derive(dA, buffers.Z, buffers.A)
        return dA

    def predict(self, Z: np.ndarray, free: bool) -> np.ndarray:
        """A = f(Z), written over Z if f allows it."""
        A = Z if free and not self.activation.needs_z else np.empty_like(Z)
        self.activation.forward(Z, A)
        return A

    def onnx(self, graph: Graph, Z: Value) -> Value:
        """A = f(Z)."""
        return formula(self.activation, "forward")(graph, Z)
