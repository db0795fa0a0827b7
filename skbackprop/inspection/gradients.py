"""Are the gradients right? Backpropagation against finite differences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from skbackprop.architecture import cut, depths
from skbackprop.estimators.samples import one_batch
from skbackprop.inspection.holders import held
from skbackprop.network import Network
from skbackprop.workspace import Batch

#: Up to this many parameters, each one is checked on its own.
N_SMALL = 1_000
#: Directions per array of a larger network.
N_DIRECTIONS = 20
#: Names of the arrays in a report; the number of the layer is appended.
PUBLIC_NAMES = {
    "W": "coefs_",
    "b": "intercepts_",
    "gamma": "gammas_",
    "beta": "betas_",
    "u": "input_scale_",
}
#: Steps h of the central differences. The small ones are for stiff networks, such as those with
#: layer normalisation of scores that hardly differ.
STEPS = (1e-5, 1e-6, 1e-4, 1e-7, 1e-8)
#: Steps at which a kink is looked for.
KINK_STEPS = (1e-5, 1e-6, 1e-7, 1e-8)
#: Standard deviation of a move of theta that takes units off a kink such as ReLU's.
OFFSET = 1e-3


@dataclass(frozen=True)
class ArrayErrors:
    """How far the gradient of one array is from finite differences.

    Parameters
    ----------
    name : str
        ``"coefs_[0]"``, ``"intercepts_[0]"``, ``"gammas_[0]"`` and so on.
    n_checked : int
        Parameters or directions compared.
    max_abs_error : float
        Largest difference.
    max_rel_error : float
        The same divided by the largest derivative checked in this array, or by
        ``1e-3 * max(1, abs(loss))`` if that is larger: close to a minimum all derivatives are
        rounding errors.
    """

    name: str
    n_checked: int
    max_abs_error: float
    max_rel_error: float


@dataclass(frozen=True)
class GradientReport:
    """What `check_gradients` found.

    Parameters
    ----------
    layers : list of tuple of ArrayErrors
        For each layer the errors of its W and of its b, and of gamma and beta where its scores are
        normalised.
    tol : float
        Largest relative error that counts as right.
    """

    layers: list[tuple[ArrayErrors, ...]]
    tol: float

    @property
    def max_abs_error(self) -> float:
        """Largest absolute error of any array."""
        return max(e.max_abs_error for layer in self.layers for e in layer)

    @property
    def max_rel_error(self) -> float:
        """Largest relative error of any array."""
        return max(e.max_rel_error for layer in self.layers for e in layer)

    @property
    def ok(self) -> bool:
        """True where every relative error is within `tol`."""
        return self.max_rel_error <= self.tol

    def __str__(self) -> str:
        rows = [
            f"{e.name:<16}{e.n_checked:>8}{e.max_abs_error:>14.2e}{e.max_rel_error:>14.2e}"
            for layer in self.layers
            for e in layer
        ]
        head = f"{'array':<16}{'checked':>8}{'abs. error':>14}{'rel. error':>14}"
        return "\n".join([head, *rows, f"ok = {self.ok} (tol = {self.tol:g})"])


def check_gradients(
    estimator: Any,
    X: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    tol: float = 1e-5,
    random_state: Any = 0,
) -> GradientReport:
    """Compare backpropagation with central differences, at the fitted parameters.

    ``(L(theta + h d) - L(theta - h d)) / (2 h)`` has an error of order h**2 and should equal
    ``grad . d``. The loss L is the estimator's own, penalty and weights included, over all of X
    as one batch, in float64. In networks of up to 1,000 parameters d is each axis in turn; in
    larger ones 20 random directions are drawn for each array.

    Parameters
    ----------
    estimator : BackpropClassifier, BackpropRegressor, or what holds one
        A fitted estimator, or a Pipeline, GridSearchCV or the like that ends in one. It isn't
        changed.

    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Samples as rows; a few dozen are enough. The steps of a pipeline before the network
        transform them first.

    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Their targets.

    sample_weight : array-like of shape (n_samples,), default=None
        Their weights.

    tol : float, default=1e-5
        Largest relative error that counts as right.

    random_state : int, RandomState instance or None, default=0
        Source of the random directions.

    Returns
    -------
    report : GradientReport
        Largest absolute and relative errors, for each array and overall, and ``ok``.
        ``print`` shows it as a table.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the estimator isn't fitted.
    TypeError
        If there is no network in it, or several.
    ValueError
        If X, y or sample_weight are not valid training data.

    Notes
    -----
    Where a step crosses a kink, such as ReLU's at 0, the finite difference is wrong, not the
    gradient. So a derivative that seems wrong is checked again with smaller and larger steps. If
    the slopes of L on the two sides of the fitted parameters show that some units are on a kink or
    next to one, it is also checked close to these parameters. The best result counts.

    The regressor's "squared_error" is reported as a mean over the outputs, but its gradient is
    that of the sum, as in :class:`sklearn.neural_network.MLPRegressor`. There L is that sum plus
    the penalty.

    References
    ----------
    Y. Bengio (2012). Practical recommendations for gradient-based training of deep
    architectures, section 4.1. :arxiv:`1206.5533`

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.inspection import check_gradients
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = BackpropClassifier(hidden_layer_sizes=(5,), solver="lbfgs", random_state=0)
    >>> check_gradients(clf.fit(X, y), X, y).ok
    True
    """
    seen = held(estimator, X, y)
    float64 = np.dtype(np.float64)
    network, batch = one_batch(seen.network, seen.X, seen.y, sample_weight, float64)
    loss = _objective(network, batch)
    gradient = network.grad.copy()
    floor = 1e-3 * max(1.0, abs(loss))  # the smallest steps' rounding errors are 1e-8
    rng = check_random_state(random_state)

    def errors(name: str, indices: np.ndarray) -> ArrayErrors:
        small = gradient.size <= N_SMALL
        n = len(indices) if small else N_DIRECTIONS
        found, derivatives = np.empty((2, n))
        for i in range(n):
            d = np.zeros_like(gradient)
            if small:
                d[indices[i]] = 1.0
            else:
                d[indices] = rng.standard_normal(len(indices)) / np.sqrt(len(indices))
            derivatives[i] = gradient @ d
            tolerance = tol * max(abs(float(derivatives[i])), floor)
            found[i] = _error(network, batch, d, float(derivatives[i]), tolerance)
            if found[i] > tolerance and _has_kink(network, batch, d, tolerance):
                offset = OFFSET * rng.standard_normal(gradient.size)
                found[i] = min(found[i], _error_nearby(network, batch, d, offset, tolerance))
        error = float(found.max())
        return ArrayErrors(name, n, error, error / max(float(np.abs(derivatives).max()), floor))

    indices_of = cut(np.arange(gradient.size), [layer.shapes for layer in network.row])
    layers: list[list[ArrayErrors]] = [[] for _ in network.arrays("W")]
    for depth, indices in zip(depths(network.row), indices_of, strict=True):
        for name, own in indices.items():
            public = f"{PUBLIC_NAMES.get(name, name)}[{depth}]"
            layers[depth].append(errors(public, own.ravel()))
    return GradientReport([tuple(found) for found in layers], tol)


def _objective(network: Network, batch: Batch) -> float:
    """Data loss + penalty, the data loss summed over the outputs where it is reported as a mean.

    Leaves the gradient of this function in grad.
    """
    loss = network.architecture.loss
    outputs = network.architecture.units[-1] if loss.mean_over_outputs else 1
    return outputs * network.data_loss_and_gradient(batch) + network.add_penalty(batch.total)


def _error(
    network: Network, batch: Batch, d: np.ndarray, expected: float, tolerance: float
) -> float:
    """Distance of (L(theta + h d) - L(theta - h d)) / (2 h) from what is expected.

    h is the first step whose error is tolerable, or the best one. Each step is also tried together
    with the one before.
    """
    best, before = np.inf, (0.0, 0.0)
    for h in STEPS:
        above, below = _objective_at(network, batch, h * d), _objective_at(network, batch, -h * d)
        difference = (above - below) / (2.0 * h)
        candidates = [difference]
        if before[0]:  # Richardson: two steps give the part of the error that grows with h**2
            ratio = (before[0] / h) ** 2
            candidates.append((ratio * difference - before[1]) / (ratio - 1.0))
        best = min(best, *(abs(candidate - expected) for candidate in candidates))
        if best <= tolerance:
            break
        before = h, difference
    return best


def _has_kink(network: Network, batch: Batch, d: np.ndarray, tolerance: float) -> bool:
    """True if L along d bends at theta, or so close to it that small steps cross the kink.

    Where L is smooth, its two one-sided slopes differ by h times its second derivative: a tenth for
    a tenth of h.
    """
    here = _objective(network, batch)
    rounding = 4.0 * np.finfo(np.float64).eps * max(1.0, abs(here))
    bends = []
    for h in KINK_STEPS:
        above, below = _objective_at(network, batch, h * d), _objective_at(network, batch, -h * d)
        bends.append((above - 2.0 * here + below) / h)
    return any(
        abs(10.0 * fine - coarse) > 0.5 * abs(coarse) + 10.0 * max(tolerance, rounding / h)
        for coarse, fine, h in zip(bends, bends[1:], KINK_STEPS[1:], strict=False)
    )


def _error_nearby(
    network: Network, batch: Batch, d: np.ndarray, offset: np.ndarray, tolerance: float
) -> float:
    """The error where theta is moved by `offset`."""
    start = network.theta.copy()
    network.theta += offset
    _objective(network, batch)
    error = _error(network, batch, d, float(network.grad @ d), tolerance)
    np.copyto(network.theta, start)
    return error


def _objective_at(network: Network, batch: Batch, move: np.ndarray) -> float:
    """L(theta + move); theta is restored."""
    start = network.theta.copy()
    network.theta += move
    value = _objective(network, batch)
    np.copyto(network.theta, start)
    return value
