"""One forward and backward pass, with every intermediate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from skbackprop._base import BaseBackprop
from skbackprop.activations import Activation
from skbackprop.losses import OutputLoss
from skbackprop.network import Network
from skbackprop.normalization import Affine, Normalization, Normalized
from skbackprop.workspace import Workspace


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
        dL/dW = A.T dZ with A of the layer below, plus the penalty's derivative; dL/db, the sum of
        dZ over samples.
    N, dN : ndarray of shape (m, fan_out) or None
        gamma Zhat + beta, the normalised Z, and dL/dN. There are such only with a normalisation;
        A is f(N) then, and dN = dA * f'(N).
    gamma, beta, dgamma, dbeta : ndarray of shape (fan_out,) or None
        Scale and shift of the normalisation, and their derivatives.
    """

    W: np.ndarray
    b: np.ndarray
    Z: np.ndarray
    A: np.ndarray
    dA: np.ndarray | None
    dZ: np.ndarray
    dW: np.ndarray
    db: np.ndarray
    N: np.ndarray | None = None
    dN: np.ndarray | None = None
    gamma: np.ndarray | None = None
    beta: np.ndarray | None = None
    dgamma: np.ndarray | None = None
    dbeta: np.ndarray | None = None


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


class _WatchedNormalization(Normalization):
    """A normalisation that keeps copies of the Z and dZ of every layer."""

    def __init__(self, normalization: Normalization) -> None:
        self.normalization = normalization
        self.has_statistics = normalization.has_statistics  # type: ignore[misc]
        self.Z: list[np.ndarray] = []
        self.dZ: list[np.ndarray] = []

    def room(self, Zhat: np.ndarray) -> Normalized:
        return self.normalization.room(Zhat)

    def forward(self, Z: np.ndarray, affine: Affine, room: Normalized) -> None:
        self.Z.append(Z.copy())
        self.normalization.forward(Z, affine, room)

    def backward(
        self, dN: np.ndarray, scratch: np.ndarray, affine: Affine, room: Normalized
    ) -> None:
        self.normalization.backward(dN, scratch, affine, room)
        self.dZ.insert(0, dN.copy())  # the last layer comes first


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
    norm = network.architecture.normalization
    watched_norm = _WatchedNormalization(norm) if norm else None
    architecture = replace(
        network.architecture,
        activations=tuple(hidden),
        loss=output,
        normalization=watched_norm,
    )
    watched = Network(architecture, network.values)
    workspace = Workspace(watched.architecture, len(batch.Y), network.theta.dtype)
    loss = watched.value_and_gradient(replace(batch, workspace=workspace))
    passes: list[Any] = [*hidden, output]
    layers = [
        LayerTrace(layer.W, layer.b, seen.Z, seen.A, seen.dA, seen.dZ, layer.dW, layer.db)
        for layer, seen in zip(watched.layers, passes, strict=True)
    ]
    if watched_norm:
        # what the activation has seen is N and dN there
        arrays = zip(layers, watched_norm.Z, watched_norm.dZ, watched.affines, strict=False)
        for i, (seen, Z, dZ, affine) in enumerate(arrays):
            pairs = {name: getattr(affine, name) for name in ("gamma", "beta", "dgamma", "dbeta")}
            layers[i] = replace(seen, N=seen.Z, dN=seen.dZ, Z=Z, dZ=dZ, **pairs)
    return Trace(
        getattr(batch.X, "csr", batch.X), layers, network.architecture.loss.proba(output.Z), loss
    )
