"""What every activation has: f, f' and two facts about them."""

from typing import ClassVar

import numpy as np

from skbackprop.formulas import Graph, Value
from skbackprop.options import Option


class Activation(Option):
    """An elementwise function of the scores Z of a hidden layer.

    Several threads may call its methods at once, each with other rows: keep no arrays in it.
    """

    #: True if Z is needed besides A, by f' or by the steps of f itself. The two are then separate
    #: arrays, and `forward` leaves Z unchanged; otherwise they are one.
    needs_z: ClassVar[bool] = False
    #: Glorot and Bengio's bound is sqrt(glorot_factor / (fan_in + fan_out)).
    glorot_factor: ClassVar[float] = 6.0

    def forward(self, Z: np.ndarray, out: np.ndarray) -> None:
        """out = f(Z); out may be Z itself unless `needs_z`."""
        raise NotImplementedError

    def backward(self, dA: np.ndarray, Z: np.ndarray, A: np.ndarray) -> None:
        """Overwrites dA with dZ = dA * f'(Z); Z and A become scratch."""
        raise NotImplementedError

    def onnx(self, graph: Graph, Z: Value) -> Value:
        """Return A = f(Z) in ONNX operators. Without it the network can't be exported."""
        raise NotImplementedError
