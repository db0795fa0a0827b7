"""Adagrad and RMSprop: g divided by the root of a sum, or a running mean, of g**2."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import ClassVar

import numpy as np

from skbackprop.optimizers.base import Optimizer, RunningMean, State
from skbackprop.options import number
from skbackprop.vectors import AXPY, aligned_zeros


@dataclass
class AdagradState(State):
    """total: the sum of g**2 over all steps. scratch: a vector to work in."""

    total: np.ndarray
    scratch: np.ndarray


@dataclass(frozen=True)
class Adagrad(Optimizer):
    """theta <- theta - lr g / (sqrt(s) + epsilon), s the sum of g**2 over all steps.

    Duchi, Hazan and Singer (2011), figure 1 with a diagonal matrix; epsilon is their delta.

    Parameters
    ----------
    epsilon : float, default=1e-8
        Keeps the division finite.
    initial_accumulator : float, default=0.0
        Initial value of s. Larger values make the first steps smaller.
    """

    epsilon: float = number(1e-8, "(0, inf)", flat=True)
    initial_accumulator: float = number(0.0, "[0, inf)")
    elementwise: ClassVar[bool] = True

    def init(self, theta: np.ndarray) -> AdagradState:
        """s = initial_accumulator."""
        state = AdagradState(aligned_zeros(theta), aligned_zeros(theta))
        state.total.fill(self.initial_accumulator)
        return state

    def step(self, theta: np.ndarray, grad: np.ndarray, state: AdagradState, lr: float) -> None:
        """Overwrites theta with theta - lr g / (sqrt(s) + epsilon); grad becomes scratch."""
        total, scratch = state.total, state.scratch
        np.multiply(grad, grad, out=scratch)
        np.add(total, scratch, out=total)
        np.sqrt(total, out=scratch)
        np.add(scratch, self.epsilon, out=scratch)
        np.divide(grad, scratch, out=grad)
        AXPY[theta.dtype](grad, theta, a=-lr)


@dataclass
class RMSpropState(State):
    """v: the running mean of g**2. scratch: a vector to work in."""

    v: RunningMean
    scratch: np.ndarray


@dataclass(frozen=True)
class RMSprop(Optimizer):
    """theta <- theta - lr g / (sqrt(v) + epsilon), v <- rho v + (1 - rho) g**2.

    Tieleman and Hinton (2012), lecture 6.5 of "Neural networks for machine learning".

    Parameters
    ----------
    rho : float, default=0.9
        How much of the running mean of g**2 is kept at a step, in [0, 1).
    epsilon : float, default=1e-8
        Keeps the division finite.
    """

    rho: float = number(0.9, "[0, 1)")
    epsilon: float = number(1e-8, "(0, inf)", flat=True)
    elementwise: ClassVar[bool] = True

    def init(self, theta: np.ndarray) -> RMSpropState:
        """v = 0."""
        return RMSpropState(RunningMean.zero(theta), aligned_zeros(theta))

    def step(self, theta: np.ndarray, grad: np.ndarray, state: RMSpropState, lr: float) -> None:
        """Overwrites theta with theta - lr g / (sqrt(v) + epsilon); grad becomes scratch."""
        v, scratch = state.v, state.scratch
        np.multiply(grad, grad, out=scratch)
        v.take_in(scratch, self.rho)  # v = rho v + (1 - rho) g**2
        # theta = theta - lr g / (sqrt(v) + epsilon), with sqrt(v) = root sqrt(v.vector): root is
        # factored out of the denominator
        root = sqrt(v.scale)
        np.sqrt(v.vector, out=scratch)
        np.add(scratch, self.epsilon / root, out=scratch)
        np.divide(grad, scratch, out=grad)
        AXPY[theta.dtype](grad, theta, a=-lr / root)
