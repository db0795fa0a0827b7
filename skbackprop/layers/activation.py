"""The layer that applies an activation elementwise."""

from __future__ import annotations

import numpy as np

from skbackprop.activations import Activation
from skbackprop.layers.base import Buffers, Layer
from skbackprop.vectors import Memory


class ActivationBuffers(Buffers):
    """The input Z and the output A; the same array if f' doesn't need Z."""

    def __init__(self, Z: np.ndarray, A: np.ndarray) -> None:
        super().__init__(out=A)
        self.Z, self.A = Z, A


class ActivationLayer(Layer):
    """A = f(Z).

    Parameters
    ----------
    activation : Activation
        f and f'.
    """

    def __init__(self, activation: Activation) -> None:
        self.activation = activation

    def buffers(self, below: Buffers, memory: Memory) -> ActivationBuffers:
        """A, in the array of Z if both passes allow it."""
        Z = below.out
        assert Z is not None, "an activation stands above a dense layer"
        apart = self.activation.needs_z or not below.free
        return ActivationBuffers(Z, memory.take(Z.shape[1]) if apart else Z)

    def forward(self, Z: np.ndarray, buffers: ActivationBuffers) -> np.ndarray:
        """A = f(Z)."""
        A = buffers.A
        self.activation.forward(Z, A)
        return A

    def backward(self, dA: np.ndarray, buffers: ActivationBuffers) -> np.ndarray:
        """Overwrites dA with dZ = dA * f'(Z)."""
        self.activation.backward(dA, buffers.Z, buffers.A)
        return dA

    def predict(self, Z: np.ndarray) -> np.ndarray:
        """A = f(Z), written over Z if f allows it."""
        A = np.empty_like(Z) if self.activation.needs_z else Z
        self.activation.forward(Z, A)
        return A
