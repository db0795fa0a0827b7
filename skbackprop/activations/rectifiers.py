"""Activations like ReLU that bend by an exponential: ELU, SELU and softplus."""

from dataclasses import dataclass
from math import inf
from typing import ClassVar

import numpy as np

from skbackprop.activations.base import Activation
from skbackprop.activations.signs import replace_where_negative
from skbackprop.formulas import Graph, Value
from skbackprop.options import number


def _expm1(Z: np.ndarray, out: np.ndarray) -> None:
    """out = exp(Z) - 1; in float32 off by up to the rounding error of 1."""
    if Z.dtype == np.float32:
        # np.expm1 is not vectorised: in float32 exp and a subtraction take a fifth of its time
        np.exp(Z, out=out)
        np.subtract(out, 1.0, out=out)
    else:
        np.expm1(Z, out=out)


def _elu(Z: np.ndarray, alpha: float, out: np.ndarray) -> None:
    """out = Z where Z > 0, alpha (exp(Z) - 1) elsewhere. Leaves Z unchanged."""
    if alpha <= 1.0:
        # exp(z) - 1 >= z. Left of 0, alpha moves it further up; right of 0 it is clipped to 0.
        Z.clip(-inf, 0.0, out=out)
        _expm1(out, out)
        np.multiply(out, alpha, out=out)
        np.maximum(Z, out, out=out)
    else:
        # Right of 0, e = alpha (exp(z) - 1) is above z, even as inf. So min(max(z, 0), e) is z
        # there, and e left of 0.
        with np.errstate(over="ignore"):
            _expm1(Z, out)
            np.multiply(out, alpha, out=out)
        Z.clip(0.0, out, out=out)


@dataclass(frozen=True)
class ELU(Activation):
    """f(z) = z where z > 0, alpha (exp(z) - 1) elsewhere; f'(z) = 1 and a + alpha.

    Clevert, Unterthiner and Hochreiter (2016), Fast and accurate deep network learning by
    exponential linear units, section 3.
    """

    alpha: float = number(1.0, "(0, inf)")
    needs_z: ClassVar[bool] = True

    def forward(self, Z: np.ndarray, out: np.ndarray) -> None:
        """out = Z where Z > 0, alpha (exp(Z) - 1) elsewhere."""
        _elu(Z, self.alpha, out)

    def backward(self, dA: np.ndarray, Z: np.ndarray, A: np.ndarray) -> None:
        """Overwrites dA with dZ = dA (A + alpha) where Z < 0, dA elsewhere; Z, A become scratch."""
        A.clip(-inf, 0.0, out=A)  # so that the product can't overflow where it isn't used
        np.add(A, self.alpha, out=A)
        np.multiply(A, dA, out=A)
        replace_where_negative(dA, A, Z)

    def onnx(self, graph: Graph, Z: Value) -> Value:
        """A = max(Z, 0) + alpha (exp(min(Z, 0)) - 1)."""
        return graph.op("Max", Z, 0.0) + self.alpha * graph.expm1(graph.op("Min", Z, 0.0))


@dataclass(frozen=True)
class SELU(Activation):
    """f(z) = scale z where z > 0, scale alpha (exp(z) - 1) elsewhere.

    f'(z) = scale and a + scale alpha. Klambauer et al. (2017), Self-normalizing neural networks,
    eq. 2. These constants preserve mean 0 and variance 1 of the scores, if the weights are drawn by
    `weight_init="lecun_normal"`.
    """

    needs_z: ClassVar[bool] = True
    alpha: ClassVar[float] = 1.6732632423543772
    scale: ClassVar[float] = 1.0507009873554805

    def forward(self, Z: np.ndarray, out: np.ndarray) -> None:
        """out = scale Z where Z > 0, scale alpha (exp(Z) - 1) elsewhere."""
        _elu(Z, self.alpha, out)
        np.multiply(out, self.scale, out=out)

    def backward(self, dA: np.ndarray, Z: np.ndarray, A: np.ndarray) -> None:
        """Overwrites dA with dZ = dA (A + scale alpha) where Z < 0, scale dA elsewhere.

        Z and A become scratch.
        """
        A.clip(-inf, 0.0, out=A)
        np.add(A, self.scale * self.alpha, out=A)
        np.multiply(A, dA, out=A)
        np.multiply(dA, self.scale, out=dA)
        replace_where_negative(dA, A, Z)

    def onnx(self, graph: Graph, Z: Value) -> Value:
        """A = scale (max(Z, 0) + alpha (exp(min(Z, 0)) - 1))."""
        return self.scale * ELU(self.alpha).onnx(graph, Z)


@dataclass(frozen=True)
class Softplus(Activation):
    """f(z) = log(1 + exp(z)), f'(z) = 1 / (1 + exp(-z)) = 1 - exp(-a).

    Dugas et al. (2001), Incorporating second-order functional knowledge for better option pricing.
    """

    needs_z: ClassVar[bool] = True

    def forward(self, Z: np.ndarray, out: np.ndarray) -> None:
        """out = log(1 + exp(Z))."""
        # f(z) > z, and from z = 40 on f(z) = z to the last bit. np.logaddexp takes several times
        # as long.
        Z.clip(-inf, 40.0, out=out)
        np.exp(out, out=out)
        np.log1p(out, out=out)
        np.maximum(Z, out, out=out)

    def backward(self, dA: np.ndarray, Z: np.ndarray, A: np.ndarray) -> None:
        """Overwrites dA with dZ = dA * (1 - exp(-A)); A becomes 1 - exp(-A)."""
        np.negative(A, out=A)
        np.expm1(A, out=A)
        np.negative(A, out=A)
        np.multiply(dA, A, out=dA)

    def onnx(self, graph: Graph, Z: Value) -> Value:
        """A = max(Z, 0) + log(1 + exp(-abs(Z)))."""
        return graph.op("Max", Z, 0.0) + graph.log1p(graph.op("Exp", -graph.op("Abs", Z)))
