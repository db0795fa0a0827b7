"""Activations: f and f' side by side, one class each.

`forward` writes `A = f(Z)`; `backward` turns `dA` into `dZ = dA * f'(Z)`. Most derivatives can
be read from `A` alone, and then `Z` and `A` are one buffer. `backward` is the last reader of
its layer, so it may use `Z` and `A` as scratch.
"""

from dataclasses import dataclass
from math import inf
from typing import ClassVar

import numpy as np
from scipy.special import expit

from skbackprop.options import Option


class Activation(Option):
    """An elementwise function of the scores Z of a hidden layer."""

    #: True where f' can't be read from A; the workspace then keeps Z apart from A.
    needs_z: ClassVar[bool] = False
    #: Glorot and Bengio's bound is sqrt(glorot_factor / (fan_in + fan_out)).
    glorot_factor: ClassVar[float] = 6.0

    def forward(self, Z: np.ndarray, out: np.ndarray) -> None:
        """out = f(Z); out may be Z itself."""
        raise NotImplementedError

    def backward(self, dA: np.ndarray, Z: np.ndarray, A: np.ndarray) -> None:
        """Overwrites dA with dZ = dA * f'(Z); Z and A become scratch."""
        raise NotImplementedError


@dataclass(frozen=True)
class Identity(Activation):
    """f(z) = z, f'(z) = 1."""

    def forward(self, Z: np.ndarray, out: np.ndarray) -> None:
        """out = Z."""
        if out is not Z:
            np.copyto(out, Z)

    def backward(self, dA: np.ndarray, Z: np.ndarray, A: np.ndarray) -> None:
        """dZ = dA."""


@dataclass(frozen=True)
class Logistic(Activation):
    """f(z) = 1 / (1 + exp(-z)), f'(z) = a (1 - a)."""

    glorot_factor: ClassVar[float] = 2.0

    def forward(self, Z: np.ndarray, out: np.ndarray) -> None:
        """out = 1 / (1 + exp(-Z))."""
        expit(Z, out=out)

    def backward(self, dA: np.ndarray, Z: np.ndarray, A: np.ndarray) -> None:
        """Overwrites dA with dZ = dA * A * (1 - A); A becomes 1 - A."""
        np.multiply(dA, A, out=dA)
        np.subtract(1.0, A, out=A)
        np.multiply(dA, A, out=dA)


@dataclass(frozen=True)
class Tanh(Activation):
    """f(z) = tanh(z), f'(z) = 1 - a**2."""

    def forward(self, Z: np.ndarray, out: np.ndarray) -> None:
        """out = tanh(Z)."""
        np.tanh(Z, out=out)

    def backward(self, dA: np.ndarray, Z: np.ndarray, A: np.ndarray) -> None:
        """Overwrites dA with dZ = dA * (1 - A**2); A becomes 1 - A**2."""
        np.multiply(A, A, out=A)
        np.subtract(1.0, A, out=A)
        np.multiply(dA, A, out=dA)


@dataclass(frozen=True)
class ReLU(Activation):
    """f(z) = max(z, 0), f'(z) = 1 where a > 0 and 0 elsewhere, at z = 0 too.

    At the negative zero either is possible.
    """

    def forward(self, Z: np.ndarray, out: np.ndarray) -> None:
        """out = max(Z, 0)."""
        Z.clip(0.0, inf, out=out)  # np.maximum with a number takes twice as long

    def backward(self, dA: np.ndarray, Z: np.ndarray, A: np.ndarray) -> None:
        """Overwrites dA with dZ = dA * (A > 0); A becomes that mask."""
        # A isn't negative, so the sign bit of -A, spread over all bits, is the mask A > 0. As
        # integers these are three quick passes; a boolean mask would be cast through a buffer.
        integer, sign_bit = _BITS[A.itemsize]
        mask, bits = A.view(integer), dA.view(integer)
        np.negative(mask, mask)
        np.right_shift(mask, sign_bit, mask)
        np.bitwise_and(bits, mask, bits)


#: By itemsize: the integer type of that size, and how far its sign bit is from the last one.
_BITS = {n: (np.dtype(f"i{n}"), np.array(8 * n - 1, f"i{n}")) for n in (4, 8)}

ACTIVATIONS: dict[str, type[Activation]] = {
    "identity": Identity,
    "logistic": Logistic,
    "tanh": Tanh,
    "relu": ReLU,
}
