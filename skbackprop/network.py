"""The network: two flat vectors, the layers' views into them, forward and backward.

`theta` holds all W first, then all b, then gamma and beta if there is a normalisation; `grad` is
laid out alike. So an optimizer's step is a few ufuncs over one vector, and the penalty needs only
one slice of it.
"""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from skbackprop.architecture import Architecture, cut
from skbackprop.formulas import Graph, Value, formula
from skbackprop.initializers import Initializer
from skbackprop.layers import Layer, SparseRows
from skbackprop.threads import share, shared, threads_for_pieces
from skbackprop.vectors import aligned, axpy_for, dot
from skbackprop.workspace import Batch, Workspace

#: Rows that a prediction processes at a time.
ROWS_AT_ONCE = 512
#: Multiply-adds of a prediction that make it worth sharing among threads, by pieces of those rows.
LARGE_PREDICTION = 50_000_000


class Network:
    """Parameters and gradients, with the forward and backward passes.

    Parameters
    ----------
    architecture : Architecture
        Sizes and functions.
    values : ndarray of shape (n_values,)
        theta, then the running means and variances of batch normalisation. Not copied: the
        layers hold views of it, so a step on `theta` updates them.
    """

    def __init__(self, architecture: Architecture, values: np.ndarray) -> None:
        self.architecture, self.values = architecture, values
        theta = self.theta = values[: architecture.n_parameters]
        self.grad = aligned(theta.size, theta.dtype)
        n_weights = architecture.n_weights
        self.weights, self.weight_grads = theta[:n_weights], self.grad[:n_weights]
        self.row = architecture.row()
        shapes = [layer.shapes for layer in self.row]
        statistics = cut(values[theta.size :], [layer.statistics for layer in self.row])
        for layer, own, gradients, averages in zip(
            self.row, cut(theta, shapes), cut(self.grad, shapes), statistics, strict=True
        ):
            layer.bind(own | {f"d{name}": array for name, array in gradients.items()} | averages)
        #: The row backwards, down to the lowest layer with parameters: none below needs a gradient.
        lowest = next(i for i, names in enumerate(shapes) if names)
        self.way_back = self.row[lowest:][::-1]
        #: W and scratch for `limit_norms`, of all dense layers but the output layer
        self.into_hidden_units = [
            (W, dW, np.empty_like(W[0]))
            for W, dW in zip(self.arrays("W")[:-1], self.arrays("dW")[:-1], strict=True)
        ]
        self.dot = shared(dot, theta)
        self.scale = shared(np.multiply, theta)
        self.add_l2 = shared(_add_l2, self.weights, passes=2)
        self.add_l1 = shared(_add_l1, self.weights, passes=3)
        self.signs = np.empty_like(self.weights) if architecture.l1 else None

    def arrays(self, name: str) -> list[np.ndarray]:
        """The arrays of one name (W, dW, b, ...) of all layers that have it, from X upwards."""
        return [vars(layer)[name] for layer in self.row if name in vars(layer)]

    def initialize(self, rule: Initializer, rng: np.random.RandomState) -> None:
        """Set the initial values of every layer."""
        for layer in self.row:
            layer.initialize(rule, rng)

    def forward(self, X: Any, ws: Workspace) -> np.ndarray:
        """Z_l = A_{l-1} W_l + b_l, A_l = f_l(Z_l), A_0 = X. Returns the output layer's scores."""
        A = X
        for layer, buffers in zip(self.row, ws.buffers, strict=True):
            A = layer.forward(A, buffers)
        return A

    def backward(self, dZ: np.ndarray, ws: Workspace) -> None:
        """From dZ of the output layer down to dW_1 and db_1. Overwrites dZ and grad.

        dW_l = A_{l-1}.T dZ_l, db_l = sum of dZ_l, dA_{l-1} = dZ_l W_l.T, dZ = dA * f'(Z).
        """
        dA = dZ
        for layer, buffers in zip(self.way_back, reversed(ws.buffers), strict=False):
            dA = layer.backward(dA, buffers)

    def value_and_gradient(self, batch: Batch) -> float:
        """L = sum_i w_i L_i + penalty. Overwrites grad with dL/dtheta."""
        return batch.backpropagate(self) + self.add_penalty(batch.total)

    def data_loss_and_gradient(self, batch: Batch) -> float:
        """sum_i w_i L_i. Overwrites grad with its derivative."""
        ws, loss = batch.workspace, self.architecture.loss
        Z = self.forward(batch.X, ws)
        value = loss.value_and_gradient(Z, batch.Y, batch.weight, ws.scratch)
        self.backward(Z, ws)
        return value

    def add_penalty(self, total: float) -> float:
        """(l1 |W|_1 + 1/2 l2 |W|**2) / total. Adds its derivative to grad."""
        l1, l2, value = self.architecture.l1, self.architecture.l2, 0.0
        W, dW = self.weights, self.weight_grads
        if l2:
            value += self.add_l2(W, dW, l2 / total)
        if l1:
            value += self.add_l1(W, dW, self.signs, l1 / total)
        return value

    def gradient_norm(self) -> float:
        """|grad|, over all parameters together."""
        return sqrt(self.dot(self.grad, self.grad))

    def clip_gradient(self, limit: float) -> None:
        """grad <- grad min(1, limit / |grad|). Pascanu, Mikolov and Bengio (2013), algorithm 1."""
        norm = self.gradient_norm()
        if norm > limit:
            self.scale(self.grad, limit / norm, self.grad)

    def limit_norms(self, limit: float) -> None:
        """Scales the weights into each hidden unit down to |w| = limit; grad becomes scratch.

        Srivastava et al. (2014), section 5.1.
        """
        for W, squares, norms in self.into_hidden_units:
            np.multiply(W, W, out=squares)
            np.add.reduce(squares, axis=0, out=norms)
            np.sqrt(norms, out=norms)
            np.maximum(norms, limit, out=norms)
            np.divide(limit, norms, out=norms)
            np.multiply(W, norms, out=W)

    def prediction_row(self) -> list[Layer]:
        """The row for prediction: without dropout, linear layers merged."""
        row: list[Layer] = []
        for layer in self.row:
            layer.fold_into(row)
        return row

    def scores(self, X: Any) -> np.ndarray:
        """The output layer's Z for every row of X, in new arrays, so calls are thread-safe.

        Rows are processed in pieces, so that the layers' values stay in the cache. Many pieces are
        shared by threads, which use less time than products that are shared by BLAS's. The result
        is in Fortran order, as in training.
        """
        *below, output = self.prediction_row()
        n = X.shape[0]
        Z = np.empty((self.architecture.units[-1], n), self.theta.dtype).T

        def predict(rows: slice) -> None:
            A, free = X[rows] if isinstance(X, np.ndarray) else SparseRows(X[rows]), False
            for layer in below:
                A_below, A = A, layer.predict(A, free)
                free = free or A is not A_below  # X itself must not be overwritten
            output.predict_into(A, Z[rows])

        pieces = [slice(start, start + ROWS_AT_ONCE) for start in range(0, n, ROWS_AT_ONCE)]
        if len(pieces) > 1 and n * self.weights.size >= LARGE_PREDICTION:
            with threads_for_pieces():
                share(predict, pieces)
        else:
            for rows in pieces:
                predict(rows)
        return Z

    def onnx(self, graph: Graph, X: Value) -> Value:
        """Return Z of the output layer in ONNX operators."""
        A = X
        for layer in self.prediction_row():
            A = formula(layer, "predict", "predict_into")(graph, A)
        return A

    def __getstate__(self) -> dict[str, Any]:
        """Only the values: `__setstate__` rebuilds the gradient and the views."""
        return {"architecture": self.architecture, "values": self.values}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Rebuild the gradient and the views."""
        self.__init__(state["architecture"], state["values"])  # type: ignore[misc]


def _add_l2(W: np.ndarray, dW: np.ndarray, share: float) -> float:
    """1/2 share |W|**2. Adds its derivative, share W, to dW."""
    axpy_for(W)(W, dW, a=share)
    return 0.5 * share * dot(W, W)


def _add_l1(W: np.ndarray, dW: np.ndarray, signs: np.ndarray, share: float) -> float:
    """share |W|_1 = share W . sign(W). Adds its derivative, share sign(W), 0 at 0, to dW."""
    np.sign(W, out=signs)
    axpy_for(W)(signs, dW, a=share)
    return share * dot(W, signs)
