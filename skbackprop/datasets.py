"""Small data sets for examples."""

from typing import Any

import numpy as np
from sklearn.utils import check_random_state


def make_spirals(
    n_samples: int = 300, n_classes: int = 3, noise: float = 0.2, random_state: Any = None
) -> tuple[np.ndarray, np.ndarray]:
    """Interleaved spirals in the plane, one arm per class.

    Arm k has radius r from 0 to 1 and angle ``4 (k + r) + noise * N(0, 1)``; a point is
    ``(r sin(angle), r cos(angle))``. No straight line separates the arms.

    Parameters
    ----------
    n_samples : int, default=300
        Number of points. If `n_classes` doesn't divide it, the first arms get one more.

    n_classes : int, default=3
        Number of arms.

    noise : float, default=0.2
        Standard deviation of the angle, in radians.

    random_state : int, RandomState instance or None, default=None
        Source of the noise.

    Returns
    -------
    X : ndarray of shape (n_samples, 2)
        Points, arm by arm, from the centre outwards.

    y : ndarray of shape (n_samples,)
        Arm of each point.

    Raises
    ------
    ValueError
        If `n_classes` is below 1, `n_samples` below `n_classes`, or `noise` below 0.

    References
    ----------
    A. Karpathy, J. Johnson, F.-F. Li. CS231n course notes, "Putting it together: minimal neural
    network case study".

    Examples
    --------
    >>> from skbackprop.datasets import make_spirals
    >>> X, y = make_spirals(random_state=0)
    >>> X.shape, y.shape
    ((300, 2), (300,))
    """
    if n_classes < 1:
        raise ValueError(f"n_classes must be 1 or more, got {n_classes}.")
    if n_samples < n_classes:
        raise ValueError(
            f"n_samples must be n_classes={n_classes} or more, one per arm; got {n_samples}."
        )
    if noise < 0:
        raise ValueError(f"noise must be 0 or more, got {noise}.")
    rng = check_random_state(random_state)
    arms = np.array_split(np.arange(n_samples), n_classes)
    X, y = np.empty((n_samples, 2)), np.empty(n_samples, dtype=int)
    for k, rows in enumerate(arms):
        r = np.linspace(0.0, 1.0, len(rows))
        angle = np.linspace(4.0 * k, 4.0 * (k + 1), len(rows))
        angle += noise * rng.standard_normal(len(rows))
        X[rows] = np.column_stack([r * np.sin(angle), r * np.cos(angle)])
        y[rows] = k
    return X, y
