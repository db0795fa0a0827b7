"""Losses on softmax units, for exclusive classes. Y holds class indices.

Each gradient is a factor per sample times A, minus another factor at the true class: the Jacobians
of softmax and logarithm cancel.
"""

import numpy as np

from skbackprop.formulas import Graph, Value
from skbackprop.losses.base import OutputLoss


def softmax(Z: np.ndarray) -> np.ndarray:
    """exp(Z) / sum_k exp(Z_k), after a shift that keeps exp from overflowing."""
    A = Z - np.maximum.reduce(Z, axis=1, keepdims=True)
    np.exp(A, out=A)
    return np.divide(A, np.add.reduce(A, axis=1, keepdims=True), out=A)


def log_softmax(Z: np.ndarray) -> np.ndarray:
    """Z - log sum_k exp(Z_k), after the same shift."""
    shifted = Z - np.maximum.reduce(Z, axis=1, keepdims=True)
    return shifted - np.log(np.add.reduce(np.exp(shifted), axis=1, keepdims=True))


class SoftmaxScratch:
    """Vectors of one number per sample, and where Z[i, y_i] is in the memory of Z."""

    def __init__(self, Z: np.ndarray) -> None:
        m, size = len(Z), Z.itemsize
        self.row, self.loss, self.picked, self.share = np.empty((4, m), dtype=Z.dtype)
        self.column = self.row[:, None]
        self.flat_Z = Z.ravel(order="K")
        self.row_start = np.arange(m) * (Z.strides[0] // size)
        self.column_step = Z.strides[1] // size
        self.where = np.empty(m, dtype=np.intp)
        self.tiny = float(np.finfo(Z.dtype).tiny)


class SoftmaxCrossEntropy(OutputLoss):
    """A = exp(Z) / sum_k exp(Z_k), L = -log A_y. Bishop (2006), eq. 4.104, 4.108 and 4.109."""

    link_name = "softmax"
    integer_targets = True

    def link(self, Z: np.ndarray) -> np.ndarray:
        """Softmax of each row."""
        return softmax(Z)

    def log_proba(self, Z: np.ndarray) -> np.ndarray:
        """Z - log sum_k exp(Z_k)."""
        return log_softmax(Z)

    def onnx(self, graph: Graph, Z: Value) -> Value:
        """Softmax of each row."""
        return graph.op("Softmax", Z, axis=1)

    def scratch(self, Z: np.ndarray) -> SoftmaxScratch:
        """Vectors of m numbers each."""
        return SoftmaxScratch(Z)

    def value_and_gradient(
        self, Z: np.ndarray, Y: np.ndarray, weight: np.ndarray, scratch: SoftmaxScratch
    ) -> float:
        """L = sum_i w_i (log sum_k exp(z_ik) - z_iy). Overwrites Z with w (A - onehot(Y))."""
        s = scratch
        self._shift(Z, Y, s)
        self._exponentials(Z, s)
        self._gradient(Z, weight, weight, s)
        return float(weight.dot(s.loss))

    @staticmethod
    def _shift(Z: np.ndarray, Y: np.ndarray, s: SoftmaxScratch) -> None:
        """Overwrites Z with Z - max_k Z_k; s.picked = z_y."""
        np.multiply(Y, s.column_step, out=s.where)
        np.add(s.where, s.row_start, out=s.where)

        # Shifting a row changes neither A nor L, and exp(z - max z) can't overflow.
        np.maximum.reduce(Z, axis=1, out=s.row)
        np.subtract(Z, s.column, out=Z)
        s.flat_Z.take(s.where, out=s.picked, mode="clip")

    @staticmethod
    def _exponentials(Z: np.ndarray, s: SoftmaxScratch) -> None:
        """Overwrites Z with exp(Z); s.row = sum_k exp(z_k), s.loss = log s.row - z_y."""
        np.exp(Z, out=Z)
        np.add.reduce(Z, axis=1, out=s.row)
        np.log(s.row, out=s.loss)
        np.subtract(s.loss, s.picked, out=s.loss)

    @staticmethod
    def _gradient(
        Z: np.ndarray, factor_A: np.ndarray, factor_Y: np.ndarray, s: SoftmaxScratch
    ) -> None:
        """Overwrites Z, which holds exponentials, with factor_A A - factor_Y onehot(Y).

        Each factor is one number per sample; in plain cross-entropy both are its weight.
        """
        np.divide(factor_A, s.row, out=s.row)
        np.multiply(Z, s.column, out=Z)
        s.flat_Z.take(s.where, out=s.picked, mode="clip")
        np.subtract(s.picked, factor_Y, out=s.picked)
        s.flat_Z[s.where] = s.picked


class SmoothedSoftmaxCrossEntropy(SoftmaxCrossEntropy):
    """L = -sum_k y'_k log a_k, y' = (1 - eps) onehot(Y) + eps / K.

    Szegedy et al. (2016), "Rethinking the Inception architecture", section 7.

    Parameters
    ----------
    smoothing : float
        The eps above.
    """

    def __init__(self, smoothing: float) -> None:
        self.smoothing = smoothing

    def value_and_gradient(
        self, Z: np.ndarray, Y: np.ndarray, weight: np.ndarray, scratch: SoftmaxScratch
    ) -> float:
        """L = sum_i w_i (log sum_k exp(z_ik) - sum_k y'_ik z_ik). Overwrites Z with w (A - Y')."""
        s, on_every, on_true = scratch, self.smoothing / Z.shape[1], 1.0 - self.smoothing
        self._shift(Z, Y, s)
        # sum_k y'_k z_k = (1 - eps) z_y + eps / K sum_k z_k replaces z_y
        np.add.reduce(Z, axis=1, out=s.share)
        np.multiply(s.share, on_every, out=s.share)
        np.multiply(s.picked, on_true, out=s.picked)
        np.add(s.picked, s.share, out=s.picked)
        self._exponentials(Z, s)

        np.multiply(weight, on_true, out=s.share)
        self._gradient(Z, weight, s.share, s)
        np.multiply(weight, on_every, out=s.row)
        np.subtract(Z, s.column, out=Z)
        return float(weight.dot(s.loss))
