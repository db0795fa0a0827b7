"""The focal loss: cross-entropy times (1 - p)**gamma, so that easy samples count for less.

Lin et al. (2017), "Focal loss for dense object detection". p is the true class's probability,
q = 1 - p and l = -log p; dL/dp = -q**gamma / p - gamma q**(gamma - 1) l.
"""

import numpy as np
from scipy.special import expit

from skbackprop.losses.sigmoid import SigmoidCrossEntropy
from skbackprop.losses.softmax import SoftmaxCrossEntropy, SoftmaxScratch


class SoftmaxFocal(SoftmaxCrossEntropy):
    """L = -(1 - p)**gamma log p, p = A_y. Lin et al. (2017), eq. 4, on softmax units.

    Parameters
    ----------
    gamma : float
        At 0 it's cross-entropy.
    """

    def __init__(self, gamma: float) -> None:
        self.gamma = gamma

    def value_and_gradient(
        self, Z: np.ndarray, Y: np.ndarray, weight: np.ndarray, scratch: SoftmaxScratch
    ) -> float:
        """L = sum_i w_i q_i**gamma l_i, q = 1 - p, l = -log p.

        Overwrites Z with w c (A - onehot(Y)), c = -p dL/dp = q**gamma (1 + gamma p l / q).
        """
        # dp/dz_k = p (onehot(Y) - A)_k, so this is cross-entropy's gradient with weights w c
        s, q, c = scratch, scratch.share, scratch.picked
        self._shift(Z, Y, s)
        self._exponentials(Z, s)
        np.negative(s.loss, out=q)
        np.expm1(q, out=q)  # p - 1 = exp(-l) - 1, without the cancellation
        np.negative(q, out=q)
        np.maximum(q, s.tiny, out=q)  # where q is 0 so is l: l / q must not be NaN
        np.subtract(1.0, q, out=c)
        np.multiply(c, s.loss, out=c)
        np.divide(c, q, out=c)
        np.multiply(c, self.gamma, out=c)
        np.add(c, 1.0, out=c)

        np.power(q, self.gamma, out=q)
        np.multiply(s.loss, q, out=s.loss)
        np.multiply(q, c, out=q)
        np.multiply(q, weight, out=q)
        self._gradient(Z, q, q, s)
        return float(weight.dot(s.loss))


class SigmoidFocal(SigmoidCrossEntropy):
    """L = -sum_j (1 - p_j)**gamma log p_j, p = a where y = 1, else 1 - a. Lin et al. (2017), eq. 4.

    Parameters
    ----------
    gamma : float
        At 0 it's cross-entropy.
    """

    def __init__(self, gamma: float) -> None:
        self.gamma = gamma

    def scratch(self, Z: np.ndarray) -> tuple[np.ndarray, ...]:
        """Three arrays like Z."""
        return np.empty_like(Z), np.empty_like(Z), np.empty_like(Z)

    def value_and_gradient(
        self, Z: np.ndarray, Y: np.ndarray, weight: np.ndarray, scratch: tuple[np.ndarray, ...]
    ) -> float:
        """L = sum_i w_i sum_j q**gamma l, q = 1 - p = sigmoid(t z), l = -log p, t = 1 - 2 y.

        Overwrites Z with w t q**gamma (q + gamma p l). Lin et al. (2017), appendix B.
        """
        sign, L, slope = scratch
        np.multiply(Y, -2.0, out=sign)
        np.add(sign, 1.0, out=sign)
        np.multiply(Z, sign, out=Z)
        np.logaddexp(0.0, Z, out=L)  # l = log(1 + exp(t z))
        q = expit(Z, out=Z)

        # dl/d(tz) = q and dq/d(tz) = q p
        np.subtract(1.0, q, out=slope)
        np.multiply(slope, L, out=slope)
        np.multiply(slope, self.gamma, out=slope)
        np.add(slope, q, out=slope)
        np.power(q, self.gamma, out=q)
        np.multiply(L, q, out=L)
        np.multiply(q, slope, out=Z)
        np.multiply(Z, sign, out=Z)
        np.multiply(Z, weight[:, None], out=Z)
        return float(np.dot(weight, L).sum())
