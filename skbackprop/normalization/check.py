"""A trial run of a user's own normalisation, before training."""

from __future__ import annotations

import numpy as np

from skbackprop.normalization.base import Affine, Normalization, Normalized

SHAPE = (7, 5)
H = 1e-6


def check_normalization(normalization: Normalization) -> None:
    """Normalise some scores, and compare the derivatives with finite differences.

    Parameters
    ----------
    normalization : Normalization
        An instance of your own subclass.

    Raises
    ------
    ValueError
        If a method fails, returns a wrong shape or numbers that aren't finite, or if `backward`
        contradicts `forward`. The message names `normalization`.
    """
    try:
        problem = _trial(normalization)
    except Exception as error:
        raise ValueError(
            f"normalization={normalization!r} fails on scores of shape {SHAPE}:"
            f" {type(error).__name__}: {error}"
        ) from error
    if problem:
        raise ValueError(f"normalization={normalization!r} can't be trained with: {problem}")


def _trial(normalization: Normalization) -> str:
    """Return what is wrong, or an empty string."""
    Z, dN = _numbers(0, *SHAPE), _numbers(1, *SHAPE)
    affine = _affine(SHAPE[1])
    N, buffers = _forward(normalization, Z, affine)
    if not np.all(np.isfinite(N)):
        return "forward(Z, affine, buffers) must give finite numbers."

    dZ = dN.copy()
    normalization.backward(dZ, np.empty(SHAPE), affine, buffers)
    derivatives = {"dZ": dZ, "dgamma": affine.dgamma.copy(), "dbeta": affine.dbeta.copy()}
    arrays = {"dZ": Z, "dgamma": affine.gamma, "dbeta": affine.beta}
    for name, array in arrays.items():
        d, middle = _numbers(2, *array.shape), array.copy()
        values = []
        for h in (H, -H):
            array[...] = middle + h * d
            values.append(float(np.sum(dN * _forward(normalization, Z, affine)[0])))
        array[...] = middle
        expected = (values[0] - values[1]) / (2.0 * H)
        got = float(np.sum(derivatives[name] * d))
        if not abs(got - expected) <= 1e-4 * max(1.0, abs(expected)):
            return f"backward gives {name} . d = {got:g}, where forward changes by {expected:g}."

    if normalization.has_statistics:
        W, b = normalization.fold(_numbers(3, 3, SHAPE[1]), affine.beta, affine)
        if W.shape != (3, SHAPE[1]) or b.shape != (SHAPE[1],):
            return f"fold(W, b, affine) must keep the shapes, got {W.shape} and {b.shape}."
    return ""


def _numbers(start: int, *shape: int) -> np.ndarray:
    """Numbers in (-1.5, 1.5) without a pattern."""
    k = np.arange(1.0, np.prod(shape) + 1.0)
    return (1.5 * np.sin(start + k * k)).reshape(shape)


def _affine(n: int) -> Affine:
    gamma, variance = 2.0 + _numbers(4, n), 2.0 + _numbers(5, n)
    return Affine(gamma, _numbers(6, n), np.empty(n), np.empty(n), np.zeros(n), variance)


def _forward(
    normalization: Normalization, Z: np.ndarray, affine: Affine
) -> tuple[np.ndarray, Normalized]:
    """N for a copy of Z, and what backward needs."""
    N = Z.copy()
    buffers = normalization.buffers(np.empty(SHAPE))
    normalization.forward(N, affine, buffers)
    return N, buffers
