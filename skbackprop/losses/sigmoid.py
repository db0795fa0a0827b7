"""Losses on logistic units: one unit for a binary target, one per label or class otherwise."""

import numpy as np
from scipy.special import expit, log_expit

from skbackprop.formulas import Graph, Value
from skbackprop.losses.base import OutputLoss
from skbackprop.losses.softmax import log_softmax, softmax


class SigmoidCrossEntropy(OutputLoss):
    """A = 1 / (1 + exp(-Z)), L = -sum_j (y_j log a_j + (1 - y_j) log(1 - a_j)).

    One unit for a binary target, one per label otherwise. Bishop (2006), eq. 4.90 and 4.91.
    """

    link_name = "logistic"

    def link(self, Z: np.ndarray) -> np.ndarray:
        """1 / (1 + exp(-Z))."""
        return expit(Z)

    def log_proba(self, Z: np.ndarray) -> np.ndarray:
        """-log(1 + exp(-Z))."""
        return log_expit(Z)

    def onnx(self, graph: Graph, Z: Value) -> Value:
        """1 / (1 + exp(-Z)): onnxruntime's Sigmoid is 0 or 1e-8 where that is smaller."""
        return 1.0 / (1.0 + graph.op("Exp", -Z))

    def value_and_gradient(
        self, Z: np.ndarray, Y: np.ndarray, weight: np.ndarray, scratch: tuple[np.ndarray, ...]
    ) -> float:
        """L = sum_i w_i sum_j (log(1 + exp(z)) - y z). Overwrites Z with w (A - Y)."""
        L, yz = scratch
        np.logaddexp(0.0, Z, out=L)
        np.multiply(Y, Z, out=yz)
        np.subtract(L, yz, out=L)

        # sigmoid and cross-entropy: a (1 - a) cancels
        expit(Z, out=Z)
        np.subtract(Z, Y, out=Z)
        np.multiply(Z, weight[:, None], out=Z)
        return float(np.dot(weight, L).sum())


class SmoothedSigmoidCrossEntropy(SigmoidCrossEntropy):
    """Cross-entropy with y' = (1 - eps) y + eps / 2 in place of y.

    Szegedy et al. (2016), "Rethinking the Inception architecture", section 7, for two classes.

    Parameters
    ----------
    smoothing : float
        The eps above.
    """

    def __init__(self, smoothing: float) -> None:
        self.smoothing = smoothing

    def scratch(self, Z: np.ndarray) -> tuple[np.ndarray, ...]:
        """Three arrays like Z."""
        return np.empty_like(Z), np.empty_like(Z), np.empty_like(Z)

    def value_and_gradient(
        self, Z: np.ndarray, Y: np.ndarray, weight: np.ndarray, scratch: tuple[np.ndarray, ...]
    ) -> float:
        """L = sum_i w_i sum_j (log(1 + exp(z)) - y' z). Overwrites Z with w (A - Y')."""
        smooth, *rest = scratch
        np.multiply(Y, 1.0 - self.smoothing, out=smooth)
        np.add(smooth, 0.5 * self.smoothing, out=smooth)
        return super().value_and_gradient(Z, smooth, weight, tuple(rest))


class SigmoidSquaredError(OutputLoss):
    """A = 1 / (1 + exp(-Z)), L = 1/2 sum_j (y_j - a_j)**2. Nielsen (2015), chapter 2, eq. 27, BP1.

    The derivative of the link stays in the gradient: saturated units learn slowly.

    Parameters
    ----------
    exclusive : bool
        True if a sample has exactly one class: its probabilities are the units over their sum.
    """

    link_name = "logistic"

    def __init__(self, exclusive: bool) -> None:
        self.exclusive = exclusive

    def link(self, Z: np.ndarray) -> np.ndarray:
        """1 / (1 + exp(-Z))."""
        return expit(Z)

    def proba(self, Z: np.ndarray) -> np.ndarray:
        """A / sum_k A_k for exclusive classes, else A."""
        # a / sum a = softmax(log a), which works even where every a underflows
        return softmax(log_expit(Z)) if self.exclusive else expit(Z)

    def log_proba(self, Z: np.ndarray) -> np.ndarray:
        """Log A - log sum_k A_k for exclusive classes, else log A."""
        log_A = log_expit(Z)
        return log_softmax(log_A) if self.exclusive else log_A

    def onnx(self, graph: Graph, Z: Value) -> Value:
        """A / sum_k A_k = softmax(log A) for exclusive classes, else A."""
        if not self.exclusive:
            return 1.0 / (1.0 + graph.op("Exp", -Z))
        log_A = graph.op("Min", Z, 0.0) - graph.log1p(graph.op("Exp", -graph.op("Abs", Z)))
        return graph.op("Softmax", log_A, axis=1)

    def value_and_gradient(
        self, Z: np.ndarray, Y: np.ndarray, weight: np.ndarray, scratch: tuple[np.ndarray, ...]
    ) -> float:
        """L = sum_i w_i 1/2 sum_j (y - a)**2. Overwrites Z with w (A - Y) A (1 - A)."""
        error, slope = scratch
        A = expit(Z, out=Z)
        np.subtract(A, Y, out=error)
        np.subtract(1.0, A, out=slope)
        np.multiply(A, slope, out=slope)
        np.multiply(error, slope, out=Z)
        np.multiply(Z, weight[:, None], out=Z)
        np.multiply(error, error, out=error)
        return 0.5 * float(np.dot(weight, error).sum())
