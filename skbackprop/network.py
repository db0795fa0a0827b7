"""The network: two flat vectors, the layers' views into them, forward and backward.

`theta` holds all W first, then all b; `grad` likewise. So an optimizer's step is a few ufuncs
over one vector, and the L2 penalty is one slice of it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from skbackprop.layers import Dense, SparseRows
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
    theta : ndarray of shape (n_parameters,)
        All W, row by row, then all b. Kept, not copied: a step along `theta` moves the layers.
    """

    def __init__(self, architecture: Architecture, theta: np.ndarray) -> None:
        self.architecture = architecture
        self.theta, self.grad = theta, aligned(theta.size, theta.dtype)
        (W, b), (dW, db) = self.views(theta), self.views(self.grad)
        n_weights = architecture.n_weights
        self.layers = [Dense(*arrays) for arrays in zip(W, b, dW, db, strict=True)]
        self.axpy = AXPY[theta.dtype]
        self.weights, self.weight_grads = theta[:n_weights], self.grad[:n_weights]

    def views(self, flat: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """W-shaped and b-shaped views into a vector like theta."""
        Ws, bs, start = [], [], 0
        for fan_in, fan_out in self.architecture.shapes:
            Ws.append(flat[start : start + fan_in * fan_out].reshape(fan_in, fan_out))
            start += fan_in * fan_out
        for fan_out in self.architecture.units[1:]:
            bs.append(flat[start : start + fan_out])
            start += fan_out
        return Ws, bs

    def forward(self, X: np.ndarray, ws: Workspace) -> np.ndarray:
        """Z_l = A_{l-1} W_l + b_l, A_l = f_l(Z_l), A_0 = X. Returns the output layer's scores."""
        A = X
        hidden = zip(self.layers, self.architecture.activations, ws.Z, ws.A, strict=False)
        for layer, activation, Z, A_next in hidden:
            layer.forward(A, Z)
            activation.forward(Z, A_next)
            A = A_next
        self.layers[-1].forward(A, ws.Z[-1])
        return ws.Z[-1]

    def backward(self, X: np.ndarray, ws: Workspace) -> None:
        """From dZ of the output layer, which stands in ws.Z[-1], down to dW_1 and db_1.

        dW_l = A_{l-1}.T dZ_l, db_l = sum of dZ_l, dA_{l-1} = dZ_l W_l.T, dZ = dA * f'(Z).
        """
        dZ = ws.Z[-1]
        for i in range(len(self.layers) - 1, 0, -1):
            dA = ws.dA[i - 1]
            self.layers[i].backward(ws.A[i - 1], dZ, ws.ones, dA)
            self.architecture.activations[i - 1].backward(dA, ws.Z[i - 1], ws.A[i - 1])
            dZ = dA
        self.layers[0].backward(X, dZ, ws.ones, None)

    def value_and_gradient(self, batch: Batch) -> float:
        """L = sum_i w_i L_i + 1/2 alpha |W|**2 / total. Overwrites grad with dL/dtheta."""
        ws, alpha = batch.workspace, self.architecture.alpha
        Z = self.forward(batch.X, ws)
        loss = self.architecture.loss
        value = loss.value_and_gradient(Z, batch.Y, batch.weight, ws.scratch)
        self.backward(batch.X, ws)
        if alpha:
            # d/dW of 1/2 alpha |W|**2 / total is alpha W / total, which axpy adds in one pass
            W, dW, share = self.weights, self.weight_grads, alpha / batch.total
            value += 0.5 * share * float(W.dot(W))
            self.axpy(W, dW, a=share)
        return value

    def scores(self, X: np.ndarray) -> np.ndarray:
        """The output layer's Z for every row of X, in new arrays: safe from several threads.

        Many rows go through a piece at a time, so that the layers' values stay in the cache. The
        result is in Fortran order, as in training.
        """
        n, architecture = X.shape[0], self.architecture
        Z = np.empty((architecture.units[-1], n), self.theta.dtype).T
        for start in range(0, n, ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            A = X[rows] if isinstance(X, np.ndarray) else SparseRows(X[rows])
            for layer, activation in zip(self.layers, architecture.activations, strict=False):
                Z_l = A.dot(layer.W)
                np.add(Z_l, layer.b, Z_l)
                activation.forward(Z_l, Z_l)
                A = Z_l
            self.layers[-1].forward(A, Z[rows])
        return Z

    def __getstate__(self) -> dict[str, Any]:
        """Theta alone: the gradient and the views are made anew, tied to the copied theta."""
        return {"architecture": self.architecture, "theta": self.theta}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Rebuild gradient and views."""
        self.__init__(state["architecture"], state["theta"])  # type: ignore[misc]
