"""Losses of the error E = Z - Y, for regression. The outputs are the scores themselves.

Losses are summed over the outputs. Only the value of the squared error is their mean, as in
MLPRegressor, while dZ is the gradient of the sum: n_outputs times the value's.
"""

import numpy as np

from skbackprop.formulas import Graph, Value
from skbackprop.losses.base import OutputLoss


class IdentityLoss(OutputLoss):
    """A = Z, L = sum_j l(z_j - y_j). Subclasses give l and its derivative."""

    link_name = "identity"

    def link(self, Z: np.ndarray) -> np.ndarray:
        """A copy of Z."""
        return Z.copy(order="K")

    def onnx(self, graph: Graph, Z: Value) -> Value:
        """Z itself."""
        return Z

    def scratch(self, Z: np.ndarray) -> np.ndarray:
        """One array like Z."""
        return np.empty_like(Z)

    def cost(self, E: np.ndarray, dE: np.ndarray) -> None:
        """dE = l'(E). Overwrites E with l(E)."""
        raise NotImplementedError

    def value_and_gradient(
        self, Z: np.ndarray, Y: np.ndarray, weight: np.ndarray, scratch: np.ndarray
    ) -> float:
        """L = sum_i w_i sum_j l(z - y). Overwrites Z with w l'(Z - Y)."""
        E = np.subtract(Z, Y, out=scratch)
        self.cost(E, Z)
        np.multiply(Z, weight[:, None], out=Z)
        return float(np.dot(weight, E).sum())


class IdentitySquaredError(IdentityLoss):
    """l = 1/2 e**2, dZ = w (A - Y). Bishop (2006), eq. 5.14 and 5.18."""

    mean_over_outputs = True

    def cost(self, E: np.ndarray, dE: np.ndarray) -> None:
        """l' = e."""
        np.copyto(dE, E)
        np.multiply(E, E, out=E)
        np.multiply(E, 0.5, out=E)

    def value_and_gradient(
        self, Z: np.ndarray, Y: np.ndarray, weight: np.ndarray, scratch: np.ndarray
    ) -> float:
        """L = sum_i w_i mean_j l(z - y). Overwrites Z with w (Z - Y)."""
        return super().value_and_gradient(Z, Y, weight, scratch) / Z.shape[1]


class IdentityAbsoluteError(IdentityLoss):
    """l = |e|. Minimised by the conditional median."""

    def cost(self, E: np.ndarray, dE: np.ndarray) -> None:
        """l' = sign(e), 0 at e = 0."""
        np.sign(E, out=dE)
        np.multiply(E, dE, out=E)


class IdentityHuber(IdentityLoss):
    """l = 1/2 e**2 where |e| <= delta, else delta (|e| - delta / 2). Huber (1964).

    Parameters
    ----------
    delta : float
        Errors beyond it count linearly.
    """

    def __init__(self, delta: float) -> None:
        self.delta = delta

    def cost(self, E: np.ndarray, dE: np.ndarray) -> None:
        """l' = c, c = e clipped to [-delta, delta]; so l = c (e - c / 2)."""
        E.clip(-self.delta, self.delta, out=dE)
        np.multiply(dE, 0.5, out=dE)
        np.subtract(E, dE, out=E)
        np.multiply(dE, 2.0, out=dE)
        np.multiply(E, dE, out=E)


class IdentityQuantile(IdentityLoss):
    """l = (1 - q) e where e > 0, else -q e: the pinball loss. Koenker and Bassett (1978).

    Parameters
    ----------
    q : float
        The loss is minimised by the conditional quantile at q.
    """

    def __init__(self, q: float) -> None:
        self.q = q

    def cost(self, E: np.ndarray, dE: np.ndarray) -> None:
        """l' = 1/2 sign(e) + 1/2 - q, which is 1 - q or -q; l = l' e."""
        np.sign(E, out=dE)
        np.multiply(dE, 0.5, out=dE)
        np.add(dE, 0.5 - self.q, out=dE)
        np.multiply(E, dE, out=E)
