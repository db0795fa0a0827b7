"""Windows into a fitted network: its gradients checked, and one step of it laid open.

Both functions run the engine's own passes on a copy of the network.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.utils import check_random_state

from skbackprop._base import BaseBackprop
from skbackprop.activations import Activation
from skbackprop.losses import OutputLoss
from skbackprop.network import Network
from skbackprop.workspace import Batch, Workspace

#: Up to this many parameters each one is checked on its own.
N_SMALL = 1_000
#: Directions per array of a larger network.
N_DIRECTIONS = 20
#: Steps h of the central differences.
STEPS = (1e-5, 1e-6, 1e-4)


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
        The same over the largest derivative checked in this array, or over 1e-4 of the loss (or
        of 1) if that is larger: close to a minimum all derivatives are rounding errors.
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
    estimator: BaseBackprop,
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
    as one batch, in float64. In networks of up to 1,000 parameters d goes through the axes, one
    by one; in larger ones 20 random directions are drawn for each W and each b.

    Parameters
    ----------
    estimator : BackpropClassifier or BackpropRegressor
        A fitted one. It isn't changed.

    X : {array-like, sparse matrix} of shape (n_samples, n_features)
        Samples as rows; some dozens are enough.

    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Their targets.

    sample_weight : array-like of shape (n_samples,), default=None
        Their weights.

    tol : float, default=1e-5
        Largest relative error that counts as right.

    random_state : int, RandomState instance or None, default=0
        Source of the directions.

    Returns
    -------
    report : GradientReport
        Largest absolute and relative errors, for each layer's W and b and in all, and ``ok``.
        ``print`` shows it as a table.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the estimator isn't fitted.
    ValueError
        If X, y or sample_weight wouldn't do for training on.

    Notes
    -----
    Where a step crosses a kink, as of ReLU at 0, the difference is wrong and not the gradient.
    So a derivative that seems wrong is tried with other steps, and the best one counts.

    Losses of numbers are means over the outputs, but it is their sum that is followed, as in
    :class:`sklearn.neural_network.MLPRegressor`. There L is that sum, with the penalty once.

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
    network, batch = estimator._one_batch(X, y, sample_weight, np.dtype(np.float64))
    loss = _objective(network, batch)
    gradient = network.grad.copy()
    floor = 1e-4 * max(1.0, abs(loss))  # far above the differences' rounding errors
    rng = check_random_state(random_state)

    def errors(name: str, indices: np.ndarray) -> ArrayErrors:
        small = gradient.size <= N_SMALL
        n = len(indices) if small else N_DIRECTIONS
        differences, derivatives = np.empty((2, n))
        for i in range(n):
            d = np.zeros_like(gradient)
            if small:
                d[indices[i]] = 1.0
            else:
                d[indices] = rng.standard_normal(len(indices)) / np.sqrt(len(indices))
            derivatives[i] = gradient @ d
            tolerance = tol * max(abs(float(derivatives[i])), floor)
            differences[i] = _difference(network, batch, d, float(derivatives[i]), tolerance)
        error = float(np.abs(differences - derivatives).max())
        return ArrayErrors(name, n, error, error / max(float(np.abs(derivatives).max()), floor))

    W, b, gamma, beta = network.views(np.arange(gradient.size))
    layers = []
    for i in range(len(W)):
        arrays = {f"coefs_[{i}]": W[i].ravel(), f"intercepts_[{i}]": b[i]}
        if i < len(gamma):
            arrays |= {f"gammas_[{i}]": gamma[i], f"betas_[{i}]": beta[i]}
        layers.append(tuple(errors(name, indices) for name, indices in arrays.items()))
    return GradientReport(layers, tol)


def _objective(network: Network, batch: Batch) -> float:
    """Data loss + penalty, the data loss summed over the outputs where it is reported as a mean.

    That is the function whose gradient this leaves in grad.
    """
    loss = network.architecture.loss
    outputs = network.architecture.units[-1] if loss.mean_over_outputs else 1
    return outputs * network.data_gradient(batch) + network.add_penalty(batch.total)


def _difference(
    network: Network, batch: Batch, d: np.ndarray, expected: float, tolerance: float
) -> float:
    """Return (L(theta + h d) - L(theta - h d)) / (2 h), h the first step that fits or the best."""
    theta, start = network.theta, network.theta.copy()
    best = np.inf
    for h in STEPS:
        L = []
        for step in (h, -h):
            np.add(start, step * d, out=theta)
            L.append(_objective(network, batch))
        best = min(best, (L[0] - L[1]) / (2.0 * h), key=lambda x: abs(x - expected))
        if abs(best - expected) <= tolerance:
            break
    np.copyto(theta, start)
    return best


@dataclass(frozen=True)
class LayerTrace:
    """One layer's arrays in one forward and backward pass over m samples.

    Parameters
    ----------
    W, b : ndarray of shape (fan_in, fan_out) and (fan_out,)
        Parameters.
    Z : ndarray of shape (m, fan_out)
        A W + b, with A of the layer below, or X.
    A : ndarray of shape (m, fan_out)
        f(Z); in the output layer the link's values.
    dA : ndarray of shape (m, fan_out) or None
        dL/dA = dZ W.T of the layer above. None in the output layer, where loss and link are
        differentiated in one step.
    dZ : ndarray of shape (m, fan_out)
        dL/dZ = dA * f'(Z). The samples' shares in the loss (1/m without weights) are in it.
    dW, db : ndarray of shape (fan_in, fan_out) and (fan_out,)
        dL/dW = A.T dZ with A of the layer below, plus alpha W / total weight; dL/db, the sum of dZ
        over samples.
    """

    W: np.ndarray
    b: np.ndarray
    Z: np.ndarray
    A: np.ndarray
    dA: np.ndarray | None
    dZ: np.ndarray
    dW: np.ndarray
    db: np.ndarray


@dataclass(frozen=True)
class Trace:
    """One forward and backward pass.

    Parameters
    ----------
    X : ndarray or CSR of shape (m, n_features)
        The samples, A of the input layer.
    layers : list of LayerTrace
        Hidden layers, then the output layer.
    output : ndarray of shape (m, n_outputs)
        What the network says: a classifier's probabilities, with one unit that of
        ``classes_[1]``; a regressor's predictions.
    loss : float
        Mean loss, penalty included.
    """

    X: Any
    layers: list[LayerTrace]
    output: np.ndarray
    loss: float

    @property
    def probabilities(self) -> np.ndarray:
        """`output`, by its name for a classifier."""
        return self.output


class _WatchedActivation(Activation):
    """An activation that keeps copies of what goes in and out of its backward pass."""

    needs_z = True  # keeps the forward pass from writing A over Z

    def __init__(self, activation: Activation) -> None:
        self.activation = activation

    def forward(self, Z: np.ndarray, out: np.ndarray) -> None:
        self.activation.forward(Z, out)

    def backward(self, dA: np.ndarray, Z: np.ndarray, A: np.ndarray) -> None:
        self.Z, self.A, self.dA = Z.copy(), A.copy(), dA.copy()
        self.activation.backward(dA, Z, A)
        self.dZ = dA.copy()


class _WatchedLoss(OutputLoss):
    """A loss that keeps copies of the scores and of their gradient."""

    def __init__(self, loss: OutputLoss) -> None:
        self.loss = loss

    def scratch(self, Z: np.ndarray) -> Any:
        return self.loss.scratch(Z)

    def value_and_gradient(
        self, Z: np.ndarray, Y: np.ndarray, weight: np.ndarray, scratch: Any
    ) -> float:
        self.Z, self.A, self.dA = Z.copy(), self.loss.link(Z), None
        value = self.loss.value_and_gradient(Z, Y, weight, scratch)
        self.dZ = Z.copy()
        return value


def trace_backprop(estimator: BaseBackprop, X: Any, y: Any, sample_weight: Any = None) -> Trace:
    """Return every intermediate of one forward and one backward pass, by its textbook name.

    X is one batch, whatever `batch_size` is. The engine itself does the two passes, in the
    fitted dtype. The arrays of the layers are copies.

    Parameters
    ----------
    estimator : BackpropClassifier or BackpropRegressor
        A fitted one. It isn't changed.

    X : {array-like, sparse matrix} of shape (m, n_features)
        Samples as rows.

    y : array-like of shape (m,) or (m, n_outputs)
        Their targets.

    sample_weight : array-like of shape (m,), default=None
        Their weights.

    Returns
    -------
    trace : Trace
        ``loss``, ``output`` (a classifier's ``probabilities``) and, for each of ``layers``,
        ``W, b, Z, A, dA, dZ, dW, db``.

    Raises
    ------
    sklearn.exceptions.NotFittedError
        If the estimator isn't fitted.
    ValueError
        If X, y or sample_weight wouldn't do for training on.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_iris
    >>> from skbackprop import BackpropClassifier
    >>> from skbackprop.inspection import trace_backprop
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = BackpropClassifier(hidden_layer_sizes=(5,), alpha=0, solver="lbfgs", random_state=0)
    >>> hidden, output = trace_backprop(clf.fit(X, y), X, y).layers
    >>> bool(np.allclose(output.dW, hidden.A.T @ output.dZ))
    True
    """
    network, batch = estimator._one_batch(X, y, sample_weight)
    hidden = [_WatchedActivation(f) for f in network.architecture.activations]
    output = _WatchedLoss(network.architecture.loss)
    watched = Network(
        replace(network.architecture, activations=tuple(hidden), loss=output), network.values
    )
    workspace = Workspace(watched.architecture, len(batch.Y), network.theta.dtype)
    loss = watched.value_and_gradient(replace(batch, workspace=workspace))
    passes: list[Any] = [*hidden, output]
    layers = [
        LayerTrace(layer.W, layer.b, seen.Z, seen.A, seen.dA, seen.dZ, layer.dW, layer.db)
        for layer, seen in zip(watched.layers, passes, strict=True)
    ]
    return Trace(
        getattr(batch.X, "csr", batch.X), layers, network.architecture.loss.proba(output.Z), loss
    )
