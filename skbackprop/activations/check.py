"""A trial run of a user's own activation: forward and backward on a few numbers.

A wrong derivative raises no error in training; the network just learns badly. So it is compared
with finite differences of the function first.
"""

from __future__ import annotations

from math import sqrt
from typing import Any, NoReturn

import numpy as np

from skbackprop.activations.base import Activation
from skbackprop.activations.pair import FunctionPair

#: 60 numbers spread over -4 to 4 by the golden ratio, away from where kinks usually are, and exact
#: in float32.
POINTS = (8.0 * ((np.arange(1, 61) * (sqrt(5.0) - 1.0) / 2.0) % 1.0) - 4.0).astype(np.float32)
#: The dA that backward multiplies by f'.
UPSTREAM = (2.0 + 0.3 * POINTS[::-1]).astype(np.float32)
SHAPES = ((6, 10), (1, 60), (60, 1))
#: Step of the finite differences; relative and absolute tolerance of the derivative.
STEP, RTOL, ATOL = 1e-5, 1e-4, 1e-6
#: Tolerance of float32 against float64, relative to the largest value; it allows for rounding in f.
RTOL_SINGLE = 1e-2


def check_activation(activation: Activation) -> None:
    """Raise if an activation can't be trained with, or its derivative isn't that of f.

    Parameters
    ----------
    activation : Activation
        A `FunctionPair`, or an instance of your own subclass.

    Raises
    ------
    ValueError
        If `forward` or `backward` raises, writes numbers that aren't finite, or isn't elementwise;
        if `forward` changes Z although `needs_z` is True; if f' isn't the slope of f.

    Notes
    -----
    f' may lie anywhere between the slopes of f just left and right of a point. So kinks and jumps
    are allowed; where f is smooth the two slopes agree to about 1e-5.
    """
    trial = _Trial(activation)
    with np.errstate(all="ignore"):
        z = POINTS.astype(np.float64)
        A, derivative = trial.run(z, SHAPES[0])
        left, right = z - STEP, z + STEP
        slopes = (
            (A - trial.run(left, SHAPES[0])[0]) / (z - left),
            (trial.run(right, SHAPES[0])[0] - A) / (right - z),
        )
        trial.compare(derivative, *slopes)
        for dtype in (np.float64, np.float32):
            rtol = RTOL if dtype == np.float64 else RTOL_SINGLE
            for shape in SHAPES:
                again = trial.run(POINTS.astype(dtype), shape)
                for name, got, expected in zip(trial.names, again, (A, derivative), strict=True):
                    trial.same(name, got, expected, rtol, f"{np.dtype(dtype)}, shape {shape}")


class _Trial:
    """One activation, run as the network runs it; every error message names it."""

    def __init__(self, activation: Activation) -> None:
        self.activation = activation
        pair = isinstance(activation, FunctionPair)
        self.names = ("function", "derivative") if pair else ("forward", "backward")

    def run(self, z: np.ndarray, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        """f(z) and f'(z), computed by the passes on arrays of this shape."""
        f = self.activation
        apart = np.full(shape, np.nan, z.dtype)
        Z = z.reshape(shape).copy()
        self.call(f.forward, Z, apart)
        self.finite(self.names[0], apart, z)
        if f.needs_z:
            if not np.array_equal(Z, z.reshape(shape)):
                self.fail(
                    f"{self.names[0]} changed its argument Z, which the derivative is read from."
                    f" Write to {'a new array' if self.names[0] == 'function' else 'out'} only."
                )
            A = apart.copy()
        else:
            A = Z = z.reshape(shape).copy()
            self.call(f.forward, Z, A)
            if not np.allclose(A, apart, RTOL, ATOL):
                self.fail(
                    "forward gives other values when out is Z itself. Set needs_z = True, or read"
                    " every entry of Z before it is overwritten."
                )
        dA = UPSTREAM.astype(z.dtype).reshape(shape)
        dZ = dA.copy()
        self.call(f.backward, dZ, Z, A)
        self.finite(self.names[1], dZ, z)
        return apart.ravel(), (dZ / dA).ravel()

    def call(self, method: Any, *arrays: np.ndarray) -> None:
        """Call forward or backward; an exception becomes a ValueError that names the activation."""
        try:
            method(*arrays)
        except Exception as error:
            shape, dtype = arrays[0].shape, arrays[0].dtype
            raise ValueError(
                f"{self}: {method.__name__} raised {type(error).__name__} for arrays of {dtype},"
                f" shape {shape}: {error}"
            ) from error

    def finite(self, name: str, values: np.ndarray, z: np.ndarray) -> None:
        """Fail if a value isn't finite."""
        bad = np.flatnonzero(~np.isfinite(values))
        if bad.size:
            where = {
                "forward": "forward(Z, out) must write f(Z) into out.",
                "backward": "backward(dA, Z, A) must write dA * f'(Z) into dA.",
            }
            self.fail(
                f"{name} gives {values.flat[bad[0]]} at z = {z[bad[0]]:.6g}, in {values.dtype}. "
                + where.get(name, "It must be finite for every finite z.")
            )

    def same(
        self, name: str, got: np.ndarray, expected: np.ndarray, rtol: float, case: str
    ) -> None:
        """Fail if a value depends on the array's shape or dtype."""
        error = np.abs(got - expected)
        if np.any(error > ATOL + rtol * np.abs(expected).max()):
            i = int(np.argmax(error))
            self.fail(
                f"{name} gives {got[i]:.6g} at z = {POINTS[i]:.6g} in an array of {case}, and"
                f" {expected[i]:.6g} in one of float64, shape {SHAPES[0]}. It must be elementwise"
                " and keep to the dtype."
            )

    def compare(self, derivative: np.ndarray, left: np.ndarray, right: np.ndarray) -> None:
        """Fail if f' isn't between the slopes left and right of z."""
        tolerance = ATOL + RTOL * np.maximum(np.abs(left), np.abs(right))
        low, high = np.minimum(left, right) - tolerance, np.maximum(left, right) + tolerance
        wrong = np.flatnonzero((derivative < low) | (derivative > high))
        if wrong.size:
            i = wrong[np.argmax(np.abs(derivative - (left + right) / 2.0)[wrong])]
            do = {
                "derivative": "`derivative` must be that of `function`, as a function of z.",
                "backward": "backward must multiply dA by f'(Z); it may read Z only if needs_z"
                " is True.",
            }
            self.fail(
                f"{self.names[1]} gives f'(z) = {derivative[i]:.6g} at z = {POINTS[i]:.6g}, where"
                f" {self.names[0]} rises by {(left[i] + right[i]) / 2.0:.6g} per unit; they"
                f" disagree at {wrong.size} of {POINTS.size} points. {do[self.names[1]]}"
            )

    def fail(self, what: str) -> NoReturn:
        """Raise, naming the parameter and the object."""
        raise ValueError(f"{self}: {what}")

    def __str__(self) -> str:
        return f"activation={self.activation!r} can't be trained with"
