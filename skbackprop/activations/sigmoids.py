"""Activations that rise from one limit to another."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import expit

from skbackprop.activations.base import Activation
from skbackprop.formulas import Graph, Value


@dataclass(frozen=True)
class Logistic(Activation):
    """f(z) = 1 / (1 + exp(-z)), f'(z) = a (1 - a).

    Rumelhart, Hinton and Williams (1986), Learning representations by back-propagating errors,
    eq. 2.
    """

    glorot_factor: ClassVar[float] = 2.0

    def forward(self, Z: np.ndarray, out: np.ndarray) -> None:
        """out = 1 / (1 + exp(-Z))."""
        expit(Z, out=out)

    def backward(self, dA: np.ndarray, Z: np.ndarray, A: np.ndarray) -> None:
        """Overwrites dA with dZ = dA * A * (1 - A); A becomes 1 - A."""
        np.multiply(dA, A, out=dA)
        np.subtract(1.0, A, out=A)
        np.multiply(dA, A, out=dA)

    def onnx(self, graph: Graph, Z: Value) -> Value:
        """A = 1 / (1 + exp(-Z))."""
        return graph.op("Sigmoid", Z)


@dataclass(frozen=True)
class Tanh(Activation):
    """f(z) = tanh(z), f'(z) = 1 - a**2.

    LeCun et al. (1998), Efficient BackProp, section 4.4, without their constants.
    """

    def forward(self, Z: np.ndarray, out: np.ndarray) -> None:
        """out = tanh(Z)."""
        np.tanh(Z, out=out)

    def backward(self, dA: np.ndarray, Z: np.ndarray, A: np.ndarray) -> None:
        """Overwrites dA with dZ = dA * (1 - A**2); A becomes 1 - A**2."""
        np.multiply(A, A, out=A)
        np.subtract(1.0, A, out=A)
        np.multiply(dA, A, out=dA)

    def onnx(self, graph: Graph, Z: Value) -> Value:
        """A = tanh(Z)."""
        return graph.op("Tanh", Z)


@dataclass(frozen=True)
class Softsign(Activation):
    """f(z) = z / (1 + abs(z)), f'(z) = 1 / (1 + abs(z))**2.

    Bergstra, Desjardins, Lamblin and Bengio (2009), Quadratic polynomials learn better image
    features, technical report 1337, Université de Montréal.
    """

    needs_z: ClassVar[bool] = True

    def forward(self, Z: np.ndarray, out: np.ndarray) -> None:
        """out = Z / (1 + abs(Z))."""
        np.abs(Z, out=out)
        np.add(out, 1.0, out=out)
        np.divide(Z, out, out=out)

    def backward(self, dA: np.ndarray, Z: np.ndarray, A: np.ndarray) -> None:
        """Overwrites dA with dZ = dA / (1 + abs(Z))**2; Z becomes 1 + abs(Z)."""
        np.abs(Z, out=Z)
        np.add(Z, 1.0, out=Z)
        np.divide(dA, Z, out=dA)  # twice, since the square might overflow
        np.divide(dA, Z, out=dA)

    def onnx(self, graph: Graph, Z: Value) -> Value:
        """A = Z / (1 + abs(Z))."""
        return Z / (1.0 + graph.op("Abs", Z))
