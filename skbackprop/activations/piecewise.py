"""Piecewise linear activations."""

from dataclasses import dataclass
from math import inf
from typing import ClassVar

import numpy as np

from skbackprop.activations.base import Activation
from skbackprop.activations.signs import keep_where_positive, replace_where_negative
from skbackprop.formulas import Graph, Value
from skbackprop.options import number


@dataclass(frozen=True)
class Identity(Activation):
    """f(z) = z, f'(z) = 1. Widrow and Hoff (1960), Adaptive switching circuits."""

    def forward(self, Z: np.ndarray, out: np.ndarray) -> None:
        """out = Z."""
        if out is not Z:
            np.copyto(out, Z)

    def backward(self, dA: np.ndarray, Z: np.ndarray, A: np.ndarray) -> None:
        """dZ = dA."""

    def onnx(self, graph: Graph, Z: Value) -> Value:
        """A = Z."""
        return Z


@dataclass(frozen=True)
class ReLU(Activation):
    """f(z) = max(z, 0), f'(z) = 1 where a > 0 and 0 elsewhere, at z = 0 too.

    At z = -0.0 it may be either. Nair and Hinton (2010), Rectified linear units improve
    restricted Boltzmann machines.
    """

    def forward(self, Z: np.ndarray, out: np.ndarray) -> None:
        """out = max(Z, 0)."""
        Z.clip(0.0, inf, out=out)  # np.maximum with a scalar takes twice as long

    def backward(self, dA: np.ndarray, Z: np.ndarray, A: np.ndarray) -> None:
        """Overwrites dA with dZ = dA * (A > 0); A becomes that mask."""
        keep_where_positive(dA, A)

    def onnx(self, graph: Graph, Z: Value) -> Value:
        """A = max(Z, 0)."""
        return graph.op("Relu", Z)


@dataclass(frozen=True)
class LeakyReLU(Activation):
    """f(z) = max(z, slope z), f'(z) = 1 where z > 0 and slope where z < 0.

    Maas, Hannun and Ng (2013), Rectifier nonlinearities improve neural network acoustic models,
    section 2. At z = 0 the sign of the zero decides.
    """

    slope: float = number(0.01, "[0, 1]")
    needs_z: ClassVar[bool] = True

    def forward(self, Z: np.ndarray, out: np.ndarray) -> None:
        """out = max(Z, slope Z)."""
        np.multiply(Z, self.slope, out=out)
        np.maximum(Z, out, out=out)

    def backward(self, dA: np.ndarray, Z: np.ndarray, A: np.ndarray) -> None:
        """Overwrites dA with dZ = slope dA where Z < 0, dA elsewhere; Z and A become scratch."""
        np.multiply(dA, self.slope, out=A)
        replace_where_negative(dA, A, Z)

    def onnx(self, graph: Graph, Z: Value) -> Value:
        """A = max(Z, slope Z)."""
        return graph.op("Max", Z, self.slope * Z)


@dataclass(frozen=True)
class HardTanh(Activation):
    """f(z) = min(max(z, -1), 1), f'(z) = 1 where -1 < z < 1 and 0 elsewhere.

    Collobert (2004), Large scale machine learning, PhD thesis.
    """

    def forward(self, Z: np.ndarray, out: np.ndarray) -> None:
        """out = min(max(Z, -1), 1)."""
        Z.clip(-1.0, 1.0, out=out)

    def backward(self, dA: np.ndarray, Z: np.ndarray, A: np.ndarray) -> None:
        """Overwrites dA with dZ = dA * (-1 < A < 1); A becomes that factor."""
        np.trunc(A, out=A)  # -1 and 1 on the flat pieces, 0 between them
        np.multiply(A, A, out=A)
        np.subtract(1.0, A, out=A)
        np.multiply(dA, A, out=dA)

    def onnx(self, graph: Graph, Z: Value) -> Value:
        """A = min(max(Z, -1), 1)."""
        return graph.clip(Z, -1.0, 1.0)
