"""Optimizers: in-place steps along one flat gradient.

An optimizer is configuration. What it remembers between steps is the state that `init` makes.
`step` may use `grad` as scratch: the next batch overwrites it anyway.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import sqrt
from typing import Any, ClassVar

import numpy as np

from skbackprop.options import Option, number, switch
from skbackprop.vectors import AXPY, aligned_copy, aligned_zeros


class Solver(Option):
    """What `solver=` takes: an optimizer for minibatches, or a full-batch method."""

    #: True where training goes in minibatches, so that `partial_fit` makes sense.
    stochastic: ClassVar[bool]


class Optimizer(Solver):
    """A rule for one step along the gradient of one batch."""

    stochastic: ClassVar[bool] = True
    #: False where `learning_rate` is ignored and the rate stays `learning_rate_init`.
    scheduled: ClassVar[bool] = True

    def init(self, theta: np.ndarray) -> Any:
        """The state before the first step, for parameters like `theta`; it has a `copy()`."""
        raise NotImplementedError

    def step(self, theta: np.ndarray, grad: np.ndarray, state: Any, lr: float) -> None:
        """Overwrites theta with the next parameters; updates state; grad becomes scratch."""
        raise NotImplementedError


@dataclass
class SGDState:
    """velocity: the running sum of steps, shaped like theta."""

    velocity: np.ndarray

    def copy(self) -> SGDState:
        """Return an independent state."""
        return SGDState(aligned_copy(self.velocity))


@dataclass(frozen=True)
class SGD(Optimizer):
    """v <- momentum v - lr g; theta <- theta + v, or with Nesterov theta + momentum v - lr g.

    Sutskever et al. (2013), section 2, eq. 1-4, in the form of Bengio et al. (2013), eq. 7.

    Parameters
    ----------
    momentum : float, default=0.9
        What is kept of the last step, in [0, 1].
    nesterovs_momentum : bool, default=True
        Look ahead along the velocity.
    """

    momentum: float = number(0.9, "[0, 1]", flat=True)
    nesterovs_momentum: bool = switch(True, flat=True)

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


@dataclass
class AdamState:
    """The running means, each with a scale, and the number t of steps so far.

    The paper's m is scale_1 m and its v is scale_2 v. So a mean decays by one multiplication of
    its scale, and takes in a gradient in one pass.
    """

    m: np.ndarray
    v: np.ndarray
    scale_1: float = 1.0
    scale_2: float = 1.0
    t: int = 0

    def copy(self) -> AdamState:
        """Return an independent state."""
        return replace(self, m=aligned_copy(self.m), v=aligned_copy(self.v))

    def decay(self, beta_1: float, beta_2: float) -> None:
        """Multiply the means by the betas. A scale that has become small returns to 1."""
        self.scale_1 *= beta_1
        self.scale_2 *= beta_2
        if self.scale_1 < SMALLEST_SCALE:
            np.multiply(self.m, self.scale_1, out=self.m)
            self.scale_1 = 1.0
        if self.scale_2 < SMALLEST_SCALE:
            np.multiply(self.v, self.scale_2, out=self.v)
            self.scale_2 = 1.0


#: Far from where m and v, divided by it, could overflow.
SMALLEST_SCALE = 2.0**-10


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

    #: MLPClassifier's adam ignores its `learning_rate`.
    scheduled: ClassVar[bool] = False

    def init(self, theta: np.ndarray) -> AdamState:
        """m = v = 0, t = 0."""
        return AdamState(aligned_zeros(theta), aligned_zeros(theta))

    def step(self, theta: np.ndarray, grad: np.ndarray, state: AdamState, lr: float) -> None:
        """Overwrites theta with theta - lr_t m / (sqrt(v) + epsilon); grad becomes scratch."""
        state.t += 1
        lr_t = lr * sqrt(1.0 - self.beta_2**state.t) / (1.0 - self.beta_1**state.t)

        state.decay(self.beta_1, self.beta_2)
        m, v, axpy = state.m, state.v, AXPY[theta.dtype]
        axpy(grad, m, a=(1.0 - self.beta_1) / state.scale_1)
        np.multiply(grad, grad, out=grad)
        axpy(grad, v, a=(1.0 - self.beta_2) / state.scale_2)

        # lr_t m / (sqrt(v) + epsilon) with the scales, divided through by sqrt(scale_2)
        root = sqrt(state.scale_2)
        np.sqrt(v, out=grad)
        np.add(grad, self.epsilon / root, out=grad)
        np.divide(m, grad, out=grad)
        axpy(grad, theta, a=-lr_t * state.scale_1 / root)


@dataclass(frozen=True)
class LBFGS(Solver):
    """Full-batch quasi-Newton steps by SciPy's L-BFGS-B. Byrd, Lu, Nocedal and Zhu (1995).

    Parameters
    ----------
    max_fun : int, default=15000
        At most this many evaluations of loss and gradient.
    memory : int, default=10
        Pairs of steps and gradient changes that stand for the Hessian (SciPy's `maxcor`).
    max_line_search : int, default=20
        Evaluations per line search (SciPy's `maxls`).
    ftol : float, default=2.220446049250313e-09
        Ends when the loss falls by a smaller fraction than this.
    """

    max_fun: int = number(15000, "[1, inf)", flat=True)
    memory: int = number(10, "[1, inf)")
    max_line_search: int = number(20, "[1, inf)")
    ftol: float = number(2.220446049250313e-09, "[0, inf)")

    stochastic: ClassVar[bool] = False


OPTIMIZERS: dict[str, type[Solver]] = {"adam": Adam, "sgd": SGD, "lbfgs": LBFGS}
