"""Losses: output link and loss in one, so that the gradient at the scores is short.

Values come from the scores Z (log-sum-exp), never from the logarithm of a rounded probability.
Every `value_and_gradient` leaves dZ in Z. `weight`, of shape (m,), is each sample's share in the
batch: 1/m, or its sample weight over their sum. It enters there and nowhere else.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from scipy.special import expit, log_expit

from skbackprop.options import Option


class OutputLoss:
    """A loss and its link, for one kind of target."""

    #: The link's name, as in `out_activation_`.
    link_name: ClassVar[str]
    #: True where Y holds class indices, of shape (m,); False where Y is shaped like Z.
    integer_targets: ClassVar[bool] = False

    def link(self, Z: np.ndarray) -> np.ndarray:
        """A = link(Z), the values of the output units, in a new array."""
        raise NotImplementedError

    def proba(self, Z: np.ndarray) -> np.ndarray:
        """Probabilities, in a new array."""
        return self.link(Z)

    def log_proba(self, Z: np.ndarray) -> np.ndarray:
        """Logarithms of the probabilities, straight from the scores, in a new array."""
        raise NotImplementedError

    def scratch(self, Z: np.ndarray) -> Any:
        """Buffers for `value_and_gradient`, for scores that will stand in Z."""
        return np.empty_like(Z), np.empty_like(Z)

    def value_and_gradient(
        self, Z: np.ndarray, Y: np.ndarray, weight: np.ndarray, scratch: Any
    ) -> float:
        """Sum of weight * loss over the samples. Overwrites Z with dZ."""
        raise NotImplementedError


def _softmax(Z: np.ndarray) -> np.ndarray:
    """exp(Z) / sum_k exp(Z_k), after a shift that keeps exp from overflowing."""
    A = Z - np.maximum.reduce(Z, axis=1, keepdims=True)
    np.exp(A, out=A)
    return np.divide(A, np.add.reduce(A, axis=1, keepdims=True), out=A)


def _log_softmax(Z: np.ndarray) -> np.ndarray:
    """Z - log sum_k exp(Z_k), after the same shift."""
    shifted = Z - np.maximum.reduce(Z, axis=1, keepdims=True)
    return shifted - np.log(np.add.reduce(np.exp(shifted), axis=1, keepdims=True))


class SoftmaxScratch:
    """Buffers of one number per sample, and how to find Z[i, y_i] in the memory of Z."""

    def __init__(self, Z: np.ndarray) -> None:
        m, size = len(Z), Z.itemsize
        self.row, self.loss, self.picked = np.empty((3, m), dtype=Z.dtype)
        self.column = self.row[:, None]
        self.flat_Z = Z.ravel(order="K")
        self.row_start = np.arange(m) * (Z.strides[0] // size)
        self.column_step = Z.strides[1] // size
        self.where = np.empty(m, dtype=np.intp)


class SoftmaxCrossEntropy(OutputLoss):
    """A = exp(Z) / sum_k exp(Z_k), L = -log A_y. Bishop (2006), eq. 4.104, 4.108 and 4.109."""

    link_name = "softmax"
    integer_targets = True

    def link(self, Z: np.ndarray) -> np.ndarray:
        """Softmax of each row."""
        return _softmax(Z)

    def log_proba(self, Z: np.ndarray) -> np.ndarray:
        """Z - log sum_k exp(Z_k)."""
        return _log_softmax(Z)

    def scratch(self, Z: np.ndarray) -> SoftmaxScratch:
        """Buffers of m numbers each."""
        return SoftmaxScratch(Z)

    def value_and_gradient(
        self, Z: np.ndarray, Y: np.ndarray, weight: np.ndarray, scratch: SoftmaxScratch
    ) -> float:
        """L = sum_i w_i (log sum_k exp(z_ik) - z_iy). Overwrites Z with w (A - onehot(Y))."""
        s = scratch
        np.multiply(Y, s.column_step, out=s.where)
        np.add(s.where, s.row_start, out=s.where)

        # Shifting a row changes neither A nor L, and exp(z - max z) can't overflow.
        np.maximum.reduce(Z, axis=1, out=s.row)
        np.subtract(Z, s.column, out=Z)
        s.flat_Z.take(s.where, out=s.picked, mode="clip")
        np.exp(Z, out=Z)
        np.add.reduce(Z, axis=1, out=s.row)
        np.log(s.row, out=s.loss)
        np.subtract(s.loss, s.picked, out=s.loss)

        # The Jacobians of softmax and logarithm cancel to A - onehot(Y).
        np.divide(weight, s.row, out=s.row)
        np.multiply(Z, s.column, out=Z)
        s.flat_Z.take(s.where, out=s.picked, mode="clip")
        np.subtract(s.picked, weight, out=s.picked)
        s.flat_Z[s.where] = s.picked
        return float(weight.dot(s.loss))


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

    def value_and_gradient(
        self,
        Z: np.ndarray,
        Y: np.ndarray,
        weight: np.ndarray,
        scratch: tuple[np.ndarray, np.ndarray],
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


class SigmoidSquaredError(OutputLoss):
    """A = 1 / (1 + exp(-Z)), L = 1/2 sum_j (y_j - a_j)**2. Nielsen (2015), chapter 2, eq. 27, BP1.

    The derivative of the link stays in the gradient: saturated units learn slowly.

    Parameters
    ----------
    exclusive : bool
        True where a sample has exactly one class: probabilities are units over their sum.
    """

    link_name = "logistic"

    def __init__(self, exclusive: bool) -> None:
        self.exclusive = exclusive

    def link(self, Z: np.ndarray) -> np.ndarray:
        """1 / (1 + exp(-Z))."""
        return expit(Z)

    def proba(self, Z: np.ndarray) -> np.ndarray:
        """A / sum_k A_k for exclusive classes, else A."""
        # a / sum a = softmax(log a), which holds where every a underflows
        return _softmax(log_expit(Z)) if self.exclusive else expit(Z)

    def log_proba(self, Z: np.ndarray) -> np.ndarray:
        """Log A - log sum_k A_k for exclusive classes, else log A."""
        log_A = log_expit(Z)
        return _log_softmax(log_A) if self.exclusive else log_A

    def value_and_gradient(
        self,
        Z: np.ndarray,
        Y: np.ndarray,
        weight: np.ndarray,
        scratch: tuple[np.ndarray, np.ndarray],
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


class Loss(Option):
    """What `loss=` takes: it picks the `OutputLoss` for a kind of target."""

    def on(self, target: str) -> OutputLoss:
        """The loss for a "binary", "multiclass" or "multilabel" target."""
        raise NotImplementedError


@dataclass(frozen=True)
class LogLoss(Loss):
    """Cross-entropy: softmax for exclusive classes, sigmoids for two classes and for labels."""

    def on(self, target: str) -> OutputLoss:
        """Softmax for "multiclass", sigmoids otherwise."""
        return SoftmaxCrossEntropy() if target == "multiclass" else SigmoidCrossEntropy()


@dataclass(frozen=True)
class SquaredError(Loss):
    """The quadratic cost on logistic output units."""

    def on(self, target: str) -> OutputLoss:
        """Sigmoids for every target."""
        return SigmoidSquaredError(exclusive=target == "multiclass")


LOSSES: dict[str, type[Loss]] = {"log_loss": LogLoss, "squared_error": SquaredError}
