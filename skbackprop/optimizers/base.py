"""What optimizers have in common: a step, a weight decay, a state that can be copied."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from skbackprop.options import Option
from skbackprop.threads import cuts, share, shared
from skbackprop.vectors import aligned_copy, aligned_zeros, axpy_for


class Solver(Option):
    """What `solver=` takes: an optimizer for minibatches, or a full-batch method."""

    #: True if training uses minibatches, so that `partial_fit` makes sense.
    stochastic: ClassVar[bool]


class Optimizer(Solver):
    """A rule for one step along the gradient of one batch."""

    stochastic: ClassVar[bool] = True
    #: True if `step` and `decay` treat every parameter apart from the others, and the state is a
    #: `State`: then threads can share them.
    elementwise: ClassVar[bool] = False
    #: Every step shrinks W by this share, times the learning rate; a field in some subclasses.
    weight_decay: float = 0.0

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """A class with methods of its own, or of a mixin's, says itself that it's elementwise."""
        super().__init_subclass__(**kwargs)
        adds = len(cls.__bases__) > 1 or any(callable(value) for value in vars(cls).values())
        if adds and "elementwise" not in vars(cls):
            cls.elementwise = False

    def init(self, theta: np.ndarray) -> Any:
        """The state before the first step, for parameters like `theta`; it has a `copy()`."""
        raise NotImplementedError

    def step(self, theta: np.ndarray, grad: np.ndarray, state: Any, lr: float) -> None:
        """Overwrites theta with the next parameters; updates state; grad becomes scratch."""
        raise NotImplementedError

    def step_for(self, theta: np.ndarray, grad: np.ndarray, state: Any) -> Callable[..., None]:
        """`step` for these vectors and this state; if they are long, in pieces that threads share.

        Nothing else may change the state meanwhile.
        """
        pieces = cuts(theta, passes=4) if self.elementwise else []
        if not pieces:
            return self.step
        parts = [(theta[piece], grad[piece], state.cut(piece)) for piece in pieces]

        def step(theta: np.ndarray, grad: np.ndarray, state: State, lr: float) -> None:
            def work(part: tuple[np.ndarray, np.ndarray, State]) -> None:
                its_theta, its_grad, its_state = part
                self.step(its_theta, its_grad, its_state, lr)

            share(work, parts)
            state.take_numbers(parts[0][2])

        return step

    def decay_for(self, W: np.ndarray) -> Callable[..., None]:
        """`decay` for these weights; if they are long, in pieces that threads share."""
        return shared(self.decay, W) if self.elementwise else self.decay

    def decay(self, W: np.ndarray, lr: float) -> None:
        """Overwrites W, all weights and no intercepts, with (1 - lr weight_decay) W.

        Loshchilov and Hutter (2019), algorithms 1 and 2, their lambda being weight_decay times
        the initial learning rate. Unlike alpha's L2 penalty, this isn't part of the gradient: it is
        neither divided by the batch's size nor scaled by an adaptive rate. Called before every
        `step` if `weight_decay` isn't 0.
        """
        np.multiply(W, 1.0 - lr * self.weight_decay, out=W)


@dataclass
class State:
    """What an optimizer remembers between steps: vectors, numbers, running means."""

    def copy(self) -> Self:
        """Return an independent state."""
        copies: dict[str, Any] = {}
        for name, value in vars(self).items():
            if isinstance(value, np.ndarray):
                copies[name] = aligned_copy(value)
            elif isinstance(value, State):
                copies[name] = value.copy()
        return replace(self, **copies)

    def cut(self, piece: slice) -> Self:
        """Return a state of its own for some of the parameters; its vectors are views."""
        parts: dict[str, Any] = {}
        for name, value in vars(self).items():
            if isinstance(value, np.ndarray):
                parts[name] = value[piece]
            elif isinstance(value, State):
                parts[name] = value.cut(piece)
        return replace(self, **parts)

    def take_numbers(self, part: Self) -> None:
        """Overwrites the numbers by those of a part that has made a step."""
        for name, value in vars(part).items():
            if isinstance(value, State):
                getattr(self, name).take_numbers(value)
            elif not isinstance(value, np.ndarray):
                setattr(self, name, value)


#: Large enough that a vector divided by it doesn't overflow.
SMALLEST_SCALE = 2.0**-10


@dataclass
class RunningMean(State):
    """The mean is scale * vector.

    Only the scale decays, so an update takes one pass over the vector, where the textbook's line
    takes two. For two million weights that saves a tenth of a training step.
    """

    vector: np.ndarray
    scale: float = 1.0

    @classmethod
    def zero(cls, theta: np.ndarray) -> Self:
        """A mean of 0, shaped like theta."""
        return cls(aligned_zeros(theta))

    def take_in(self, x: np.ndarray, beta: float) -> None:
        """mean <- beta mean + (1 - beta) x. Resets a small scale to 1."""
        self.scale *= beta
        if self.scale < SMALLEST_SCALE:
            np.multiply(self.vector, self.scale, out=self.vector)
            self.scale = 1.0
        axpy_for(x)(x, self.vector, a=(1.0 - beta) / self.scale)
