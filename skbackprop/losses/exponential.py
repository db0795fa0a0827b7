"""The loss on exponential units, for counts and other targets that aren't negative."""

import numpy as np

from skbackprop.formulas import Graph, Value
from skbackprop.losses.base import OutputLoss


class ExponentialPoisson(OutputLoss):
    """A = exp(Z), L = sum_j (y_j log(y_j / a_j) - y_j + a_j): half the Poisson deviance.

    McCullagh and Nelder (1989), section 2.3. The value is a sum over the outputs, as in
    MLPRegressor, and dZ is its gradient.
    """

    link_name = "exp"

    def link(self, Z: np.ndarray) -> np.ndarray:
        """exp(Z)."""
        return np.exp(Z)

    def onnx(self, graph: Graph, Z: Value) -> Value:
        """exp(Z)."""
        return graph.op("Exp", Z)

    def check_targets(self, Y: np.ndarray) -> None:
        """Raise if a target is negative."""
        if Y.size and not (smallest := float(Y.min())) >= 0:
            raise ValueError(f"y must not be negative for loss='poisson', got {smallest:g}.")

    def scratch(self, Z: np.ndarray) -> tuple[np.ndarray, float]:
        """An array like Z, and the smallest normal number of its dtype."""
        return np.empty_like(Z), float(np.finfo(Z.dtype).tiny)

    def value_and_gradient(
        self, Z: np.ndarray, Y: np.ndarray, weight: np.ndarray, scratch: tuple[np.ndarray, float]
    ) -> float:
        """L = sum_i w_i sum_j (y (log y - z) + exp(z) - y). Overwrites Z with w (A - Y)."""
        L, tiny = scratch
        np.maximum(Y, tiny, out=L)  # y log y is 0 at y = 0: so is 0 times a finite logarithm
        np.log(L, out=L)
        np.subtract(L, Z, out=L)
        np.multiply(L, Y, out=L)

        # log link and Poisson deviance: dL/da = 1 - y / a, da/dz = a
        np.exp(Z, out=Z)
        np.subtract(Z, Y, out=Z)
        np.add(L, Z, out=L)
        np.multiply(Z, weight[:, None], out=Z)
        return float(np.dot(weight, L).sum())
