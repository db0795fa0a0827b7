"""Stochastic gradient descent with momentum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from skbackprop.optimizers.base import Optimizer, State
from skbackprop.options import number, switch
from skbackprop.vectors import AXPY, aligned_zeros


@dataclass
class SGDState(State):
    """velocity: the running sum of steps, shaped like theta."""

    velocity: np.ndarray


@dataclass(frozen=True)
class SGD(Optimizer):
    """v <- momentum v - lr g; theta <- theta + v, or with Nesterov theta + momentum v - lr g.

    Sutskever et al. (2013), section 2, eq. 1-4, in the form of Bengio et al. (2013), eq. 7. With
    `weight_decay` it is SGDW: Loshchilov and Hutter (2019), algorithm 1.

    Parameters
    ----------
    momentum : float, default=0.9
        Share of the last step that is kept, in [0, 1].
    nesterovs_momentum : bool, default=True
        Look ahead along the velocity.
    weight_decay : float, default=0.0
        Before each step, W shrinks to (1 - lr weight_decay) W.
    """

    momentum: float = number(0.9, "[0, 1]", flat=True)
    nesterovs_momentum: bool = switch(True, flat=True)
    weight_decay: float = number(0.0, "[0, inf)")
    elementwise: ClassVar[bool] = True

    def init(self, theta: np.ndarray) -> SGDState:
        """v = 0."""
        return SGDState(aligned_zeros(theta))

    def step(self, theta: np.ndarray, grad: np.ndarray, state: SGDState, lr: float) -> None:
        """v <- momentum v - lr g, then theta is overwritten."""
        v, axpy = state.velocity, AXPY[theta.dtype]
        np.multiply(v, self.momentum, out=v)
        axpy(grad, v, a=-lr)
        if self.nesterovs_momentum:
            axpy(grad, theta, a=-lr)
            axpy(v, theta, a=self.momentum)
        else:
            np.add(theta, v, out=theta)
