"""The network: two flat vectors, the layers' views into them, forward and backward.

`theta` holds all W first, then all b, then gamma and beta where there is a normalisation; `grad`
likewise. So an optimizer's step is a few ufuncs over one vector, and the penalty is one slice of
it.
"""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Any

import numpy as np

from skbackprop.layers import Dense, SparseRows
from skbackprop.normalization import Affine
from skbackprop.vectors import AXPY, aligned
from skbackprop.workspace import Architecture, Batch, Workspace

#: Rows of a prediction that are worked on together.
ROWS_AT_ONCE = 1024


class Network:
    """Parameters, gradients, and the two passes over them.

    Parameters
    ----------
    architecture : Architecture
        Sizes and functions.
    values : ndarray of shape (n_parameters + n_statistics,)
        theta, then the running means and variances of batch normalisation. Kept, not copied: a
        step along `theta` moves the layers.
    """

    def __init__(self, architecture: Architecture, values: np.ndarray) -> None:
        self.architecture, self.values = architecture, values
        theta = self.theta = values[: architecture.n_parameters]
        self.grad = aligned(theta.size, theta.dtype)
        (W, b, gamma, beta), (dW, db, dgamma, dbeta) = self.views(theta), self.views(self.grad)
        self.layers = [Dense(*arrays) for arrays in zip(W, b, dW, db, strict=True)]
        mean, variance = self._statistics()
        self.affines = [
            Affine(*arrays)
            for arrays in zip(gamma, beta, dgamma, dbeta, mean, variance, strict=True)
        ]
        n_weights = architecture.n_weights
        self.weights, self.weight_grads = theta[:n_weights], self.grad[:n_weights]
        self.axpy = AXPY[theta.dtype]
        self.norm: Any = architecture.normalization
        self.signs = np.empty_like(self.weights) if architecture.l1 else None

    def views(self, flat: np.ndarray) -> tuple[list[np.ndarray], ...]:
        """Views into a vector like theta, shaped like every W, b, gamma and beta."""
        architecture, start = self.architecture, 0

        def cut(*shape: int) -> np.ndarray:
            nonlocal start
            size = int(np.prod(shape))
            start += size
            return flat[start - size : start].reshape(shape)

        hidden = architecture.units[1:-1] if architecture.normalization else ()
        W = [cut(*shape) for shape in architecture.shapes]
        b = [cut(n) for n in architecture.units[1:]]
        return W, b, [cut(n) for n in hidden], [cut(n) for n in hidden]

    def _statistics(self) -> tuple[list[Any], list[Any]]:
        """Views of the running means and variances; None where there are none."""
        hidden = self.architecture.units[1:-1] if self.architecture.normalization else ()
        statistics = self.values[self.architecture.n_parameters :]
        if not statistics.size:
            return [None] * len(hidden), [None] * len(hidden)
        parts = np.split(statistics, np.cumsum([*hidden, *hidden])[:-1])
        return parts[: len(hidden)], parts[len(hidden) :]

    def reset_normalization(self) -> None:
        """gamma = 1, beta = 0, running means 0 and variances 1: Zhat = Z in prediction."""
        for affine in self.affines:
            affine.gamma.fill(1.0)
            affine.beta.fill(0.0)
            if affine.mean is not None and affine.variance is not None:
                affine.mean.fill(0.0)
                affine.variance.fill(1.0)

    def forward(self, X: Any, ws: Workspace) -> np.ndarray:
        """Z_l = A_{l-1} W_l + b_l, A_l = f_l(Z_l), A_0 = X. Returns the output layer's scores."""
        A = ws.input_dropout.forward(X) if ws.input_dropout else X
        hidden = zip(self.layers, self.architecture.activations, ws.hidden, strict=False)
        for i, (layer, activation, room) in enumerate(hidden):
            layer.forward(A, room.Z)
            if room.normalized:
                self.norm.forward(room.Z, self.affines[i], room.normalized)
            activation.forward(room.Z, room.A)
            A = room.dropout.forward(room.A) if room.dropout else room.A
        self.layers[-1].forward(A, ws.Z)
        return ws.Z

    def backward(self, X: Any, ws: Workspace) -> None:
        """From dZ of the output layer, which stands in ws.Z, down to dW_1 and db_1.

        dW_l = A_{l-1}.T dZ_l, db_l = sum of dZ_l, dA_{l-1} = dZ_l W_l.T, dZ = dA * f'(Z).
        """
        dZ = ws.Z
        for i in range(len(self.layers) - 1, 0, -1):
            room = ws.hidden[i - 1]
            dA = room.dA
            self.layers[i].backward(room.out, dZ, ws.ones, dA)
            if room.dropout:
                room.dropout.backward(dA)
            self.architecture.activations[i - 1].backward(dA, room.Z, room.A)
            if room.normalized:
                self.norm.backward(dA, room.Z, self.affines[i - 1], room.normalized)
            dZ = dA
        X = ws.input_dropout.out if ws.input_dropout else X
        self.layers[0].backward(X, dZ, ws.ones, None)

    def value_and_gradient(self, batch: Batch) -> float:
        """L = sum_i w_i L_i + penalty. Overwrites grad with dL/dtheta."""
        return self.data_gradient(batch) + self.add_penalty(batch.total)

    def data_gradient(self, batch: Batch) -> float:
        """sum_i w_i L_i. Overwrites grad with its derivative."""
        ws = batch.workspace
        Z = self.forward(batch.X, ws)
        loss = self.architecture.loss
        value = loss.value_and_gradient(Z, batch.Y, batch.weight, ws.scratch)
        self.backward(batch.X, ws)
        return value

    def add_penalty(self, total: float) -> float:
        """(l1 |W|_1 + 1/2 l2 |W|**2) / total. Adds its derivative to grad."""
        l1, l2, value = self.architecture.l1, self.architecture.l2, 0.0
        W, dW = self.weights, self.weight_grads
        if l2:
            value += 0.5 * l2 / total * float(W.dot(W))
            self.axpy(W, dW, a=l2 / total)
        if l1:
            # |W|_1 = W . sign(W), and sign(W) is its derivative, 0 at 0
            signs = np.sign(W, out=self.signs)
            value += l1 / total * float(W.dot(signs))
            self.axpy(signs, dW, a=l1 / total)
        return value

    def gradient_norm(self) -> float:
        """|grad|, over all parameters together."""
        return sqrt(self.grad.dot(self.grad))

    def clip_gradient(self, limit: float) -> None:
        """grad <- grad min(1, limit / |grad|). Pascanu, Mikolov and Bengio (2013), algorithm 1."""
        norm = self.gradient_norm()
        if norm > limit:
            np.multiply(self.grad, limit / norm, out=self.grad)

    def limit_norms(self, limit: float) -> None:
        """Scales the weights into each hidden unit down to |w| = limit; grad becomes scratch.

        Srivastava et al. (2014), section 5.1.
        """
        for layer in self.layers[:-1]:
            W, squares, norms = layer.W, layer.dW, layer.db
            np.multiply(W, W, out=squares)
            np.add.reduce(squares, axis=0, out=norms)
            np.sqrt(norms, out=norms)
            np.maximum(norms, limit, out=norms)
            np.divide(limit, norms, out=norms)
            np.multiply(W, norms, out=W)

    def scores(self, X: Any) -> np.ndarray:
        """The output layer's Z for every row of X, in new arrays: safe from several threads.

        Many rows go through a piece at a time, so that the layers' values stay in the cache. The
        result is in Fortran order, as in training.
        """
        n, architecture = X.shape[0], self.architecture
        Z = np.empty((architecture.units[-1], n), self.theta.dtype).T
        hidden = [self._folded(i) for i in range(len(architecture.activations))]
        for start in range(0, n, ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            A = X[rows] if isinstance(X, np.ndarray) else SparseRows(X[rows])
            for (W, b, normalize), activation in zip(hidden, architecture.activations, strict=True):
                Z_l = A.dot(W)
                np.add(Z_l, b, out=Z_l)
                if normalize:
                    normalize(Z_l)
                A = np.empty_like(Z_l) if activation.needs_z else Z_l
                activation.forward(Z_l, A)
            self.layers[-1].forward(A, Z[rows])
        return Z

    def _folded(self, i: int) -> tuple[np.ndarray, np.ndarray, Callable[[np.ndarray], None] | None]:
        """W and b of a hidden layer, batch normalisation folded in; what else to do to Z."""
        W, b = self.layers[i].W, self.layers[i].b
        if self.norm is None:
            return W, b, None
        if self.norm.has_statistics:
            return *self.norm.fold(W, b, self.affines[i]), None

        def normalize(Z: np.ndarray) -> None:
            self.norm.forward(Z, self.affines[i], self.norm.room(np.empty_like(Z)))

        return W, b, normalize

    def __getstate__(self) -> dict[str, Any]:
        """The values alone: the gradient and the views are made anew, tied to the copied values."""
        return {"architecture": self.architecture, "values": self.values}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Rebuild gradient and views."""
        self.__init__(state["architecture"], state["values"])  # type: ignore[misc]
