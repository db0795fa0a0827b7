"""Activations a = z g(z) whose gate g rises from 0 to 1: SiLU, GELU and Mish.

For very negative z, exp(-z) overflows to inf; z / inf = 0 is the correct limit, so the warning is
ignored.
"""

from dataclasses import dataclass
from math import inf, pi, sqrt
from typing import ClassVar

import numpy as np
from scipy.special import ndtr

from skbackprop.activations.base import Activation
from skbackprop.formulas import Graph, Value


@dataclass(frozen=True)
class SiLU(Activation):
    """f(z) = z s, f'(z) = s (1 + z (1 - s)) = s (1 + z - a), with s = 1 / (1 + exp(-z)).

    Elfwing, Uchibe and Doya (2018), Sigmoid-weighted linear units for neural network function
    approximation in reinforcement learning, section 2. Also known as swish.
    """

    needs_z: ClassVar[bool] = True

    def forward(self, Z: np.ndarray, out: np.ndarray) -> None:
        """out = Z / (1 + exp(-Z))."""
        np.negative(Z, out=out)
        with np.errstate(over="ignore"):
            np.exp(out, out=out)
        np.add(out, 1.0, out=out)
        np.divide(Z, out, out=out)

    def backward(self, dA: np.ndarray, Z: np.ndarray, A: np.ndarray) -> None:
        """Overwrites dA with dZ = dA / (1 + exp(-Z)) * (1 + Z - A); Z and A become scratch."""
        np.subtract(Z, A, out=A)
        np.add(A, 1.0, out=A)
        np.negative(Z, out=Z)
        with np.errstate(over="ignore"):
            np.exp(Z, out=Z)
        np.add(Z, 1.0, out=Z)
        np.divide(dA, Z, out=dA)
        np.multiply(dA, A, out=dA)

    def onnx(self, graph: Graph, Z: Value) -> Value:
        """A = Z / (1 + exp(-Z))."""
        return Z / (1.0 + graph.op("Exp", -Z))


@dataclass(frozen=True)
class GELU(Activation):
    """f(z) = z P(z), f'(z) = P(z) + z p(z), with P and p the standard normal CDF and density.

    p(z) = exp(-z**2 / 2) / sqrt(2 pi). Hendrycks and Gimpel (2016), Gaussian error linear units,
    section 2.
    """

    needs_z: ClassVar[bool] = True

    def forward(self, Z: np.ndarray, out: np.ndarray) -> None:
        """out = Z P(Z)."""
        ndtr(Z, out=out)
        np.multiply(Z, out, out=out)

    def backward(self, dA: np.ndarray, Z: np.ndarray, A: np.ndarray) -> None:
        """Overwrites dA with dZ = dA * (P(Z) + Z p(Z)); Z and A become scratch."""
        Z.clip(-40.0, 40.0, out=A)  # beyond, p is 0; keeps the square finite
        np.multiply(A, A, out=A)
        np.multiply(A, -0.5, out=A)
        np.exp(A, out=A)
        np.multiply(A, 1.0 / sqrt(2.0 * pi), out=A)
        np.multiply(A, Z, out=A)
        ndtr(Z, out=Z)
        np.add(A, Z, out=A)
        np.multiply(dA, A, out=dA)

    def onnx(self, graph: Graph, Z: Value) -> Value:
        """A = Z P(Z)."""
        return Z * graph.ndtr(Z)


#: 2 u = z (_LINEAR + _CUBIC z**2) in the tanh form of GELU.
_LINEAR = 2.0 * sqrt(2.0 / pi)
_CUBIC = 0.044715 * _LINEAR


@dataclass(frozen=True)
class GELUTanh(Activation):
    """f(z) = z/2 (1 + tanh(u)) = z s, u = sqrt(2 / pi) (z + 0.044715 z**3), s = 1 / (1 + exp(-2u)).

    f'(z) = s (1 + z (1 - s) 2u'). Within about 0.0005 of GELU, and faster. Hendrycks and
    Gimpel (2016), section 2.
    """

    needs_z: ClassVar[bool] = True

    def forward(self, Z: np.ndarray, out: np.ndarray) -> None:
        """out = Z / (1 + exp(-2u))."""
        with np.errstate(over="ignore"):
            self._one_plus_exp(Z, out)
        np.divide(Z, out, out=out)

    def backward(self, dA: np.ndarray, Z: np.ndarray, A: np.ndarray) -> None:
        """Overwrites dA with dZ = dA s (1 + Z (1 - s) 2u'); Z and A become scratch."""
        Z.clip(-30.0, 30.0, out=Z)  # beyond, s is 0 or 1; keeps u' finite
        with np.errstate(over="ignore"):
            self._one_plus_exp(Z, A)
        np.divide(1.0, A, out=A)
        np.multiply(dA, A, out=dA)
        np.subtract(1.0, A, out=A)
        np.multiply(A, Z, out=A)
        np.multiply(Z, Z, out=Z)
        np.multiply(Z, 3.0 * _CUBIC, out=Z)
        np.add(Z, _LINEAR, out=Z)
        np.multiply(A, Z, out=A)
        np.add(A, 1.0, out=A)
        np.multiply(dA, A, out=dA)

    def onnx(self, graph: Graph, Z: Value) -> Value:
        """A = Z / (1 + exp(-2u))."""
        return Z / (1.0 + graph.op("Exp", -Z * (_LINEAR + _CUBIC * Z * Z)))

    @staticmethod
    def _one_plus_exp(Z: np.ndarray, out: np.ndarray) -> None:
        """out = 1 + exp(-2u)."""
        np.multiply(Z, Z, out=out)
        np.multiply(out, -_CUBIC, out=out)
        np.subtract(out, _LINEAR, out=out)
        np.multiply(out, Z, out=out)
        np.exp(out, out=out)
        np.add(out, 1.0, out=out)


@dataclass(frozen=True)
class Mish(Activation):
    """f(z) = z tanh(log(1 + e)), f'(z) = e (e + 2) / d * (1 + 4 z (e + 1) / ((e + 2) d)).

    e = exp(z), d = (e + 1)**2 + 1; tanh(log(1 + e)) = e (e + 2) / d. Misra (2020), Mish: a self
    regularized non-monotonic activation function, section 3.
    """

    needs_z: ClassVar[bool] = True

    def forward(self, Z: np.ndarray, out: np.ndarray) -> None:
        """out = Z tanh(log(1 + exp(Z)))."""
        Z.clip(-inf, 20.0, out=out)  # beyond, tanh is 1
        np.exp(out, out=out)
        np.log1p(out, out=out)
        np.tanh(out, out=out)
        np.multiply(Z, out, out=out)

    def backward(self, dA: np.ndarray, Z: np.ndarray, A: np.ndarray) -> None:
        """Overwrites dA with dZ = dA * f'(Z), as in the class's equation; Z, A become scratch.

        The factor e (e + 2) stays a product, since (e + 1)**2 - 1 would round off a small e.
        """
        Z.clip(-inf, 20.0, out=Z)  # beyond, f' is 1
        np.exp(Z, out=A)
        np.multiply(dA, A, out=dA)
        np.add(A, 2.0, out=A)
        np.multiply(dA, A, out=dA)
        np.divide(Z, A, out=Z)
        np.subtract(A, 1.0, out=A)
        np.multiply(Z, A, out=Z)
        np.multiply(A, A, out=A)
        np.add(A, 1.0, out=A)  # d
        np.divide(dA, A, out=dA)
        np.divide(Z, A, out=Z)
        np.multiply(Z, 4.0, out=Z)
        np.add(Z, 1.0, out=Z)
        np.multiply(dA, Z, out=dA)

    def onnx(self, graph: Graph, Z: Value) -> Value:
        """A = Z n / (n + 2), n = e (e + 2)."""
        e = graph.op("Exp", graph.op("Min", Z, 20.0))  # beyond, n / (n + 2) is 1
        n = e * (e + 2.0)
        return Z * (n / (n + 2.0))
