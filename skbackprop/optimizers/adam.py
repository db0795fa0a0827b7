"""Adam and its variants: a running mean of g divided by the root of one of g**2."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any, ClassVar

import numpy as np

from skbackprop.optimizers.base import Optimizer, RunningMean, State
from skbackprop.options import number
from skbackprop.vectors import aligned_zeros, axpy_for


@dataclass
class AdamState(State):
    """The running means of g and g**2, and the number t of steps so far."""

    m: RunningMean
    v: RunningMean
    t: int = 0


@dataclass(frozen=True)
class Adam(Optimizer):
    """theta <- theta - lr_t m / (sqrt(v) + epsilon), m and v running means of g and g**2.

    m <- beta_1 m + (1 - beta_1) g, v <- beta_2 v + (1 - beta_2) g**2,
    lr_t = lr sqrt(1 - beta_2**t) / (1 - beta_1**t).

    Kingma and Ba (2015), algorithm 1 with the order of computation at the end of section 2.

    Parameters
    ----------
    beta_1, beta_2 : float, default=0.9 and 0.999
        How much of the running means of g and g**2 is kept at a step, in [0, 1).
    epsilon : float, default=1e-8
        Keeps the division finite.
    """

    beta_1: float = number(0.9, "[0, 1)", flat=True)
    beta_2: float = number(0.999, "[0, 1)", flat=True)
    epsilon: float = number(1e-8, "(0, inf)", flat=True)

    #: True where epsilon is added to the root of the bias-corrected v, as in algorithm 1 itself.
    corrects_first: ClassVar[bool] = False
    elementwise: ClassVar[bool] = True

    def init(self, theta: np.ndarray) -> Any:
        """m = v = 0, t = 0."""
        return AdamState(RunningMean.zero(theta), RunningMean.zero(theta))

    def step(self, theta: np.ndarray, grad: np.ndarray, state: Any, lr: float) -> None:
        """Overwrites theta with theta - lr_t m / (sqrt(v) + epsilon); grad becomes scratch."""
        state.t += 1
        m, v, axpy = state.m, state.v, axpy_for(theta)
        m.take_in(grad, self.beta_1)  # m = beta_1 m + (1 - beta_1) g
        np.multiply(grad, grad, out=grad)
        v.take_in(grad, self.beta_2)  # v = beta_2 v + (1 - beta_2) g**2
        lr_t = lr * sqrt(1.0 - self.beta_2**state.t) / (1.0 - self.beta_1**state.t)
        # theta = theta - lr_t m / (sqrt(v) + epsilon), with m = m.scale m.vector and
        # sqrt(v) = root sqrt(v.vector): root is factored out of the denominator
        root = self.root(state, grad)
        np.add(grad, self.epsilon_t(state.t) / root, out=grad)
        np.divide(m.vector, grad, out=grad)
        axpy(grad, theta, a=-lr_t * m.scale / root)

    def root(self, state: Any, out: np.ndarray) -> float:
        """out = sqrt(v) / s. Returns the number s."""
        np.sqrt(state.v.vector, out=out)
        return sqrt(state.v.scale)

    def epsilon_t(self, t: int) -> float:
        """What is added to sqrt(v) in the t-th step.

        With c = sqrt(1 - beta_2**t), sqrt(v) / c + epsilon is (sqrt(v) + c epsilon) / c.
        """
        return self.epsilon * sqrt(1.0 - self.beta_2**t) if self.corrects_first else self.epsilon


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with W <- (1 - lr weight_decay) W before every step: decoupled weight decay.

    theta <- theta - lr m_hat / (sqrt(v_hat) + epsilon), m_hat = m / (1 - beta_1**t) and
    v_hat = v / (1 - beta_2**t).

    Loshchilov and Hutter (2019), algorithm 2.

    Parameters
    ----------
    beta_1, beta_2 : float, default=0.9 and 0.999
        How much of the running means of g and g**2 is kept at a step, in [0, 1).
    epsilon : float, default=1e-8
        Keeps the division finite.
    weight_decay : float, default=0.01
        Before each step, W shrinks to (1 - lr weight_decay) W.
    """

    weight_decay: float = number(0.01, "[0, inf)")

    corrects_first: ClassVar[bool] = True


@dataclass(kw_only=True)
class AMSGradState(AdamState):
    """largest: the largest v so far, entry by entry."""

    largest: np.ndarray


@dataclass(frozen=True)
class AMSGrad(Adam):
    """Adam whose v_hat never falls, so that a parameter's effective rate can't grow again.

    theta <- theta - lr_t m / (sqrt(v_hat) + epsilon_t), v_hat <- max(v_hat, v).

    Reddi, Kale and Kumar (2018), algorithm 2. Bias correction and epsilon, which the paper leaves
    out, are Adam's: epsilon_t = epsilon sqrt(1 - beta_2**t), so that the square root is corrected
    before epsilon is added.

    Parameters
    ----------
    beta_1, beta_2 : float, default=0.9 and 0.999
        How much of the running means of g and g**2 is kept at a step, in [0, 1).
    epsilon : float, default=1e-8
        Keeps the division finite.
    """

    corrects_first: ClassVar[bool] = True
    elementwise: ClassVar[bool] = True

    def init(self, theta: np.ndarray) -> AMSGradState:
        """m = v = v_hat = 0, t = 0."""
        zero = RunningMean.zero
        return AMSGradState(zero(theta), zero(theta), largest=aligned_zeros(theta))

    def root(self, state: AMSGradState, out: np.ndarray) -> float:
        """v_hat <- max(v_hat, v), out = sqrt(v_hat). Returns 1."""
        np.multiply(state.v.vector, state.v.scale, out=out)  # v
        np.maximum(state.largest, out, out=state.largest)
        np.sqrt(state.largest, out=out)
        return 1.0


@dataclass(kw_only=True)
class NAdamState(AdamState):
    """product: that of all mu so far. scratch: a vector to work in."""

    product: float = 1.0
    scratch: np.ndarray


@dataclass(frozen=True)
class NAdam(Adam):
    """Adam with Nesterov's momentum: the step looks ahead along m.

    mu_t = beta_1 (1 - 0.96**(momentum_decay t) / 2), p_t = mu_1 ... mu_t,
    m <- mu_t m + (1 - mu_t) g, v <- beta_2 v + (1 - beta_2) g**2,
    m_hat = mu_(t+1) m / (1 - p_(t+1)) + (1 - mu_t) g / (1 - p_t), v_hat = v / (1 - beta_2**t),
    theta <- theta - lr m_hat / (sqrt(v_hat) + epsilon).

    Dozat (2016), the algorithm Nadam; the bias correction of v is Adam's.

    Parameters
    ----------
    beta_1, beta_2 : float, default=0.9 and 0.999
        What mu grows to, and how much of the running mean of g**2 is kept, in [0, 1).
    epsilon : float, default=1e-8
        Keeps the division finite.
    momentum_decay : float, default=0.004
        How fast mu grows from about beta_1 / 2 to beta_1.
    """

    momentum_decay: float = number(0.004, "[0, inf)")

    corrects_first: ClassVar[bool] = True
    elementwise: ClassVar[bool] = True

    def init(self, theta: np.ndarray) -> NAdamState:
        """m = v = 0, t = 0, p = 1."""
        zero = RunningMean.zero
        return NAdamState(zero(theta), zero(theta), scratch=aligned_zeros(theta))

    def mu(self, t: int) -> float:
        """beta_1 (1 - 0.96**(momentum_decay t) / 2)."""
        return self.beta_1 * (1.0 - 0.5 * 0.96 ** (self.momentum_decay * t))

    def step(self, theta: np.ndarray, grad: np.ndarray, state: NAdamState, lr: float) -> None:
        """Overwrites theta with theta - lr m_hat / (sqrt(v_hat) + epsilon); grad is scratch."""
        state.t += 1
        m, v, s, axpy = state.m, state.v, state.scratch, axpy_for(theta)
        mu, mu_next = self.mu(state.t), self.mu(state.t + 1)
        state.product *= mu
        m.take_in(grad, mu)  # m = mu m + (1 - mu) g
        np.multiply(grad, grad, out=s)
        v.take_in(s, self.beta_2)  # v = beta_2 v + (1 - beta_2) g**2
        root = self.root(state, s)
        np.add(s, self.epsilon_t(state.t) / root, out=s)
        # m_hat = g_share (g + m_share m), with m = m.scale m.vector
        g_share = (1.0 - mu) / (1.0 - state.product)
        m_share = mu_next / (1.0 - state.product * mu_next) / g_share
        axpy(m.vector, grad, a=m_share * m.scale)
        np.divide(grad, s, out=grad)
        axpy(grad, theta, a=-lr * sqrt(1.0 - self.beta_2**state.t) * g_share / root)
