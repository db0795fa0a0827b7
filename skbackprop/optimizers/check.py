"""A trial run of a user's own optimizer, before training."""

from __future__ import annotations

from typing import Any

import numpy as np

from skbackprop.optimizers.base import Optimizer
from skbackprop.vectors import aligned_copy

STEPS = 10
RATE = 1e-3


def check_optimizer(optimizer: Optimizer) -> None:
    """Take some steps down a parabola, in float64 and float32.

    Parameters
    ----------
    optimizer : Optimizer
        An instance of your own subclass.

    Raises
    ------
    ValueError
        If `init`, `step`, `decay` or the state's `copy` fails, or doesn't do what
        :class:`Optimizer` says. The message names `solver`.
    """
    for dtype in (np.float64, np.float32):
        try:
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                problem = _trial(optimizer, np.dtype(dtype))
        except Exception as error:
            raise ValueError(
                f"solver={optimizer!r} fails on a parabola in {np.dtype(dtype)}:"
                f" {type(error).__name__}: {error}"
            ) from error
        if problem:
            raise ValueError(f"solver={optimizer!r} on a parabola in {np.dtype(dtype)}: {problem}")


def _trial(optimizer: Optimizer, dtype: np.dtype) -> str:
    """Return what is wrong, or an empty string."""
    start = np.linspace(0.5, 2.0, 6).astype(dtype)
    theta = aligned_copy(start)
    state = optimizer.init(theta)
    if not np.array_equal(theta, start):
        return "init(theta) must leave theta as it is."
    _descend(optimizer, theta, state)
    if theta.shape != start.shape or theta.dtype != dtype:
        return f"step must keep {dtype}{start.shape}, got {theta.dtype}{theta.shape}."
    if not np.all(np.isfinite(theta)):
        return f"step(theta, grad, state, lr) must give finite numbers, got {theta}."
    if np.array_equal(theta, start):
        return f"step must overwrite theta, but {STEPS} steps left it as it was."
    if state is None:
        return ""
    if not callable(getattr(state, "copy", None)):
        return f"init must return None or a state with copy(), got {type(state).__name__}."
    # a step must not change a copy of the state: from theta, both must take the same steps
    twin, other = state.copy(), aligned_copy(theta)
    _descend(optimizer, theta, state)
    _descend(optimizer, other, twin)
    if not np.array_equal(theta, other):
        return "the state's copy() must be complete and independent, but the two part ways."
    return ""


def _descend(optimizer: Optimizer, theta: np.ndarray, state: Any) -> None:
    """Take steps along the gradient of 1/2 c theta**2, W being all but the last two entries."""
    curvature = np.linspace(0.5, 1.5, theta.size).astype(theta.dtype)
    for _ in range(STEPS):
        grad = aligned_copy(theta * curvature)
        if optimizer.weight_decay:
            optimizer.decay(theta[:-2], RATE)
        optimizer.step(theta, grad, state, RATE)
