"""Optimizers: in-place steps along one flat gradient.

An optimizer is configuration. What it remembers between steps is the state that `init` makes.
`step` may use `grad` as scratch: the next batch overwrites it anyway.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any, ClassVar

import numpy as np

from skbackprop.memory import aligned_copy, aligned_zeros
from skbackprop.options import Option, number, switch


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

    def resume(self, state: Any) -> None:
        """Adapt a state made by an optimizer of this class with other hyperparameters."""

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
        """v <- momentum v - lr g, then theta is overwritten; grad becomes scratch."""
        v = state.velocity
        np.multiply(grad, lr, out=grad)
        np.multiply(v, self.momentum, out=v)
        np.subtract(v, grad, out=v)
        if self.nesterovs_momentum:
            np.subtract(theta, grad, out=theta)
            np.multiply(v, self.momentum, out=grad)
            np.add(theta, grad, out=theta)
        else:
            np.add(theta, v, out=theta)


@dataclass
class AdamState:
    """m / (1 - beta_1) and v / (1 - beta_2) of the paper, and the number t of steps so far."""

    m: np.ndarray
    v: np.ndarray
    betas: tuple[float, float]
    t: int = 0

    def copy(self) -> AdamState:
        """Return an independent state."""
        return AdamState(aligned_copy(self.m), aligned_copy(self.v), self.betas, self.t)


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
        return AdamState(aligned_zeros(theta), aligned_zeros(theta), (self.beta_1, self.beta_2))

    def resume(self, state: AdamState) -> None:
        """Rescale m and v where the betas have changed."""
        old_1, old_2 = state.betas
        state.m *= (1.0 - old_1) / (1.0 - self.beta_1)
        state.v *= (1.0 - old_2) / (1.0 - self.beta_2)
        state.betas = self.beta_1, self.beta_2

    def step(self, theta: np.ndarray, grad: np.ndarray, state: AdamState, lr: float) -> None:
        """Overwrites theta with theta - lr_t m / (sqrt(v) + epsilon); grad becomes scratch."""
        state.t += 1
        lr_t = lr * sqrt(1.0 - self.beta_2**state.t) / (1.0 - self.beta_1**state.t)

        # With m = (1 - beta_1) m' and v = (1 - beta_2) v' the running means become
        # m' <- beta_1 m' + g and v' <- beta_2 v' + g**2: two passes fewer, and no scratch.
        m, v = state.m, state.v
        np.multiply(m, self.beta_1, out=m)
        np.add(m, grad, out=m)
        np.multiply(v, self.beta_2, out=v)
        np.multiply(grad, grad, out=grad)
        np.add(v, grad, out=v)

        # lr_t m / (sqrt(v) + epsilon), divided through by sqrt(1 - beta_2)
        root = sqrt(1.0 - self.beta_2)
        np.sqrt(v, out=grad)
        np.add(grad, self.epsilon / root, out=grad)
        np.divide(m, grad, out=grad)
        np.multiply(grad, lr_t * (1.0 - self.beta_1) / root, out=grad)
        np.subtract(theta, grad, out=theta)


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
